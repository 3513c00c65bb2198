#include "source/gcp_credentials.h"

#include "base/fs.h"
#include "base/mem.h"
#include "source/gcp_endpoint.h"
#include "source/gcp_file.h"

#include <stdlib.h>
#include <string.h>

/* $CLOUDSDK_CONFIG, or ~/.config/gcloud; NULL where there is no home. */
static char *login_path(void)
{
    static const char name[] = "application_default_credentials.json";
    const char *directory = getenv("CLOUDSDK_CONFIG");
    const char *home = getenv("HOME");
    if (directory && *directory) {
        return fs_join(directory, name);
    }
    return home && *home ? mem_format("%s/.config/gcloud/%s", home, name) : NULL;
}

static bool read_file(struct gcp_credentials *out, struct error *error)
{
    struct buf text;
    buf_init_secret(&text, SECRET_MAX);
    *error = (struct error){.code = ERROR_NONE};
    bool done = fs_read(out->origin, &text, error);
    if (done && !gcp_file_parse(&text, out, error)) {
        done = false;
        error_prefix(error, "Google credentials %s", out->origin);
        if (!error->hint[0]) {
            error_hint(error, "replace that file, or: " GCP_LOGIN);
        }
    }
    buf_finish(&text);
    return done;
}

bool gcp_credentials_find(struct gcp_credentials *out, struct error *error)
{
    *out = (struct gcp_credentials){.kind = GCP_METADATA};
    const char *named = getenv("GOOGLE_APPLICATION_CREDENTIALS");
    if (named && *named) {
        out->origin = mem_text(named);
        if (!read_file(out, error)) {
            if (!error->hint[0]) {
                error_hint(error, "correct or unset GOOGLE_APPLICATION_CREDENTIALS");
            }
            return false;
        }
        return true;
    }
    out->origin = login_path();
    if (out->origin && (read_file(out, error) || error->code != ERROR_ABSENT)) {
        return error->code == ERROR_NONE;
    }
    free(out->origin);
    out->origin = gcp_metadata(error);
    if (out->origin) {
        digest_hex(out->identity, out->origin, strlen(out->origin));
    }
    return out->origin != NULL;
}

const char *gcp_credentials_actor(const struct gcp_credentials *credentials)
{
    return credentials->impersonation.url ? credentials->impersonation.account
                                          : credentials->principal;
}

static void finish_subject(struct gcp_subject *subject)
{
    free(subject->file);
    free(subject->url);
    free(subject->field);
    for (size_t i = 0; i < subject->header_count; i++) {
        free(subject->headers[i].name);
        secret_unref(subject->headers[i].value);
    }
    free(subject->audience);
    free(subject->type);
    free(subject->user_project);
}

void gcp_credentials_finish(struct gcp_credentials *credentials)
{
    free(credentials->origin);
    free(credentials->principal);
    free(credentials->quota_project);
    free(credentials->token_url);
    free(credentials->key_id);
    free(credentials->client_id);
    secret_unref(credentials->client_secret);
    secret_unref(credentials->refresh_token);
    secret_unref(credentials->private_key);
    finish_subject(&credentials->subject);
    free(credentials->impersonation.url);
    free(credentials->impersonation.account);
    free(credentials->impersonation.quota_project);
    json_decref(credentials->impersonation.delegates);
    *credentials = (struct gcp_credentials){.kind = GCP_METADATA};
}

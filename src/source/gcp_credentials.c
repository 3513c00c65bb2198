#include "source/gcp_credentials.h"

#include "base/fs.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/text.h"
#include "source/gcp_endpoint.h"

#include <stdlib.h>
#include <string.h>

static const char google_token_url[] = "https://oauth2.googleapis.com/token";

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

static bool take_text(const json_t *file, const char *key, char **out,
                      struct error *error)
{
    const char *text = json_get_text(file, key);
    if (!text || !*text) {
        return error_set(error, ERROR_CONFIG, "it has no %s", key);
    }
    *out = mem_text(text);
    return true;
}

static bool take_secret(const json_t *file, const char *key, struct secret **out,
                        struct error *error)
{
    const json_t *text = json_object_get(file, key);
    if (json_string_length(text) == 0) {
        return error_set(error, ERROR_CONFIG, "it has no %s", key);
    }
    *out = secret_create(json_string_value(text), json_string_length(text), error);
    return *out != NULL;
}

static bool read_service_account(const json_t *file, struct gcp_credentials *out,
                                 struct error *error)
{
    out->kind = GCP_SERVICE_ACCOUNT;
    out->key_id = mem_text(json_get_text(file, "private_key_id"));
    return take_text(file, "client_email", &out->principal, error) &&
           take_secret(file, "private_key", &out->private_key, error);
}

static bool read_user(const json_t *file, struct gcp_credentials *out,
                      struct error *error)
{
    out->kind = GCP_USER;
    const char *account = json_get_text(file, "account"); /* newer gcloud; may be empty */
    out->principal = account && *account
                         ? mem_text(account)
                         : mem_format("the user logged in by %s", out->origin);
    out->quota_project = mem_text(json_get_text(file, "quota_project_id"));
    return take_text(file, "client_id", &out->client_id, error) &&
           take_secret(file, "client_secret", &out->client_secret, error) &&
           take_secret(file, "refresh_token", &out->refresh_token, error);
}

static const struct {
    const char *type;
    bool (*read)(const json_t *file, struct gcp_credentials *out, struct error *error);
} types[] = {
    {"service_account", read_service_account},
    {"authorized_user", read_user},
    {"external_account", NULL},
    {"external_account_authorized_user", NULL},
    {"impersonated_service_account", NULL},
};

static bool read_type(const json_t *file, struct gcp_credentials *out,
                      struct error *error)
{
    const char *type = json_get_text(file, "type");
    for (size_t i = 0; type && i < sizeof types / sizeof types[0]; i++) {
        if (text_equal(types[i].type, type)) {
            if (types[i].read) {
                return types[i].read(file, out, error);
            }
            error_set(error, ERROR_CONFIG, "credentials of type %s are not supported yet",
                      type);
            error_hint(error, "use a service account key, or: " GCP_LOGIN);
            return false;
        }
    }
    return error_set(error, ERROR_CONFIG,
                     "it is no credentials file: its type is unknown");
}

static bool parse(const struct buf *text, struct gcp_credentials *out,
                  struct error *error)
{
    json_t *file = json_parse(buf_string(text), text->length, error);
    if (!file) {
        return false;
    }
    digest_hex(out->identity, buf_string(text), text->length);
    const char *url = json_get_text(file, "token_uri");
    out->token_url = mem_text(url ? url : google_token_url);
    bool done = read_type(file, out, error) && gcp_token_url(out->token_url, error);
    json_decref(file);
    return done;
}

static bool read_file(struct gcp_credentials *out, struct error *error)
{
    struct buf text;
    buf_init_secret(&text, SECRET_MAX);
    *error = (struct error){.code = ERROR_NONE};
    bool done = fs_read(out->origin, &text, error);
    if (done && !parse(&text, out, error)) {
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
    *credentials = (struct gcp_credentials){.kind = GCP_METADATA};
}

/* A token of somebody else's, such as of a cluster or of a pipeline, is exchanged for one
 * of Google's, whose pool of identities trusts who issued it (RFC 8693). It is read anew
 * each time: whoever issues it replaces it. */
#include "source/gcp_grant.h"

#include "base/fs.h"
#include "base/json.h"
#include "base/mem.h"
#include "secret/mask.h"
#include "source/gcp_endpoint.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define URN "urn:ietf:params:oauth:"

/* ---- the subject token ---- */

static bool read_file(const struct gcp_credentials *credentials, struct buf *text,
                      struct error *error)
{
    const char *path = credentials->subject.file;
    if (fs_read(path, text, error)) {
        return true;
    }
    error->code = error->code == ERROR_ABSENT ? ERROR_SYSTEM : error->code;
    error_prefix(error, "no subject token for Google credentials %s",
                 credentials->origin);
    error_hint(error, "see whether whoever issues it writes %s on this machine", path);
    return false;
}

/* Of a header only what is known to be no secret may be seen. After a scheme (RFC 7235
 * section 2.1) it is the rest that is one. */
static void mask_header(const char *name, struct secret *value)
{
    static const char *const plain[] = {"Accept", "Content-Type", "Metadata",
                                        "Metadata-Flavor", "User-Agent"};
    for (size_t i = 0; i < sizeof plain / sizeof plain[0]; i++) {
        if (strcasecmp(name, plain[i]) == 0) {
            return;
        }
    }
    const char *blank = strchr(secret_data(value), ' ');
    struct secret *rest =
        blank ? secret_create(blank + 1, strlen(blank + 1), NULL) : secret_ref(value);
    if (rest) {
        mask_publish(&rest, 1);
    }
    mask_publish(&value, 1);
    secret_unref(rest);
}

static bool ask_url(const struct gcp_credentials *credentials,
                    const struct source_context *context, struct buf *text,
                    struct error *error)
{
    const struct gcp_subject *subject = &credentials->subject;
    struct http_header headers[GCP_HEADERS];
    for (size_t i = 0; i < subject->header_count; i++) {
        mask_header(subject->headers[i].name, subject->headers[i].value);
        headers[i] = (struct http_header){subject->headers[i].name,
                                          secret_data(subject->headers[i].value)};
    }
    struct http_reply reply;
    struct http_request request = {.url = subject->url,
                                   .headers = headers,
                                   .header_count = subject->header_count,
                                   .deadline = context->deadline,
                                   .cap = SECRET_MAX,
                                   .cancelled = context->cancelled};
    char *place = gcp_url_place(subject->url);
    bool done = http_ask(&request, &reply, error);
    if (!done) {
        error_prefix(error, "no subject token from %s", place);
    } else if (reply.status != 200) {
        done = error_set(error, ERROR_DENIED, "%s answered %d without a subject token",
                         place, reply.status);
        error_hint(error,
                   "see whether url and headers of the credential_source in %s are "
                   "still valid",
                   credentials->origin);
    } else {
        buf_add(text, buf_string(&reply.body), reply.body.length);
    }
    free(place);
    http_reply_finish(&reply);
    return done;
}

static struct secret *keep_trimmed(const char *text, size_t length, struct error *error)
{
    while (length > 0 && isspace((unsigned char)text[length - 1])) {
        length--;
    }
    while (length > 0 && isspace((unsigned char)*text)) {
        text++;
        length--;
    }
    if (length == 0 || memchr(text, '\0', length)) {
        error_set(error, ERROR_PROTOCOL, length ? "it is no text" : "it is empty");
        return NULL;
    }
    return secret_create(text, length, error);
}

static struct secret *take_field(const char *field, const struct buf *text,
                                 struct error *error)
{
    json_t *answer = json_parse(buf_string(text), text->length, error);
    struct secret *token = NULL;
    if (answer) {
        const json_t *value = json_object_get(answer, field);
        if (json_is_string(value)) {
            token =
                keep_trimmed(json_string_value(value), json_string_length(value), error);
        } else {
            error_set(error, ERROR_PROTOCOL, "it has no %s", field);
        }
    }
    json_decref(answer);
    return token;
}

static struct secret *read_subject(const struct gcp_credentials *credentials,
                                   const struct source_context *context,
                                   struct error *error)
{
    const struct gcp_subject *subject = &credentials->subject;
    struct secret *token = NULL;
    struct buf text;
    buf_init_secret(&text, SECRET_MAX);
    if (subject->file ? read_file(credentials, &text, error)
                      : ask_url(credentials, context, &text, error)) {
        token = subject->field ? take_field(subject->field, &text, error)
                               : keep_trimmed(buf_string(&text), text.length, error);
        if (!token) {
            char *place =
                subject->file ? mem_text(subject->file) : gcp_url_place(subject->url);
            error_prefix(error, "no subject token in what is at %s", place);
            error_hint(error,
                       "correct the format of the credential_source in %s, or what "
                       "is there",
                       credentials->origin);
            free(place);
        }
    }
    buf_finish(&text);
    if (token) {
        mask_publish_passing(&token, 1);
    }
    return token;
}

/* ---- the exchange ---- */

/* A client names the project of a workforce pool by itself. */
static void add_options(const struct gcp_credentials *credentials, struct buf *form)
{
    json_t *options =
        json_pack("{s:o}", "userProject", json_text(credentials->subject.user_project));
    char *text = json_compact(options);
    gcp_form_add(form, "options", text);
    free(text);
    json_decref(options);
}

bool gcp_grant_federated(const struct gcp_credentials *credentials,
                         const struct source_context *context, struct gcp_grant *out,
                         struct error *error)
{
    const struct gcp_subject *subject = &credentials->subject;
    struct secret *token = read_subject(credentials, context, error);
    if (!token) {
        return false;
    }
    bool client = credentials->client_id != NULL;
    struct buf form;
    buf_init_secret(&form, 0);
    gcp_form_add(&form, "grant_type", URN "grant-type:token-exchange");
    gcp_form_add(&form, "audience", subject->audience);
    gcp_form_add(&form, "scope", GCP_SCOPE);
    gcp_form_add(&form, "requested_token_type", URN "token-type:access_token");
    gcp_form_add(&form, "subject_token", secret_data(token));
    gcp_form_add(&form, "subject_token_type", subject->type);
    if (client) {
        mask_publish((struct secret *const *)&credentials->client_secret, 1);
    } else if (subject->user_project) {
        add_options(credentials, &form);
    }
    bool done = gcp_form_send(credentials, &form, client, context, out, error);
    buf_finish(&form);
    secret_unref(token);
    return done;
}

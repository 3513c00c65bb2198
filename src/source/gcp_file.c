/* The types and their fields are those of google-auth (https://google.aip.dev/auth/4117,
 * and its sources). Such a file is believed no further than it must be: it can name
 * places that are sent a token, and files that are read. */
#include "source/gcp_file.h"

#include "base/json.h"
#include "base/mem.h"
#include "base/text.h"
#include "source/gcp_answer.h"
#include "source/gcp_endpoint.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

enum { LIFETIME_LEAST = 600, LIFETIME_MOST = 43200 }; /* s, as google-auth takes them */

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

/* A field that need not be there. */
static char *copy_text(const json_t *file, const char *key)
{
    const char *text = json_get_text(file, key);
    return text && *text ? mem_text(text) : NULL;
}

/* What has a wrong type would else be taken for what is not there. */
static bool is_or_absent(const json_t *value, json_type type, const char *what,
                         struct error *error)
{
    return !value || json_is_null(value) || json_typeof(value) == type ||
           error_set(error, ERROR_CONFIG, "its %s must be %s", what,
                     type == JSON_ARRAY ? "a list" : "an object");
}

static bool refuse_url(const char *key, const char *allowed, struct error *error)
{
    return error_set(error, ERROR_CONFIG, "its %s is neither https%s", key, allowed);
}

/* ---- of Google ---- */

static bool take_token_uri(const json_t *file, struct gcp_credentials *out,
                           struct error *error)
{
    out->token_url = copy_text(file, "token_uri");
    if (!out->token_url) {
        out->token_url = mem_text("https://oauth2.googleapis.com/token");
    }
    return gcp_token_url(out->token_url) ||
           refuse_url("token_uri", " nor on this machine", error);
}

static bool read_service_account(const json_t *file, struct gcp_credentials *out,
                                 struct error *error)
{
    out->kind = GCP_SERVICE_ACCOUNT;
    out->key_id = mem_text(json_get_text(file, "private_key_id"));
    return take_text(file, "client_email", &out->principal, error) &&
           take_secret(file, "private_key", &out->private_key, error) &&
           take_token_uri(file, out, error);
}

static bool take_client(const json_t *file, struct gcp_credentials *out,
                        struct error *error)
{
    return take_text(file, "client_id", &out->client_id, error) &&
           take_secret(file, "client_secret", &out->client_secret, error);
}

static bool read_user(const json_t *file, struct gcp_credentials *out,
                      struct error *error)
{
    out->kind = GCP_USER;
    out->principal = copy_text(file, "account"); /* newer gcloud; may be empty */
    if (!out->principal) {
        out->principal = mem_format("the user logged in by %s", out->origin);
    }
    out->quota_project = copy_text(file, "quota_project_id");
    return take_client(file, out, error) &&
           take_secret(file, "refresh_token", &out->refresh_token, error) &&
           take_token_uri(file, out, error);
}

/* ---- of somebody else, known to a pool ---- */

static bool take_token_url(const json_t *file, const char *otherwise,
                           struct gcp_credentials *out, struct error *error)
{
    out->token_url = copy_text(file, "token_url");
    if (!out->token_url) {
        out->token_url = mem_text(otherwise);
    }
    return gcp_google_url(out->token_url) ||
           refuse_url("token_url", " in googleapis.com nor on this machine", error);
}

/* As policies call whom a pool lets in. Which subject it is only Google knows, who maps
 * it: "//iam.googleapis.com/…/workloadIdentityPools/P/providers/Q" is the audience. */
static char *pool_member(const char *audience)
{
    static const char start[] = "//iam.googleapis.com/";
    const char *provider = audience ? strstr(audience, "/providers/") : NULL;
    if (!provider || !text_starts(audience, start)) {
        return NULL;
    }
    return mem_format("principal:%.*s/subject/SUBJECT", (int)(provider - audience),
                      audience);
}

static bool read_federated_user(const json_t *file, struct gcp_credentials *out,
                                struct error *error)
{
    out->kind = GCP_FEDERATED_USER;
    out->principal = pool_member(json_get_text(file, "audience"));
    if (!out->principal) {
        out->principal = mem_format("the user logged in by %s", out->origin);
    }
    out->quota_project = copy_text(file, "quota_project_id");
    return take_client(file, out, error) &&
           take_secret(file, "refresh_token", &out->refresh_token, error) &&
           take_token_url(file, "https://sts.googleapis.com/v1/oauthtoken", out, error);
}

static bool is_header_name(const char *name)
{
    bool good = *name != '\0';
    for (; *name && good; name++) {
        unsigned char byte = (unsigned char)*name;
        good = byte < 0x80 && (isalnum(byte) || strchr("-_", byte));
    }
    return good;
}

static bool take_headers(json_t *headers, struct gcp_subject *out, struct error *error)
{
    const char *name;
    json_t *value;
    if (!is_or_absent(headers, JSON_OBJECT, "credential_source headers", error)) {
        return false;
    }
    if (json_object_size(headers) > GCP_HEADERS) {
        return error_set(error, ERROR_LIMIT,
                         "its credential_source has more than %d headers", GCP_HEADERS);
    }
    json_object_foreach(headers, name, value)
    {
        if (!json_is_string(value) || !is_header_name(name)) {
            return error_set(error, ERROR_CONFIG,
                             "a header of its credential_source is no header");
        }
        struct secret *kept =
            secret_create(json_string_value(value), json_string_length(value), error);
        if (!kept) {
            return false;
        }
        out->headers[out->header_count].name = mem_text(name);
        out->headers[out->header_count++].value = kept;
    }
    return true;
}

/* {"type": "text"}, which is the default, or {"type": "json",
 * "subject_token_field_name"}. */
static bool take_format(const json_t *format, struct gcp_subject *out,
                        struct error *error)
{
    const char *type = json_get_text(format, "type");
    if (!is_or_absent(format, JSON_OBJECT, "credential_source format", error)) {
        return false;
    }
    if (!type || text_equal(type, "text")) {
        return true;
    }
    if (!text_equal(type, "json")) {
        return error_set(error, ERROR_CONFIG,
                         "the format of its credential_source is neither text nor json");
    }
    return take_text(format, "subject_token_field_name", &out->field, error);
}

static bool not_yet(const char *what, struct error *error)
{
    error_set(error, ERROR_CONFIG, "%s are not supported yet", what);
    error_hint(error, "use a credential_source with a file or a url, a service account "
                      "key, or: " GCP_LOGIN);
    return false;
}

static bool take_source(const json_t *source, struct gcp_subject *out,
                        struct error *error)
{
    if (json_object_get(source, "environment_id")) {
        return not_yet("external accounts of AWS", error);
    }
    if (json_object_get(source, "executable")) {
        return not_yet("external accounts with an executable", error);
    }
    if (json_object_get(source, "certificate")) {
        return not_yet("external accounts with a certificate", error);
    }
    out->file = copy_text(source, "file");
    out->url = copy_text(source, "url");
    if (!out->file == !out->url) {
        return error_set(error, ERROR_CONFIG, "its credential_source has %s file %s url",
                         out->file ? "both a" : "neither a",
                         out->file ? "and a" : "nor a");
    }
    if (out->url && !gcp_subject_url(out->url)) {
        return refuse_url("credential_source url",
                          " nor on this machine or its link (169.254.0.0/16)", error);
    }
    return take_format(json_object_get(source, "format"), out, error) &&
           take_headers(json_object_get(source, "headers"), out, error);
}

/* ---- as a service account ---- */

static bool is_account(const char *text, size_t length)
{
    char *account = mem_bytes(text, length);
    bool good = length > 0 && gcp_plain_name(account);
    free(account);
    return good;
}

/* …/serviceAccounts/EMAIL:generateAccessToken */
static bool take_account(struct gcp_impersonation *out, struct error *error)
{
    static const char before[] = "/serviceAccounts/", after[] = ":generateAccessToken";
    const char *from = strstr(out->url, before);
    const char *to = from ? strstr(from, after) : NULL;
    from += from ? sizeof before - 1 : 0;
    if (!to || to[sizeof after - 1] || !is_account(from, (size_t)(to - from))) {
        return error_set(
            error, ERROR_CONFIG,
            "its service_account_impersonation_url names no service account");
    }
    out->account = mem_bytes(from, (size_t)(to - from));
    return true;
}

/* Google wants full names (iamcredentials v1, generateAccessToken), files may have plain
 * ones. */
static bool take_delegates(const json_t *list, struct gcp_impersonation *out,
                           struct error *error)
{
    static const char full[] = "projects/-/serviceAccounts/";
    if (!is_or_absent(list, JSON_ARRAY, "delegates", error)) {
        return false;
    }
    out->delegates = json_array();
    for (size_t i = 0; i < json_array_size(list); i++) {
        const char *name = json_string_value(json_array_get(list, i));
        name += name && text_starts(name, full) ? sizeof full - 1 : 0;
        if (!name || !is_account(name, strlen(name))) {
            return error_set(error, ERROR_CONFIG, "one of its delegates is no account");
        }
        json_array_append_new(out->delegates, json_sprintf("%s%s", full, name));
    }
    return true;
}

static bool take_impersonation(const json_t *file, struct gcp_impersonation *out,
                               struct error *error)
{
    static const char key[] = "service_account_impersonation_url";
    if (!take_text(file, key, &out->url, error)) {
        return false;
    }
    if (!gcp_google_url(out->url)) {
        return refuse_url(key, " in googleapis.com nor on this machine", error);
    }
    const json_t *lifetime =
        json_at(file, "/service_account_impersonation/token_lifetime_seconds");
    json_int_t seconds = lifetime ? json_integer_value(lifetime) : GCP_LIFETIME;
    if (seconds < LIFETIME_LEAST || seconds > LIFETIME_MOST) {
        return error_set(error, ERROR_CONFIG,
                         "its token_lifetime_seconds is not %d to %d", LIFETIME_LEAST,
                         LIFETIME_MOST);
    }
    out->lifetime = (int)seconds;
    return take_account(out, error) &&
           take_delegates(json_object_get(file, "delegates"), out, error);
}

static bool read_federated(const json_t *file, struct gcp_credentials *out,
                           struct error *error)
{
    out->kind = GCP_FEDERATED;
    out->quota_project = copy_text(file, "quota_project_id");
    out->subject.user_project = copy_text(file, "workforce_pool_user_project");
    if (!take_text(file, "audience", &out->subject.audience, error) ||
        !take_text(file, "subject_token_type", &out->subject.type, error) ||
        !take_token_url(file, "https://sts.googleapis.com/v1/token", out, error) ||
        !take_source(json_object_get(file, "credential_source"), &out->subject, error)) {
        return false;
    }
    out->principal = pool_member(out->subject.audience);
    if (!out->principal) {
        out->principal = mem_format("the workload of %s", out->origin);
    }
    out->impersonation.quota_project = mem_text(out->quota_project);
    return (!json_object_get(file, "client_id") || take_client(file, out, error)) &&
           (!json_object_get(file, "service_account_impersonation_url") ||
            take_impersonation(file, &out->impersonation, error));
}

static bool read_impersonated(const json_t *file, struct gcp_credentials *out,
                              struct error *error);

static const struct {
    const char *type;
    bool (*read)(const json_t *file, struct gcp_credentials *out, struct error *error);
} types[] = {
    {"service_account", read_service_account},
    {"authorized_user", read_user},
    {"external_account", read_federated},
    {"external_account_authorized_user", read_federated_user},
    {"impersonated_service_account", read_impersonated},
};

static bool read_type(const json_t *file, struct gcp_credentials *out,
                      struct error *error)
{
    const char *type = json_get_text(file, "type");
    for (size_t i = 0; type && i < sizeof types / sizeof types[0]; i++) {
        if (text_equal(types[i].type, type)) {
            return types[i].read(file, out, error);
        }
    }
    return error_set(error, ERROR_CONFIG,
                     "it is no credentials file: its type is unknown");
}

static bool read_impersonated(const json_t *file, struct gcp_credentials *out,
                              struct error *error)
{
    const json_t *source = json_object_get(file, "source_credentials");
    if (!source) {
        return error_set(error, ERROR_CONFIG, "it has no source_credentials");
    }
    if (text_equal(json_get_text(source, "type"), json_get_text(file, "type")) ||
        json_object_get(source, "service_account_impersonation_url")) {
        error_set(error, ERROR_CONFIG, "its source_credentials impersonate already");
        error_hint(error, "list the accounts in between as its delegates");
        return false;
    }
    if (!read_type(source, out, error)) {
        error_prefix(error, "its source_credentials");
        return false;
    }
    out->impersonation.quota_project = out->quota_project;
    out->quota_project = copy_text(file, "quota_project_id");
    return take_impersonation(file, &out->impersonation, error);
}

bool gcp_file_parse(const struct buf *text, struct gcp_credentials *out,
                    struct error *error)
{
    json_t *file = json_parse(buf_string(text), text->length, error);
    if (!file) {
        return false;
    }
    digest_hex(out->identity, buf_string(text), text->length);
    bool done = read_type(file, out, error);
    json_decref(file);
    return done;
}

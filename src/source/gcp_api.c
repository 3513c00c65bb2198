#include "source/gcp_api.h"

#include "base/clock.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/text.h"
#include "net/http.h"
#include "secret/mask.h"
#include "source/gcp_token.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

enum { WORDS = 240 }; /* bytes of Google's own that are shown */

static void add_header(struct http_request *request, struct http_header *headers,
                       const char *name, const char *value)
{
    headers[request->header_count++] = (struct http_header){name, value};
    request->headers = headers;
}

static bool ask(const char *url, const struct gcp_token *token,
                const struct source_context *context, struct http_reply *reply,
                struct error *error)
{
    struct http_header headers[2];
    struct http_request request = {
        .url = url, .deadline = context->deadline, .cancelled = context->cancelled};
    struct buf bearer;
    buf_init_secret(&bearer, 0);
    buf_format(&bearer, "Bearer %s", secret_data(token->bearer));
    add_header(&request, headers, "Authorization", buf_string(&bearer));
    if (token->quota_project) {
        add_header(&request, headers, "x-goog-user-project", token->quota_project);
    }
    bool done = http_ask(&request, reply, error);
    buf_finish(&bearer);
    return done;
}

/* {"error": {"code", "message", "status", "details": [{"reason"}]}}
 * (google.rpc.Status). */
static bool says_detail(const json_t *body, const char *reason)
{
    const json_t *details = json_at(body, "/error/details");
    for (size_t i = 0; i < json_array_size(details); i++) {
        if (text_equal(json_get_text(json_array_get(details, i), "reason"), reason)) {
            return true;
        }
    }
    return false;
}

static bool judge(enum gcp_service service, const struct gcp_answer *answer,
                  struct error *error)
{
    const char *api = gcp_api_name(service);
    if (answer->status == 401) {
        error_set(error, ERROR_DENIED, "%s refuses the access token of %s: %s", api,
                  answer->principal, answer->message);
        error_hint(error, "log in again: gcloud auth application-default login");
        return false;
    }
    if (says_detail(answer->body, "SERVICE_DISABLED")) {
        error_set(error, ERROR_DENIED, "%s is not enabled: %s", api, answer->message);
        error_hint(error, "gcloud services enable %s, in the project that is named", api);
        return false;
    }
    if (answer->status == 429 || answer->status >= 500) {
        error_set(error, ERROR_PROTOCOL, "%s answered %d: %s", api, answer->status,
                  answer->message);
        error_hint(error, answer->status == 429
                              ? "ask less often, or raise the quota"
                              : "ask again; see https://status.cloud.google.com");
        return false;
    }
    return true;
}

static bool read_reply(enum gcp_service service, const struct http_reply *reply,
                       struct gcp_answer *out, struct error *error)
{
    out->status = reply->status;
    out->body = json_parse(buf_string(&reply->body), reply->body.length, NULL);
    if (!json_is_object(out->body) || (reply->status >= 300 && reply->status < 400)) {
        error_set(error, ERROR_PROTOCOL,
                  "%s answered %d with something that is not its API",
                  gcp_api_name(service), reply->status);
        error_hint(error, "something stands in between, such as a proxy or a login page");
        return false;
    }
    const char *reason = json_string_value(json_at(out->body, "/error/status"));
    const char *message = json_string_value(json_at(out->body, "/error/message"));
    out->reason = mask_clean(reason ? reason : "", WORDS);
    out->message = mask_clean(message ? message : "no reason given", WORDS);
    return true;
}

/* A token can be revoked before its end: `again` is true once for that. */
static bool ask_once(enum gcp_service service, const char *url,
                     const struct source_context *context, struct gcp_answer *out,
                     bool *again, struct error *error)
{
    struct gcp_token token;
    struct http_reply reply;
    bool done = gcp_token_take(context, &token, error);
    if (done) {
        out->principal = mem_text(token.principal);
        done = ask(url, &token, context, &reply, error);
        if (!done) {
            error_prefix(error, "%s", gcp_api_name(service));
        } else {
            done = read_reply(service, &reply, out, error);
        }
        if (out->status == 401) {
            gcp_token_refuse(&token);
        }
        *again = *again && out->status == 401;
        http_reply_finish(&reply);
    } else {
        *again = false;
    }
    gcp_token_finish(&token);
    return done;
}

bool gcp_get(enum gcp_service service, const char *path,
             const struct source_context *context, struct gcp_answer *out,
             struct error *error)
{
    *out = (struct gcp_answer){.status = 0};
    char *endpoint = gcp_endpoint(service, error);
    if (!endpoint) {
        return false;
    }
    char *url = mem_format("%s/%s", endpoint, path);
    bool again = true;
    bool done = ask_once(service, url, context, out, &again, error);
    if (again) {
        gcp_answer_finish(out);
        done = ask_once(service, url, context, out, &again, error);
    }
    free(url);
    free(endpoint);
    return done && judge(service, out, error);
}

void gcp_answer_finish(struct gcp_answer *answer)
{
    json_decref(answer->body);
    free(answer->principal);
    free(answer->reason);
    free(answer->message);
    *answer = (struct gcp_answer){.status = 0};
}

bool gcp_denied(const struct gcp_answer *answer, const char *permission,
                const char *resource, struct resolved *out)
{
    if (answer->status != 403) {
        return false;
    }
    resolved_broken(out, ERROR_DENIED, "%s lacks %s on %s", answer->principal, permission,
                    resource);
    return true;
}

char *gcp_member(const struct gcp_answer *answer)
{
    const char *who = answer->principal;
    if (!strchr(who, '@') || strchr(who, ' ')) {
        return mem_text("MEMBER");
    }
    return mem_format(
        strstr(who, ".gserviceaccount.com") ? "serviceAccount:%s" : "user:%s", who);
}

int64_t gcp_time(const char *stamp)
{
    int64_t time = 0;
    size_t length = stamp ? strlen(stamp) : 0;
    size_t digits =
        length > 20 && stamp[19] == '.' ? strspn(stamp + 20, "0123456789") : 0;
    const char *end = length >= 20 ? stamp + (digits ? 20 + digits : 19) : "";
    if (!text_equal(end, "Z")) {
        return 0;
    }
    int shown = digits > 3 ? 3 : (int)digits;
    char *exact =
        mem_format("%.19s.%.*s%.*sZ", stamp, shown, stamp + 20, 3 - shown, "000");
    bool good = clock_parse(exact, &time);
    free(exact);
    return good ? time : 0;
}

/* One part of a name: "netra-staging", also "example.com:netra". */
static bool is_part(const char *text, size_t length)
{
    bool good = length > 0 && isalnum((unsigned char)text[0]);
    for (size_t i = 0; i < length && good; i++) {
        unsigned char byte = (unsigned char)text[i];
        good = byte < 0x80 && (isalnum(byte) || strchr("-_.:", byte));
    }
    return good;
}

bool gcp_part_valid(const char *text)
{
    return is_part(text, strlen(text));
}

bool gcp_parse(const char *name, const char *const *collections, char **parts,
               size_t count)
{
    bool good = true;
    for (size_t i = 0; i < count; i++) {
        parts[i] = NULL;
    }
    for (size_t i = 0; i < count && good; i++) {
        size_t length = strlen(collections[i]);
        good = strncmp(name, collections[i], length) == 0 && name[length] == '/';
        if (good) {
            name += length + 1;
            length = strcspn(name, "/");
            bool last = i + 1 == count;
            good = is_part(name, length) && (name[length] == '\0') == last;
            parts[i] = mem_bytes(name, length);
            name += length + !last;
        }
    }
    if (!good) {
        gcp_parts_free(parts, count);
    }
    return good;
}

void gcp_parts_free(char **parts, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        free(parts[i]);
        parts[i] = NULL;
    }
}

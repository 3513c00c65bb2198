#include "checks/request.h"

#include "base/buf.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/text.h"
#include "checks/probe.h"
#include "source/source.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PROBE_HEADER "X-Greenboard-Probe"
enum { DETAIL = 160, TOKEN_START = 16, OUR_HEADERS = 3 }; /* characters; header fields */
enum { BODY_MAX = 256 * 1024 }; /* a parsed text takes several times its length */

static json_t *fill_secret(const struct job *job, const json_t *source,
                           struct result *result)
{
    struct secret *secret = job_secret(job, source, result);
    if (!secret) {
        return NULL;
    }
    json_t *text = json_stringn(secret_data(secret), secret_length(secret));
    if (!text) {
        result_set(result, STATE_FAIL, "correct the value at its source",
                   "a secret that belongs into the request is not text (UTF-8)");
    }
    return text;
}

static json_t *fill(const struct job *job, const json_t *value, struct result *result);

static json_t *fill_object(const struct job *job, const json_t *object,
                           struct result *result)
{
    json_t *filled = json_object();
    const char *key;
    json_t *entry;
    json_object_foreach((json_t *)(uintptr_t)object, key, entry)
    {
        json_t *value = fill(job, entry, result);
        if (!value) {
            json_decref(filled);
            return NULL;
        }
        json_object_set_new(filled, key, value);
    }
    return filled;
}

static json_t *fill_array(const struct job *job, const json_t *array,
                          struct result *result)
{
    json_t *filled = json_array();
    for (size_t i = 0; i < json_array_size(array); i++) {
        json_t *value = fill(job, json_array_get(array, i), result);
        if (!value) {
            json_decref(filled);
            return NULL;
        }
        json_array_append_new(filled, value);
    }
    return filled;
}

/* A copy with every source replaced by its secret; NULL with the result set. */
static json_t *fill(const struct job *job, const json_t *value, struct result *result)
{
    if (source_validate(value, NULL)) {
        return fill_secret(job, value, result);
    }
    if (json_is_object(value)) {
        return fill_object(job, value, result);
    }
    if (json_is_array(value)) {
        return fill_array(job, value, result);
    }
    return json_deep_copy(
        value); /* shared with other threads: its reference counts are not ours */
}

static char *key_of(const struct request *request, const char *key)
{
    return mem_format("%s%s%s", request->label ? request->label : "",
                      request->label ? " " : "", key);
}

static void tell(struct result *result, const struct request *request, const char *key,
                 const char *value)
{
    char *name = key_of(request, key);
    result_evidence(result, name, "%s", value);
    free(name);
}

static char *url_of(const struct job *job, const struct request *request)
{
    const json_t *service =
        json_object_get(config_section(job->environment, "/services"), request->service);
    const char *url = request->url ? request->url : json_get_text(service, "url");
    if (!url) {
        return NULL;
    }
    if (!*request->path) {
        return mem_text(url);
    }
    size_t length = strlen(url);
    while (length && url[length - 1] == '/') {
        length--;
    }
    return mem_format("%.*s%s%s", (int)length, url, request->path[0] == '/' ? "" : "/",
                      request->path);
}

static void note_reply(struct result *result, const struct request *request,
                       const struct http_reply *reply)
{
    if (*reply->address) {
        tell(result, request, "address", reply->address);
    }
    if (reply->status) {
        char status[16];
        snprintf(status, sizeof status, "%d", reply->status);
        tell(result, request, "status", status);
    }
    if (reply->connected) {
        result_reach(result, RUNG_REACHABLE);
    }
    probe_phases(result, reply);
}

/* The headers that the configuration gives, and ours; each value borrows from
 * `filled`. */
static size_t list_headers(const json_t *filled, const char *authorization,
                           struct http_header *headers)
{
    size_t count = 0;
    headers[count++] = (struct http_header){PROBE_HEADER, "1"};
    headers[count++] = (struct http_header){"Accept", "application/json"};
    if (authorization) {
        headers[count++] = (struct http_header){"Authorization", authorization};
    }
    const char *name;
    json_t *value;
    json_object_foreach((json_t *)(uintptr_t)filled, name, value)
    {
        if (json_is_string(value)) {
            headers[count++] = (struct http_header){name, json_string_value(value)};
        }
    }
    return count;
}

static void read_json(struct answer *answer)
{
    const struct buf *body = &answer->reply.body;
    answer->json = json_parse_reply(buf_string(body), body->length, &answer->not_json);
}

/* A token that comes when the connection stands. */
struct late {
    const struct request *request;
    char *authorization;
};

static bool await_bearer(void *self, struct http_header *header)
{
    struct late *late = self;
    const char *bearer = late->request->bearer_of(late->request->context);
    if (!bearer) {
        return false;
    }
    late->authorization = mem_format("Bearer %s", bearer);
    *header = (struct http_header){"Authorization", late->authorization};
    return true;
}

static bool send_it(const struct job *job, const struct request *request, const char *url,
                    const json_t *headers, const json_t *body, struct result *result,
                    struct answer *answer)
{
    struct http_header *list =
        mem_alloc((json_object_size(headers) + OUR_HEADERS) * sizeof *list);
    char *text = body ? json_compact(body) : NULL;
    char *authorization =
        request->bearer ? mem_format("Bearer %s", request->bearer) : NULL;
    const struct tls_options tls = {
        .on = true, .directory = job->environment->directory, .ca = request->ca};
    struct late late = {request, NULL};
    struct http_request http = {
        .late = request->bearer_of ? await_bearer : NULL,
        .late_context = &late,
        .method = request->method,
        .url = url,
        .headers = list,
        .header_count = list_headers(headers, authorization, list),
        .body = text,
        .body_length = text ? strlen(text) : 0,
        .tls = request->ca ? &tls : NULL,
        .keep_headers = request->keep_headers,
        .deadline = job->deadline,
        .cap = BODY_MAX,
        .cancelled = job->cancelled,
    };
    struct error error;
    bool done = http_ask(&http, &answer->reply, &error);
    note_reply(result, request, &answer->reply);
    if (done) {
        read_json(answer);
    } else {
        error_prefix(&error, "%s", request->service);
        result_error(result, &error, "see whether the service runs");
    }
    mem_cleanse(text);
    mem_cleanse(authorization);
    mem_cleanse(late.authorization);
    free(list);
    return done;
}

bool request_ask(const struct job *job, const struct request *request,
                 struct result *result, struct answer *answer)
{
    *answer = (struct answer){.json = NULL};
    char *url = url_of(job, request);
    if (!url) {
        result_set(result, STATE_UNKNOWN, "say where it answers in services.NAME.url",
                   "the service %s is not configured", request->service);
        return false;
    }
    result_reach(result, RUNG_CONFIGURED);
    char *name = key_of(request, "url");
    result_evidence(result, name, "%s", url); /* the digest of the file covers it */
    free(name);
    json_t *headers =
        request->headers ? fill(job, request->headers, result) : json_object();
    json_t *body = headers && request->body ? fill(job, request->body, result) : NULL;
    bool done = headers && (body || !request->body) &&
                send_it(job, request, url, headers, body, result, answer);
    json_decref(headers);
    json_decref(body);
    free(url);
    return done;
}

void answer_finish(struct answer *answer)
{
    if (answer) {
        json_decref(answer->json);
        answer->json = NULL;
        http_reply_finish(&answer->reply);
    }
}

/* Or the beginning of one: services cut what they quote. */
static bool holds_token(const char *text, const char *token)
{
    char start[TOKEN_START + 1];
    snprintf(start, sizeof start, "%s", token ? token : "");
    return *start && strstr(text, start);
}

char *answer_detail(const struct request *request, const struct answer *answer)
{
    static const char *const places[] = {"/detail",  "/error/message", "/error",
                                         "/message", "/detail/error",  "/detail/message"};
    const char *found = NULL;
    for (size_t i = 0; i < sizeof places / sizeof places[0] && !found; i++) {
        found = json_string_value(json_at(answer->json, places[i]));
    }
    if (!found || holds_token(found, request->bearer) ||
        holds_token(found, request->token)) {
        return mem_text("");
    }
    return mem_format("%.*s", DETAIL, found);
}

static bool is_web_page(const struct http_reply *reply)
{
    const char *body = buf_string(&reply->body);
    return text_starts(reply->content_type, "text/html") ||
           body[strspn(body, " \t\r\n")] == '<';
}

static void fail_redirect(const struct request *request, const struct http_reply *reply,
                          struct result *result)
{
    size_t length =
        strcspn(reply->location, "?#"); /* what follows may carry somebody's state */
    result_set(result, STATE_FAIL,
               "a login page or a proxy may stand in front of it; or correct its url",
               "%s redirects to %.*s (%d) instead of answering", request->service,
               length ? (int)length : 9, length ? reply->location : "somewhere",
               reply->status);
}

static const char *remedy_of(int status)
{
    return status == 401 || status == 403
               ? "see whether it accepts the credentials we send"
           : status == 404 || status == 405
               ? "correct the path and method in the configuration"
           : status == 429 ? "ask less often: raise the period"
           : status < 300  ? "see what answers there, or correct the expected status"
           : status >= 500 ? "see the log of the service"
                           : "see what the service wants of this request";
}

void answer_refuse(const struct request *request, const struct answer *answer,
                   struct result *result)
{
    const struct http_reply *reply = &answer->reply;
    if (reply->status >= 300 && reply->status < 400) {
        fail_redirect(request, reply, result);
        return;
    }
    char *detail = answer_detail(request, answer);
    result_set(result, STATE_FAIL, remedy_of(reply->status), "%s answered %d%s%s%s%s",
               request->service, reply->status, *request->path ? " to " : "",
               request->path, *detail ? ": " : "", detail);
    free(detail);
}

bool answer_good(const struct request *request, const struct answer *answer,
                 struct result *result)
{
    const struct http_reply *reply = &answer->reply;
    if (reply->status < 200 || reply->status >= 300) {
        answer_refuse(request, answer, result);
    } else if (answer->json) {
        return true;
    } else if (reply->body.length == 0) {
        result_set(result, STATE_FAIL,
                   "see what answers there: this is not the expected service",
                   "%s answered %d with nothing in it", request->service, reply->status);
    } else if (is_web_page(reply)) {
        result_set(result, STATE_FAIL,
                   "a login page or a proxy stands in front of it; or correct its url",
                   "%s answered with a web page instead of JSON", request->service);
    } else {
        result_set(result, STATE_FAIL,
                   "see what answers there: this is not the expected service",
                   "%s answered %d, but %s", request->service, reply->status,
                   answer->not_json.message);
    }
    return false;
}

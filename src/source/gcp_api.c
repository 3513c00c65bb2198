#include "source/gcp_api.h"

#include "base/mem.h"
#include "base/text.h"
#include "net/http.h"
#include "source/gcp_memo.h"
#include "source/gcp_token.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

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
    struct http_request request = {.url = url,
                                   .deadline = context->deadline,
                                   .cancelled = context->cancelled,
                                   .lines = gcp_memo_lines(context)};
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

static bool ask_once(enum gcp_service service, const char *url,
                     const struct source_context *context, struct gcp_token *token,
                     struct gcp_answer *out, struct error *error)
{
    if (!gcp_token_take(context, token, error)) {
        return false;
    }
    struct http_reply reply;
    bool done = ask(url, token, context, &reply, error);
    if (!done) {
        error_prefix(error, "%s", gcp_api_name(service));
    } else {
        done = gcp_answer_read(gcp_api_name(service), &reply, out, error);
    }
    if (out->status == 401) {
        gcp_token_refuse(token);
    }
    http_reply_finish(&reply);
    return done;
}

/* A token can be revoked before its end: asked again once for that. */
static bool ask_twice(enum gcp_service service, const char *url,
                      const struct source_context *context, struct gcp_answer *out,
                      struct error *error)
{
    struct gcp_token token;
    bool done = ask_once(service, url, context, &token, out, error);
    if (out->status == 401) {
        gcp_answer_finish(out);
        gcp_token_finish(&token);
        done = ask_once(service, url, context, &token, out, error);
    }
    if (done && (out->status == 401 || out->status == 403)) {
        out->principal = gcp_token_name(&token, context);
    }
    gcp_token_finish(&token);
    return done;
}

struct question {
    enum gcp_service service;
    const char *url;
    const struct source_context *context;
};

static bool ask_google(const void *self, struct gcp_answer *out, struct error *error)
{
    const struct question *question = self;
    return ask_twice(question->service, question->url, question->context, out, error);
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
    const struct question question = {service, url, context};
    bool done = gcp_memo_ask(context, url, ask_google, &question, out, error);
    free(url);
    free(endpoint);
    return done && gcp_answer_judge(gcp_api_name(service), out, error);
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

const char *gcp_last_part(const char *name)
{
    const char *slash = name ? strrchr(name, '/') : NULL;
    return slash ? slash + 1 : name ? name : "";
}

void gcp_parts_free(char **parts, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        free(parts[i]);
        parts[i] = NULL;
    }
}

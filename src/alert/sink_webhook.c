/* An announcement over HTTP. The URL is a secret, resolved for each try; whoever answers
 * with a redirect is not followed, since the next host was confirmed by nobody. */
#include "alert/sink.h"

#include "base/json.h"
#include "base/mem.h"
#include "base/text.h"
#include "net/http.h"
#include "secret/mask.h"
#include "source/source.h"

#include <stdlib.h>
#include <string.h>

enum { REPLY_MAX = 64 * 1024 };

struct post {
    const struct sending_job *job;
    const json_t *section;
    struct secret *url;
    struct http_header *headers;
    struct secret **values; /* of those headers that are secrets */
    size_t header_count;
};

static struct secret *resolve(const struct sending_job *job, const json_t *source,
                              const char *what, struct error *error)
{
    struct resolved resolved;
    struct source_context context = {.directory = job->environment->directory,
                                     .deadline = job->deadline,
                                     .cancelled = job->cancelled};
    source_resolve(source, &context, &resolved);
    struct secret *secret = secret_ref(resolved.secret);
    if (secret) {
        mask_publish(&secret, 1);
    } else {
        *error = resolved.error;
        error_prefix(error, "%s: %s", what, resolved.label);
    }
    resolved_finish(&resolved);
    return secret;
}

static bool add_headers(struct post *post, struct error *error)
{
    const json_t *headers = json_object_get(post->section, "headers");
    size_t room = json_object_size(headers) + 1;
    post->headers = mem_alloc(room * sizeof *post->headers);
    post->values = mem_alloc(room * sizeof(struct secret *));
    post->headers[post->header_count++] =
        (struct http_header){SINK_ID_HEADER, post->job->letter->id};
    const char *name;
    json_t *value;
    json_object_foreach((json_t *)(uintptr_t)headers, name, value)
    {
        const char *text = json_string_value(value);
        if (!text) {
            struct secret *secret = resolve(post->job, value, name, error);
            if (!secret) {
                return false;
            }
            post->values[post->header_count] = secret;
            text = secret_data(secret);
        }
        post->headers[post->header_count++] = (struct http_header){name, text};
    }
    return true;
}

static char *body_of(const struct post *post)
{
    const json_t *message = post->job->letter->message;
    bool alone = text_equal(config_text(post->section, "format"), "slack");
    json_t *body =
        alone ? json_pack("{s:o}", "text", json_text(json_get_text(message, "text")))
              : json_deep_copy(message);
    char *text = json_compact(body);
    json_decref(body);
    return text;
}

static enum sending judge(const struct http_reply *reply, struct error *error)
{
    int status = reply->status;
    if (status >= 200 && status < 300) {
        return SENT;
    }
    bool moved = status >= 300 && status < 400;
    error_set(error, ERROR_PROTOCOL, "the webhook %s %d",
              moved ? "redirects instead of taking it:" : "answered", status);
    error_hint(error, "%s",
               moved ? "write the URL that it leads to where notify.webhook.url is kept"
               : status == 401 || status == 403 || status == 404 || status == 410
                   ? "the URL may have been revoked: make a new one"
               : status >= 500 ? "see whether the receiver works"
                               : "see what the receiver wants");
    return status >= 500 || status == 429 ? SENT_NOT : SENT_REFUSED;
}

static enum sending post_it(const struct post *post, struct error *error)
{
    char *body = body_of(post);
    const struct tls_options tls = {.on = true,
                                    .directory = post->job->environment->directory,
                                    .ca = config_text(post->section, "ca")};
    struct http_request request = {.method = "POST",
                                   .url = secret_data(post->url),
                                   .headers = post->headers,
                                   .header_count = post->header_count,
                                   .body = body,
                                   .body_length = strlen(body),
                                   .tls = tls.ca ? &tls : NULL,
                                   .deadline = post->job->deadline,
                                   .cap = REPLY_MAX,
                                   .cancelled = post->job->cancelled};
    struct http_reply reply;
    enum sending done = SENT_NOT;
    if (http_ask(&request, &reply, error)) {
        done = judge(&reply, error);
    } else {
        error_prefix(error, "the webhook");
    }
    http_reply_finish(&reply);
    free(body);
    return done;
}

static enum sending send_it(const struct sending_job *job, struct error *error)
{
    struct post post = {.job = job,
                        .section = config_section(job->environment, "/notify/webhook")};
    enum sending done = SENT_NOT;
    post.url =
        resolve(job, json_object_get(post.section, "url"), "notify.webhook.url", error);
    if (post.url && sink_url_safe(job->environment, secret_data(post.url), error) &&
        add_headers(&post, error)) {
        done = post_it(&post, error);
    }
    for (size_t i = 0; i < post.header_count; i++) {
        secret_unref(post.values[i]);
    }
    free(post.values);
    free(post.headers);
    secret_unref(post.url);
    return done;
}

const struct sink sink_webhook = {"webhook", send_it};

/* A machine of Google's is given tokens by its metadata server. */
#include "source/gcp_grant.h"

#include "base/clock.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/text.h"
#include "secret/mask.h"
#include "source/gcp_endpoint.h"

#include <stdlib.h>

enum { NAME_SHOWN = 160 };

static bool no_credentials(const char *why, struct error *error)
{
    error_set(error, ERROR_SYSTEM, "no Google credentials on this machine (%s)", why);
    error_hint(error, "run: " GCP_LOGIN
                      " (or set GOOGLE_APPLICATION_CREDENTIALS to a key file)");
    return false;
}

static bool ask(const char *server, const char *what,
                const struct source_context *context, int64_t deadline,
                struct http_reply *reply, struct error *error)
{
    static const struct http_header headers[] = {{"Metadata-Flavor", "Google"}};
    char *url = mem_format("%s/computeMetadata/v1/instance/service-accounts/default/%s",
                           server, what);
    struct http_request request = {.url = url,
                                   .headers = headers,
                                   .header_count = 1,
                                   .wanted = "Metadata-Flavor",
                                   .deadline = deadline,
                                   .cap = SECRET_MAX,
                                   .cancelled = context->cancelled};
    bool done = http_ask(&request, reply, error);
    free(url);
    return done;
}

char *gcp_machine_account(const struct source_context *context)
{
    char *server = gcp_metadata(NULL), *account = NULL;
    if (server) {
        struct http_reply reply;
        struct error error;
        if (ask(server, "email", context, clock_share(context->deadline, 1), &reply,
                &error) &&
            reply.status == 200 && text_equal(reply.wanted, "Google")) {
            account = mask_clean(buf_string(&reply.body), NAME_SHOWN);
        }
        http_reply_finish(&reply);
    }
    free(server);
    return account ? account : mem_text("the default service account of this machine");
}

static bool take_answer(const char *server, const struct http_reply *reply, int64_t asked,
                        struct gcp_grant *out, struct error *error)
{
    if (!text_equal(reply->wanted, "Google")) {
        return no_credentials("what answers as its metadata server is something else",
                              error);
    }
    if (reply->status == 404) {
        return no_credentials("this machine has no service account", error);
    }
    json_t *answer = json_parse(buf_string(&reply->body), reply->body.length, NULL);
    bool done = gcp_grant_take(server, reply, answer, asked, out, error);
    json_decref(answer);
    return done;
}

/* Nobody there is the usual thing outside Google's machines: it is told early enough to
 * still be an answer. */
bool gcp_grant_machine(const struct gcp_credentials *credentials,
                       const struct source_context *context, struct gcp_grant *out,
                       struct error *error)
{
    const char *server = credentials->origin;
    int64_t now = clock_now();
    int64_t deadline = context->deadline - (context->deadline - now) / 4;
    struct http_reply reply;
    bool done = ask(server, "token", context, deadline, &reply, error);
    if (done) {
        done = take_answer(server, &reply, now, out, error);
    } else if (error->code != ERROR_CANCELLED) {
        struct error why = *error;
        no_credentials(why.message, error);
    }
    http_reply_finish(&reply);
    return done;
}

/* A token of a service account for whoever may create such tokens (IAM Service Account
 * Credentials API v1, projects.serviceAccounts.generateAccessToken). */
#include "source/gcp_grant.h"

#include "base/clock.h"
#include "base/json.h"
#include "base/mem.h"
#include "source/gcp_answer.h"

#include <stdlib.h>
#include <string.h>

#define ROLE "roles/iam.serviceAccountTokenCreator"

static const char api[] = "iamcredentials.googleapis.com";

/* The end is a stamp of Google's clock: measured against the Date of the same reply, by
 * our own clock only where there is none. */
static bool take_token(const struct gcp_impersonation *wanted,
                       const struct http_reply *reply, const json_t *body, int64_t asked,
                       struct gcp_grant *grant, struct error *error)
{
    const json_t *token = json_object_get(body, "accessToken");
    int64_t end = gcp_time(json_get_text(body, "expireTime"));
    if (json_string_length(token) == 0 || end == 0) {
        return error_set(error, ERROR_PROTOCOL,
                         "%s answered %d without a token and its end", api,
                         reply->status);
    }
    int64_t seconds = (end - (reply->date ? reply->date : clock_wall())) / 1000;
    if (seconds <= 0) {
        error_set(error, ERROR_PROTOCOL, "%s answered with a token that has ended", api);
        error_hint(error, reply->date ? "ask again; see https://status.cloud.google.com"
                                      : "set the clock of this machine");
        return false;
    }
    seconds = seconds < wanted->lifetime ? seconds : wanted->lifetime;
    gcp_grant_finish(grant);
    return gcp_grant_keep(token, gcp_grant_until(asked, seconds), grant, error);
}

/* With delegates each one needs the role on the next; which link is missing, nobody
 * tells. */
static void tell_denied(const struct gcp_credentials *credentials, struct error *error)
{
    const struct gcp_impersonation *wanted = &credentials->impersonation;
    size_t between = json_array_size(wanted->delegates);
    const char *first = json_string_value(json_array_get(wanted->delegates, 0));
    first = first ? strrchr(first, '/') + 1 : wanted->account;
    char *member = gcp_member_of(credentials->principal);
    error_set(error, ERROR_DENIED, "%s lacks iam.serviceAccounts.getAccessToken on %s%s",
              credentials->principal, wanted->account,
              between ? ", by way of its delegates" : "");
    error_hint(error,
               "%sgcloud iam service-accounts add-iam-policy-binding %s --member=%s "
               "--role=" ROLE,
               between ? "each delegate needs it on the next; the first: " : "", first,
               member);
    free(member);
}

static bool take_answer(const struct gcp_credentials *credentials,
                        const struct http_reply *reply, int64_t asked,
                        struct gcp_grant *grant, struct error *error)
{
    const struct gcp_impersonation *wanted = &credentials->impersonation;
    struct gcp_answer answer;
    bool done = gcp_answer_read(api, reply, &answer, error);
    if (done) {
        answer.principal = mem_text(credentials->principal);
        done = gcp_answer_judge(api, &answer, error);
    }
    if (done && answer.status == 200) {
        done = take_token(wanted, reply, answer.body, asked, grant, error);
    } else if (done && answer.status == 403) {
        tell_denied(credentials, error);
        done = false;
    } else if (done) {
        done = error_set(error, ERROR_PROTOCOL, "%s answered %d for %s: %s", api,
                         answer.status, wanted->account, answer.message);
        error_hint(error, "correct whom %s impersonates, and how", credentials->origin);
    }
    gcp_answer_finish(&answer);
    return done;
}

static char *make_body(const struct gcp_impersonation *wanted)
{
    char *lifetime = mem_format("%ds", wanted->lifetime);
    json_t *body = json_pack("{s:[s], s:s}", "scope", GCP_SCOPE, "lifetime", lifetime);
    if (json_array_size(wanted->delegates) > 0) {
        json_object_set(body, "delegates", wanted->delegates);
    }
    char *text = json_compact(body);
    json_decref(body);
    free(lifetime);
    return text;
}

bool gcp_impersonate(const struct gcp_credentials *credentials,
                     const struct source_context *context, struct gcp_grant *grant,
                     struct error *error)
{
    const struct gcp_impersonation *wanted = &credentials->impersonation;
    struct buf bearer;
    buf_init_secret(&bearer, 0);
    buf_format(&bearer, "Bearer %s", secret_data(grant->bearer));
    const struct http_header headers[] = {{"Authorization", buf_string(&bearer)},
                                          {"x-goog-user-project", wanted->quota_project}};
    char *body = make_body(wanted);
    struct http_reply reply;
    struct http_request request = {.url = wanted->url,
                                   .headers = headers,
                                   .header_count = wanted->quota_project ? 2 : 1,
                                   .body = body,
                                   .body_length = strlen(body),
                                   .deadline = context->deadline,
                                   .cap = SECRET_MAX,
                                   .cancelled = context->cancelled};
    int64_t asked = clock_now();
    bool done = http_ask(&request, &reply, error);
    if (!done) {
        error_prefix(error, "%s", api);
    } else {
        done = take_answer(credentials, &reply, asked, grant, error);
    }
    http_reply_finish(&reply);
    buf_finish(&bearer);
    free(body);
    return done;
}

#include "source/gcp_token.h"

#include "base/clock.h"
#include "base/mem.h"
#include "source/gcp_credentials.h"
#include "source/gcp_grant.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static pthread_mutex_t guard = PTHREAD_MUTEX_INITIALIZER;
static struct {
    char identity[DIGEST_HEX]; /* of the credentials that it was made from */
    struct gcp_token token;
    int64_t until; /* clock_now() */
} kept;

static void forget_locked(void)
{
    gcp_token_finish(&kept.token);
    kept.until = 0;
}

static bool (*const grants[GCP_KINDS])(const struct gcp_credentials *credentials,
                                       const struct source_context *context,
                                       struct gcp_grant *out, struct error *error) = {
    [GCP_METADATA] = gcp_grant_machine,    [GCP_SERVICE_ACCOUNT] = gcp_grant_account,
    [GCP_USER] = gcp_grant_user,           [GCP_FEDERATED] = gcp_grant_federated,
    [GCP_FEDERATED_USER] = gcp_grant_user,
};

static bool fetch_locked(const struct gcp_credentials *credentials,
                         const struct source_context *context, struct error *error)
{
    struct gcp_grant grant = {NULL, 0};
    forget_locked();
    if (!grants[credentials->kind](credentials, context, &grant, error) ||
        (credentials->impersonation.url &&
         !gcp_impersonate(credentials, context, &grant, error))) {
        gcp_grant_finish(&grant);
        return false;
    }
    kept.token.bearer = grant.bearer;
    kept.until = grant.until;
    kept.token.principal = mem_text(gcp_credentials_actor(credentials));
    kept.token.quota_project = mem_text(credentials->quota_project);
    memcpy(kept.identity, credentials->identity, sizeof kept.identity);
    return true;
}

/* Waits for who fetches one, no longer than until our deadline: theirs is another. */
static bool lock_until(int64_t deadline, struct error *error)
{
    struct timespec until;
    clock_gettime(CLOCK_REALTIME, &until);
    int64_t left = (int64_t)clock_left(deadline) * CLOCK_MS + until.tv_nsec;
    until.tv_sec += left / CLOCK_SECOND;
    until.tv_nsec = left % CLOCK_SECOND;
    return pthread_mutex_timedlock(&guard, &until) == 0 ||
           error_set(error, ERROR_TIMEOUT, "no Google access token in time");
}

bool gcp_token_take(const struct source_context *context, struct gcp_token *out,
                    struct error *error)
{
    struct gcp_credentials credentials;
    struct error why = {.code = ERROR_NONE};
    *out = (struct gcp_token){NULL, NULL, NULL};
    bool done =
        gcp_credentials_find(&credentials, &why) && lock_until(context->deadline, &why);
    if (done) {
        bool fresh = kept.token.bearer && clock_now() < kept.until &&
                     strcmp(kept.identity, credentials.identity) == 0;
        done = fresh || fetch_locked(&credentials, context, &why);
        if (done) {
            out->bearer = secret_ref(kept.token.bearer);
            out->principal = mem_text(kept.token.principal);
            out->quota_project = mem_text(kept.token.quota_project);
        }
        pthread_mutex_unlock(&guard);
    }
    gcp_credentials_finish(&credentials);
    if (error) {
        *error = why;
    }
    return done;
}

char *gcp_token_name(const struct gcp_token *token, const struct source_context *context)
{
    return token->principal ? mem_text(token->principal) : gcp_machine_account(context);
}

void gcp_token_finish(struct gcp_token *token)
{
    secret_unref(token->bearer);
    free(token->principal);
    free(token->quota_project);
    *token = (struct gcp_token){NULL, NULL, NULL};
}

void gcp_token_refuse(const struct gcp_token *token)
{
    pthread_mutex_lock(&guard);
    if (kept.token.bearer && secret_equal(kept.token.bearer, token->bearer)) {
        forget_locked();
    }
    pthread_mutex_unlock(&guard);
}

void gcp_token_forget(void)
{
    pthread_mutex_lock(&guard);
    forget_locked();
    pthread_mutex_unlock(&guard);
}

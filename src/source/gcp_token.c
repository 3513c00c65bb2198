#include "source/gcp_token.h"

#include "base/clock.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/text.h"
#include "net/http.h"
#include "secret/mask.h"
#include "secret/rs256.h"
#include "source/gcp_credentials.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum {
    LIFETIME = 3600, /* s, of an assertion: the most that Google allows */
    SPARE = 60,      /* s before its end that a token is no longer used */
    SKEW = 60,       /* s that a clock may be off before we blame it */
    WORDS = 160,     /* bytes of a stranger's words that are shown */
};

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

/* ---- what came back ---- */

static bool no_credentials(const char *why, struct error *error)
{
    error_set(error, ERROR_SYSTEM, "no Google credentials on this machine (%s)", why);
    error_hint(error, "run: " GCP_LOGIN
                      " (or set GOOGLE_APPLICATION_CREDENTIALS to a key file)");
    return false;
}

/* A refused assertion is most often a clock: the reply's Date tells. */
static bool clock_differs(const struct http_reply *reply, struct error *error)
{
    int64_t off = reply->date ? (clock_wall() - reply->date) / 1000 : 0;
    if (off >= -SKEW && off <= SKEW) {
        return false;
    }
    error_set(error, ERROR_DENIED,
              "Google refuses the credentials: this machine's clock is %lld s %s",
              (long long)(off < 0 ? -off : off), off < 0 ? "behind" : "ahead");
    error_hint(error, "set the clock of this machine");
    return true;
}

static bool refused(const struct gcp_credentials *credentials,
                    const struct http_reply *reply, const json_t *answer,
                    struct error *error)
{
    const char *code = json_get_text(answer, "error");
    const char *said = json_get_text(answer, "error_description");
    char *words = mask_clean(said ? said : code ? code : "no reason given", WORDS);
    if (reply->status >= 500) {
        error_set(error, ERROR_PROTOCOL, "%s answered %d: %s", credentials->token_url,
                  reply->status, words);
        error_hint(error, "ask again; see https://status.cloud.google.com");
    } else if (!clock_differs(reply, error)) {
        error_set(error, ERROR_DENIED, "Google refuses the credentials in %s: %s",
                  credentials->origin, words);
        if (credentials->kind == GCP_USER) {
            error_hint(error, "the login has ended: " GCP_LOGIN);
        } else {
            error_hint(error, "see whether the key of %s was deleted or disabled",
                       credentials->principal);
        }
    }
    free(words);
    return false;
}

/* Takes {"access_token", "expires_in"} (RFC 6749 section 5.1). */
static bool take_answer(const struct gcp_credentials *credentials, const char *from,
                        const struct http_reply *reply, struct error *error)
{
    json_t *answer = json_parse(buf_string(&reply->body), reply->body.length, NULL);
    const json_t *text = json_object_get(answer, "access_token");
    json_int_t seconds = json_integer_value(json_object_get(answer, "expires_in"));
    bool done = false;
    if (!json_is_object(answer)) {
        error_set(error, ERROR_PROTOCOL, "%s answered %d with something that is no JSON",
                  from, reply->status);
        error_hint(error,
                   "something else answers there, such as a proxy or a login page");
    } else if (reply->status != 200 && credentials->kind != GCP_METADATA) {
        refused(credentials, reply, answer, error);
    } else if (reply->status != 200 || json_string_length(text) == 0 || seconds <= 0) {
        error_set(error, ERROR_PROTOCOL, "%s answered %d without a token", from,
                  reply->status);
    } else {
        kept.token.bearer =
            secret_create(json_string_value(text), json_string_length(text), error);
        seconds = seconds < LIFETIME ? seconds : LIFETIME;
        kept.until = clock_now() + (seconds - SPARE) * CLOCK_SECOND;
        done = kept.token.bearer != NULL;
    }
    json_decref(answer);
    return done;
}

/* ---- from a file ---- */

static void add_field(struct buf *body, const char *name, const char *value)
{
    buf_format(body, "%s%s=", body->length ? "&" : "", name);
    http_escape(body, value);
}

static bool add_assertion(const struct gcp_credentials *credentials, struct buf *body,
                          struct error *error)
{
    int64_t now = clock_wall() / 1000;
    json_t *claims = json_pack("{s:s, s:s, s:s, s:I, s:I}", "iss", credentials->principal,
                               "scope", "https://www.googleapis.com/auth/cloud-platform",
                               "aud", credentials->token_url, "iat", (json_int_t)now,
                               "exp", (json_int_t)(now + LIFETIME));
    struct buf assertion;
    buf_init_secret(&assertion, 0);
    bool done = claims && rs256_sign(claims, credentials->key_id,
                                     credentials->private_key, &assertion, error);
    if (done) {
        add_field(body, "grant_type", "urn:ietf:params:oauth:grant-type:jwt-bearer");
        add_field(body, "assertion", buf_string(&assertion));
    } else {
        error_prefix(error, "Google credentials %s", credentials->origin);
        error_hint(error, "make a new key for %s", credentials->principal);
    }
    buf_finish(&assertion);
    json_decref(claims);
    return done;
}

static bool add_grant(const struct gcp_credentials *credentials, struct buf *body,
                      struct error *error)
{
    if (credentials->kind == GCP_SERVICE_ACCOUNT) {
        return add_assertion(credentials, body, error);
    }
    add_field(body, "grant_type", "refresh_token");
    add_field(body, "client_id", credentials->client_id);
    add_field(body, "client_secret", secret_data(credentials->client_secret));
    add_field(body, "refresh_token", secret_data(credentials->refresh_token));
    struct secret *sent[] = {credentials->client_secret, credentials->refresh_token};
    mask_publish(sent, 2);
    return true;
}

static bool ask_endpoint(const struct gcp_credentials *credentials,
                         const struct source_context *context, struct error *error)
{
    struct buf body;
    buf_init_secret(&body, 0);
    bool done = add_grant(credentials, &body, error);
    if (done) {
        struct http_reply reply;
        struct http_request request = {.url = credentials->token_url,
                                       .body = body.data,
                                       .body_length = body.length,
                                       .content_type =
                                           "application/x-www-form-urlencoded",
                                       .deadline = context->deadline,
                                       .cap = SECRET_MAX,
                                       .cancelled = context->cancelled};
        done = http_ask(&request, &reply, error);
        if (!done) {
            error_prefix(error, "no token from %s", credentials->token_url);
        } else {
            done = take_answer(credentials, credentials->token_url, &reply, error);
        }
        http_reply_finish(&reply);
    }
    buf_finish(&body);
    return done;
}

/* ---- from the metadata server ---- */

static bool ask_metadata(const struct gcp_credentials *credentials, const char *what,
                         const struct source_context *context, int64_t deadline,
                         struct http_reply *reply, struct error *error)
{
    static const struct http_header headers[] = {{"Metadata-Flavor", "Google"}};
    char *url = mem_format("%s/computeMetadata/v1/instance/service-accounts/default/%s",
                           credentials->origin, what);
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

/* Only for words: without it the account is "the default service account". */
static char *ask_principal(const struct gcp_credentials *credentials,
                           const struct source_context *context)
{
    struct http_reply reply;
    struct error error;
    bool done =
        ask_metadata(credentials, "email", context, context->deadline, &reply, &error);
    char *principal = done && reply.status == 200 && text_equal(reply.wanted, "Google")
                          ? mask_clean(buf_string(&reply.body), WORDS)
                          : mem_text("the default service account of this machine");
    http_reply_finish(&reply);
    return principal;
}

/* Nobody there is the usual thing outside Google's machines: it is told early enough to
 * still be an answer. */
static bool ask_machine(const struct gcp_credentials *credentials,
                        const struct source_context *context, struct error *error)
{
    int64_t now = clock_now();
    int64_t deadline = context->deadline - (context->deadline - now) / 4;
    struct http_reply reply;
    bool done = ask_metadata(credentials, "token", context, deadline, &reply, error);
    if (!done && error->code == ERROR_CANCELLED) {
        goto out;
    }
    if (!done) {
        struct error why = *error;
        no_credentials(why.message, error);
    } else if (!text_equal(reply.wanted, "Google")) {
        done = no_credentials("what answers as its metadata server is something else",
                              error);
    } else if (reply.status == 404) {
        done = no_credentials("this machine has no service account", error);
    } else {
        done = take_answer(credentials, credentials->origin, &reply, error);
    }
    if (done) {
        kept.token.principal = ask_principal(credentials, context);
    }
out:
    http_reply_finish(&reply);
    return done;
}

/* ---- kept ---- */

static bool fetch_locked(const struct gcp_credentials *credentials,
                         const struct source_context *context, struct error *error)
{
    forget_locked();
    bool done = credentials->kind == GCP_METADATA
                    ? ask_machine(credentials, context, error)
                    : ask_endpoint(credentials, context, error);
    if (!done) {
        forget_locked();
        return false;
    }
    if (!kept.token.principal) {
        kept.token.principal = mem_text(credentials->principal);
    }
    kept.token.quota_project = mem_text(credentials->quota_project);
    memcpy(kept.identity, credentials->identity, sizeof kept.identity);
    mask_publish(&kept.token.bearer, 1);
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

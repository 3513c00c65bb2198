/* It verifies tokens with a secret file of its own, which is how the incident came about:
 * auth said 200 to its own tokens and the backend 401 to the same ones. */
#include "sandbox/backend.h"

#include "base/buf.h"
#include "base/clock.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/text.h"
#include "sandbox/ask.h"
#include "sandbox/sandbox.h"
#include "secret/jwt.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum { STORE_MS = 1000 };

#define VERSION       "sandbox"
#define OTHER_EMAIL   "somebody.else@example.com"
#define BAD_SIGNATURE "Signature verification failed"

/* ---- current user ---- */

static const char *bearer(const struct http_request *request)
{
    const char *header = http_header(request, "Authorization");
    return header && strncasecmp(header, "Bearer ", 7) == 0 ? header + 7 : NULL;
}

static bool is_signed(const struct sandbox *sandbox, const struct jwt *jwt,
                      const struct secret *secret)
{
    bool unsecured = text_equal(json_get_text(jwt->header, "alg"), "none");
    return fault_is_on(sandbox, FAULT_accepts_unsigned) ||
           (unsecured && fault_is_on(sandbox, FAULT_accepts_alg_none)) ||
           jwt_verify(jwt, secret, "HS256", NULL);
}

/* NULL where the token holds, else why not. */
static const char *why_not(const struct sandbox *sandbox, const char *token,
                           struct jwt *jwt)
{
    struct secret *secret = secrets_read_jwt(sandbox, "backend", NULL);
    json_t *audience = json_string(JWT_AUDIENCE);
    const char *why = NULL;
    if (fault_is_on(sandbox, FAULT_service_credential)) {
        why = "Service authentication failed"; /* says auth, which it would have asked */
    } else if (!secret) {
        why = "JWT secret is not configured";
    } else if (!jwt_parse(token, jwt, NULL)) {
        why = "Not enough segments";
    } else if (!is_signed(sandbox, jwt, secret)) {
        why = BAD_SIGNATURE;
    } else if (!jwt_timely(jwt, clock_wall() / 1000, 0, NULL)) {
        why = "Signature has expired";
    } else if (!jwt_addressed(jwt, JWT_ISSUER, audience, NULL)) {
        why = "Invalid issuer or audience";
    } else if (!text_equal(json_get_text(jwt->claims, "type"), "access")) {
        why = "Not an access token";
    }
    json_decref(audience);
    secret_unref(secret);
    return why;
}

static void profile(void *context, const struct http_request *request,
                    struct http_reply *reply)
{
    const struct sandbox *sandbox = context;
    const char *token = bearer(request);
    struct jwt jwt = {0};
    const char *why = !token ? "Not authenticated"
                      : fault_is_on(sandbox, FAULT_backend_accepts_anything)
                          ? NULL
                          : why_not(sandbox, token, &jwt);
    if (why) {
        http_refuse(reply, 401, why);
    } else {
        const char *email = json_get_text(jwt.claims, "email");
        email = fault_is_on(sandbox, FAULT_email_differs) ? OTHER_EMAIL
                : email                                   ? email
                                                          : PROBE_EMAIL;
        reply->status = 200;
        reply->json =
            json_pack("{ss ss sb}", "name", "Probe", "email", email, "is_active", 1);
    }
    jwt_finish(&jwt);
}

/* ---- its own look at its stores ---- */

static json_t *store_state(bool connected, int64_t took, const struct error *error)
{
    return json_pack("{ss sb sf ss*}", "status", connected ? "healthy" : "unhealthy",
                     "connected", connected, "response_time_ms", clock_ms(took), "error",
                     connected ? NULL : error->message);
}

static json_t *redis_state(const struct sandbox *sandbox)
{
    if (fault_is_on(sandbox, FAULT_backend_redis_not_configured)) {
        return json_pack("{ss sb}", "status", "not_configured", "connected", 0);
    }
    struct error error;
    struct buf out;
    buf_init(&out, 4096);
    int64_t begun = clock_now();
    bool connected = ask_redis(sandbox->redis.port, "default", sandbox->values.redis,
                               "PING", begun + STORE_MS * CLOCK_MS, &out, &error);
    buf_finish(&out);
    return store_state(connected, clock_now() - begun, &error);
}

static json_t *clickhouse_state(const struct sandbox *sandbox)
{
    char *headers = mem_format("X-ClickHouse-User: default\r\nX-ClickHouse-Key: %s\r\n",
                               sandbox->values.clickhouse);
    struct ask_http ask = {.port = sandbox->clickhouse.http_port,
                           .method = "GET",
                           .target = "/?query=SELECT%201&wait_end_of_query=1",
                           .headers = headers};
    struct error error;
    struct buf out;
    buf_init(&out, 4096);
    int status = 0;
    int64_t begun = clock_now();
    bool connected = ask_http(&ask, begun + STORE_MS * CLOCK_MS, &status, &out, &error);
    if (connected && status != 200) {
        connected = error_set(&error, ERROR_DENIED, "%.200s", buf_string(&out));
    }
    buf_finish(&out);
    free(headers);
    return store_state(connected, clock_now() - begun, &error);
}

static void ready(void *context, const struct http_request *request,
                  struct http_reply *reply)
{
    (void)request;
    struct sandbox *sandbox = context;
    json_t *redis = redis_state(sandbox);
    json_t *clickhouse = clickhouse_state(sandbox);
    bool fine = !text_equal(json_get_text(redis, "status"), "unhealthy") &&
                !text_equal(json_get_text(clickhouse, "status"), "unhealthy");
    json_t *body = json_pack(
        "{ss s{so so} ss ss}", "status", fine ? "ready" : "unhealthy", "checks", "redis",
        redis, "clickhouse", clickhouse, "version", VERSION, "environment", "staging");
    reply->status = fine ? 200 : 503;
    reply->json = fine ? body : json_pack("{so}", "detail", body);
}

/* ---- health and the logins of users ---- */

static void health(void *context, const struct http_request *request,
                   struct http_reply *reply)
{
    (void)context;
    (void)request;
    reply->status = 200;
    reply->json = json_pack("{ss ss}", "status", "healthy", "service", "netra-backend");
}

/* None at all is reported as 100 percent, as the real one does: the trap is part of the
 * picture. */
static void metrics(void *context, const struct http_request *request,
                    struct http_reply *reply)
{
    (void)request;
    struct users_count count;
    users_count(context, clock_now(), &count);
    double rate = count.total ? 100.0 * (double)count.good / (double)count.total : 100.0;
    reply->status = 200;
    reply->json = json_pack(
        "{s{sI sI sI sI sf sf}}", "authentication_metrics", "total_attempts",
        (json_int_t)count.total, "successful_authentications", (json_int_t)count.good,
        "failed_authentications", (json_int_t)count.failed, "wrong_password_attempts",
        (json_int_t)count.wrong_password, "success_rate_percent", rate, "uptime_seconds",
        (double)count.uptime / (double)CLOCK_SECOND);
}

const struct http_route backend_routes[] = {
    {"GET", "/api/v1/user/profile", profile},
    {"GET", "/api/health/ready", ready},
    {"GET", "/health/authentication/metrics", metrics},
    {"GET", "/health", health},
    {NULL, NULL, NULL},
};

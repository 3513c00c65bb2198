/* Word for word in the shape of the service that the fix plan was written for: a refusal
 * to log in is 401, a malformed body 422, and a token that does not hold is a 200 that
 * says valid: false. */
#include "sandbox/auth.h"

#include "base/buf.h"
#include "base/clock.h"
#include "base/digest.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/text.h"
#include "sandbox/sandbox.h"
#include "secret/jwt.h"

#include <openssl/crypto.h>
#include <openssl/rand.h>
#include <stdlib.h>
#include <string.h>

enum { ACCESS_S = 900, REFRESH_S = 7 * 86400, EXPIRED_S = 600, SKEW_S = 3600 };

#define USER_ID       "4f9c1d52-0c5e-4c39-9f53-6f1f0b7f0001"
#define OTHER_ISSUER  "somebody-else"
#define PROBE_HEADER  "X-Greenboard-Probe"
#define FIELD_MISSING "Field required"

static bool same_text(const char *a, const char *b)
{
    size_t length = strlen(a);
    return length == strlen(b) && CRYPTO_memcmp(a, b, length) == 0;
}

/* Seconds since 1970, as auth has them. */
static int64_t auth_clock(const struct sandbox *sandbox)
{
    return clock_wall() / 1000 + (fault_is_on(sandbox, FAULT_clock_skew) ? SKEW_S : 0);
}

static const char *issuer(const struct sandbox *sandbox)
{
    return fault_is_on(sandbox, FAULT_wrong_issuer) ? OTHER_ISSUER : JWT_ISSUER;
}

static bool add_token(const struct sandbox *sandbox, json_t *reply, const char *key,
                      const char *type, int64_t lifetime, const struct secret *secret,
                      struct error *error)
{
    unsigned char number[16];
    char id[2 * sizeof number + 1];
    if (RAND_bytes(number, sizeof number) != 1) {
        return error_set(error, ERROR_SYSTEM, "no random bytes");
    }
    hex_encode(id, number, sizeof number);
    int64_t now = auth_clock(sandbox);
    if (fault_is_on(sandbox, FAULT_token_expired)) {
        now -= lifetime + EXPIRED_S;
    }
    json_t *claims = json_pack(
        "{ss ss ss ss sI sI ss ss ss}", "iss", issuer(sandbox), "aud", JWT_AUDIENCE,
        "sub", USER_ID, "email", PROBE_EMAIL, "iat", (json_int_t)now, "exp",
        (json_int_t)(now + lifetime), "jti", id, "env", "staging", "type", type);
    struct buf token;
    buf_init(&token, JWT_MAX);
    bool done = jwt_sign(claims, secret, "HS256", &token, error);
    json_object_set_new(reply, key, json_string(buf_string(&token)));
    buf_finish(&token);
    json_decref(claims);
    return done;
}

static void issue_tokens(struct sandbox *sandbox, struct http_reply *reply)
{
    struct error error;
    struct secret *secret = secrets_read_jwt(sandbox, "auth", &error);
    json_t *body = json_object();
    if (!secret ||
        !add_token(sandbox, body, "access_token", "access", ACCESS_S, secret, &error) ||
        !add_token(sandbox, body, "refresh_token", "refresh", REFRESH_S, secret,
                   &error)) {
        http_refuse(reply, 500, error.message);
        json_decref(body);
    } else {
        json_object_set_new(body, "token_type", json_string("Bearer"));
        json_object_set_new(body, "expires_in", json_integer(ACCESS_S));
        json_object_set_new(body, "user",
                            json_pack("{ss ss}", "id", USER_ID, "email", PROBE_EMAIL));
        reply->status = 200;
        reply->json = body;
    }
    secret_unref(secret);
}

static void count_user(struct sandbox *sandbox, const struct http_request *request,
                       enum users_login login)
{
    if (!http_header(request, PROBE_HEADER)) {
        users_add(&sandbox->users, login);
    }
}

static void login(void *context, const struct http_request *request,
                  struct http_reply *reply)
{
    struct sandbox *sandbox = context;
    json_t *body = json_parse(request->body, request->length, NULL);
    const char *email = json_get_text(body, "email");
    const char *password = json_get_text(body, "password");
    if (!email || !password) {
        http_refuse(reply, 422, FIELD_MISSING ": email and password");
    } else if (fault_is_on(sandbox, FAULT_login_rejected)) {
        http_refuse(reply, 401, "Invalid credentials");
        count_user(sandbox, request, LOGIN_FAILED);
    } else if (!text_equal(email, PROBE_EMAIL) ||
               !same_text(password, sandbox->values.probe)) {
        http_refuse(reply, 401, "Invalid credentials");
        count_user(sandbox, request, LOGIN_WRONG_PASSWORD);
    } else {
        issue_tokens(sandbox, reply);
        count_user(sandbox, request, reply->status == 200 ? LOGIN_GOOD : LOGIN_FAILED);
    }
    json_decref(body);
}

/* Who asks without the headers is not asked for them; who sends them must send the right
 * ones. */
static bool service_is_known(const struct sandbox *sandbox,
                             const struct http_request *request)
{
    const char *id = http_header(request, "X-Service-ID");
    const char *secret = http_header(request, "X-Service-Secret");
    bool right = id && secret && text_equal(id, SERVICE_ID) &&
                 same_text(secret, sandbox->values.service) &&
                 !fault_is_on(sandbox, FAULT_service_credential);
    return (!id && !secret) || right;
}

static bool token_holds(const struct sandbox *sandbox, const char *token, struct jwt *jwt,
                        struct error *error)
{
    struct secret *secret = secrets_read_jwt(sandbox, "auth", error);
    json_t *audience = json_string(JWT_AUDIENCE);
    bool holds = secret && jwt_parse(token, jwt, error) &&
                 jwt_verify(jwt, secret, "HS256", error) &&
                 jwt_timely(jwt, auth_clock(sandbox), 0, error) &&
                 jwt_addressed(jwt, issuer(sandbox), audience, error);
    json_decref(audience);
    secret_unref(secret);
    return holds;
}

static void validate(void *context, const struct http_request *request,
                     struct http_reply *reply)
{
    const struct sandbox *sandbox = context;
    json_t *body = json_parse(request->body, request->length, NULL);
    const char *token = json_get_text(body, "token");
    struct jwt jwt = {0};
    struct error error;
    reply->status = 200;
    if (!token) {
        http_refuse(reply, 422, FIELD_MISSING ": token");
    } else if (!service_is_known(sandbox, request)) {
        reply->json =
            json_pack("{sb ss}", "valid", 0, "error", "Service authentication failed");
    } else if (!token_holds(sandbox, token, &jwt, &error)) {
        reply->json = json_pack("{sb ss}", "valid", 0, "error", error.message);
    } else {
        reply->json = json_pack("{sb sO? sO?}", "valid", 1, "user_id",
                                json_object_get(jwt.claims, "sub"), "email",
                                json_object_get(jwt.claims, "email"));
    }
    jwt_finish(&jwt);
    json_decref(body);
}

static void health(void *context, const struct http_request *request,
                   struct http_reply *reply)
{
    (void)context;
    (void)request;
    reply->status = 200;
    reply->json = json_pack("{ss ss}", "status", "healthy", "service", "auth-service");
}

const struct http_route auth_routes[] = {
    {"POST", "/auth/login", login},
    {"POST", "/auth/validate", validate},
    {"GET", "/health", health},
    {"GET", "/health/ready", health},
    {NULL, NULL, NULL},
};

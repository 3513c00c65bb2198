#include "secret/forge.h"

#include "base/json.h"
#include "base/text.h"
#include "secret/base64.h"
#include "secret/jwt.h"

#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

enum { KEY_BYTES = 48 };

static bool turn_a_bit(const struct forge_source *source, struct buf *out,
                       struct error *error)
{
    return jwt_flip(source->token, out, error);
}

static bool sign_with_another_key(const struct forge_source *source, struct buf *out,
                                  struct error *error)
{
    unsigned char bytes[KEY_BYTES];
    struct jwt jwt;
    if (getrandom(bytes, sizeof bytes, 0) != (ssize_t)sizeof bytes) {
        return error_set(error, ERROR_SYSTEM, "no random bytes");
    }
    struct secret *key = secret_create(bytes, sizeof bytes, error);
    bool done = key && jwt_parse(source->token, &jwt, error);
    if (done) {
        done = jwt_sign(jwt.claims, key, source->algorithm, out, error);
        jwt_finish(&jwt);
    }
    secret_unref(key);
    return done;
}

/* Header, payload and signature as they were, but what the header says of the
 * algorithm. */
static bool rewrite_header(const struct forge_source *source, const char *algorithm,
                           bool signature, struct buf *out, struct error *error)
{
    struct jwt jwt;
    if (!jwt_parse(source->token, &jwt, error)) {
        return false;
    }
    json_object_set_new(jwt.header, "alg", json_string(algorithm));
    char *header = json_compact(jwt.header);
    const char *payload = strchr(source->token, '.');
    const char *end = signature ? payload + strlen(payload) : strrchr(payload, '.') + 1;
    base64url_encode(out, header, strlen(header));
    buf_add(out, payload, (size_t)(end - payload));
    free(header);
    jwt_finish(&jwt);
    return true;
}

/* An "Unsecured JWS" (RFC 7515 appendix A.5): the signature is empty. */
static bool take_signature_off(const struct forge_source *source, struct buf *out,
                               struct error *error)
{
    return rewrite_header(source, "none", false, out, error);
}

static bool name_another_algorithm(const struct forge_source *source, struct buf *out,
                                   struct error *error)
{
    const char *other = text_equal(source->algorithm, "HS512") ? "HS256" : "HS512";
    return rewrite_header(source, other, true, out, error);
}

/* Signed with the true secret: nothing but its time is wrong with it. */
static bool let_it_expire(const struct forge_source *source, struct buf *out,
                          struct error *error)
{
    static const char *const starts[] = {"iat", "nbf"};
    struct jwt jwt;
    if (!jwt_parse(source->token, &jwt, error)) {
        return false;
    }
    int64_t expired = source->now - FORGE_AGE;
    json_object_set_new(jwt.claims, "exp", json_integer((json_int_t)expired));
    for (size_t i = 0; i < sizeof starts / sizeof starts[0]; i++) {
        if (json_object_get(jwt.claims, starts[i])) {
            json_object_set_new(jwt.claims, starts[i],
                                json_integer((json_int_t)(expired - FORGE_AGE)));
        }
    }
    bool done = jwt_sign(jwt.claims, source->secret, source->algorithm, out, error);
    jwt_finish(&jwt);
    return done;
}

const struct forgery forgeries[] = {
    {"flipped", "one bit of its signature turned",
     "it must verify the signature of every token", turn_a_bit},
    {"other key", "signed with a random key",
     "it must verify the signature of every token under the canonical secret",
     sign_with_another_key},
    {"alg none", "algorithm \"none\" and no signature",
     "it must name the one algorithm that it allows, and refuse \"none\"",
     take_signature_off},
    {"other algorithm", "the algorithm in its header rewritten",
     "it must name the one algorithm that it allows, never take the token's",
     name_another_algorithm},
    {"expired", "expired an hour ago", "it must refuse a token whose exp has passed",
     let_it_expire},
};
const size_t forgery_count = sizeof forgeries / sizeof forgeries[0];

#include "secret/jwt.h"

#include "base/json.h"
#include "base/mem.h"
#include "base/text.h"
#include "secret/base64.h"

#include <math.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

static const EVP_MD *algorithm_hash(const char *algorithm)
{
    if (text_equal(algorithm, "HS256")) {
        return EVP_sha256();
    }
    if (text_equal(algorithm, "HS384")) {
        return EVP_sha384();
    }
    return text_equal(algorithm, "HS512") ? EVP_sha512() : NULL;
}

static json_t *parse_part(const char *text, size_t length, struct error *error)
{
    unsigned char *bytes = mem_alloc(length);
    size_t used = 0;
    json_t *object = NULL;
    if (!base64url_decode(text, length, bytes, length, &used)) {
        error_set(error, ERROR_PROTOCOL, "not base64url");
    } else if ((object = json_parse((char *)bytes, used, error)) &&
               !json_is_object(object)) {
        error_set(error, ERROR_PROTOCOL, "not a JSON object");
        json_decref(object);
        object = NULL;
    }
    OPENSSL_cleanse(bytes, length);
    free(bytes);
    return object;
}

bool jwt_parse(const char *token, struct jwt *jwt, struct error *error)
{
    *jwt = (struct jwt){0};
    const char *payload = strchr(token, '.');
    const char *signature = payload ? strchr(payload + 1, '.') : NULL;
    if (!signature || strchr(signature + 1, '.') || strlen(token) > JWT_MAX) {
        return error_set(error, ERROR_PROTOCOL, "not a JSON Web Token");
    }
    size_t header_length = (size_t)(payload - token);
    size_t payload_length = (size_t)(signature - payload - 1);
    jwt->header = parse_part(token, header_length, error);
    jwt->claims = jwt->header ? parse_part(payload + 1, payload_length, error) : NULL;
    if (!jwt->claims) {
        error_prefix(error, "not a JSON Web Token");
        jwt_finish(jwt);
        return false;
    }
    if (!base64url_decode(signature + 1, strlen(signature + 1), jwt->signature,
                          sizeof jwt->signature, &jwt->signature_length)) {
        jwt_finish(jwt);
        return error_set(error, ERROR_PROTOCOL,
                         "not a JSON Web Token: its signature is no "
                         "base64url");
    }
    jwt->signed_part = mem_bytes(token, (size_t)(signature - token));
    return true;
}

void jwt_finish(struct jwt *jwt)
{
    if (jwt) {
        json_decref(jwt->header);
        json_decref(jwt->claims);
        free(jwt->signed_part);
        *jwt = (struct jwt){0};
    }
}

static bool authenticate(const char *text, const struct secret *secret,
                         const char *algorithm, unsigned char mac[EVP_MAX_MD_SIZE],
                         unsigned int *length, struct error *error)
{
    const EVP_MD *hash = algorithm_hash(algorithm);
    if (!hash) {
        return error_set(error, ERROR_CONFIG, "the algorithm %s is not supported",
                         algorithm);
    }
    if (secret_length(secret) == 0) {
        return error_set(error, ERROR_CONFIG, "the secret is empty");
    }
    if (!HMAC(hash, secret_data(secret), (int)secret_length(secret),
              (const unsigned char *)text, strlen(text), mac, length)) {
        return error_set(error, ERROR_SYSTEM, "OpenSSL cannot compute %s", algorithm);
    }
    return true;
}

/* RFC 8725 section 3.11: a type that ends in "+jwt" says by which rules a token is to be
 * judged. Those of an access token are "at+jwt" (RFC 9068 section 2.1); "application/"
 * may be left out (RFC 7515 section 4.1.9). */
static bool is_typed_otherwise(const char *type)
{
    static const char prefix[] = "application/", suffix[] = "+jwt";
    if (strncasecmp(type, prefix, strlen(prefix)) == 0) {
        type += strlen(prefix);
    }
    size_t length = strlen(type);
    return length >= strlen(suffix) &&
           strcasecmp(type + length - strlen(suffix), suffix) == 0 &&
           strcasecmp(type, "at+jwt") != 0;
}

/* What a header may say besides the algorithm. */
static bool check_header(const json_t *header, struct error *error)
{
    /* RFC 7515 section 4.1.11: no extension is understood here. */
    if (json_object_get(header, "crit")) {
        return error_set(error, ERROR_PROTOCOL,
                         "the token demands an extension that is not known here (crit)");
    }
    if (json_is_false(json_object_get(header, "b64"))) { /* RFC 7797 section 7 */
        return error_set(error, ERROR_PROTOCOL,
                         "the token says that its claims are not base64url (b64)");
    }
    const json_t *typ = json_object_get(header, "typ");
    const char *type = json_string_value(typ);
    if (typ && (!type || is_typed_otherwise(type))) {
        return error_set(error, ERROR_PROTOCOL, "the token is no access token: typ %.40s",
                         type ? type : "is no string");
    }
    return true;
}

bool jwt_verify(const struct jwt *jwt, const struct secret *secret, const char *algorithm,
                struct error *error)
{
    const char *named = json_get_text(jwt->header, "alg");
    if (!text_equal(named, algorithm)) {
        return error_set(error, ERROR_PROTOCOL, "the token says algorithm %.20s, not %s",
                         named ? named : "none", algorithm);
    }
    if (!check_header(jwt->header, error)) {
        return false;
    }
    unsigned char mac[EVP_MAX_MD_SIZE];
    unsigned int length = 0;
    if (!authenticate(jwt->signed_part, secret, algorithm, mac, &length, error)) {
        return false;
    }
    if (length != jwt->signature_length ||
        CRYPTO_memcmp(mac, jwt->signature, length) != 0) {
        return error_set(error, ERROR_DENIED, "signed with another secret");
    }
    return true;
}

/* A NumericDate may be any number (RFC 7519 section 2): the first whole second that is
 * not before it. What no clock will ever show is brought to the edge of what can be
 * reckoned with. */
static bool claim_time(const struct jwt *jwt, const char *name, int64_t *when)
{
    static const double edge = 1e15;
    const json_t *claim = json_object_get(jwt->claims, name);
    double value = ceil(json_number_value(claim));
    *when = (int64_t)(value > edge ? edge : value < -edge ? -edge : value);
    return json_is_number(claim);
}

static bool has_started(const struct jwt *jwt, const char *claim, int64_t now,
                        int64_t leeway, struct error *error)
{
    int64_t when = 0;
    if (!json_object_get(jwt->claims, claim)) {
        return true;
    }
    if (!claim_time(jwt, claim, &when)) {
        return error_set(error, ERROR_PROTOCOL, "its %s claim is no number", claim);
    }
    if (when > now + leeway) {
        return error_set(error, ERROR_DENIED, "%s is %lld s in the future: clocks differ",
                         claim, (long long)(when - now));
    }
    return true;
}

bool jwt_timely(const struct jwt *jwt, int64_t now, int64_t leeway, struct error *error)
{
    int64_t when = 0;
    if (!claim_time(jwt, "exp", &when)) {
        return error_set(error, ERROR_PROTOCOL, "the token never expires: no exp claim");
    }
    if (now >= when + leeway) {
        return error_set(error, ERROR_DENIED, "expired %lld s ago",
                         (long long)(now - when));
    }
    return has_started(jwt, "nbf", now, leeway, error) &&
           has_started(jwt, "iat", now, leeway, error);
}

static bool audience_names(const json_t *audience, const char *name)
{
    if (json_is_string(audience)) {
        return text_equal(json_string_value(audience), name);
    }
    for (size_t i = 0; i < json_array_size(audience); i++) {
        if (text_equal(json_string_value(json_array_get(audience, i)), name)) {
            return true;
        }
    }
    return false;
}

static bool audiences_meet(const json_t *claimed, const json_t *expected)
{
    if (json_is_string(expected)) {
        return audience_names(claimed, json_string_value(expected));
    }
    for (size_t i = 0; i < json_array_size(expected); i++) {
        if (audience_names(claimed, json_string_value(json_array_get(expected, i)))) {
            return true;
        }
    }
    return false;
}

bool jwt_addressed(const struct jwt *jwt, const char *issuer, const json_t *audience,
                   struct error *error)
{
    const char *claimed = json_get_text(jwt->claims, "iss");
    if (issuer && !text_equal(claimed, issuer)) {
        return error_set(error, ERROR_DENIED, "issuer is \"%.80s\", not \"%s\"",
                         claimed ? claimed : "", issuer);
    }
    const json_t *aud = json_object_get(jwt->claims, "aud");
    if (audience && !audiences_meet(aud, audience)) {
        char *said = json_show(aud);
        char *wanted = json_show(audience);
        error_set(error, ERROR_DENIED, "audience is %.80s, not %.80s", said, wanted);
        free(said);
        free(wanted);
        return false;
    }
    return true;
}

static void encode_part(struct buf *out, const json_t *object)
{
    char *text = json_compact(object);
    base64url_encode(out, text, strlen(text));
    free(text);
}

bool jwt_sign(const json_t *claims, const struct secret *secret, const char *algorithm,
              struct buf *out, struct error *error)
{
    struct buf token;
    buf_init(&token, 0);
    json_t *header = json_pack("{s:s,s:s}", "alg", algorithm, "typ", "JWT");
    encode_part(&token, header);
    json_decref(header);
    buf_text(&token, ".");
    encode_part(&token, claims);
    unsigned char mac[EVP_MAX_MD_SIZE];
    unsigned int length = 0;
    bool done = authenticate(token.data, secret, algorithm, mac, &length, error);
    if (done) {
        buf_text(&token, ".");
        base64url_encode(&token, mac, length);
        buf_add(out, token.data, token.length);
    }
    buf_finish(&token);
    return done;
}

bool jwt_flip(const char *token, struct buf *out, struct error *error)
{
    struct jwt jwt;
    if (!jwt_parse(token, &jwt, error)) {
        return false;
    }
    if (jwt.signature_length == 0) {
        jwt_finish(&jwt);
        return error_set(error, ERROR_PROTOCOL, "the token carries no signature");
    }
    jwt.signature[jwt.signature_length / 2] ^= 1;
    buf_text(out, jwt.signed_part);
    buf_text(out, ".");
    base64url_encode(out, jwt.signature, jwt.signature_length);
    jwt_finish(&jwt);
    return true;
}

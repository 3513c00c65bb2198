/* JSON Web Tokens as services here use them: HMAC with SHA-2 (RFC 7515, RFC 7518
 * section 3.2). The algorithm is always the caller's, never the token's (RFC 8725
 * section 3.1). Any thread. */
#ifndef GREENBOARD_SECRET_JWT_H
#define GREENBOARD_SECRET_JWT_H

#include "base/buf.h"
#include "base/error.h"
#include "secret/keep.h"

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { JWT_MAX = 16 * 1024, JWT_SIGNATURE_MAX = 512 }; /* a larger token is refused */

struct jwt {
    json_t *header;
    json_t *claims;
    char *signed_part; /* "header.payload" as it was sent */
    unsigned char signature[JWT_SIGNATURE_MAX];
    size_t signature_length;
};

/* Only the shape: three base64url parts (RFC 7515 section 7.1) of which two are JSON
 * objects. */
bool jwt_parse(const char *token, struct jwt *jwt, struct error *error);
void jwt_finish(struct jwt *jwt);

/* True where the signature is that of `algorithm` (HS256, HS384, HS512) under the secret,
 * and the header names that algorithm, demands nothing that is not known here, and no
 * other type of token than an access token. */
bool jwt_verify(const struct jwt *jwt, const struct secret *secret, const char *algorithm,
                struct error *error);

/* Before exp, not before nbf and iat where they are there, `now` being seconds since
 * 1970, with a leeway in seconds (RFC 7519 4.1.4 to 4.1.6). */
bool jwt_timely(const struct jwt *jwt, int64_t now, int64_t leeway, struct error *error);

/* iss and aud (RFC 7519 4.1.1, 4.1.3): `audience` is a string or an array of which one
 * suffices. A NULL expectation is not asked. */
bool jwt_addressed(const struct jwt *jwt, const char *issuer, const json_t *audience,
                   struct error *error);

/* Appends a compact token. */
bool jwt_sign(const json_t *claims, const struct secret *secret, const char *algorithm,
              struct buf *out, struct error *error);

/* Appends the token with one bit of its signature turned: a forgery that must fail. */
bool jwt_flip(const char *token, struct buf *out, struct error *error);

#endif

/* Signs a JSON Web Token with an RSA key (RS256: RFC 7518 section 3.3), as Google wants
 * an assertion of a service account. Any thread. */
#ifndef GREENBOARD_SECRET_RS256_H
#define GREENBOARD_SECRET_RS256_H

#include "base/buf.h"
#include "base/error.h"
#include "secret/keep.h"

#include <jansson.h>
#include <stdbool.h>

/* Appends a compact token to `out`. `pem` is the unencrypted private key, `key_id` what
 * the verifier calls it, or NULL. */
bool rs256_sign(const json_t *claims, const char *key_id, const struct secret *pem,
                struct buf *out, struct error *error);

/* Appends "." and the signature of what stands in `token`: "header.payload". */
bool rs256_add_signature(struct buf *token, const struct secret *pem,
                         struct error *error);

#endif

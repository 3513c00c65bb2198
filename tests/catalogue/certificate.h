/* Certificates for a peer of the catalogue, in every state of untrustworthiness. Main
 * thread. */
#ifndef GREENBOARD_TESTS_CERTIFICATE_H
#define GREENBOARD_TESTS_CERTIFICATE_H

#include <openssl/ssl.h>

/* For a server whose certificate is as `how` says: "HOST", and after a blank "expired",
 * "future", "soon" (it ends in five days), "old" (TLS 1.1 alone), "itself" (its own
 * authority, which we do not believe) or "stranger" (signed by somebody else). What we
 * are to believe instead is written to `path` (PEM). NULL where `how` says something
 * else. The caller frees it. */
SSL_CTX *certificate_context(const char *how, const char *path);

#endif

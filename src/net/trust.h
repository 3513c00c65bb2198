/* Whom we believe on TLS: the system's certificate authorities, loaded once, lazily, off the main
 * thread, and shared by libcurl and dial; and what a section's `tls` says beyond that. Any thread. */
#ifndef GREENBOARD_NET_TRUST_H
#define GREENBOARD_NET_TRUST_H

#include "base/error.h"

#include <jansson.h>
#include <openssl/ssl.h>
#include <stdbool.h>

struct tls_options {
    bool on;
    const char *ca; /* a PEM file instead of the system's authorities */
    const char *cert, *key; /* ours, for a server that asks */
    const char *server_name; /* verified instead of the dialled host */
};

/* From a section's `tls` (boolean or object), borrowed; paths are relative to `directory` and are kept in the
 * caller's storage by the caller. NULL: off. */
struct tls_options tls_options_of(const json_t *tls);

/* A counted store for the options; NULL with an error that names the file. The caller frees it with
 * X509_STORE_free(). */
X509_STORE *trust_store(const struct tls_options *options, struct error *error);

#endif

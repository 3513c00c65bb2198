/* Whom we believe on TLS: the system's certificate authorities, loaded once, lazily, off
 * the main thread, and shared by libcurl and dial; and what a section's `tls` says beyond
 * that. Any thread. */
#ifndef GREENBOARD_NET_TRUST_H
#define GREENBOARD_NET_TRUST_H

#include "base/error.h"

#include <jansson.h>
#include <openssl/ssl.h>
#include <stdbool.h>
#include <stdint.h>

struct tls_options {
    bool on;
    const char *directory;   /* where the relative paths below start; NULL: here */
    const char *ca;          /* a PEM file instead of the system's authorities */
    const char *cert, *key;  /* ours, for a server that asks */
    const char *server_name; /* verified instead of the dialled host */
    /* where a tunnel to the host listens: 127.0.0.1 at this port is dialled in place of
     * host and port, which all else goes by still; 0: none. Also where `on` is false */
    int through;
};

/* From a section's `tls` (boolean, object, or NULL: off); borrows all of it. */
struct tls_options tls_options_of(const json_t *tls, const char *directory);

/* A counted store for the options (NULL: the system's); NULL with an error that names the
 * file. The caller frees it with X509_STORE_free(). */
X509_STORE *trust_store(const struct tls_options *options, struct error *error);

/* What the peer showed, kept for words: which name its certificate bears, who signed it,
 * and why it was refused. */
struct trust_seen {
    int refused;      /* X509_V_ERR_…, or X509_V_OK */
    char names[160];  /* "a.example, *.b.example" */
    char issuer[160]; /* where it was believed: "O = Let's Encrypt, CN = R3" */
    char ends[32]; /* "2026-01-31 12:04 UTC": of the certificate to blame, or its own */
    int64_t until; /* where it was believed: the same, ms since 1970 */
};

/* Makes the context believe exactly the options: store, our certificate, TLS 1.2 and
 * later, and the name (or address) that the peer must prove. `seen` outlives every
 * handshake of the context. */
bool trust_apply(SSL_CTX *context, const struct tls_options *options, const char *host,
                 struct trust_seen *seen, struct error *error);

/* The next step where no handshake came about. A server in the clear need not say so: an
 * HTTP server may take a greeting without a line's end for a request that goes on. */
#define TRUST_NO_TLS_HINT "see whether this port speaks TLS at all"

/* Says why a handshake with `host` failed; false as every error. */
bool trust_complain(const struct trust_seen *seen, const char *host, struct error *error);

#endif

/* A connection, in the clear or over TLS, with one absolute deadline for all that happens
 * on it: resolving, connecting, the handshake, every read and write.
 *
 * The caller owns the struct, does not move it while it is open, and closes it always,
 * also where opening failed: it then tells how far it came. One thread at a time; SIGPIPE
 * is to be ignored by the process, since OpenSSL writes with write(2). */
#ifndef GREENBOARD_NET_DIAL_H
#define GREENBOARD_NET_DIAL_H

#include "base/error.h"
#include "net/trust.h"
#include "net/wait.h"

#include <openssl/ssl.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

struct dial {
    int fd;
    SSL_CTX *context;
    SSL *ssl;
    struct wait wait;
    struct trust_seen seen;
    char address[112];             /* of the peer, also where it did not answer */
    int64_t resolve, connect, tls; /* ns of each phase; 0: not reached */
    bool connected;
    size_t received; /* bytes */
};

/* `host` is a name, an IP address, or the path of a Unix socket, which begins with '/'.
 * `tls` may be NULL: in the clear. */
bool dial_open(struct dial *dial, const char *host, int port,
               const struct tls_options *tls, int64_t deadline,
               const atomic_bool *cancelled, struct error *error);
void dial_close(struct dial *dial);

/* Says why a connection was not made, of an errno; false. */
bool dial_refused(const char *address, int number, struct error *error);

bool dial_write(struct dial *dial, const void *data, size_t length, struct error *error);

/* At least one byte; 0 where the peer closed; -1 on error. */
ssize_t dial_read(struct dial *dial, void *data, size_t room, struct error *error);

/* What was agreed on: "TLSv1.3", "TLS_AES_256_GCM_SHA384"; NULL in the clear. */
const char *dial_protocol(const struct dial *dial);
const char *dial_cipher(const struct dial *dial);

#endif

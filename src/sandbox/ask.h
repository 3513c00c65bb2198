/* The little client that the sandbox needs: to see when its servers are ready, to change
 * them, and for the backend's own look at its stores. Loopback, one request a connection.
 * Any thread. */
#ifndef GREENBOARD_SANDBOX_ASK_H
#define GREENBOARD_SANDBOX_ASK_H

#include "base/buf.h"
#include "base/error.h"

#include <stdbool.h>
#include <stdint.h>

struct ask_http {
    uint16_t port;
    const char *method, *target;
    const char *headers; /* lines that end in CR LF, or "" */
    const char *body;    /* or NULL */
};

/* HTTP/1.0 (RFC 1945), so that the answer ends with the connection. The body is appended
 * to `out`, up to its cap. */
bool ask_http(const struct ask_http *ask, int64_t deadline, int *status, struct buf *out,
              struct error *error);

/* Authenticates and sends one inline command; an error reply is ERROR_DENIED with its
 * text. */
bool ask_redis(uint16_t port, const char *user, const char *password, const char *command,
               int64_t deadline, struct buf *out, struct error *error);

#endif

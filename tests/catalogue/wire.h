/* A connection as its server sees it, in the clear or over TLS: bytes given in every bad
 * manner, and requests cut out of what comes. False where the other side is gone. One
 * thread; the caller closes what it opened. */
#ifndef GREENBOARD_TESTS_WIRE_H
#define GREENBOARD_TESTS_WIRE_H

#include "base/buf.h"

#include <openssl/ssl.h>
#include <stdbool.h>
#include <stddef.h>

struct wire {
    int fd;
    SSL *ssl;
    struct buf in; /* received and not yet taken */
    bool reset;    /* end with RST */
};

bool wire_open(struct wire *wire, int fd, SSL_CTX *tls); /* tls: or NULL */
void wire_close(struct wire *wire);

bool wire_give(struct wire *wire, const char *data, size_t length);
/* The text again and again: `bytes` of it, or for ever (-1). */
bool wire_fill(struct wire *wire, const char *text, size_t length, long bytes);
bool wire_drip(struct wire *wire, const char *text, size_t length,
               long ms); /* for ever */
bool wire_pause(struct wire *wire, long ms);
bool wire_await(struct wire *wire, const char *text); /* and takes up to its end */
void wire_stall(struct wire *wire); /* takes all that comes, until it is gone */

/* The next whole request: of HTTP all its bytes, of Redis the words of a command with a
 * blank between them. */
bool wire_next_http(struct wire *wire, struct buf *request);
bool wire_next_redis(struct wire *wire, struct buf *request);
/* As native_cut() tells it; a request in HTTP on the same port as above. */
bool wire_next_native(struct wire *wire, struct buf *request);

/* Adds gzip (RFC 1952) that becomes `bytes` of zeros, about a 158th of it. */
void wire_bomb(struct buf *out, size_t bytes);

#endif

/* A scripted server on loopback: a thread accepts connections one after the other and
 * plays a script on each. The test owns the peer; scripts outlive it. */
#ifndef GREENBOARD_TESTS_PEER_H
#define GREENBOARD_TESTS_PEER_H

#include "base/buf.h"

#include <openssl/x509.h>
#include <stddef.h>

enum peer_act {
    PEER_CLOSE, /* the end of a script */
    PEER_READ,  /* until the text was received (anew: what came before is forgotten) */
    PEER_SEND,  /* the text, of `length` bytes or up to its NUL */
    PEER_CALL,  /* what the function makes of all that came, each NUL as a blank */
    PEER_DRIP,  /* the text for ever, a byte every 50 ms */
    PEER_FLOOD, /* the text for ever, as fast as it is taken */
    PEER_STALL, /* nothing more, until the other side goes */
    PEER_RESET, /* with RST */
};

struct peer_step {
    enum peer_act act;
    const char *text;
    size_t length;
    void (*call)(const char *received, struct buf *out);
};

/* Steps, written short. */
/* clang-format off */
#define READ(text)  {PEER_READ, text, 0, NULL}
#define SEND(text)  {PEER_SEND, text, sizeof(text) - 1, NULL}
#define DRIP(text)  {PEER_DRIP, text, 0, NULL}
#define FLOOD(text) {PEER_FLOOD, text, 0, NULL}
#define CALL(name)  {PEER_CALL, NULL, 0, name}
#define STALL       {PEER_STALL, NULL, 0, NULL}
#define RESET       {PEER_RESET, NULL, 0, NULL}
#define CLOSE       {PEER_CLOSE, NULL, 0, NULL}
#define ASKED       READ("\r\n\r\n") /* over HTTP: a request came */
/* clang-format on */

struct peer;

/* Connection 0 plays scripts[0] and so on; the last one is for all that follow. */
struct peer *peer_start(const struct peer_step *const *scripts, size_t count);

/* Over TLS with a certificate of its own authority for `name` (DNS), valid for `days`
 * from now (less than 0: expired). peer_authority() is its PEM file, which lives as long
 * as the peer. */
struct peer *peer_start_tls(const struct peer_step *const *scripts, size_t count,
                            const char *name, int days);
const char *peer_authority(const struct peer *peer);
/* Self-signed, since ten days ago; the caller frees it. */
X509 *peer_certificate(EVP_PKEY *key, const char *name, int days);

int peer_port(const struct peer *peer);
size_t peer_accepted(const struct peer *peer); /* connections until now */
/* Of the last connection, at its socket: how often bytes came in answer to ours, the
 * first ones included. That is how many round trips the other side waited for. */
size_t peer_turns(const struct peer *peer);
const char *
peer_received(const struct peer *peer); /* after peer_halt(): all of the last one */
void peer_halt(struct peer *peer);
void peer_stop(struct peer *peer); /* halts and frees */

/* A port where a connection is never completed: its queue is full. Descriptors for
 * deaf_close(). */
struct deaf {
    int fds[8];
    size_t count;
    int port;
};
void deaf_open(struct deaf *deaf);
void deaf_close(struct deaf *deaf);

int peer_free_port(void); /* where nobody listens */

#endif

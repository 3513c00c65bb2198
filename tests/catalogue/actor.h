/* The peer of a trap: a server on loopback, in processes of its own (so that its memory
 * is not taken for the check's), which plays the trap's rules on every connection.
 *
 * Main thread, before any other is started. The caller owns the struct and ends what it
 * began; the trap outlives it. What was played is counted in memory that both share. */
#ifndef GREENBOARD_TESTS_ACTOR_H
#define GREENBOARD_TESTS_ACTOR_H

#include "base/buf.h"
#include "tests/catalogue/trap.h"

#include <openssl/ssl.h>
#include <stdatomic.h>
#include <sys/types.h>

struct actor_counts {
    atomic_uint accepted;           /* connections */
    atomic_uint played[TRAP_RULES]; /* of each rule */
};

struct actor {
    const struct trap *trap;
    int listener, port;
    int refused;  /* {refused}, where nobody listens */
    SSL_CTX *tls; /* NULL: in the clear */
    char *token;  /* {token}, "" where the trap has none */
    struct actor_counts *counts;
    pid_t process;
};

void actor_open(struct actor *actor, const struct trap *trap); /* port and counts */
void actor_play(struct actor *actor); /* with tls and token set */
void actor_end(struct actor *actor);

#endif

/* The backend asked for the current user, on a thread of its own: it connects while the
 * login still runs, and its question leaves once there is a token. One round trip less,
 * two over TLS. A worker owns the struct, does not move it, and ends it always. */
#ifndef GREENBOARD_CHECKS_AHEAD_H
#define GREENBOARD_CHECKS_AHEAD_H

#include "checks/request.h"

#include <pthread.h>

struct ahead {
    const struct job *outer;
    struct job job; /* the same, given up where the login is */
    atomic_bool given_up;
    pthread_t thread;
    bool threaded;
    pthread_mutex_t lock;
    pthread_cond_t moved;
    bool decided, done; /* there is a token or none will be; the thread has ended */
    const char *token;  /* borrowed */
    int64_t let_go;     /* when the token came, clock_now() */

    /* What came of it, after ahead_end(). */
    bool answered;
    struct request request;
    struct answer answer;
    struct result *result;
};

void ahead_begin(struct ahead *ahead, const struct job *job);

/* With the token of the login, which outlives the struct, or NULL: nothing is asked then.
 * Waits for the answer; adds evidence and phases to the result, and, where none came, the
 * verdict. */
bool ahead_end(struct ahead *ahead, const char *token, struct result *result);
void ahead_finish(struct ahead *ahead);

#endif

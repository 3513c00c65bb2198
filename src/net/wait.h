/* Waiting for a peer until an absolute deadline, which a cancellation cuts short. Any
 * thread. */
#ifndef GREENBOARD_NET_WAIT_H
#define GREENBOARD_NET_WAIT_H

#include "base/error.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

struct wait {
    int64_t since;                /* clock_now() at the start, for words */
    int64_t deadline;             /* clock_now() time */
    const atomic_bool *cancelled; /* or NULL */
};

struct wait wait_begin(int64_t deadline, const atomic_bool *cancelled);

bool wait_cancelled(const struct wait *wait,
                    struct error *error); /* sets ERROR_CANCELLED */
int wait_slice(
    const struct wait *wait); /* ms for one poll(2); 0: the deadline has passed */

/* Until the descriptor is ready for `events`. False at the deadline (ERROR_TIMEOUT, "no
 * answer in 2 s", for the caller to say better) and where it was cancelled. */
bool wait_fd(const struct wait *wait, int fd, short events, struct error *error);

/* A condition whose waiting no change of the wall clock prolongs; sleeps for one slice,
 * or until it is signalled. */
void wait_condition(pthread_cond_t *condition);
void wait_signal(const struct wait *wait, pthread_cond_t *condition,
                 pthread_mutex_t *lock);

/* The time since the start as a person says it: "2 s", "1.5 s", "250 ms". */
#define WAIT_WORDS 16
void wait_words(const struct wait *wait, char out[WAIT_WORDS]);

#endif

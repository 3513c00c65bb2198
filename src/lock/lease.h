/* A lease in Redis, by which runs of several machines exclude each other for as long as
 * the holder is heard of.
 *
 * Taken by SET NX PX with a random token, given back by compare-and-delete. A thread of
 * its own renews it at each third of its time, so that a Redis that hangs holds up
 * nothing else. Whether it is still held is judged by our own clock, which also counts
 * while we sleep, and before anybody is asked: a lease that ran out stays lost, whatever
 * Redis says later. The fence is a number that only grows: who checks it turns away a
 * holder that came late. All block until their deadline but lease_still_held(); any
 * thread. */
#ifndef GREENBOARD_LOCK_LEASE_H
#define GREENBOARD_LOCK_LEASE_H

#include "base/error.h"
#include "config/config.h"
#include "store/statedir.h"

#include <stdbool.h>
#include <stdint.h>

/* What Redis knows of it. Texts are the struct's, cleaned for a terminal. */
struct lease_view {
    bool held;
    char *id, *who, *host, *run, *reason;
    char *stolen_by; /* who took it from `who`: free as soon as `left` is over; or NULL */
    int64_t since;   /* ms of wall time, by the holder's clock */
    int64_t left;    /* ns */
};
void lease_view_finish(struct lease_view *view); /* a zeroed one is fine */
/* "ada@ops-1 on ops-1 since 2026-01-31 12:04Z (run …): the reason"; the caller frees. */
char *lease_view_words(const struct lease_view *view);

struct coordinator;
/* False where nobody can be asked. */
bool lease_look(struct coordinator *coordinator, int64_t deadline,
                struct lease_view *view, struct error *error);

struct lease;

/* NULL with ERROR_BUSY: somebody else has it, who is told. Another error: it cannot be
 * had. The fence is `least` at least. */
struct lease *lease_take(const struct environment *environment, const char *who,
                         const char *run, const char *reason, int64_t least,
                         int64_t deadline, struct error *error);
int64_t lease_fence(const struct lease *lease);

/* False, with why, once it ran out, was taken by another, or may have been: from then on
 * always. Never waits. */
bool lease_still_held(struct lease *lease, struct error *error);

/* Ends the thread and gives it back, within `deadline`; NULL is fine. A lease that is not
 * ours any more is left alone. */
void lease_release(struct lease *lease, int64_t deadline);

/* Takes it from its holder, who learns of it at its next renewal; free once the time that
 * it had left is over, so that two never believe to hold it. On the trail before it is
 * done. ERROR_DENIED: it is another lease than `id`. */
bool lease_steal(const struct environment *environment, const struct statedir *dir,
                 const char *who, const char *reason, const char *id, int64_t deadline,
                 struct lease_view *was, struct error *error);

#endif

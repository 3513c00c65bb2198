/* The lock of an environment: a flock(2) that ends with its holder, and no run without an
 * end.
 *
 * The flock alone does not suffice: it is gone with the supervisor while the command runs
 * on. So a record without an end blocks as well, until it is resolved. One thread. */
#ifndef GREENBOARD_LOCK_LOCK_H
#define GREENBOARD_LOCK_LOCK_H

#include "base/error.h"
#include "store/statedir.h"

#include <stdbool.h>
#include <stdint.h>

struct lock {
    int own, shared; /* descriptors, -1: none */
};

/* ERROR_BUSY says who holds it, or which run has no end. Never waits. */
bool lock_take(struct lock *lock, const struct statedir *dir, struct error *error);
/* The flock alone, for who resolves a run without an end. */
bool lock_hold(struct lock *lock, const struct statedir *dir, struct error *error);
void lock_release(struct lock *lock); /* a released one is fine */

/* The process that holds the lock in `lock.dir`, looked up and not tried, since who tries
 * turns others away meanwhile; 0: none that can be seen. */
int lock_shared_holder(const struct statedir *dir);

/* The next number, never given out before: under the lock. */
bool lock_fence(const struct statedir *dir, int64_t *fence, struct error *error);
/* One that came from elsewhere: none at or below it is given out from then on. */
bool lock_fence_raise(const struct statedir *dir, int64_t fence, struct error *error);

#endif

/* Keeps a standing up to date beside a main thread that never waits.
 *
 * A thread reads it: when a file of the state directory changes, every second while
 * something is in the way, and now and then besides, since time and Redis tell nobody.
 * Create, take and destroy belong to the main thread; what is taken is immutable. */
#ifndef GREENBOARD_LOCK_LOOKOUT_H
#define GREENBOARD_LOCK_LOOKOUT_H

#include "config/config.h"
#include "lock/standing.h"
#include "store/statedir.h"

struct lookout;

/* Both outlive it. */
struct lookout *lookout_create(const struct statedir *dir,
                               const struct environment *environment);
void lookout_destroy(struct lookout *lookout); /* NULL is fine */

int lookout_fd(const struct lookout *lookout); /* readable where there is a newer one */
/* The newest, where it is another than the one taken last; else NULL. The caller's. */
struct standing *lookout_take(struct lookout *lookout);
/* The first one, waited for until the deadline at most; NULL: it is not known. */
struct standing *lookout_await(struct lookout *lookout, int64_t deadline);

#endif

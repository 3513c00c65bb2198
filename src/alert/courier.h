/* Delivers what waits in the outbox: a thread for each sink that is configured, so that a
 * webhook that hangs delays no command, and neither of them whoever announces.
 *
 * Of all processes one at a time delivers to a sink, under a lock beside its letters. A
 * letter is removed after it was taken: who is killed between the two delivers it twice,
 * with the same id. What fails is tried again, from disk, ever more seldom and for a day;
 * then it is given up, which is an event. Owned by who creates it, whose thread alone
 * calls. */
#ifndef GREENBOARD_ALERT_COURIER_H
#define GREENBOARD_ALERT_COURIER_H

#include "alert/outbox.h"
#include "store/statedir.h"

#include <stdbool.h>
#include <stdint.h>

struct courier;

/* NULL where `notify` is not configured, which every call accepts. */
struct courier *courier_create(const struct environment *environment,
                               const struct statedir *dir, bool delivers);

/* Whether this process delivers at present; one that does not only writes. */
void courier_deliver(struct courier *courier, bool delivers);

/* Hands it to a thread that writes it to disk: for who may not wait for one. */
void courier_tell(struct courier *courier, const struct notice *notice);
void courier_wake(struct courier *courier); /* something was posted: look now */

/* Writes what was told, and goes on delivering until nothing waits, at most for
 * `patience` (ns). True where nothing waits. */
bool courier_destroy(struct courier *courier, int64_t patience);

/* Delivers what waits, for some seconds at most: for a process that posted something and
 * is about to end. Whoever comes next delivers the rest. */
void courier_once(const struct environment *environment, const struct statedir *dir);

#endif

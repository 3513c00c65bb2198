/* A hold: somebody locked the environment, so that nothing is deployed until it is
 * lifted.
 *
 * One file in the state directory, there or not there whenever a machine stops; each
 * change is on the audit trail before it is made. A hold that cannot be read holds. What
 * is returned belongs to the caller; no threads here, and it waits for the disk. */
#ifndef GREENBOARD_LOCK_HOLD_H
#define GREENBOARD_LOCK_HOLD_H

#include "base/error.h"
#include "store/statedir.h"

#include <stdbool.h>
#include <stdint.h>

#define HOLD_ID 9 /* 8 hex digits */

struct hold {
    char id[HOLD_ID];
    char *who, *reason;
    char *run;     /* which run set it, NULL: a person did */
    int64_t since; /* ms of wall time */
};

/* NULL where nobody holds it. Also with an error: then nobody knows, which is held. */
struct hold *hold_read(const struct statedir *dir, struct error *error);
void hold_destroy(struct hold *hold);

/* ERROR_BUSY says who holds it already. `run` may be NULL; `environment` is its name, for
 * the trail. */
bool hold_take(const struct statedir *dir, const char *environment, const char *who,
               const char *reason, const char *run, struct error *error);

/* What somebody else set is lifted by whoever names its `id`, which is stealing. With
 * ERROR_DENIED it was not named. `was` may be NULL; it is set on success. */
bool hold_lift(const struct statedir *dir, const char *environment, const char *who,
               const char *reason, const char *id, struct hold **was,
               struct error *error);

/* "ada@ops-1 since 2026-01-31 12:04Z (run …): the reason"; the caller frees. */
char *hold_words(const struct hold *hold);

#endif

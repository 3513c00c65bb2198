/* When the configuration lets nobody deploy: within one of `freezes`, and outside all of
 * `windows`. Pure functions of an environment and a wall time; any thread. */
#ifndef GREENBOARD_LOCK_FREEZE_H
#define GREENBOARD_LOCK_FREEZE_H

#include "config/config.h"

#include <stdint.h>

enum closed { CLOSED_NOT, CLOSED_FROZEN, CLOSED_OUTSIDE };

/* Wall times in ms; 0: not known. */
struct closing {
    enum closed closed;
    const char *reason;   /* of the freeze, borrowed from the environment; else NULL */
    int64_t since, until; /* of the freeze */
    int64_t possible;     /* when neither freeze nor window is in the way again */
};

struct closing freeze_look(const struct environment *environment, int64_t wall);

#endif

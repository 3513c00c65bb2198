/* A board of the supervisor's own, asked from nothing: what it decides on was answered after it began.
 *
 * Main thread of a supervisor. Cancellation ends the waiting. */
#ifndef GREENBOARD_RUN_PREFLIGHT_H
#define GREENBOARD_RUN_PREFLIGHT_H

#include "board/board.h"
#include "run/watch.h"
#include "store/run.h"

#include <stdbool.h>
#include <stdint.h>

struct preflight {
    struct board *board;
    struct sched *sched;
};

void preflight_begin(struct preflight *preflight, const struct environment *environment,
                     const struct check *const *checks);
void preflight_finish(struct preflight *preflight);

/* Asks every check once; false where it was cancelled before all had answered. */
bool preflight_ask(struct preflight *preflight, struct watch *watch);

/* Until every check held green for `hold`, the last of them asked at its end, or `within` is over;
 * true where they did. */
bool preflight_hold(struct preflight *preflight, struct watch *watch, int64_t within,
                    int64_t hold);

/* What the gate says of it now. Releases what `judgement` held. */
void preflight_judge(const struct preflight *preflight, struct judgement *judgement);

#endif

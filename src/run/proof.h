/* A board of the supervisor's own, asked from nothing: what it decides on was answered
 * after it began.
 *
 * Main thread of a supervisor. Cancellation ends the waiting. */
#ifndef GREENBOARD_RUN_PROOF_H
#define GREENBOARD_RUN_PROOF_H

#include "board/board.h"
#include "run/watch.h"
#include "store/run.h"

#include <stdbool.h>
#include <stdint.h>

/* What else must be good: asked once the checks are green, and again at the end. */
enum besides {
    BESIDES_GOOD,
    BESIDES_NOT_YET,
    BESIDES_NEVER, /* nor will it become so */
};

struct proof {
    struct board *board;
    char *const *only; /* proof_hold() looks at these checks; NULL: at all */
    struct sched *sched;
    /* Answers by `until` (clock_now() time). NULL: the checks are all */
    enum besides (*besides)(void *self, int64_t until);
    void *self;
};

/* `release` is what the run ships, `back` whether it goes back to it; NULL: the board
 * asks for it. */
void proof_begin(struct proof *proof, const struct environment *environment,
                 const struct check *const *checks, const char *release, bool back);
void proof_finish(struct proof *proof); /* a zeroed one is fine */

/* Asks every check once; false where it was cancelled before all had answered. */
bool proof_ask(struct proof *proof, struct watch *watch);

/* Until every check, or each of `only`, and what is asked besides held green for `hold`,
 * the last of them asked at its end, or `within` is over; true where they did. */
bool proof_hold(struct proof *proof, struct watch *watch, char *const *only,
                int64_t within, int64_t hold);

/* What the gate says of it now. Releases what `judgement` held. */
void proof_judge(const struct proof *proof, struct judgement *judgement);

#endif

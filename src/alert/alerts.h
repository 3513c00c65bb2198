/* The alerts of a console: judged by each answer, told on the board's timeline, written
 * to the trail, announced.
 *
 * Main thread. Every console judges for its own screen; the recorder alone writes, once
 * it has read in the trail which alerts are raised, so that what a console before it
 * raised is neither raised again nor left uncleared. Nothing here waits for a disk. */
#ifndef GREENBOARD_ALERT_ALERTS_H
#define GREENBOARD_ALERT_ALERTS_H

#include "alert/alert.h"
#include "alert/courier.h"
#include "board/board.h"
#include "store/store.h"

#include <stdbool.h>

struct alerts {
    struct board *board;
    struct store *store;       /* NULL: nothing is written */
    struct courier *courier;   /* tells people, where it is set; borrowed */
    const char *operator_name; /* borrowed */
    bool writes;               /* the recorder, and it has read the trail */
    struct alert rows[ALERT_COUNT];
};

void alerts_init(struct alerts *alerts, struct board *board, struct store *store,
                 const char *operator_name);
void alerts_finish(struct alerts *alerts); /* a zeroed one is fine */

/* For the scheduler's observer, after store_answer(). */
void alerts_answer(struct alerts *alerts, const struct light *light);

/* Takes over what was read in the trail; true where an alert changed by it. */
bool alerts_step(struct alerts *alerts);

#endif

/* Repairs: configured commands that mend and ship nothing, and when one may be run.
 *
 * Pure but for the records of runs that `dir` names. Any thread that may read the board.
 */
#ifndef GREENBOARD_RUN_REPAIR_H
#define GREENBOARD_RUN_REPAIR_H

#include "board/board.h"
#include "store/runs.h"

#include <jansson.h>
#include <stdbool.h>

/* `repair` is an entry of `repairs`. False with an error that says why not: nothing that
 * it is for is red, or there is nothing to bootstrap any more. */
bool repair_allowed(const json_t *repair, const struct board *board, int64_t now,
                    const struct statedir *dir, struct error *error);

/* Is it for this check? */
bool repair_mends(const json_t *repair, const char *check);

/* Of those that are for this light the `nth` (from 0), while it is not green; NULL where
 * there are no more. Asks no record: what is for a light that is not green is allowed. */
const json_t *repair_offered(const struct board *board, const struct light *light,
                             size_t nth, int64_t now);

#endif

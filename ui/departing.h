/* What a deploy departs from, worked out by a worker beside the loop.
 *
 * Main thread. The caller owns a struct departing; a zeroed one has not begun. */
#ifndef GREENBOARD_UI_DEPARTING_H
#define GREENBOARD_UI_DEPARTING_H

#include "board/pool.h"
#include "release/departure.h"
#include "ui/pane.h"

#include <stdbool.h>

struct departing {
    struct pool *pool; /* NULL: not begun */
    bool known;
    struct departure departure;
};

/* Begins once, and takes what was worked out. */
void departing_step(struct departing *departing, const struct scene *scene);
int departing_fd(const struct departing *departing); /* -1: nothing to wait for */
void departing_finish(struct departing *departing);

#endif

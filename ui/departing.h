/* What a deploy departs from, worked out by a worker beside the loop.
 *
 * Main thread. The caller owns a struct departing; a zeroed one has not begun. */
#ifndef GREENBOARD_UI_DEPARTING_H
#define GREENBOARD_UI_DEPARTING_H

#include "release/departure.h"
#include "ui/errand.h"

#include <stdbool.h>

struct departing {
    struct errand errand;
    bool known;
    struct departure departure;
};

/* Begins once, and takes what was worked out. */
void departing_step(struct departing *departing, const struct scene *scene);
void departing_finish(struct departing *departing);

#endif

/* What of the files that a run keeps could not be read, looked at by a worker beside the
 * loop, now and then as long as a plan is shown.
 *
 * Main thread. The caller owns a struct foreseen; a zeroed one has not begun. */
#ifndef GREENBOARD_UI_FORESEEN_H
#define GREENBOARD_UI_FORESEEN_H

#include "ui/confirm.h"
#include "ui/errand.h"

struct foreseen {
    struct errand errand;
    char **lines;   /* backup_foresee()'s, or NULL: not known yet */
    int64_t looked; /* clock_now() of the last time */
};

void foreseen_step(struct foreseen *foreseen, const struct scene *scene);
void foreseen_draw(const struct foreseen *foreseen, struct confirm_page *page);
void foreseen_finish(struct foreseen *foreseen);

#endif

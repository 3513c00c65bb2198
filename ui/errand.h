/* What a screen wants done that waits for a disk, a program or the network: one task at a
 * time, by a worker beside the loop.
 *
 * Main thread. Part of a screen's state; a zeroed one has sent nothing. */
#ifndef GREENBOARD_UI_ERRAND_H
#define GREENBOARD_UI_ERRAND_H

#include "board/pool.h"
#include "ui/pane.h"

#include <stdbool.h>

struct errand {
    struct pool *pool; /* NULL: nothing was ever sent */
    bool out;          /* what was sent is not back yet */
};

void errand_send(struct errand *errand, struct task *take_task);
/* The task, once: the caller's again. NULL: it is not back, or nothing is out. */
struct task *errand_back(struct errand *errand);
size_t errand_wait(const struct errand *errand, int *fds); /* into one at most */
/* Waits for nobody: what is out is dropped by its worker. */
void errand_finish(struct errand *errand);

#endif

/* Starting a run from a command line: the plan, its confirmation, and the run until it
 * ends or is let go of.
 *
 * Main thread. What the caller fills in is borrowed; starting_open() and
 * starting_close() frame the rest. */
#ifndef GREENBOARD_CLI_STARTING_H
#define GREENBOARD_CLI_STARTING_H

#include "cli/cli.h"
#include "board/sched.h"
#include "run/plan.h"
#include "store/statedir.h"

#include <stdbool.h>

struct starting {
    struct cli *cli;
    struct intent intent;
    const char *reason, *confirm; /* or NULL */
    const struct back *back;      /* of a rollback: what comes back */
    bool dry_run, detach;
    bool without_lease; /* no deploy: it goes on where none can be had */
    char *covers;       /* what its lock reaches */
    char *home, *operator_name;
    struct statedir dir;
    struct board *board;
    struct sched *sched;
    struct plan *plan;
};

/* Before anything is asked: somebody can confirm, and by the right name. */
bool starting_confirmable(const struct starting *starting, struct error *error);

/* State, board and scheduler; false: *status says how to exit, and it was said why. */
bool starting_open(struct starting *starting, int *status);
void starting_close(struct starting *starting);

/* Shows the plan, has it confirmed, starts it and follows it. An exit status. */
int starting_go(struct starting *starting, int dry_status);

#endif

/* Following a run on a command line: its output from the first byte, its phases, its
 * outcome. */
#ifndef GREENBOARD_CLI_ATTACH_H
#define GREENBOARD_CLI_ATTACH_H

#include "cli/cli.h"
#include "run/launch.h"
#include "store/runs.h"

struct attachment {
    const struct cli *cli;
    const struct statedir *dir;
    char run[RUN_ID];
    struct launch *launch; /* of who started it, else NULL */
    /* SIGINT and SIGTERM cancel the run; otherwise they let go of it */
    bool cancels;
    bool detach; /* let go as soon as the command runs */
};

/* Until the run ends or is let go of; an exit status. */
int attach_follow(struct attachment *attachment);

/* "deploy 20261123T151000Z-4f2a verified: 3f2a91c to staging, 12 s" */
void attach_outcome(const struct run *run);

#endif

/* A run's output at the times at which it came: `greenboard runs replay`. Main thread. */
#ifndef GREENBOARD_CLI_REPLAY_H
#define GREENBOARD_CLI_REPLAY_H

#include "cli/cli.h"
#include "store/run.h"

struct pace {
    double speed;       /* 2: twice as fast */
    int64_t idle_limit; /* ns: no pause is longer, 0: as long as it was */
};

/* Either text may be NULL; false with an error that names the option. */
bool replay_pace(struct pace *pace, const char *speed, const char *idle_limit,
                 struct error *error);
/* How long to wait between two times of a recording, in ns. */
int64_t replay_pause(const struct pace *pace, int64_t from, int64_t to);

int replay_run(const struct cli *cli, const struct run *run, const struct pace *pace);

#endif

/* A run's output at the times at which it came: `greenboard runs replay`. Main thread. */
#ifndef GREENBOARD_CLI_REPLAY_H
#define GREENBOARD_CLI_REPLAY_H

#include "cli/cli.h"
#include "cast/replay.h"
#include "store/run.h"

/* Either text may be NULL; false with an error that names the option. */
bool replay_options(struct pace *pace, const char *speed, const char *idle_limit,
                    struct error *error);

int replay_run(const struct cli *cli, const struct run *run, const struct pace *pace);

#endif

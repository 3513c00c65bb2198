/* The second half of `greenboard secret`: `check`, in secret_check.c. Main thread. */
#ifndef GREENBOARD_CLI_SECRET_H
#define GREENBOARD_CLI_SECRET_H

#include "base/clock.h"
#include "cli/cli.h"

/* By then every source has answered, or is told to have been too slow. */
#define SECRET_PATIENCE (15 * CLOCK_SECOND)

/* Where each secret comes from, and whether the services hold the canonical one. The
 * environment is chosen, the fingerprint key is there. Returns an exit status. */
int secret_check(const struct cli *cli, enum output output);

#endif

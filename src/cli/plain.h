/* The console as a stream of lines, for a screen reader, a log or a terminal that can do
 * nothing: the board once, then only what changes. The same commands come as lines on
 * standard input. */
#ifndef GREENBOARD_CLI_PLAIN_H
#define GREENBOARD_CLI_PLAIN_H

#include "cli/cli.h"

int plain_run(struct cli *cli);

#endif

/* Asking every check once from a command line: progress on a terminal, and --wait. */
#ifndef GREENBOARD_CLI_PREFLIGHT_H
#define GREENBOARD_CLI_PREFLIGHT_H

#include "board/sched.h"

#include <stdint.h>

/* Asks the named lights (NULL: all of them) and steps until they answered; what is still
 * awaited after a second is said on stderr where that is a terminal. False where it was
 * cancelled. */
bool preflight_ask(struct sched *sched, struct board *board, const bool *named);

/* Asks again and again until the gate opens or `wait` ns have passed; at least once. */
bool preflight_wait(struct sched *sched, struct board *board, const bool *named,
                    int64_t wait);

#endif

/* What a run asks, told on a command line, and the answer that is typed there.
 *
 * Main thread. Nothing here waits: a descriptor to wait for goes to the caller's loop. */
#ifndef GREENBOARD_CLI_DECIDE_H
#define GREENBOARD_CLI_DECIDE_H

#include "base/error.h"
#include "store/run.h"
#include "store/statedir.h"

#include <stdbool.h>
#include <stdint.h>

struct decide {
    const struct statedir *dir;
    bool terminal; /* answers may be typed */
    int64_t told;  /* `since` of the question that was told last */
    bool asking;
};

void decide_tell(struct decide *decide, const struct run *run);
int decide_fd(const struct decide *decide);                     /* -1: none */
void decide_hear(struct decide *decide, const struct run *run); /* a line was typed */

/* Answers what the run asks now. */
bool decide_send(const struct statedir *dir, const struct run *run, const char *choice,
                 const char *reason, const char *confirm, struct error *error);

#endif

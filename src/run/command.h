/* The command of a run: held back before it is executed, on a terminal of its own, its
 * output recorded, ended when it must.
 *
 * One thread. The command leads a session and group of its own; stdin is /dev/null.
 * Between command_hold() and command_release() it exists but has executed nothing: its
 * record is made durable there, and where the supervisor dies first it never starts. */
#ifndef GREENBOARD_RUN_COMMAND_H
#define GREENBOARD_RUN_COMMAND_H

#include "base/error.h"
#include "cast/recording.h"
#include "run/watch.h"
#include "store/run.h"

#include <stdbool.h>
#include <stdint.h>

enum { COMMAND_ROWS = 24, COMMAND_COLUMNS = 80 };

/* How it ended. */
struct ending {
    int status; /* exit status, 128 + N for a signal */
    bool timed_out;
    bool stopped;    /* by a cancellation */
    bool given_up;   /* by a decision, after it was silent */
    bool unwritten;  /* ended because its output could not be recorded */
    bool incomplete; /* went on, but some of its output could not be recorded */
    bool leftovers;  /* processes of its group run on */
};

struct command {
    struct process leader;
    int terminal;                /* our side */
    int gate;                    /* closing it without a word ends the held child */
    int failure;                 /* says why exec failed */
    struct recording *recording; /* of the whole run: not ours */
};

bool command_hold(struct command *command, char *const *argv, char *const *env,
                  const char *directory, struct recording *recording,
                  struct error *error);
bool command_release(struct command *command,
                     struct error *error); /* false: it could not be executed */

/* How it is followed. */
struct following {
    int64_t timeout;              /* ns */
    int64_t silence;              /* ns without output, 0: as long as it likes */
    void (*stopping)(void *self); /* once, when it is told to end */
    void (*silent)(void *self, int64_t silence); /* it was silent so long; 0: no longer */
    void *self;
    const bool *decided; /* set while it is silent, with: */
    const enum choice *choice;
};

/* Until it ended. Told to end, it and its whole group get SIGINT, SIGTERM and SIGKILL,
 * with pauses. */
void command_follow(struct command *command, struct watch *watch,
                    const struct following *following, struct ending *ending);
void command_finish(struct command *command); /* a held child is gone after it */

#endif

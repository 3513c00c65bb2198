/* The command of a run: held back before it is executed, on a terminal of its own, its
 * output recorded to a file through the mask, ended when it must.
 *
 * One thread. The command leads a session and group of its own; stdin is /dev/null.
 * Between command_hold() and command_release() it exists but has executed nothing: its
 * record is made durable there, and where the supervisor dies first it never starts. */
#ifndef GREENBOARD_RUN_COMMAND_H
#define GREENBOARD_RUN_COMMAND_H

#include "base/buf.h"
#include "base/error.h"
#include "run/watch.h"
#include "store/run.h"

#include <stdbool.h>
#include <stdint.h>

enum { COMMAND_ROWS = 24, COMMAND_COLUMNS = 80 };

/* How it ended. */
struct ending {
    int status; /* exit status, 128 + N for a signal */
    bool timed_out;
    bool stopped;   /* by a cancellation */
    bool unwritten; /* ended because its output could not be recorded */
    bool leftovers; /* processes of its group run on */
};

struct command {
    struct process leader;
    int terminal; /* our side */
    int gate;     /* closing it without a word ends the held child */
    int failure;  /* says why exec failed */
    int output;   /* the record */
    struct buf held, line;
};

/* `output` is a file to append to, which must not be there yet. */
bool command_hold(struct command *command, char *const *argv, char *const *env,
                  const char *directory, const char *output, struct error *error);
bool command_release(struct command *command,
                     struct error *error); /* false: it could not be executed */

/* Until it ended; `stopping` is called once when it is told to end (may be NULL). */
void command_follow(struct command *command, struct watch *watch, int64_t timeout,
                    void (*stopping)(void *self), void *self, struct ending *ending);
void command_finish(struct command *command); /* a held child is gone after it */

#endif

/* The directory of one sandbox: $XDG_RUNTIME_DIR or /tmp,
 * /greenboard-sandbox-UID/PID-START, where PID and START are the sandbox's own, so that
 * the name alone tells whether it still runs. In it a record of every process that was
 * started, with which the next sandbox cleans up after one that was killed. Main thread,
 * but place_record(). */
#ifndef GREENBOARD_SANDBOX_PLACE_H
#define GREENBOARD_SANDBOX_PLACE_H

#include "base/error.h"
#include "sandbox/process.h"

#include <stdbool.h>
#include <stddef.h>

#define PLACE_VARIABLE "GREENBOARD_SANDBOX"
#define PLACE_COMMAND                                                                    \
    "command" /* the name under which the user's own command is recorded */

/* Makes ours, 0700; the caller frees. NULL on error. */
char *place_create(struct error *error);

/* Adds the process to the record of the sandbox in `dir`. */
bool place_record(const char *dir, const char *name, const struct process *process,
                  struct error *error);

/* Ends what is left of the sandbox in `dir`: recorded processes, those that carry
 * GREENBOARD_SANDBOX=dir in their environment, and, with `descendants`, whatever descends
 * from us; then removes the directory. Where the sandbox ran no command, the variables
 * were only printed, and somebody's editor may carry them: there only programs of
 * greenboard are ended by their environment, which a process that made itself
 * non-dumpable does not show to a plain user. */
void place_remove(const char *dir, bool descendants);

size_t
place_clean(void); /* place_remove() for each dead one of ours; how many there were */

/* The directory of the running sandbox: $GREENBOARD_SANDBOX, else the only one of this
 * user. NULL with ERROR_ABSENT or, where there are several, ERROR_USAGE. The caller
 * frees. */
char *place_find(struct error *error);

#endif

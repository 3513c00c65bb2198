/* The supervisor: the interlock between a plan and its command.
 *
 * A process of its own (`greenboard __supervise`, started by run/launch alone): takes the
 * lock, re-reads configuration and release, runs every check itself, asks the gate,
 * compares what was confirmed, makes the event durable, and only then lets the command
 * run; records all that it prints; verifies; ends the record; unlocks. */
#ifndef GREENBOARD_RUN_SUPERVISOR_H
#define GREENBOARD_RUN_SUPERVISOR_H

#include "board/check.h"

#define SUPERVISOR_ORDER "__supervise"
enum { SUPERVISOR_FD = 3 }; /* the socket pair's end, in the exec'd program */

/* The whole life of it: returns the exit status. `checks` is the registry. Before any
 * thread. */
int supervisor_main(const struct check *const *checks);

#endif

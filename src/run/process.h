/* Processes told apart for certain: a number and the moment it started. Any thread; reads
 * /proc. */
#ifndef GREENBOARD_RUN_PROCESS_H
#define GREENBOARD_RUN_PROCESS_H

#include "store/run.h"

#include <stdbool.h>
#include <sys/types.h>

/* The process that has this number now; pid 0 where there is none. */
struct process process_find(pid_t pid);

/* Which boot of the machine this is; the caller frees. */
char *process_boot(void);

/* Is it still there, and not only its entry (a zombie does nothing any more)? */
bool process_lives(const struct process *process);

/* Is any process left of the session or group that `leader` began? The leader itself may
 * be gone. */
bool process_group_lives(const struct process *leader);
void process_group_signal(const struct process *leader, int number); /* each of them */

/* "sleep (4711), sh (4712)": those; the caller frees. */
char *process_group_names(const struct process *leader);

/* Is `above` the process `pid` itself, its parent, or further up? */
bool process_beneath(pid_t pid, const struct process *above);

#endif

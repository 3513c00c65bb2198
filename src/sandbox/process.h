/* Processes by pid and start time, so that a pid that was given to somebody else is never
 * touched.
 *
 * process_begin() belongs to the main thread: the kernel ties PR_SET_PDEATHSIG to the
 * thread that forked, and only the main one lives as long as the sandbox. The rest: any
 * thread. */
#ifndef GREENBOARD_SANDBOX_PROCESS_H
#define GREENBOARD_SANDBOX_PROCESS_H

#include "base/error.h"

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct process {
    pid_t pid;      /* 0: none */
    uint64_t start; /* clock ticks since boot: field 22 of /proc/PID/stat, proc(5) */
};

struct process_plan {
    const char *program; /* absolute */
    char *const *argv;   /* argv[0] may differ: a program of many names goes by it */
    char *const *env;    /* NULL: ours */
    /* takes stdout and stderr, with stdin from /dev/null and a session of its own; NULL:
     * the caller's terminal and process group are kept */
    const char *log;
    int death_signal; /* what it gets when the sandbox dies */
};

bool process_begin(const struct process_plan *plan, struct process *out,
                   struct error *error);

/* False where there is no such process, or a dead one that nobody waited for yet. */
bool process_identify(pid_t pid, struct process *out);
bool process_alive(const struct process *process);
void process_signal(const struct process *process,
                    int number); /* only this one, never a later
                                    process with its pid */
/* True where `from` is the parent of `pid`, or its parent's parent, and so on. */
bool process_descends(pid_t pid, pid_t from);

/* Kills a server that is our child and waits for it. At once: what the servers hold is
 * made afresh, and a polite end would take ClickHouse more than a second. Clears
 * *process. */
void process_end(struct process *process);

#endif

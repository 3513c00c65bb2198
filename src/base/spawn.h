/* Running a command to its end and keeping what it printed: secret sources, the release
 * command, command checks. A deploy is not run here (run/supervisor).
 *
 * The command gets a process group of its own, stdin from /dev/null (or what is given
 * to it) and the default signals; when the deadline passes or *cancelled turns true its
 * whole group is killed. Any thread. */
#ifndef GREENBOARD_BASE_SPAWN_H
#define GREENBOARD_BASE_SPAWN_H

#include "base/buf.h"
#include "base/error.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

struct spawn {
    char *const *argv; /* argv[0] is found by fs_executable() */
    char *const *env;  /* NULL: ours */
    const char *directory;
    const struct buf *input;      /* what it reads from its stdin; NULL: nothing */
    int64_t deadline;             /* clock_now() time */
    const atomic_bool *cancelled; /* or NULL */
};

/* True where the command ran and exited: *status is its exit status, 128 + N where a
 * signal ended it. Output past a buffer's cap is ERROR_LIMIT and ends the command. `err`
 * may be NULL. */
bool spawn_capture(const struct spawn *spawn, struct buf *out, struct buf *err,
                   int *status, struct error *error);

/* Argument and environment vectors: NULL-terminated, each string and the vector on the
 * heap. */
char **argv_copy(char *const *argv);
void argv_add(char ***argv, const char *text);
size_t argv_count(char *const *argv);
void argv_free(char **argv);
/* one line, quoted as a shell would need it; caller frees */
char *argv_show(char *const *argv);

#endif

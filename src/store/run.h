/* A run: one execution of a plan by a supervisor, as its record tells it.
 *
 * The caller owns a struct run. No files here (store/runs does those). Any thread. */
#ifndef GREENBOARD_STORE_RUN_H
#define GREENBOARD_STORE_RUN_H

#include "base/error.h"
#include "base/exits.h"

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#define RUN_ID 22 /* 20261123T151000Z-4f2a: sorts by time */

/* THE phases: id, word, what happens. */
#define RUN_PHASES(X)                                                                    \
    X(PHASE_LOCKED, "locked", "holds the lock of the environment")                       \
    X(PHASE_BACKUP, "backup", "keeps copies of what `backup` names")                     \
    X(PHASE_CHECKING, "checking", "asks every check itself")                             \
    X(PHASE_RUNNING, "running", "the command runs")                                      \
    X(PHASE_STOPPING, "stopping", "the command was told to end")                         \
    X(PHASE_VERIFYING, "verifying", "asks every check until they hold green")            \
    X(PHASE_ENDED, "ended", "it is over, and its end is recorded")

enum run_phase {
#define RUN_PHASES_ENUM(id, word, help) id,
    RUN_PHASES(RUN_PHASES_ENUM)
#undef RUN_PHASES_ENUM
        PHASE_COUNT
};
extern const char *const run_phase_words[PHASE_COUNT];

/* THE outcomes: id, word, exit status, what became of it. */
#define RUN_OUTCOMES(X)                                                                  \
    X(OUTCOME_NONE, "", EXIT_INTERNAL, "no end is recorded")                             \
    X(OUTCOME_VERIFIED, "verified", EXIT_GO,                                             \
      "the command succeeded and every check held green")                                \
    X(OUTCOME_REFUSED, "refused", EXIT_UNSAFE, "the command was not started")            \
    X(OUTCOME_FAILED, "failed", EXIT_COMMAND, "the command failed")                      \
    X(OUTCOME_TIMED_OUT, "timed out", EXIT_COMMAND,                                      \
      "the command was ended at its time-out")                                           \
    X(OUTCOME_CANCELLED, "cancelled", EXIT_COMMAND, "somebody stopped it")               \
    X(OUTCOME_UNVERIFIED, "unverified", EXIT_UNVERIFIED,                                 \
      "the command succeeded, and not every check held green after it")                  \
    X(OUTCOME_RESOLVED, "resolved", EXIT_INTERNAL,                                       \
      "its supervisor died; somebody took responsibility")

enum run_outcome {
#define RUN_OUTCOMES_ENUM(id, word, status, help) id,
    RUN_OUTCOMES(RUN_OUTCOMES_ENUM)
#undef RUN_OUTCOMES_ENUM
        OUTCOME_COUNT
};
struct outcome_row {
    const char *word;
    int status; /* of enum exit_status; a refusal has its verdict's own */
    const char *help;
};
extern const struct outcome_row outcome_rows[OUTCOME_COUNT];

/* A process as the kernel tells it apart from a later one with the same number. */
struct process {
    pid_t pid;     /* 0: none */
    int64_t start; /* clock ticks since boot, field 22 of /proc/PID/stat */
};

struct step {
    char *name;             /* "backup" "deploy" "verify" */
    char **argv;            /* NULL where it is greenboard's own work */
    int64_t started, ended; /* wall ms; 0: not yet */
    int status;             /* exit status, 128 + N for a signal; -1: none */
    char *note;             /* "ended at its time-out", or NULL */
};

/* What the gate said: NULL decision where it was not asked. */
struct judgement {
    char *decision; /* "GO" "NO-GO" */
    char *kind;     /* "unsafe" "unproven", or NULL */
    char **reasons; /* NULL-terminated */
};

struct run {
    char id[RUN_ID];
    char *kind; /* "deploy" */
    char *system, *environment;
    char *release; /* NULL: none configured */
    char *operator_name, *reason;
    char *digest; /* what was confirmed */
    char *config; /* path */
    int64_t fence;
    enum run_phase phase;
    enum run_outcome outcome;
    int status;             /* exit status of greenboard, once ended */
    int64_t started, ended; /* wall ms; ended 0: no end */
    int64_t timeout;        /* ns */
    int64_t usual; /* ms that the newest verified run of this kind took, 0: none yet */
    struct step *steps;
    size_t step_count;
    struct judgement before, after;
    bool known_good;
    struct process supervisor;
    struct process group; /* the command: leader of a session and group of its own */
    char *output;         /* path of every byte that it printed */
    char *control;        /* path of its control socket */
    char *cancelled_by, *cancel_reason;
    char *resolved_by, *resolve_reason;
    char *trouble; /* what greenboard itself could not do, or NULL */
};

struct run *run_create(const char *id);
void run_destroy(struct run *run);

json_t *run_json(const struct run *run); /* as `runs show -o json` prints it */
struct run *run_from_json(const json_t *object, struct error *error);

struct step *run_step(struct run *run, const char *name,
                      char *const *argv); /* starts it */
void run_step_end(struct step *step, int status);

/* "verified", "running", "no end recorded": a word for a list. */
const char *run_word(const struct run *run);

#endif

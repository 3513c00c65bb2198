/* A run: one execution of a plan by a supervisor, as its record tells it.
 *
 * The caller owns a struct run. No files here (store/runs does those). Any thread. */
#ifndef GREENBOARD_STORE_RUN_H
#define GREENBOARD_STORE_RUN_H

#include "base/error.h"
#include "base/exits.h"
#include "board/result.h"
#include "store/head.h"
#include "store/question.h"

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#define RUN_ID 22 /* 20261123T151000Z-4f2a: sorts by time */

/* THE phases: id, word, what happens. */
#define RUN_PHASES(X)                                                                    \
    X(PHASE_LOCKED, "locked", "holds the lock of the environment")                       \
    X(PHASE_PREPARING, "preparing", "keeps copies, and runs what comes before")          \
    X(PHASE_CHECKING, "checking", "asks every check itself")                             \
    X(PHASE_RUNNING, "running", "the command runs")                                      \
    X(PHASE_STOPPING, "stopping", "a command was told to end")                           \
    X(PHASE_FINISHING, "finishing", "runs what comes after the command")                 \
    X(PHASE_VERIFYING, "verifying", "asks every check until they hold green")            \
    X(PHASE_WAITING, "waiting", "a step failed: somebody has to decide")                 \
    X(PHASE_ENDED, "ended", "it is over, and its end is recorded")

enum run_phase {
#define RUN_PHASES_ENUM(id, word, help) id,
    RUN_PHASES(RUN_PHASES_ENUM)
#undef RUN_PHASES_ENUM
        PHASE_COUNT
};
extern const char *const run_phase_words[PHASE_COUNT];
extern const char *const run_phase_help[PHASE_COUNT];
bool run_phase_from_word(const char *word, enum run_phase *phase);

/* THE kinds: id, word, what it does. */
#define RUN_KINDS(X)                                                                     \
    X(KIND_DEPLOY, "deploy", "ships a release through the gate")                         \
    X(KIND_ROLLBACK, "rollback", "goes back to a release, with its configuration")       \
    X(KIND_REPAIR, "repair", "runs a configured command that ships no release")

enum run_kind {
#define RUN_KINDS_ENUM(id, word, help) id,
    RUN_KINDS(RUN_KINDS_ENUM)
#undef RUN_KINDS_ENUM
        KIND_COUNT
};
extern const char *const run_kind_words[KIND_COUNT];
bool run_kind_from_word(const char *word, enum run_kind *kind);

/* THE outcomes: id, word, exit status, state that it is shown as, what became of it. */
#define RUN_OUTCOMES(X)                                                                  \
    X(OUTCOME_NONE, "", EXIT_INTERNAL, STATE_UNKNOWN, "no end is recorded")              \
    X(OUTCOME_VERIFIED, "verified", EXIT_GO, STATE_OK,                                   \
      "the command succeeded and every check held green")                                \
    X(OUTCOME_REFUSED, "refused", EXIT_UNSAFE, STATE_WARN,                               \
      "the command was not started")                                                     \
    X(OUTCOME_FAILED, "failed", EXIT_COMMAND, STATE_FAIL, "the command failed")          \
    X(OUTCOME_TIMED_OUT, "timed out", EXIT_COMMAND, STATE_FAIL,                          \
      "the command was ended at its time-out")                                           \
    X(OUTCOME_CANCELLED, "cancelled", EXIT_COMMAND, STATE_WARN, "somebody stopped it")   \
    X(OUTCOME_UNVERIFIED, "unverified", EXIT_UNVERIFIED, STATE_FAIL,                     \
      "the command succeeded, and not every check held green after it")                  \
    X(OUTCOME_RESOLVED, "resolved", EXIT_INTERNAL, STATE_WARN,                           \
      "its supervisor died; somebody took responsibility")

enum run_outcome {
#define RUN_OUTCOMES_ENUM(id, word, status, state, help) id,
    RUN_OUTCOMES(RUN_OUTCOMES_ENUM)
#undef RUN_OUTCOMES_ENUM
        OUTCOME_COUNT
};
struct outcome_row {
    const char *word;
    int status; /* of enum exit_status; a refusal has its verdict's own */
    enum state state;
    const char *help;
};
extern const struct outcome_row outcome_rows[OUTCOME_COUNT];
bool run_outcome_from_word(const char *word, enum run_outcome *outcome);

/* A process as the kernel tells it apart from a later one with the same number. */
struct process {
    pid_t pid;     /* 0: none */
    int64_t start; /* clock ticks since boot, field 22 of /proc/PID/stat */
};

/* One step as it is planned and as it went. */
struct step {
    char *name;             /* "backup" "deploy" "verify", or the configuration's */
    char *title;            /* for people, or NULL */
    char **argv;            /* NULL where it is greenboard's own work */
    int64_t started, ended; /* wall ms, of the last attempt; 0: not yet */
    int attempts;           /* how often it was begun */
    bool skipped;           /* by a decision */
    int status;             /* exit status, 128 + N for a signal; -1: none */
    char *note;             /* "ended at its time-out", or NULL */
};

/* What the gate said: NULL decision where it was not asked. */
struct judgement {
    char *decision; /* "GO" "NO-GO" */
    char *kind;     /* "unsafe" "unproven", or NULL */
    char **reasons; /* NULL-terminated */
    json_t *lights; /* [{"name", "state", "summary"}], or NULL */
};

/* What was asked after a run besides its checks, as it answered last. */
struct proven {
    char *name; /* "smoke", "log errors", "revision backend" */
    enum state state;
    char *what;
    char *remedy; /* NULL where OK */
};

struct run {
    char id[RUN_ID];
    char *kind;   /* a word of RUN_KINDS */
    char *repair; /* KIND_REPAIR: its name */
    char *system, *environment;
    char *release; /* NULL: none configured */
    char *target;  /* KIND_ROLLBACK: the run whose release it goes back to */
    char *follows; /* the run that ended in the decision to start this one, or NULL */
    char *next;    /* the run that this one ended in, or NULL */
    char *operator_name, *reason;
    json_t *who;  /* who_facts() of the operator; NULL: not told */
    char *digest; /* what was confirmed */
    char *config; /* path */
    int64_t fence;
    struct head head_start, head_end; /* of the audit trail, when it began and ended */
    enum run_phase phase;
    enum run_outcome outcome;
    int status;             /* exit status of greenboard, once ended */
    int64_t started, ended; /* wall ms; ended 0: no end */
    int64_t timeout;        /* ns */
    int64_t usual; /* ms that the newest verified run of this kind took, 0: none yet */
    struct step *steps;
    size_t step_count;
    struct question question; /* what it waits for */
    struct ruling *decisions;
    size_t decision_count;
    int64_t slept;     /* ms that the machine slept or the supervisor was stopped */
    int64_t preflight; /* ms from the first question of its checks to the last answer */
    int64_t oldest;    /* ms: age of the oldest answer when the command was started */
    struct judgement before, after;
    struct proven *proven;
    size_t proven_count;
    json_t *running; /* what each service printed after it ({"backend": "3f2a91c"}):
                      * known good is bound to that; NULL: nobody was asked */
    bool known_good;
    char *scope; /* of systemd that its supervisor was started in, or NULL */
    char *boot;  /* of the machine that it began in: later ones know no process of it */
    struct process supervisor;
    struct process group; /* the command: leader of a session and group of its own */
    char *output;         /* path of every byte that it printed */
    char *control;        /* path of its control socket */
    char *cancelled_by, *cancel_reason;
    char *resolved_by, *resolve_reason;
    /* SHA-256 of the manifests of what was kept before it and after it, NULL: nothing */
    char *backup, *shipped;
    char *unusual; /* what somebody has to look at though it is over, or NULL */
    char *trouble; /* what greenboard itself could not do, or NULL */
};

void judgement_finish(struct judgement *judgement);

struct run *run_create(const char *id);
void run_destroy(struct run *run);

/* Adds a step that has not begun. */
struct step *run_step(struct run *run, const char *name, char *const *argv);
struct step *run_step_find(const struct run *run, const char *name); /* NULL: none */
void run_step_begin(struct step *step);
void run_step_end(struct step *step, int status);
/* The one that runs, else the last that was begun; NULL before the first. */
const struct step *run_step_current(const struct run *run);
/* The step of that kind that ships or mends: named like the kind; NULL: none yet. */
const struct step *run_step_main(const struct run *run);

void run_prove_anew(struct run *run); /* forgets what was proven */
void run_prove(struct run *run, const char *name, enum state state, const char *what,
               const char *remedy);

void run_ask(struct run *run, const struct question *take_question);
void run_decide(struct run *run, const struct ruling *take_decision);

/* THE texts of a record: their key in it, and whether people or programs said them. */
struct run_text {
    const char *key;
    size_t offset;
    bool said;
};
extern const struct run_text run_texts[];
extern const size_t run_text_count;
char **run_text_at(const struct run *run, const struct run_text *row);

/* "verified", "running", "no end recorded": a word for a list. */
const char *run_word(const struct run *run);

#endif

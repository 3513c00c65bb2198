/* The steps of a run: greenboard's own and the commands that the configuration names.
 *
 * Made from a configuration alone, so that the supervisor knows them before it asked
 * anything. The caller owns a struct steps; immutable once made; any thread. */
#ifndef GREENBOARD_RUN_STEPS_H
#define GREENBOARD_RUN_STEPS_H

#include "base/error.h"
#include "config/config.h"
#include "store/run.h"

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What somebody wants run. Texts are borrowed. */
struct intent {
    enum run_kind kind;
    const char *repair;  /* KIND_REPAIR: which */
    const char *release; /* given by a person; NULL: what `release` prints */
    const char *target;  /* KIND_ROLLBACK: the run whose release it is, or NULL */
};

#define KIND_BIT(kind) (1U << (kind))
#define KINDS_ALL      (KIND_BIT(KIND_COUNT) - 1U)

/* THE steps in their order: id, name (NULL: the configuration's), kinds that have it,
 * phase, title. */
#define STEPS(X)                                                                         \
    X(STEP_LOCK, "lock", KINDS_ALL, PHASE_LOCKED, "take the lock")                       \
    X(STEP_BACKUP, "backup", KINDS_ALL, PHASE_PREPARING,                                 \
      "keep the configuration as it is now")                                             \
    X(STEP_BEFORE, NULL, KINDS_ALL, PHASE_PREPARING, NULL)                               \
    X(STEP_RESTORE, "restore", KIND_BIT(KIND_ROLLBACK), PHASE_PREPARING,                 \
      "put the configuration of that release back")                                      \
    X(STEP_REREAD, "re-read", KIND_BIT(KIND_DEPLOY), PHASE_CHECKING,                     \
      "read the configuration again")                                                    \
    X(STEP_CHECKS, "checks", KIND_BIT(KIND_DEPLOY) | KIND_BIT(KIND_REPAIR),              \
      PHASE_CHECKING, "ask every check")                                                 \
    X(STEP_GATE, "gate", KIND_BIT(KIND_DEPLOY), PHASE_CHECKING,                          \
      "all green, and exactly what was confirmed")                                       \
    X(STEP_NEED, "need", KIND_BIT(KIND_REPAIR), PHASE_CHECKING,                          \
      "is there anything to mend")                                                       \
    X(STEP_COMMAND, NULL, KINDS_ALL, PHASE_RUNNING, NULL)                                \
    X(STEP_AFTER, NULL, KINDS_ALL, PHASE_FINISHING, NULL)                                \
    X(STEP_VERIFY, "verify", KINDS_ALL, PHASE_VERIFYING,                                 \
      "every check green, and staying so")                                               \
    X(STEP_UNLOCK, "unlock", KINDS_ALL, PHASE_VERIFYING, "let the lock go")

enum step_id {
#define STEPS_ENUM(id, name, kinds, phase, title) id,
    STEPS(STEPS_ENUM)
#undef STEPS_ENUM
        STEP_COUNT
};
struct step_row {
    const char *name;
    unsigned kinds;
    enum run_phase phase;
    const char *title;
};
extern const struct step_row step_rows[STEP_COUNT];

struct planned {
    enum step_id id;
    char *name;
    char *title;
    char **argv;              /* argv[0] absolute; NULL: greenboard's own work */
    int64_t timeout, silence; /* ns, of commands */
    bool required;            /* may not be skipped */
};

struct steps {
    struct planned *rows;
    size_t count;
};

/* Where the configuration says what such a run does; NULL with an error: nowhere. */
const json_t *steps_section(const struct environment *environment,
                            const struct intent *intent, struct error *error);

/* False: no such section, no such program, a name that is taken. */
bool steps_create(struct steps *steps, const struct environment *environment,
                  const struct intent *intent, struct error *error);
void steps_finish(struct steps *steps);

const struct planned *steps_main(const struct steps *steps); /* the one STEP_COMMAND */

/* A configured command with argv[0] absolute; NULL: there is no such program, which the
 * error tells after `name`. argv_free(). */
char **steps_argv(const json_t *section, const char *name,
                  const struct environment *environment, struct error *error);
/* {"name": …, "argv": […]}, or a null for greenboard's own work. */
json_t *steps_argv_json(const char *name, char *const *argv);

/* [{"name": …, "argv": […]}]: the part of what is confirmed; the caller's. */
json_t *steps_json(const struct steps *steps);

#endif

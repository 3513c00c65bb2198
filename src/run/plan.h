/* What is confirmed before a run: every fact that a person agrees to, and a digest over
 * them.
 *
 * Made on the main thread from a board whose checks have answered; immutable from then
 * on. The supervisor makes its own from a configuration and a board of its own, and
 * compares. */
#ifndef GREENBOARD_RUN_PLAN_H
#define GREENBOARD_RUN_PLAN_H

#include "base/digest.h"
#include "base/error.h"
#include "board/board.h"
#include "release/back.h"
#include "run/inquiry.h"
#include "run/steps.h"

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

struct plan {
    const struct environment *environment; /* a reference */
    enum run_kind kind;
    char *repair;  /* KIND_REPAIR: its name */
    char *release; /* NULL: none configured: deployable, never known good */
    bool given;    /* the release came from a person, not from `release` */
    char *target;  /* KIND_ROLLBACK: the run whose release it is, or NULL */
    struct steps steps;
    struct inquiry inquiry; /* what verification asks besides the checks */
    char **withheld;        /* environment variables that commands do not get */
    char **given_back;      /* those of them that `env` gives back */
    char **backup;          /* files, as configured */
    int64_t within, hold;   /* ns, of verification */
    bool rolls_back;        /* by itself, where verification fails */
    const json_t *section;  /* of the environment: what the configuration says of it */
    json_t *confirmation;   /* the document that the digest is over */
    char digest[DIGEST_HEX];
};

/* NULL with an error: no such section, no such program, a release that no release may
 * look like. */
struct plan *plan_create(const struct board *board, const struct intent *intent,
                         struct error *error);
struct intent plan_intent(const struct plan *plan); /* borrows from it */
void plan_destroy(struct plan *plan);

/* Of a rollback: what comes back belongs to what is confirmed. */
void plan_go_back(struct plan *plan, const struct back *back);

/* What a person is shown, in order: once for each line. */
void plan_show(const struct plan *plan,
               void (*line)(void *self, const char *label, const char *text), void *self);

/* What differs between two confirmations: "redis: redis_version was 7.0.15, is 7.2.0",
 * NULL-terminated; argv_free(). Empty where they are the same. */
char **plan_differences(const json_t *confirmed, const json_t *now);

#endif

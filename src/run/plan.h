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

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

struct plan {
    const struct environment *environment; /* a reference */
    char *kind;                            /* "deploy" */
    char *release;     /* NULL: none configured: deployable, never known good */
    bool given;        /* the release came from the command line, not from `release` */
    char **argv;       /* argv[0] absolute; {run} and {fence} still in it */
    char **withheld;   /* environment variables that the command does not get */
    char **given_back; /* those of them that `env` gives back */
    char **backup;     /* files, as configured */
    int64_t timeout, within, hold; /* ns */
    json_t *confirmation;          /* the document that the digest is over */
    char digest[DIGEST_HEX];
};

/* `release` NULL: the board's. NULL with an error: no such section, no such program, a
 * release that no release may look like. */
struct plan *plan_create(const struct board *board, const char *kind, const char *release,
                         struct error *error);
void plan_destroy(struct plan *plan);

/* What a person is shown, in order: once for each line. */
void plan_show(const struct plan *plan,
               void (*line)(void *self, const char *label, const char *text), void *self);

/* What differs between two confirmations: "redis: redis_version was 7.0.15, is 7.2.0",
 * NULL-terminated; argv_free(). Empty where they are the same. */
char **plan_differences(const json_t *confirmed, const json_t *now);

#endif

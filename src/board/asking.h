/* What the scheduler gives to a worker: one secret to resolve, the release to ask for, or
 * one check. Each carries all that it needs, counted or copied, so that main may go on
 * without it. */
#ifndef GREENBOARD_BOARD_ASKING_H
#define GREENBOARD_BOARD_ASKING_H

#include "board/board.h"
#include "board/pool.h"

enum asking_kind { ASKING_SECRET, ASKING_RELEASE, ASKING_CHECK };

struct asking {
    struct task task; /* first: a task of the pool is an asking */
    enum asking_kind kind;
    size_t index;        /* of the source or the light */
    unsigned generation; /* an answer of an older one is dropped */
    atomic_bool cancelled;
    const struct environment *environment; /* counted */
    const struct secrets *secrets;         /* counted; checks only */
    int64_t deadline;
    const json_t *source;     /* ASKING_SECRET: of the environment */
    struct gcp_memo *memo;    /* counted: of its resolution */
    struct resolved resolved; /* its answer */
    char *release;            /* ASKING_RELEASE: its answer, or the error */
    struct error error;
    struct job job; /* ASKING_CHECK */
    struct result *result;
    struct result *told; /* counted: job.told */
};

struct asking *asking_create(enum asking_kind kind, const struct environment *environment,
                             int64_t deadline);
void asking_destroy(struct asking *asking);

enum { RELEASE_MAX = 200 };
/* One line of at most RELEASE_MAX characters [A-Za-z0-9][A-Za-z0-9._:@/+-]*; false with
 * what is wrong. */
bool release_valid(const char *release, struct error *error);

#endif

/* One question of verification, asked once: a command that proves, a log in which nothing
 * forbidden stands, a revision that serves.
 *
 * Blocks: for threads of its own (witness.h). The caller owns both structs. */
#ifndef GREENBOARD_RUN_TESTIFY_H
#define GREENBOARD_RUN_TESTIFY_H

#include "board/result.h"
#include "run/inquiry.h"

#include <jansson.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

struct hearing {
    const struct inquired *row;
    const struct environment *environment;
    char *const *argv; /* with its placeholders replaced, where the row has one */
    char *const *env;
    const char *release; /* what was shipped, or NULL */
    int64_t since;       /* ms since 1970: when what ships began */
    int64_t deadline;    /* clock_now() time */
    const atomic_bool *cancelled;
};

struct testimony {
    enum state state;
    char *what;
    char *remedy;    /* NULL where OK */
    bool final;      /* it is bad, and will not become good */
    json_t *running; /* INQUIRY_RUNNING: what each service printed; else NULL */
};

void testify(const struct hearing *hearing, struct testimony *out);
void testimony_finish(struct testimony *testimony); /* a zeroed one is fine */

#endif

/* The gate: a pure function from a board and a time to GO, NO-GO or WAIT.
 *
 * A predicate for each light, and AND: it never averages, never debounces, has no
 * override. No I/O, no clock of its own; proven exhaustively in tests/unit/gate.c. */
#ifndef GREENBOARD_BOARD_GATE_H
#define GREENBOARD_BOARD_GATE_H

#include "board/result.h"
#include "config/config.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct board;
struct light;

enum decision { GATE_WAIT, GATE_GO, GATE_NO_GO };
extern const char *const decision_words[]; /* "WAIT" "GO" "NO-GO" */

/* Why a light does or does not close the gate. */
enum closure {
    CLOSURE_GREEN,    /* OK and fresh */
    CLOSURE_NEUTRAL,  /* neither opens nor closes: SKIP in development and test */
    CLOSURE_WAITING,  /* no answer yet */
    CLOSURE_UNPROVEN, /* UNKNOWN, stale, or BLOCKED behind UNKNOWN */
    CLOSURE_UNSAFE,   /* WARN, FAIL, SKIP where it is demanded, BLOCKED behind a FAIL */
};

struct verdict {
    enum decision decision;
    bool unsafe;   /* of a NO-GO: something is bad; otherwise it is only unproven */
    size_t green;  /* lights that are OK and fresh */
    size_t asked;  /* lights that count: all but the neutral ones */
    size_t closed; /* lights that close it */
};

struct verdict gate_decide(const struct board *board, int64_t now);
enum closure gate_light(const struct board *board, const struct light *light,
                        int64_t now);

/* "redis: NOAUTH Authentication required" for a light that closes the gate; the caller
 * frees. */
char *gate_reason(const struct board *board, const struct light *light, int64_t now);
/* The reasons in the order of board_order(), and the release's; NULL-terminated;
 * argv_free(). */
char **gate_reasons(const struct board *board, int64_t now);
/* "unsafe" "unproven", NULL unless NO-GO */
const char *verdict_kind(struct verdict verdict);
int verdict_exit(struct verdict verdict); /* of enum exit_status */

#endif

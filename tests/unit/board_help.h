/* A hand-made environment, checks that ask nobody, and answers put on a board. */
#ifndef GREENBOARD_TESTS_BOARD_HELP_H
#define GREENBOARD_TESTS_BOARD_HELP_H

#include "base/clock.h"
#include "board/board.h"

#define NOW     (1000 * CLOCK_SECOND)
#define MAX_AGE (60 * CLOCK_SECOND)
#define EMPTY   "{\"gate\":{\"max_age\":\"60s\"},\"secrets\":{\"max_age\":\"60s\"}}"

/* The caller drops it with environment_unref(). */
struct environment *make_environment(enum env_class env_class, const char *json);

void answer_fine(const struct job *job, struct result *result);

/* b needs a, c needs b, d needs nothing; the lists are registries. */
extern const struct check check_a, check_b, check_c, check_d;
extern const struct check *const one[], *const two[], *const three[], *const apart[];

/* Puts an answer of that state, `age` old at NOW, on a light. */
void put(struct board *board, size_t index, enum state state, int64_t age);

#endif

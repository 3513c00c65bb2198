/* One cause, many reds: which failing checks explain which. A dependency attributes, it
 * never delays. Pure; main thread. */
#ifndef GREENBOARD_BOARD_CAUSE_H
#define GREENBOARD_BOARD_CAUSE_H

#include "board/board.h"

struct cause {
    const struct light *light;     /* red, and explained by nothing else */
    const struct light **explains; /* red behind it */
    size_t count;
};

struct causes {
    struct cause *rows; /* in the order of board_order() */
    size_t count;
};

void cause_find(const struct board *board, int64_t now, struct causes *causes);
void causes_finish(struct causes *causes);

/* "1 cause: redis: NOAUTH Authentication required, explains backend ready"; NULL where
 * nothing is red. The caller frees. */
char *causes_line(const struct causes *causes);

/* The cause that explains this light, NULL where it stands for itself. */
const struct light *causes_of(const struct causes *causes, const struct light *light);

#endif

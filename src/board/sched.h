/* Asks the checks: secrets first, each once, then every due check in parallel on a pool
 * of workers, with deadlines, generations and a place for workers that never come back.
 *
 * Main thread only; it never waits. The caller polls sched_fd() for at most sched_wait()
 * ms and calls sched_step(), which takes what came in onto the board and dispatches what
 * is due. */
#ifndef GREENBOARD_BOARD_SCHED_H
#define GREENBOARD_BOARD_SCHED_H

#include "board/board.h"

struct sched;

struct observer {
    /* A check answered; `changed`: its state is another one than before. The light holds
     * it. */
    void (*answered)(void *self, const struct light *light, bool changed);
    /* The gate decided otherwise than before: board->verdict. */
    void (*judged)(void *self);
    void *self;
};

struct sched *sched_create(struct board *board, const struct observer *observer);
int sched_fd(const struct sched *sched);
int sched_wait(const struct sched *sched, int64_t now);
bool sched_step(struct sched *sched, int64_t now); /* true where the board changed */

/* From now on checks are asked when they are due (the console, watching). */
void sched_watch(struct sched *sched, bool on);

/* Asks every check once, now, thoroughly, with secrets and release resolved anew: a
 * preflight. */
void sched_ask_all(struct sched *sched);
void sched_ask(struct sched *sched, struct light *light); /* one, thoroughly */
bool sched_settled(const struct sched *sched); /* nothing asked for is still unanswered */

/* Steps until settled, or until *cancelled; returns sched_settled(). For command
 * lines. */
bool sched_run(struct sched *sched, const volatile int *cancelled);

/* abandons what still runs; the caller is about to _exit */
void sched_destroy(struct sched *sched);

#endif

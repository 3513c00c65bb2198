/* Threads that each do one task at a time and hand it back.
 *
 * The main thread pushes a task, which then belongs to a worker until pool_done() gives
 * it back; pool_fd() becomes readable when one is there. Workers start when a task finds
 * none idle, up to POOL_MAX; a worker that never comes back keeps its task, and the pool
 * goes on without it. */
#ifndef GREENBOARD_BOARD_POOL_H
#define GREENBOARD_BOARD_POOL_H

#include <stdbool.h>
#include <stddef.h>

enum { POOL_MAX = 64 };

struct task {
    void (*work)(struct task *task); /* on a worker */
    void (*drop)(struct task *task); /* frees it, where nobody takes it back any more */
    struct task *next;
};

struct pool;

struct pool *pool_create(void);
int pool_fd(const struct pool *pool);
void pool_push(struct pool *pool, struct task *task);
struct task *pool_done(struct pool *pool); /* NULL: none came back since */
/* Workers end after what they do now and free the pool with the last of them; never
 * waits. */
void pool_abandon(struct pool *pool);

#endif

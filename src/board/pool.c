#include "board/pool.h"

#include "base/mem.h"
#include "base/thread.h"

#include <poll.h>
#include <pthread.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

struct queue {
    struct task *first, **last;
};

struct pool {
    pthread_mutex_t guard;
    pthread_cond_t wake;
    struct queue ready, done;
    size_t threads, idle, waiting;
    bool closed;
    int fd;
};

static void queue_push(struct queue *queue, struct task *task)
{
    task->next = NULL;
    *queue->last = task;
    queue->last = &task->next;
}

static struct task *queue_pop(struct queue *queue)
{
    struct task *task = queue->first;
    if (task) {
        queue->first = task->next;
        if (!queue->first) {
            queue->last = &queue->first;
        }
    }
    return task;
}

struct pool *pool_create(void)
{
    struct pool *pool = mem_alloc(sizeof *pool);
    pthread_mutex_init(&pool->guard, NULL);
    pthread_cond_init(&pool->wake, NULL);
    pool->ready.last = &pool->ready.first;
    pool->done.last = &pool->done.first;
    pool->fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (pool->fd < 0) {
        panic("no event descriptor for the workers");
    }
    return pool;
}

int pool_fd(const struct pool *pool)
{
    return pool->fd;
}

static void drop_all(struct queue *queue)
{
    for (struct task *task; (task = queue_pop(queue));) {
        task->drop(task);
    }
}

static void pool_free(struct pool *pool)
{
    drop_all(&pool->ready);
    drop_all(&pool->done);
    close(pool->fd);
    pthread_cond_destroy(&pool->wake);
    pthread_mutex_destroy(&pool->guard);
    free(pool);
}

static void *worker(void *self)
{
    struct pool *pool = self;
    pthread_mutex_lock(&pool->guard);
    while (!pool->closed) {
        struct task *task = queue_pop(&pool->ready);
        if (!task) {
            pool->idle++;
            pthread_cond_wait(&pool->wake, &pool->guard);
            pool->idle--;
            continue;
        }
        pool->waiting--;
        pthread_mutex_unlock(&pool->guard);
        task->work(task);
        pthread_mutex_lock(&pool->guard);
        queue_push(&pool->done, task);
        uint64_t one = 1;
        ssize_t written = write(pool->fd, &one, sizeof one);
        (void)written;
    }
    bool last = --pool->threads == 0;
    pthread_mutex_unlock(&pool->guard);
    if (last) {
        pool_free(pool);
    }
    return NULL;
}

void pool_push(struct pool *pool, struct task *task)
{
    pthread_mutex_lock(&pool->guard);
    queue_push(&pool->ready, task);
    pool->waiting++;
    if (pool->waiting > pool->idle && pool->threads < POOL_MAX) {
        pool->threads++;
        if (thread_start(NULL, worker, pool) != 0) {
            pool->threads--;
        }
    }
    pthread_cond_signal(&pool->wake);
    pthread_mutex_unlock(&pool->guard);
}

struct task *pool_done(struct pool *pool)
{
    pthread_mutex_lock(&pool->guard);
    struct task *task = queue_pop(&pool->done);
    if (!task) {
        uint64_t count;
        ssize_t got = read(pool->fd, &count, sizeof count);
        (void)got;
    }
    pthread_mutex_unlock(&pool->guard);
    return task;
}

void pool_abandon(struct pool *pool)
{
    if (!pool) {
        return;
    }
    pthread_mutex_lock(&pool->guard);
    pool->closed = true;
    bool none = pool->threads == 0;
    pthread_cond_broadcast(&pool->wake);
    pthread_mutex_unlock(&pool->guard);
    if (none) {
        pool_free(pool);
    }
}

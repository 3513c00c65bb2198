#include "ui/errand.h"

void errand_send(struct errand *errand, struct task *take_task)
{
    errand->pool = errand->pool ? errand->pool : pool_create();
    errand->out = true;
    pool_push(errand->pool, take_task);
}

struct task *errand_back(struct errand *errand)
{
    struct task *task = errand->out ? pool_done(errand->pool) : NULL;
    errand->out = errand->out && !task;
    return task;
}

size_t errand_wait(const struct errand *errand, int *fds)
{
    if (errand->out) {
        fds[0] = pool_fd(errand->pool);
    }
    return errand->out ? 1 : 0;
}

void errand_finish(struct errand *errand)
{
    pool_abandon(errand->pool);
    *errand = (struct errand){0};
}

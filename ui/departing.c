#include "ui/departing.h"

#include "base/mem.h"
#include "ui/ui.h"

#include <stdlib.h>

struct work {
    struct task task; /* first: the pool gives it back as one */
    const struct environment *environment;
    const struct statedir *dir; /* the console's, there as long as the process */
    struct departure departure;
};

static void read_departure(struct task *task)
{
    struct work *work = (struct work *)task;
    departure_read(&work->departure, work->dir, work->environment);
}

static void drop(struct task *task)
{
    struct work *work = (struct work *)task;
    departure_finish(&work->departure);
    environment_unref(work->environment);
    free(work);
}

static void begin(struct departing *departing, const struct scene *scene)
{
    struct work *work = mem_alloc(sizeof *work);
    work->task = (struct task){.work = read_departure, .drop = drop};
    work->environment = environment_ref(scene->board->environment);
    work->dir = scene->ui->dir;
    errand_send(&departing->errand, &work->task);
}

void departing_step(struct departing *departing, const struct scene *scene)
{
    if (!departing->errand.pool && scene->ui->dir) {
        begin(departing, scene);
    }
    struct task *task = errand_back(&departing->errand);
    if (task) {
        struct work *work = (struct work *)task;
        departing->departure = work->departure;
        departing->known = true;
        work->departure = (struct departure){0};
        drop(task);
    }
}

void departing_finish(struct departing *departing)
{
    errand_finish(&departing->errand);
    departure_finish(&departing->departure);
}

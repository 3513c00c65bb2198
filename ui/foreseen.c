#include "ui/foreseen.h"

#include "base/clock.h"
#include "base/mem.h"
#include "base/spawn.h"
#include "release/backup.h"

#include <stdlib.h>

static const int64_t AGAIN = 5 * CLOCK_SECOND;

struct work {
    struct task task; /* first: the pool gives it back as one */
    const struct environment *environment;
    char **lines;
};

static void look(struct task *task)
{
    struct work *work = (struct work *)task;
    work->lines = backup_foresee(work->environment);
}

static void drop(struct task *task)
{
    struct work *work = (struct work *)task;
    argv_free(work->lines);
    environment_unref(work->environment);
    free(work);
}

static void begin(struct foreseen *foreseen, const struct scene *scene)
{
    struct work *work = mem_alloc(sizeof *work);
    work->task = (struct task){.work = look, .drop = drop};
    work->environment = environment_ref(scene->board->environment);
    foreseen->looked = scene->now;
    errand_send(&foreseen->errand, &work->task);
}

void foreseen_step(struct foreseen *foreseen, const struct scene *scene)
{
    struct task *task = errand_back(&foreseen->errand);
    if (task) {
        struct work *work = (struct work *)task;
        argv_free(foreseen->lines);
        foreseen->lines = work->lines;
        work->lines = NULL;
        drop(task);
    }
    bool due = !foreseen->errand.pool || scene->now - foreseen->looked > AGAIN;
    if (due && !foreseen->errand.out && backup_wanted(scene->board->environment)) {
        begin(foreseen, scene);
    }
}

void foreseen_draw(const struct foreseen *foreseen, struct confirm_page *page)
{
    for (size_t i = 0; foreseen->lines && foreseen->lines[i]; i++) {
        confirm_draw_styled(page, BACKUP_FORESEEN, STYLE_WARN, foreseen->lines[i]);
    }
}

void foreseen_finish(struct foreseen *foreseen)
{
    errand_finish(&foreseen->errand);
    argv_free(foreseen->lines);
}

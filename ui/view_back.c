/* The plan of a rollback: what comes back with the release, and the confirmation.
 *
 * What differs is worked out by a worker beside the loop. No check need be green for it;
 * but a reason is asked for, and the environment's name. What is confirmed is what is
 * shown: where a file changes meanwhile, the supervisor refuses. */
#include "ui/back_screen.h"

#include "base/clock.h"
#include "base/mem.h"
#include "base/text.h"
#include "release/back.h"
#include "run/plan.h"
#include "ui/bar.h"
#include "ui/confirm.h"
#include "ui/errand.h"
#include "ui/foreseen.h"
#include "ui/pane.h"
#include "ui/run_screen.h"
#include "ui/ui.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

extern const struct pane view_back;

struct preparing {
    struct task task; /* first: the pool gives it back as one */
    const struct environment *environment;
    const struct statedir *dir; /* the console's, there as long as the process */
    char run[RUN_ID];
    struct back back;
    bool done;
    struct error error;
};

struct back_screen {
    char run[RUN_ID]; /* that is gone back to */
    char *release;
    const char *doubt; /* why it is no good choice, or NULL */
    struct errand errand;
    struct foreseen foreseen;
    struct back back;
    struct plan *plan;
    struct error error;
    struct confirm confirm;
    enum { BACK_PREPARES, BACK_REFUSED, BACK_ASKS, BACK_EXPIRED } state;
    size_t top; /* lines scrolled down */
};

/* ---- preparing ---- */

static void prepare(struct task *task)
{
    struct preparing *self = (struct preparing *)task;
    struct run *run = run_read(self->dir, self->run, &self->error);
    self->done =
        run && back_prepare(&self->back, self->dir, run, self->environment, &self->error);
    run_destroy(run);
}

static void drop_preparing(struct task *task)
{
    struct preparing *self = (struct preparing *)task;
    back_finish(&self->back);
    environment_unref(self->environment);
    free(self);
}

static void begin(struct back_screen *screen, const struct scene *scene)
{
    struct preparing *self = mem_alloc(sizeof *self);
    self->task = (struct task){.work = prepare, .drop = drop_preparing};
    self->environment = environment_ref(scene->board->environment);
    self->dir = scene->ui->dir;
    memcpy(self->run, screen->run, sizeof self->run);
    errand_send(&screen->errand, &self->task);
}

static void make_plan(struct back_screen *screen, const struct scene *scene)
{
    plan_destroy(screen->plan);
    const struct intent intent = {
        .kind = KIND_ROLLBACK, .release = screen->release, .target = screen->run};
    screen->plan = plan_create(scene->board, &intent, &screen->error);
    if (screen->plan) {
        plan_go_back(screen->plan, &screen->back);
        confirm_begin(&screen->confirm, scene->now);
    }
    screen->state = screen->plan ? BACK_ASKS : BACK_REFUSED;
}

static void take_prepared(struct back_screen *screen, struct preparing *prepared,
                          const struct scene *scene)
{
    back_finish(&screen->back);
    screen->back = prepared->back;
    prepared->back = (struct back){0};
    screen->error = prepared->error;
    screen->state = BACK_REFUSED;
    if (prepared->done) {
        make_plan(screen, scene);
    }
    drop_preparing(&prepared->task);
}

static void back_update(void *self, const struct scene *scene)
{
    struct back_screen *screen = self;
    foreseen_step(&screen->foreseen, scene);
    if (!screen->errand.pool && scene->ui->dir) {
        begin(screen, scene);
    }
    struct task *task = errand_back(&screen->errand);
    if (task) {
        take_prepared(screen, (struct preparing *)task, scene);
    } else if (screen->state == BACK_ASKS &&
               confirm_expired(&screen->confirm, scene->now)) {
        screen->state = BACK_EXPIRED;
        confirm_forget(&screen->confirm);
    }
}

static size_t back_wait(const void *self, int fds[PANE_FDS])
{
    const struct back_screen *screen = self;
    size_t count = errand_wait(&screen->errand, fds);
    return count + errand_wait(&screen->foreseen.errand, fds + count);
}

static void back_init(void *self)
{
    struct back_screen *screen = self;
    confirm_init(&screen->confirm);
    screen->confirm.wants_reason = true;
}

static void finish(void *self)
{
    struct back_screen *screen = self;
    errand_finish(&screen->errand);
    foreseen_finish(&screen->foreseen);
    back_finish(&screen->back);
    plan_destroy(screen->plan);
    confirm_finish(&screen->confirm);
    free(screen->release);
}

void back_screen_open(struct ui *ui, const struct past *past)
{
    struct back_screen *screen = ui_open(ui, view_back.name);
    if (screen) {
        memcpy(screen->run, past->run->id, sizeof screen->run);
        screen->release = mem_text(past->release);
        screen->doubt = past->repute == REPUTE_RAN
                            ? "never verified: nobody saw every check green with it"
                        : past->gone ? "`rollback.list` does not print it"
                                     : NULL;
    }
}

/* ---- drawing ---- */

static void draw_difference(struct confirm_page *page, const struct back_line *line)
{
    static const uint8_t styles[DIFF_COUNT] = {
        [DIFF_FILE] = STYLE_STRONG,   [DIFF_GONE] = STYLE_FAIL,
        [DIFF_COMES] = STYLE_OK,      [DIFF_CHANGES] = STYLE_WARN,
        [DIFF_STAYS] = STYLE_BLOCKED, [DIFF_CONTEXT] = STYLE_DIM};
    char sign[2] = {diff_signs[line->mark], '\0'};
    bool head = line->mark == DIFF_FILE;
    canvas_text(page->canvas, CONFIRM_LABEL, page->y, styles[line->mark],
                head ? "" : sign);
    canvas_fit(page->canvas, CONFIRM_LABEL + (head ? 0 : 2), page->y,
               page->canvas->width - CONFIRM_LABEL - 3, styles[line->mark], line->text);
    page->y++;
}

static void draw_page(const void *self, const struct scene *scene,
                      struct confirm_page *page)
{
    const struct back_screen *screen = self;
    if (screen->doubt) {
        confirm_draw_styled(page, "but", STYLE_WARN, screen->doubt);
    }
    if (!screen->plan) {
        return;
    }
    foreseen_draw(&screen->foreseen, page);
    char *words = back_words(&screen->back);
    confirm_draw_line(page, "files", words);
    free(words);
    for (size_t i = 0; i < screen->back.count; i++) {
        draw_difference(page, &screen->back.lines[i]);
    }
    plan_show(screen->plan, confirm_draw_line, page);
    if (scene->ui->standing) {
        confirm_draw_line(page, "locks", scene->ui->standing->covers);
    }
}

static void draw_upper(const struct back_screen *screen, const struct scene *scene,
                       struct canvas *canvas)
{
    struct confirm_page page = {canvas, 1 - (int)screen->top};
    draw_page(screen, scene, &page);
    confirm_draw_rest(&page);
    canvas_fill(canvas, 0, STYLE_TEXT);
    int x = canvas_text(canvas, 1, 0, STYLE_HEAD, "Roll back to") + 1;
    canvas_fit(canvas, x, 0, canvas->width - x - 1, STYLE_STRONG, screen->release);
}

static void draw_prompt(const struct back_screen *screen, const struct scene *scene,
                        struct canvas *canvas)
{
    canvas_rule(canvas, false, STYLE_BORDER);
    switch (screen->state) {
    case BACK_PREPARES:
        canvas_text(canvas, 1, 1, STYLE_STRONG, "reads what was kept with it");
        break;
    case BACK_REFUSED:
        confirm_draw_error(canvas, &screen->error);
        break;
    case BACK_ASKS:
        confirm_draw(&screen->confirm, scene, canvas, "roll back");
        break;
    case BACK_EXPIRED:
        confirm_draw_expired(canvas);
        break;
    }
}

static void back_draw(const void *self, const struct scene *scene, struct canvas *canvas,
                      bool focus)
{
    (void)focus;
    struct canvas upper = confirm_upper(canvas), lower = confirm_lower(canvas);
    draw_upper(self, scene, &upper);
    draw_prompt(self, scene, &lower);
}

/* ---- keys ---- */

static unsigned confirm(struct back_screen *screen, struct ui *ui)
{
    struct launch started;
    if (screen->state == BACK_EXPIRED || screen->state == BACK_REFUSED) {
        screen->state = BACK_PREPARES;
        begin(screen, &ui->scene);
    } else if (screen->state == BACK_ASKS &&
               confirm_enter(&screen->confirm, ui->board->environment->name) &&
               confirm_launch(&screen->confirm, screen->plan, ui, &started)) {
        ui_close(ui); /* this one, and the list below it */
        ui_close(ui);
        run_screen_launched(ui, &started);
    }
    return REACT_DRAW;
}

static unsigned back_act(void *self, struct ui *ui, enum action action)
{
    struct back_screen *screen = self;
    if (action == ACTION_CONFIRM) {
        return confirm(screen, ui);
    }
    return confirm_scroll(&screen->top, action, screen, &ui->scene, draw_page)
               ? REACT_DRAW
               : REACT_IGNORED;
}

static const char *back_says(const void *self, const struct ui *ui, enum action action)
{
    const struct back_screen *screen = self;
    if (action == ACTION_CONFIRM && screen->state != BACK_ASKS) {
        return screen->state == BACK_PREPARES ? NULL : "look again";
    }
    return bar_word(ui, action);
}

static unsigned back_handle(void *self, struct ui *ui, const struct input *input)
{
    (void)ui;
    struct back_screen *screen = self;
    return screen->state == BACK_ASKS ? confirm_handle(&screen->confirm, input)
                                      : REACT_NONE;
}

const struct pane view_back = {
    .name = "back",
    .title = "Roll back",
    .place = PLACE_SCREEN,
    .context = CONTEXT_BACK,
    .state_size = sizeof(struct back_screen),
    .init = back_init,
    .finish = finish,
    .update = back_update,
    .draw = back_draw,
    .act = back_act,
    .word = back_says,
    .handle = back_handle,
    .wait = back_wait,
};

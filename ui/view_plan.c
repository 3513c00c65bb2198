/* The plan of a deploy or of a repair, and its confirmation.
 *
 * While it is open every check is asked as thoroughly as the supervisor will ask it, so
 * that what is confirmed here is what can be compared there. At NO-GO it waits; at GO it
 * asks for the environment's name, typed: a pasted one is not taken. The confirmation is
 * good for a minute after the plan was shown and for exactly what was shown: where any of
 * it changes, it is shown and asked anew. It never starts anything by itself, and what it
 * starts proves everything again.
 *
 * A repair waits for no green, for it is offered while what it mends is red; it wants a
 * reason. Where several are for the same check Tab goes to the next. */
#include "ui/plan_screen.h"

#include "base/clock.h"
#include "base/mem.h"
#include "base/spawn.h"
#include "base/text.h"
#include "run/plan.h"
#include "run/repair.h"
#include "ui/bar.h"
#include "ui/confirm.h"
#include "ui/departing.h"
#include "ui/foreseen.h"
#include "ui/pane.h"
#include "ui/run_screen.h"
#include "ui/ui.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

extern const struct pane view_plan;

static const int64_t AGAIN = 10 * CLOCK_SECOND; /* between two preflights */

struct plan_screen {
    char *check;                /* that is to be mended; NULL: a deploy */
    size_t nth;                 /* of the repairs that are for it */
    struct departing departing; /* of a deploy */
    struct foreseen foreseen;
    struct plan *plan; /* NULL: none can be made, see error */
    struct error error;
    enum { PLAN_PROVES, PLAN_WAITS, PLAN_ASKS, PLAN_EXPIRED } state;
    struct sched *sched; /* which does not watch as long as this is open */
    bool paused;         /* it did not before */
    int64_t asked;       /* when the last preflight began, 0: none yet */
    int64_t compared;    /* when the plan was last made anew */
    size_t top;          /* the first row of the page that is seen */
    struct confirm confirm;
};

static void plan_init(void *self)
{
    struct plan_screen *screen = self;
    confirm_init(&screen->confirm);
}

static void plan_finish(void *self)
{
    struct plan_screen *screen = self;
    if (screen->sched) {
        sched_watch(screen->sched, !screen->paused);
    }
    plan_destroy(screen->plan);
    confirm_finish(&screen->confirm);
    departing_finish(&screen->departing);
    foreseen_finish(&screen->foreseen);
    free(screen->check);
}

void plan_screen_repair(struct ui *ui, const char *check)
{
    struct plan_screen *screen = ui_open(ui, view_plan.name);
    if (screen) {
        screen->check = mem_text(check);
        screen->confirm.wants_reason = true;
    }
}

/* The repair that is shown; NULL for a deploy, and where nothing is to be mended. */
static const json_t *repair_of(const struct plan_screen *screen,
                               const struct scene *scene, size_t nth)
{
    const struct light *light =
        screen->check ? board_find(scene->board, screen->check) : NULL;
    return repair_offered(scene->board, light, nth, scene->now);
}

/* False with why not. */
static bool intend(struct plan_screen *screen, const struct scene *scene,
                   struct intent *intent)
{
    *intent = (struct intent){.kind = KIND_DEPLOY};
    if (!screen->check) {
        return true;
    }
    const json_t *repair = repair_of(screen, scene, screen->nth);
    *intent = (struct intent){.kind = KIND_REPAIR, .repair = config_text(repair, "name")};
    if (!repair) {
        error_set(&screen->error, ERROR_USAGE, "%s is green: there is nothing to mend",
                  screen->check);
        error_hint(&screen->error, "Esc goes back");
    }
    return repair != NULL;
}

/* ---- keeping it true ---- */

/* Makes the plan anew; true where it is another one than before. */
static bool renew(struct plan_screen *screen, const struct scene *scene)
{
    struct intent intent;
    struct plan *fresh = intend(screen, scene, &intent)
                             ? plan_create(scene->board, &intent, &screen->error)
                             : NULL;
    bool same = fresh && screen->plan && strcmp(fresh->digest, screen->plan->digest) == 0;
    if (fresh && screen->plan && !same) {
        char **list = plan_differences(screen->plan->confirmation, fresh->confirmation);
        confirm_say(&screen->confirm, "the plan has changed: %s",
                    list[0] ? list[0] : "look again");
        argv_free(list);
    }
    plan_destroy(screen->plan);
    screen->plan = fresh;
    screen->compared = scene->now;
    return !same;
}

/* True once the first preflight is through; then asks again now and then. */
static bool proved(struct plan_screen *screen, const struct scene *scene)
{
    struct sched *sched = scene->ui->sched;
    if (!sched) {
        return true;
    }
    if (screen->asked && !sched_settled(sched)) {
        return screen->state != PLAN_PROVES;
    }
    bool first = !screen->asked;
    if (first || scene->now - screen->asked > AGAIN) {
        screen->sched = sched;
        screen->paused = scene->paused;
        screen->asked = scene->now;
        sched_watch(sched, false);
        sched_ask_all(sched);
    }
    return !first;
}

/* What stops a deploy besides the gate: NULL, nothing that is known of. */
static const struct bar *barred(const struct scene *scene)
{
    const struct standing *standing = scene->ui->standing;
    return standing ? standing_stops(standing, (struct starter){.gated = true}) : NULL;
}

static void plan_update(void *self, const struct scene *scene)
{
    struct plan_screen *screen = self;
    if (!screen->check) {
        departing_step(&screen->departing, scene);
    }
    foreseen_step(&screen->foreseen, scene);
    if (!proved(screen, scene)) {
        return;
    }
    bool open =
        screen->check || (scene->board->verdict.decision == GATE_GO && !barred(scene));
    bool changed = false;
    if (!screen->compared || scene->now - screen->compared > CLOCK_SECOND ||
        (open && screen->state < PLAN_ASKS)) {
        changed = renew(screen, scene);
    }
    if (!open || !screen->plan) {
        screen->state = PLAN_WAITS;
        confirm_forget(&screen->confirm);
    } else if (screen->state < PLAN_ASKS || (screen->state == PLAN_ASKS && changed)) {
        screen->state = PLAN_ASKS;
        confirm_begin(&screen->confirm, scene->now);
    } else if (screen->state == PLAN_ASKS &&
               confirm_expired(&screen->confirm, scene->now)) {
        screen->state = PLAN_EXPIRED;
        screen->confirm.note[0] = '\0';
        confirm_forget(&screen->confirm);
    }
}

/* ---- drawing ---- */

static void draw_title(const struct plan_screen *screen, const struct scene *scene,
                       struct canvas *canvas)
{
    const json_t *repair = repair_of(screen, scene, screen->nth);
    if (!repair) {
        canvas_text(canvas, 1, 0, STYLE_HEAD, "Plan");
        return;
    }
    canvas_format(canvas, 1, 0, STYLE_HEAD, "Repair %s: %s", screen->check,
                  config_text(repair, "name"));
}

static void draw_waits(const struct plan_screen *screen, const struct scene *scene,
                       struct canvas *canvas)
{
    if (!screen->plan) {
        confirm_draw_error(canvas, &screen->error);
        return;
    }
    canvas_format(canvas, 1, 1, STYLE_STRONG, "waits for green: %zu of %zu",
                  scene->board->verdict.green, scene->board->verdict.asked);
    const struct bar *bar = barred(scene);
    if (bar) {
        canvas_wrap(canvas, (struct rect){1, 2, canvas->width - 2, 2}, STYLE_WARN,
                    bar->message);
        return;
    }
    char **reasons = gate_reasons(scene->board, scene->now);
    for (size_t i = 0; reasons[i] && i < 2; i++) {
        canvas_fit(canvas, 1, 2 + (int)i, canvas->width - 2, STYLE_TEXT, reasons[i]);
    }
    argv_free(reasons);
}

static void draw_prompt(const struct plan_screen *screen, const struct scene *scene,
                        struct canvas *canvas)
{
    canvas_rule(canvas, false, STYLE_BORDER);
    switch (screen->state) {
    case PLAN_PROVES:
        canvas_text(canvas, 1, 1, STYLE_STRONG, "asks every check again, thoroughly");
        break;
    case PLAN_WAITS:
        draw_waits(screen, scene, canvas);
        break;
    case PLAN_ASKS:
        confirm_draw(&screen->confirm, scene, canvas,
                     screen->check ? run_kind_words[KIND_REPAIR]
                                   : run_kind_words[KIND_DEPLOY]);
        break;
    case PLAN_EXPIRED:
        confirm_draw_expired(canvas);
        break;
    }
}

static size_t plan_wait(const void *self, int fds[PANE_FDS])
{
    const struct plan_screen *screen = self;
    size_t count = errand_wait(&screen->departing.errand, fds);
    return count + errand_wait(&screen->foreseen.errand, fds + count);
}

static void draw_page(const void *self, const struct scene *scene,
                      struct confirm_page *page)
{
    const struct plan_screen *screen = self;
    if (!screen->plan) {
        return;
    }
    foreseen_draw(&screen->foreseen, page);
    if (screen->departing.known) {
        departure_show(&screen->departing.departure, confirm_draw_line, page);
    }
    plan_show(screen->plan, confirm_draw_line, page);
    if (scene->ui->standing) {
        confirm_draw_line(page, "locks", scene->ui->standing->covers);
    }
}

static void plan_draw(const void *self, const struct scene *scene, struct canvas *canvas,
                      bool focus)
{
    (void)focus;
    const struct plan_screen *screen = self;
    struct canvas upper = confirm_upper(canvas), lower = confirm_lower(canvas);
    struct confirm_page page = {&upper, 1 - (int)screen->top};
    draw_page(screen, scene, &page);
    confirm_draw_rest(&page);
    canvas_fill(&upper, 0, STYLE_TEXT);
    draw_title(screen, scene, &upper);
    draw_prompt(screen, scene, &lower);
}

/* ---- keys ---- */

static unsigned confirm(struct plan_screen *screen, struct ui *ui)
{
    if (screen->state == PLAN_EXPIRED) {
        screen->state = PLAN_WAITS;
        return REACT_DRAW;
    }
    if (screen->state != PLAN_ASKS) {
        return REACT_NONE;
    }
    struct launch started;
    if (confirm_enter(&screen->confirm, ui->board->environment->name) &&
        confirm_launch(&screen->confirm, screen->plan, ui, &started)) {
        ui_close(ui); /* nothing of `screen` is there any more */
        run_screen_launched(ui, &started);
    }
    return REACT_DRAW;
}

/* To the next repair, after the last to the first: another plan, confirmed anew and for a
 * reason of its own. */
static unsigned show_next(struct plan_screen *screen, struct ui *ui)
{
    if (!repair_of(screen, &ui->scene, 1)) {
        return REACT_NONE;
    }
    screen->nth = repair_of(screen, &ui->scene, screen->nth + 1) ? screen->nth + 1 : 0;
    plan_destroy(screen->plan);
    screen->plan = NULL;
    screen->compared = 0;
    screen->confirm.wants_reason = true;
    return REACT_DRAW;
}

static unsigned plan_act(void *self, struct ui *ui, enum action action)
{
    if (action == ACTION_NEXT_REPAIR) {
        return show_next(self, ui);
    }
    if (action == ACTION_CONFIRM) {
        return confirm(self, ui);
    }
    struct plan_screen *screen = self;
    return confirm_scroll(&screen->top, action, screen, &ui->scene, draw_page)
               ? REACT_DRAW
               : REACT_IGNORED;
}

static unsigned plan_handle(void *self, struct ui *ui, const struct input *input)
{
    (void)ui;
    struct plan_screen *screen = self;
    if (screen->state != PLAN_ASKS) {
        return REACT_NONE;
    }
    return confirm_handle(&screen->confirm, input);
}

static const char *plan_says(const void *self, const struct ui *ui, enum action action)
{
    const struct plan_screen *screen = self;
    if (action == ACTION_CONFIRM) {
        return screen->state == PLAN_EXPIRED ? "show again"
               : screen->state == PLAN_ASKS  ? bar_word(ui, action)
                                             : NULL;
    }
    bool does = action != ACTION_NEXT_REPAIR || repair_of(screen, &ui->scene, 1);
    return does ? bar_word(ui, action) : NULL;
}

const struct pane view_plan = {
    .name = "plan",
    .title = "Plan",
    .place = PLACE_SCREEN,
    .context = CONTEXT_PLAN,
    .state_size = sizeof(struct plan_screen),
    .init = plan_init,
    .finish = plan_finish,
    .update = plan_update,
    .draw = plan_draw,
    .act = plan_act,
    .word = plan_says,
    .handle = plan_handle,
    .wait = plan_wait,
};

#include "ui/actions.h"

#include "run/repair.h"
#include "ui/marks.h"
#include "ui/plan_screen.h"
#include "ui/run_screen.h"
#include "ui/ui.h"

#include <string.h>

/* The light that is selected, as the scheduler wants it. */
static struct light *selected(struct ui *ui)
{
    return ui->selected < ui->board->count ? &ui->board->lights[ui->selected] : NULL;
}

static unsigned open_screen(struct ui *ui, const char *name)
{
    return ui_open(ui, name) ? REACT_DRAW : REACT_NONE;
}

static unsigned do_inspect(struct ui *ui)
{
    return selected(ui) ? open_screen(ui, "inspect") : REACT_NONE;
}

static unsigned do_rerun(struct ui *ui)
{
    struct light *light = selected(ui);
    if (ui->sched && light) {
        sched_ask(ui->sched, light);
        ui_say(ui, "asking %s again, thoroughly", light->name);
    }
    return REACT_DRAW;
}

static unsigned do_rerun_all(struct ui *ui)
{
    if (ui->sched) {
        sched_ask_all(ui->sched);
        ui_say(ui, "asking every check again");
    }
    return REACT_DRAW;
}

static unsigned do_deploy(struct ui *ui)
{
    if (!ui_offers(ui, ACTION_DEPLOY)) {
        ui_say(ui, "read-only: nothing can be deployed from here");
        return REACT_DRAW;
    }
    if (run_screen_reattach(ui)) {
        ui_say(ui, "this run has no end yet: one at a time");
        return REACT_DRAW;
    }
    return open_screen(ui, "plan");
}

static unsigned do_rollback(struct ui *ui)
{
    if (!ui_offers(ui, ACTION_ROLLBACK)) {
        ui_say(ui, "read-only: nothing can be rolled back from here");
        return REACT_DRAW;
    }
    if (run_screen_reattach(ui)) {
        ui_say(ui, "this run has no end yet: one at a time");
        return REACT_DRAW;
    }
    return open_screen(ui, "releases");
}

static unsigned do_runs(struct ui *ui)
{
    return open_screen(ui, "runs");
}

static unsigned do_mend(struct ui *ui)
{
    const struct light *light = selected(ui);
    if (ui->read_only) {
        ui_say(ui, "read-only: nothing can be repaired from here");
    } else if (!light || !repair_offered(ui->board, light, 0, ui->scene.now)) {
        ui_say(ui, "no repair is for %s now", light ? light->name : "nothing");
    } else if (run_screen_reattach(ui)) {
        ui_say(ui, "this run has no end yet: one at a time");
    } else {
        plan_screen_repair(ui, light->name);
    }
    return REACT_DRAW;
}

static unsigned do_break(struct ui *ui)
{
    if (!ui_offers(ui, ACTION_BREAK)) {
        ui_say(ui, "x works in the sandbox alone: greenboard sandbox -- greenboard");
        return REACT_DRAW;
    }
    return open_screen(ui, "break");
}

/* Selects the next check in `step` direction that is not green, in the order of the
 * list. */
static unsigned go_red(struct ui *ui, size_t step)
{
    const struct scene *scene = &ui->scene;
    size_t count = ui->board->count, at = 0;
    while (at < count && scene->order[at] != ui->selected) {
        at++;
    }
    for (size_t i = 1; i <= count; i++) {
        size_t next = scene->order[(at + i * step) % count];
        if (mark_closes(scene, &ui->board->lights[next])) {
            ui_select(ui, next);
            return REACT_DRAW;
        }
    }
    ui_say(ui, "every check is green");
    return REACT_DRAW;
}

static unsigned do_next_red(struct ui *ui)
{
    return go_red(ui, 1);
}

static unsigned do_previous_red(struct ui *ui)
{
    return go_red(ui, ui->board->count > 0 ? ui->board->count - 1 : 0);
}

static unsigned go_pane(struct ui *ui, size_t focus)
{
    ui_focus(ui, focus);
    return REACT_DRAW;
}

static unsigned do_next_pane(struct ui *ui)
{
    return go_pane(ui, (ui->focus + 1) % ui->slot_count);
}

static unsigned do_previous_pane(struct ui *ui)
{
    return go_pane(ui, (ui->focus + ui->slot_count - 1) % ui->slot_count);
}

static unsigned do_pane_1(struct ui *ui)
{
    return go_pane(ui, 0);
}

static unsigned do_pane_2(struct ui *ui)
{
    return go_pane(ui, 1);
}

static unsigned do_pane_3(struct ui *ui)
{
    return go_pane(ui, 2);
}

static unsigned do_pane_4(struct ui *ui)
{
    return go_pane(ui, 3);
}

static unsigned do_zoom(struct ui *ui)
{
    ui->zoomed = !ui->zoomed;
    return REACT_DRAW;
}

static unsigned do_pause(struct ui *ui)
{
    ui->paused = !ui->paused;
    if (ui->sched) {
        sched_watch(ui->sched, !ui->paused);
    }
    return REACT_DRAW;
}

static unsigned do_help(struct ui *ui)
{
    return open_screen(ui, "help");
}

static unsigned do_redraw(struct ui *ui)
{
    (void)ui;
    return REACT_DRAW | REACT_REPAINT;
}

static unsigned do_back(struct ui *ui)
{
    if (ui->depth > 0) {
        ui_close(ui);
    } else {
        ui->zoomed = false;
        ui_focus_list(ui);
    }
    return REACT_DRAW;
}

static unsigned do_quit(struct ui *ui)
{
    (void)ui;
    return REACT_QUIT;
}

/* clang-format off */
static unsigned (*const functions[ACTION_COUNT])(struct ui *ui) = {
    [ACTION_INSPECT] = do_inspect,
    [ACTION_RERUN] = do_rerun,
    [ACTION_RERUN_ALL] = do_rerun_all,
    [ACTION_DEPLOY] = do_deploy,
    [ACTION_ROLLBACK] = do_rollback,
    [ACTION_RUNS] = do_runs,
    [ACTION_MEND] = do_mend,
    [ACTION_BREAK] = do_break,
    [ACTION_NEXT_RED] = do_next_red,
    [ACTION_PREVIOUS_RED] = do_previous_red,
    [ACTION_NEXT_PANE] = do_next_pane,
    [ACTION_PREVIOUS_PANE] = do_previous_pane,
    [ACTION_PANE_1] = do_pane_1,
    [ACTION_PANE_2] = do_pane_2,
    [ACTION_PANE_3] = do_pane_3,
    [ACTION_PANE_4] = do_pane_4,
    [ACTION_ZOOM] = do_zoom,
    [ACTION_PAUSE] = do_pause,
    [ACTION_HELP] = do_help,
    [ACTION_REDRAW] = do_redraw,
    [ACTION_BACK] = do_back,
    [ACTION_QUIT] = do_quit,
};
/* clang-format on */

unsigned action_run(struct ui *ui, enum action action)
{
    return functions[action] ? functions[action](ui) : REACT_IGNORED;
}

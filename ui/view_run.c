/* A run, whoever started it: its steps, how long it takes, what it prints from the first
 * byte on, and how it ended. Everything comes from the run's files, so that the screen
 * can be closed and opened, and a console that died misses nothing; the launcher's end
 * alone tells of a run that was refused. */
#include "ui/run_screen.h"

#include "base/clock.h"
#include "base/mem.h"
#include "base/spawn.h"
#include "base/text.h"
#include "run/fate.h"
#include "ui/bar.h"
#include "ui/run_page.h"
#include "ui/scroll.h"
#include "ui/ui.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

extern const struct pane view_run;

/* So long is parsed before keys and checks have their turn. */
static const int64_t PARSING = 2 * CLOCK_MS;

/* ---- taking over ---- */

static void run_init(void *self)
{
    struct run_screen *screen = self;
    output_init(&screen->output);
    screen->reasons = mem_alloc(sizeof *screen->reasons);
}

static void run_finish(void *self)
{
    struct run_screen *screen = self;
    if (screen->launched) {
        launch_finish(&screen->launch);
    }
    follow_destroy(screen->follow);
    player_finish(&screen->player);
    output_finish(&screen->output);
    argv_free(screen->reasons);
    free(screen->hint);
}

/* Words of that run come: those of another one are forgotten. */
static void expect_words(struct run_screen *screen, const char *run)
{
    if (strcmp(screen->said, run) != 0) {
        snprintf(screen->said, sizeof screen->said, "%s", run);
        argv_free(screen->reasons);
        screen->reasons = mem_alloc(sizeof *screen->reasons);
        free(screen->hint);
        screen->hint = NULL;
    }
}

static void hear(struct run_screen *screen)
{
    struct report report;
    for (;;) {
        enum heard heard = launch_hear(&screen->launch, &report);
        if (heard == HEARD_END) {
            screen->launched = false;
            screen->ended = true;
            launch_finish(&screen->launch);
        }
        if (heard != HEARD_REPORT) {
            return;
        }
        expect_words(screen, report.run);
        if (report.reasons && report.reasons[0]) {
            argv_free(screen->reasons);
            screen->reasons = argv_copy(report.reasons);
        }
        if (report.hint) {
            free(screen->hint);
            screen->hint = mem_text(report.hint);
        }
        report_finish(&report);
    }
}

static bool take_followed(struct run_screen *screen, int64_t end)
{
    struct buf chunk;
    bool came = false;
    buf_init(&chunk, 0);
    while (clock_now() < end && follow_output(screen->follow, &chunk)) {
        output_feed(&screen->output, chunk.data, chunk.length);
        buf_clear(&chunk);
        came = true;
    }
    buf_finish(&chunk);
    return came;
}

static void take_output(struct run_screen *screen, const struct scene *scene)
{
    size_t before = output_end(&screen->output);
    int64_t end = clock_now() + PARSING;
    if (scene->ui->hurry) {
        *scene->again = true;
        return;
    }
    if (screen->player.replay ? player_feed(&screen->player, &screen->output, end)
                              : take_followed(screen, end)) {
        screen->printed = scene->now;
        *scene->again = true;
    }
    if (screen->back > 0) { /* who reads further up keeps his place */
        size_t end_now = output_end(&screen->output) + screen->back; /* it may shrink */
        screen->back = end_now > before ? end_now - before : 0;
    }
}

/* Start and end of a run belong on the timeline, beside what the checks did meanwhile.
 * What it changed is asked for at once, not when it is due. */
static void tell_phase(struct run_screen *screen, const struct ui *ui)
{
    struct board *board = ui->board;
    const struct run *run = screen->run;
    if (run->phase == PHASE_ENDED && screen->told != PHASE_ENDED) {
        if (ui->sched && !ui->paused) {
            sched_ask_all(ui->sched);
        }
        board_tell(board, outcome_rows[run->outcome].state, "%s %s: %s", run->kind,
                   run->id, outcome_rows[run->outcome].word);
    } else if (run->phase == PHASE_RUNNING && screen->told < PHASE_RUNNING) {
        board_tell(board, STATE_OK, "%s %s runs, started by %s", run->kind, run->id,
                   run->operator_name);
    }
    screen->told = run->phase;
}

/* A run that ended in a rollback is followed into it: the screen shows that one from its
 * first byte. */
static void follow_next(struct run_screen *screen, const struct scene *scene)
{
    if (screen->past || screen->run->phase != PHASE_ENDED || !screen->run->next) {
        return;
    }
    struct follow *next = follow_create(scene->ui->dir, screen->run->next, NULL);
    if (!next) {
        return; /* it has no record yet, or never had one */
    }
    snprintf(screen->id, sizeof screen->id, "%s", screen->run->next);
    follow_destroy(screen->follow);
    screen->follow = next;
    screen->run = follow_run(next);
    output_finish(&screen->output);
    output_init(&screen->output);
    expect_words(screen, screen->id); /* some may have come already */
    screen->printed = 0;
    screen->back = 0;
    screen->told = PHASE_LOCKED;
    *scene->again = true;
}

static void run_update(void *self, const struct scene *scene)
{
    struct run_screen *screen = self;
    if (screen->launched) {
        hear(screen);
    }
    if (!screen->follow && screen->id[0] && scene->ui->dir) {
        screen->follow = follow_create(scene->ui->dir, screen->id, NULL);
    }
    if (!screen->follow) {
        return;
    }
    screen->run = follow_run(screen->follow);
    take_output(screen, scene);
    if (screen->run->phase != PHASE_ENDED && scene->now - screen->looked > CLOCK_SECOND) {
        screen->looked = scene->now;
        screen->orphan = !follow_alive(screen->follow);
        screen->run = follow_run(screen->follow);
    }
    screen->orphan = screen->orphan && screen->run->phase != PHASE_ENDED;
    tell_phase(screen, scene->ui);
    follow_next(screen, scene);
}

static size_t run_wait(const void *self, int fds[PANE_FDS])
{
    const struct run_screen *screen = self;
    size_t count = 0;
    if (screen->launched && screen->launch.fd >= 0) {
        fds[count++] = screen->launch.fd;
    }
    if (screen->follow) {
        fds[count++] = follow_fd(screen->follow);
    }
    if (screen->player.replay) {
        fds[count++] = screen->player.timer;
    }
    return count;
}

static void run_draw(const void *self, const struct scene *scene, struct canvas *canvas,
                     bool focus)
{
    (void)focus;
    run_page_draw(self, scene, canvas);
}

/* ---- keys ---- */

static unsigned decide(struct run_screen *screen, struct ui *ui)
{
    if (ui->read_only) {
        ui_say(ui, "read-only: nothing can be decided from here");
    } else if (!screen->run || !decide_screen_open(ui, screen->run)) {
        ui_say(ui, "this run asks nothing");
    }
    return REACT_DRAW;
}

static unsigned resolve(struct run_screen *screen, struct ui *ui)
{
    if (ui->read_only) {
        ui_say(ui, "read-only: nothing can be resolved from here");
    } else if (!screen->orphan || screen->run->phase == PHASE_ENDED) {
        ui_say(ui, "this run is not " FATE_UNKNOWN);
    } else {
        resolve_screen_open(ui, screen->run);
    }
    return REACT_DRAW;
}

/* From the beginning, or held and let go. */
static unsigned play(struct run_screen *screen, struct ui *ui)
{
    const struct run *run = screen->run;
    if (!run || run->phase != PHASE_ENDED) {
        ui_say(ui, "this run has no end yet: what it prints is shown as it comes");
    } else if (screen->player.replay && !player_over(&screen->player)) {
        player_hold(&screen->player, clock_now());
    } else if (!run->output || !player_start(&screen->player, run->output, clock_now())) {
        ui_say(ui, "this run has no recording: its command was never started");
    } else {
        output_finish(&screen->output);
        output_init(&screen->output);
        screen->back = 0;
    }
    return REACT_DRAW;
}

static unsigned pace(struct run_screen *screen, struct ui *ui, bool faster)
{
    if (!screen->player.replay) {
        ui_say(ui, "press p to play what it printed again");
    } else if (!player_faster(&screen->player, faster, clock_now())) {
        ui_say(ui, "no %s than that", faster ? "faster" : "slower");
    }
    return REACT_DRAW;
}

static unsigned run_act(void *self, struct ui *ui, enum action action)
{
    struct run_screen *screen = self;
    if (action == ACTION_PLAY) {
        return play(screen, ui);
    }
    if (action == ACTION_FASTER || action == ACTION_SLOWER) {
        return pace(screen, ui, action == ACTION_FASTER);
    }
    if (action == ACTION_RESOLVE) {
        return resolve(screen, ui);
    }
    if (action == ACTION_DECIDE) {
        return decide(screen, ui);
    }
    size_t lines = output_end(&screen->output) - output_first(&screen->output) + 1;
    size_t at = lines - 1 - (screen->back < lines ? screen->back : lines - 1);
    if (!scroll_to(&at, lines, action)) {
        return REACT_IGNORED;
    }
    screen->back = lines - 1 - at;
    return REACT_DRAW;
}

static const char *play_word(const struct player *player)
{
    return !player->replay || player_over(player) ? action_rows[ACTION_PLAY].name
           : player_held(player)                  ? "go on"
                                                  : "hold";
}

static const char *run_says(const void *self, const struct ui *ui, enum action action)
{
    const struct run_screen *screen = self;
    const struct run *run = screen->run;
    bool ended = run && run->phase == PHASE_ENDED, does = true;
    if (action == ACTION_DECIDE) {
        does = !ui->read_only && run && !ended && run->question.step;
    } else if (action == ACTION_RESOLVE) {
        does = !ui->read_only && screen->orphan;
    } else if (action == ACTION_PLAY) {
        return ended && run->output ? play_word(&screen->player) : NULL;
    } else if (action == ACTION_FASTER || action == ACTION_SLOWER) {
        does = screen->player.replay && !player_over(&screen->player);
    }
    return does ? bar_word(ui, action) : NULL;
}

void run_screen_launched(struct ui *ui, struct launch *take_launch)
{
    struct run_screen *screen = ui_open(ui, "run");
    if (!screen) {
        launch_finish(take_launch);
        return;
    }
    screen->launch = *take_launch;
    screen->launched = true;
    snprintf(screen->id, sizeof screen->id, "%s", take_launch->run);
    memset(take_launch, 0, sizeof *take_launch);
}

bool run_screen_attach(struct ui *ui, const char *id, struct error *error)
{
    struct follow *follow = follow_create(ui->dir, id, error);
    struct run_screen *screen = follow ? ui_open(ui, "run") : NULL;
    if (!screen) {
        follow_destroy(follow);
        return false;
    }
    screen->follow = follow;
    screen->run = follow_run(follow);
    screen->past = screen->run->phase == PHASE_ENDED;
    screen->told = screen->past ? PHASE_ENDED : PHASE_LOCKED;
    snprintf(screen->id, sizeof screen->id, "%s", id);
    return true;
}

bool run_screen_reattach(struct ui *ui)
{
    struct error error = {0};
    struct run *open = ui->dir ? run_latest_open(ui->dir, &error) : NULL;
    bool shown = open && run_screen_attach(ui, open->id, &error);
    if (error.code) {
        ui_say(ui, "%s", error.message);
    }
    run_destroy(open);
    return shown;
}

const struct pane view_run = {
    .name = "run",
    .title = "Run",
    .place = PLACE_SCREEN,
    .context = CONTEXT_RUN,
    .state_size = sizeof(struct run_screen),
    .init = run_init,
    .finish = run_finish,
    .update = run_update,
    .draw = run_draw,
    .act = run_act,
    .word = run_says,
    .wait = run_wait,
};

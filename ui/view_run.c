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
#include "run/follow.h"
#include "ui/marks.h"
#include "ui/output.h"
#include "ui/scroll.h"
#include "ui/ui.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

extern const struct pane view_run;

/* So long is parsed before keys and checks have their turn. */
static const int64_t PARSING = 5 * CLOCK_MS;

struct run_screen {
    struct launch launch;
    bool launched; /* the launch is ours to hear */
    char id[RUN_ID];
    struct follow *follow;
    const struct run *run; /* follow's, as of the last update */
    struct output output;
    size_t back;         /* lines scrolled up from the end; 0 follows */
    int64_t printed;     /* clock_now() of the last output, 0: none yet */
    int64_t looked;      /* when it was last asked whether the supervisor lives */
    bool orphan;         /* no end is recorded and nobody is there to record one */
    bool ended;          /* the launcher's end is closed */
    enum run_phase told; /* the phase that the timeline knows of */
    char **reasons;      /* of a refusal or trouble */
    char *hint;
};

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
    output_finish(&screen->output);
    argv_free(screen->reasons);
    free(screen->hint);
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

static void take_output(struct run_screen *screen, const struct scene *scene)
{
    struct buf chunk;
    buf_init(&chunk, 0);
    size_t before = output_end(&screen->output);
    int64_t end = clock_now() + PARSING;
    while (clock_now() < end && follow_output(screen->follow, &chunk)) {
        output_feed(&screen->output, chunk.data, chunk.length);
        buf_clear(&chunk);
        screen->printed = scene->now;
        *scene->again = true;
    }
    if (screen->back > 0) { /* who reads further up keeps his place */
        size_t end_now = output_end(&screen->output) + screen->back; /* it may shrink */
        screen->back = end_now > before ? end_now - before : 0;
    }
    buf_finish(&chunk);
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
        enum state state = run->outcome == OUTCOME_VERIFIED ? STATE_OK : STATE_FAIL;
        board_tell(board, state, "%s %s: %s", run->kind, run->id,
                   outcome_rows[run->outcome].word);
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
    if (screen->run->phase != PHASE_ENDED || !screen->run->next) {
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
    argv_free(screen->reasons);
    screen->reasons = mem_alloc(sizeof *screen->reasons);
    free(screen->hint);
    screen->hint = NULL;
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
    return count;
}

/* ---- drawing ---- */

static void draw_title(const struct run_screen *screen, struct canvas *canvas)
{
    const struct run *run = screen->run;
    char line[300], release[64] = "";
    if (run && run->release) {
        mark_release(release, sizeof release, run->release);
    }
    snprintf(line, sizeof line, "%s%s%s%s%s", run ? run->kind : "run",
             release[0] ? " of " : "", release, run && run->operator_name ? " by " : "",
             run && run->operator_name ? run->operator_name : "");
    int end = canvas_right(canvas, 20, canvas->width - 1, 0, STYLE_DIM, screen->id);
    canvas_fit(canvas, 1, 0, end - 2, STYLE_HEAD, line);
}

/* "running for 12 s, usually 40 s, at most 30 m; last output 3 s ago" */
static void draw_clock(const struct run_screen *screen, const struct scene *scene,
                       struct canvas *canvas, int y)
{
    const struct run *run = screen->run;
    char span[TEXT_SPAN];
    int64_t until = run->ended ? run->ended : scene->wall;
    text_span(span, (until - run->started) * CLOCK_MS);
    int x = canvas_format(canvas, 1, y, STYLE_STRONG, "%s",
                          screen->orphan ? FATE_UNKNOWN : run_phase_words[run->phase]);
    x = canvas_format(canvas, x + 1, y, STYLE_TEXT, "%s %s", run->ended ? "after" : "for",
                      span);
    if (run->usual > 0) {
        text_span(span, run->usual * CLOCK_MS);
        x = canvas_format(canvas, x, y, STYLE_DIM, ", usually %s", span);
    }
    if (run->ended) {
        return;
    }
    text_span(span, run->timeout);
    x = canvas_format(canvas, x, y, STYLE_DIM, ", at most %s", span);
    if (screen->printed) {
        mark_span(span, sizeof span, scene->now - screen->printed);
        canvas_format(canvas, x, y, STYLE_DIM, "; last output %s%s", span,
                      text_equal(span, "now") ? "" : " ago");
    }
}

/* "✓ backup 1 s", "▸ deploy 12 s", "· verify" */
static void name_step(const struct step *step, int64_t wall, char *out, size_t room)
{
    char span[TEXT_SPAN] = "", exit[32] = "";
    if (step->started && (!step->ended || step->argv || step->status > 0)) {
        text_span(span, ((step->ended ? step->ended : wall) - step->started) * CLOCK_MS);
    }
    if (step->argv && step->ended && step->status > 0) {
        snprintf(exit, sizeof exit, " (exit %d)", step->status);
    }
    snprintf(out, room, " %s%s%s%s%s", step->name, span[0] ? " " : "", span, exit,
             step->skipped ? " skipped" : "");
}

static const char *step_glyph(const struct step *step, const struct canvas *canvas,
                              uint8_t *style)
{
    if (!step->started) {
        *style = STYLE_DIM;
        return canvas->ascii ? "." : "·";
    }
    if (!step->ended) {
        *style = STYLE_STRONG;
        return canvas_glyph(canvas, GLYPH_POINTER);
    }
    enum state state = step->skipped       ? STATE_SKIP
                       : step->status <= 0 ? STATE_OK
                                           : STATE_FAIL;
    *style = step->skipped ? STYLE_DIM : step->status <= 0 ? STYLE_OK : STYLE_FAIL;
    return canvas->ascii ? state_rows[state].ascii : state_rows[state].glyph;
}

/* In as many rows as they need; returns the next. */
static int draw_steps(const struct run_screen *screen, const struct scene *scene,
                      struct canvas *canvas, int y)
{
    const struct run *run = screen->run;
    int x = 1;
    for (size_t i = 0; i < run->step_count; i++) {
        char name[200];
        uint8_t style;
        const char *glyph = step_glyph(&run->steps[i], canvas, &style);
        name_step(&run->steps[i], scene->wall, name, sizeof name);
        if (x > 1 && x + 1 + text_width(name) >= canvas->width) {
            x = 1;
            y++;
        }
        x = canvas_text(canvas, x, y, style, glyph);
        x = canvas_text(canvas, x, y, style, name) + 2;
    }
    return run->step_count ? y + 1 : y;
}

/* The board in a line or two: a run changes what it is about. */
static int draw_strip(const struct scene *scene, struct canvas *canvas, int y)
{
    int x = 1;
    for (size_t i = 0; i < scene->board->count; i++) {
        const struct light *light = &scene->board->lights[i];
        int width = 2 + text_width(light->name) + 2;
        if (x > 1 && x + width > canvas->width) {
            x = 1;
            y++;
        }
        const struct state_row *row =
            &state_rows[light->result ? light->result->state : 0];
        uint8_t style = mark_style(scene, light);
        const char *glyph = !light->result  ? canvas_glyph(canvas, GLYPH_RUNNING)
                            : canvas->ascii ? row->ascii
                                            : row->glyph;
        canvas_text(canvas, x, y, style, glyph);
        canvas_text(canvas, x + 2, y, STYLE_TEXT, light->name);
        x += width;
    }
    return y + 1;
}

/* How it ended, in words and the colours of the gate; returns the next row. */
static int draw_outcome(const struct run_screen *screen, struct canvas *canvas, int y)
{
    const struct run *run = screen->run;
    if (run && run->phase == PHASE_ENDED) {
        uint8_t style = run->status == 0 ? STYLE_GATE_GO : STYLE_GATE_NO_GO;
        canvas_fill(canvas, y, style);
        int x =
            canvas_format(canvas, 1, y, style, "%s %s",
                          canvas_glyph(canvas, run->status == 0 ? GLYPH_GO : GLYPH_NO_GO),
                          outcome_rows[run->outcome].word);
        canvas_format(canvas, x, y, style, ": %s", outcome_rows[run->outcome].help);
        return y + 1;
    }
    if (screen->orphan) {
        canvas_fill(canvas, y, STYLE_GATE_NO_GO);
        canvas_text(canvas, 1, y, STYLE_GATE_NO_GO,
                    FATE_UNKNOWN ": its supervisor is gone and no end is recorded; "
                                 "press R to resolve it");
        return y + 1;
    }
    return y;
}

/* Why it was refused, or what else is in the way; returns the next row. */
static int draw_reasons(const struct run_screen *screen, struct canvas *canvas, int y)
{
    const struct run *run = screen->run;
    char *const *reasons = screen->reasons;
    if (!reasons[0] && run && run->phase == PHASE_ENDED &&
        run->outcome != OUTCOME_VERIFIED) {
        const struct judgement *said =
            run->outcome == OUTCOME_REFUSED ? &run->before : &run->after;
        reasons = said->reasons ? said->reasons : reasons;
    }
    for (size_t i = 0; reasons[i]; i++) {
        int x = canvas_text(canvas, 1, y, STYLE_FAIL,
                            canvas->ascii ? state_rows[STATE_FAIL].ascii
                                          : state_rows[STATE_FAIL].glyph) +
                1;
        y += canvas_wrap(canvas, (struct rect){x, y, canvas->width - x - 1, 3},
                         STYLE_TEXT, reasons[i]);
    }
    const char *more[] = {run ? run->trouble : NULL, screen->hint ? screen->hint
                                                     : run        ? run->unusual
                                                                  : NULL};
    for (size_t i = 0; i < 2; i++) {
        if (more[i]) {
            int x = canvas_text(canvas, 1, y, STYLE_REMEDY,
                                canvas_glyph(canvas, GLYPH_ARROW)) +
                    1;
            y += canvas_wrap(canvas, (struct rect){x, y, canvas->width - x - 1, 3},
                             STYLE_REMEDY, more[i]);
        }
    }
    return y;
}

/* What it asks stands above everything else. Returns the next row. */
static int draw_question(const struct run_screen *screen, struct canvas *canvas, int y)
{
    const struct run *run = screen->run;
    if (!run || !run->question.step) {
        return y;
    }
    const struct state_row *row = &state_rows[STATE_WARN];
    char *choices = question_choices(&run->question);
    char *line = mem_format("%s: %s", run->question.step, run->question.why);
    int x =
        canvas_text(canvas, 1, y, STYLE_WARN, canvas->ascii ? row->ascii : row->glyph) +
        1;
    y += canvas_wrap(canvas, (struct rect){x, y, canvas->width - x - 1, 3}, STYLE_STRONG,
                     line);
    x = canvas_text(canvas, 1, y, STYLE_REMEDY, canvas_glyph(canvas, GLYPH_ARROW)) + 1;
    canvas_format(canvas, x, y, STYLE_REMEDY, "press d to decide: %s", choices);
    free(line);
    free(choices);
    return y + 1;
}

static void draw_output(const struct run_screen *screen, struct canvas *canvas)
{
    const struct output *output = &screen->output;
    canvas_rule(canvas, false, STYLE_BORDER);
    canvas_text(canvas, 2, 0, STYLE_STRONG, " Output ");
    size_t first = output_first(output), end = output_end(output);
    size_t rows = canvas->height > 1 ? (size_t)canvas->height - 1 : 0;
    size_t last = end - first > screen->back ? end - screen->back : first;
    last = last < first + rows ? (first + rows < end ? first + rows : end) : last;
    size_t top = last > first + rows ? last - rows : first;
    for (size_t line = top; line < last; line++) {
        output_draw(output, line, canvas, 1 + (int)(line - top));
    }
    char corner[100] = "";
    if (last < end) {
        snprintf(corner, sizeof corner, " %zu more below, G follows ", end - last);
    } else if (screen->run && screen->run->phase != PHASE_ENDED && !screen->orphan) {
        snprintf(corner, sizeof corner, " to stop it: greenboard runs cancel %s ",
                 screen->id);
    }
    canvas_right(canvas, 12, canvas->width - 2, 0, last < end ? STYLE_FOCUS : STYLE_DIM,
                 corner);
}

static void run_draw(const void *self, const struct scene *scene, struct canvas *canvas,
                     bool focus)
{
    (void)focus;
    const struct run_screen *screen = self;
    draw_title(screen, canvas);
    int y = 1;
    if (screen->run) {
        draw_clock(screen, scene, canvas, y++);
        y = draw_steps(screen, scene, canvas, y);
    } else {
        canvas_text(canvas, 1, y++, STYLE_STRONG,
                    screen->ended ? "it ended before anything was started"
                                  : "starting: waits for the lock");
    }
    y = draw_question(screen, canvas, y);
    y = draw_outcome(screen, canvas, y);
    y = draw_reasons(screen, canvas, y);
    y = draw_strip(scene, canvas, y);
    struct rect rest = {0, y, canvas->width, canvas->height - y};
    struct canvas part = canvas_part(canvas, rest);
    draw_output(screen, &part);
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

static unsigned run_act(void *self, struct ui *ui, enum action action)
{
    struct run_screen *screen = self;
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
    .wait = run_wait,
};

/* The runs that there were, newest first: who shipped what, why, and how it ended. Enter
 * shows one, whose output can be played again.
 *
 * The records are read by a worker beside the loop. */
#include "ui/pane.h"

#include "base/calendar.h"
#include "base/clock.h"
#include "base/mem.h"
#include "base/text.h"
#include "run/fate.h"
#include "ui/bar.h"
#include "ui/errand.h"
#include "ui/marks.h"
#include "ui/run_screen.h"
#include "ui/scroll.h"
#include "ui/ui.h"

#include <stdio.h>
#include <stdlib.h>

extern const struct pane view_runs;

enum { DETAIL_ROWS = 4, WORD_WIDTH = 16, KIND_WIDTH = 8, RELEASE_WIDTH = 14 };

struct runs_task {
    struct task task; /* first: the pool gives it back as one */
    const struct statedir *dir;
    struct runs runs;
    bool *unknown; /* of each: its supervisor is gone, and it has no end */
    struct error error;
};

struct runs_screen {
    struct errand errand;
    struct runs_task *known; /* NULL: not read yet */
    size_t at;
};

/* ---- reading ---- */

static void read_all(struct task *task)
{
    struct runs_task *reading = (struct runs_task *)task;
    run_list(reading->dir, &reading->runs, &reading->error);
    reading->unknown = mem_alloc(reading->runs.count + 1);
    for (size_t i = 0; i < reading->runs.count; i++) {
        reading->unknown[i] = fate_unknown(reading->dir, &reading->runs.rows[i]);
    }
}

static void drop_reading(struct task *task)
{
    struct runs_task *reading = (struct runs_task *)task;
    runs_finish(&reading->runs);
    free(reading->unknown);
    free(reading);
}

static void runs_update(void *self, const struct scene *scene)
{
    struct runs_screen *screen = self;
    if (!screen->errand.pool && scene->ui->dir) {
        struct runs_task *reading = mem_alloc(sizeof *reading);
        reading->task = (struct task){.work = read_all, .drop = drop_reading};
        reading->dir = scene->ui->dir;
        errand_send(&screen->errand, &reading->task);
    }
    struct task *task = errand_back(&screen->errand);
    screen->known = task ? (struct runs_task *)task : screen->known;
}

static size_t runs_wait(const void *self, int fds[PANE_FDS])
{
    const struct runs_screen *screen = self;
    return errand_wait(&screen->errand, fds);
}

static void finish(void *self)
{
    struct runs_screen *screen = self;
    errand_finish(&screen->errand);
    if (screen->known) {
        drop_reading(&screen->known->task);
    }
}

/* ---- drawing ---- */

static int draw_word(const struct run *run, bool unknown, struct canvas *canvas, int y)
{
    const struct state_row *row = &state_rows[outcome_rows[run->outcome].state];
    bool lives = run->phase != PHASE_ENDED && !unknown;
    uint8_t style =
        lives ? STYLE_STRONG : style_of_state(outcome_rows[run->outcome].state);
    char words[40];
    snprintf(words, sizeof words, "%s %s",
             lives           ? canvas_glyph(canvas, GLYPH_RUNNING)
             : canvas->ascii ? row->ascii
                             : row->glyph,
             fate_word(run, unknown));
    canvas_fit(canvas, 2, y, WORD_WIDTH, style, words);
    return 2 + WORD_WIDTH + 1;
}

static void draw_row(const struct runs_task *known, size_t row, struct canvas *canvas,
                     int y, bool selected)
{
    const struct run *run = known->runs.rows[row];
    char release[64] = "-", when[CALENDAR_WORDS], span[TEXT_SPAN] = "";
    calendar_words(when, run->started);
    if (run->release) {
        mark_release(release, sizeof release, run->release);
    }
    if (run->ended) {
        text_span(span, (run->ended - run->started) * CLOCK_MS);
    }
    canvas_text(canvas, 0, y, STYLE_FOCUS,
                selected ? canvas_glyph(canvas, GLYPH_POINTER) : " ");
    int x = draw_word(run, known->unknown[row], canvas, y);
    x = canvas_text(canvas, x, y, STYLE_DIM, when) + 1;
    canvas_fit(canvas, x, y, KIND_WIDTH, STYLE_TEXT, run->kind);
    x += KIND_WIDTH + 1;
    canvas_fit(canvas, x, y, RELEASE_WIDTH, selected ? STYLE_CURSOR : STYLE_STRONG,
               release);
    x += RELEASE_WIDTH + 1;
    canvas_fit(canvas, x, y, canvas->width - x - 1, STYLE_TEXT,
               run->reason ? run->reason : "");
}

static void draw_detail(const struct run *run, struct canvas *canvas)
{
    char span[TEXT_SPAN] = "";
    if (run->ended) {
        text_span(span, (run->ended - run->started) * CLOCK_MS);
    }
    canvas_rule(canvas, false, STYLE_BORDER);
    canvas_format(canvas, 1, 1, STYLE_STRONG, "%s by %s%s%s%s", run->id,
                  run->operator_name ? run->operator_name : "somebody", *span ? ", " : "",
                  span, run->known_good ? ", known good" : "");
    canvas_fit(canvas, 1, 2, canvas->width - 2, STYLE_TEXT,
               outcome_rows[run->outcome].help);
    const char *more = run->unusual ? run->unusual : run->trouble;
    if (more) {
        int x =
            canvas_text(canvas, 1, 3, STYLE_REMEDY, canvas_glyph(canvas, GLYPH_ARROW));
        canvas_fit(canvas, x + 1, 3, canvas->width - x - 2, STYLE_REMEDY, more);
    }
}

static void draw_list(const struct runs_screen *screen, struct canvas *canvas)
{
    int rows = canvas->height, at = (int)screen->at;
    int top = at >= rows ? at - rows + 1 : 0;
    for (int y = 0; y < rows && (size_t)(top + y) < screen->known->runs.count; y++) {
        draw_row(screen->known, (size_t)(top + y), canvas, y, top + y == at);
    }
}

static void runs_draw(const void *self, const struct scene *scene, struct canvas *canvas,
                      bool focus)
{
    (void)focus;
    (void)scene;
    const struct runs_screen *screen = self;
    const struct runs_task *known = screen->known;
    int x = canvas_text(canvas, 1, 0, STYLE_HEAD, "Runs") + 2;
    if (known) {
        canvas_fit(canvas, x, 0, canvas->width - x - 1, STYLE_WARN, known->error.message);
    }
    if (!known || known->runs.count == 0) {
        canvas_text(canvas, 1, 2, STYLE_DIM,
                    known ? "nothing was run here yet" : "reading the records");
        return;
    }
    int told = canvas->height > 2 * DETAIL_ROWS ? DETAIL_ROWS : 0;
    struct canvas list = canvas_part(
        canvas, (struct rect){0, 2, canvas->width, canvas->height - 2 - told});
    draw_list(screen, &list);
    if (told) {
        struct canvas detail = canvas_part(
            canvas, (struct rect){0, canvas->height - told, canvas->width, told});
        draw_detail(known->runs.rows[screen->at], &detail);
    }
}

/* ---- keys ---- */

static unsigned runs_act(void *self, struct ui *ui, enum action action)
{
    struct runs_screen *screen = self;
    size_t count = screen->known ? screen->known->runs.count : 0;
    struct error error = {0};
    if (action == ACTION_SHOW && screen->at < count) {
        if (!run_screen_attach(ui, screen->known->runs.rows[screen->at]->id, &error)) {
            ui_say(ui, "%s", error.message);
        }
        return REACT_DRAW;
    }
    return scroll_to(&screen->at, count, action) ? REACT_DRAW : REACT_IGNORED;
}

static const char *runs_says(const void *self, const struct ui *ui, enum action action)
{
    const struct runs_screen *screen = self;
    bool some = screen->known && screen->known->runs.count > 0;
    return action != ACTION_SHOW || some ? bar_word(ui, action) : NULL;
}

const struct pane view_runs = {
    .name = "runs",
    .title = "Runs",
    .place = PLACE_SCREEN,
    .context = CONTEXT_RUNS,
    .state_size = sizeof(struct runs_screen),
    .finish = finish,
    .update = runs_update,
    .draw = runs_draw,
    .act = runs_act,
    .word = runs_says,
    .wait = runs_wait,
};

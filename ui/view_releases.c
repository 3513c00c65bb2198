/* The releases that there were, to choose the one to go back to.
 *
 * The records are read, and `rollback.list` asked, by a worker beside the loop; the last
 * known good one that does not run now is selected when they are there. */
#include "ui/pane.h"

#include "base/calendar.h"
#include "base/mem.h"
#include "base/text.h"
#include "release/releases.h"
#include "ui/back_screen.h"
#include "ui/bar.h"
#include "ui/errand.h"
#include "ui/marks.h"
#include "ui/scroll.h"
#include "ui/ui.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

extern const struct pane view_releases;

enum { DETAIL_ROWS = 6, REPUTE_WIDTH = 23, RELEASE_WIDTH = 14 };

struct list_task {
    struct task task; /* first: the pool gives it back as one */
    const struct environment *environment;
    const struct statedir *dir; /* the console's, there as long as the process */
    struct releases releases;
};

struct releases_screen {
    struct errand errand;
    bool read; /* all that there is to say is here */
    struct releases releases;
    size_t at;
};

/* ---- reading ---- */

static void read_all(struct task *task)
{
    struct list_task *reading = (struct list_task *)task;
    releases_read(&reading->releases, reading->dir, reading->environment);
}

static void drop_reading(struct task *task)
{
    struct list_task *reading = (struct list_task *)task;
    releases_finish(&reading->releases);
    environment_unref(reading->environment);
    free(reading);
}

static void begin(struct releases_screen *screen, const struct scene *scene)
{
    struct list_task *reading = mem_alloc(sizeof *reading);
    reading->task = (struct task){.work = read_all, .drop = drop_reading};
    reading->environment = environment_ref(scene->board->environment);
    reading->dir = scene->ui->dir;
    errand_send(&screen->errand, &reading->task);
}

static void releases_update(void *self, const struct scene *scene)
{
    struct releases_screen *screen = self;
    if (!screen->errand.pool && scene->ui->dir) {
        begin(screen, scene);
    }
    struct task *task = errand_back(&screen->errand);
    if (task) {
        struct list_task *reading = (struct list_task *)task;
        screen->releases = reading->releases;
        reading->releases = (struct releases){0};
        screen->at =
            screen->releases.best < screen->releases.count ? screen->releases.best : 0;
        screen->read = true;
        drop_reading(task);
    }
}

static size_t releases_wait(const void *self, int fds[PANE_FDS])
{
    const struct releases_screen *screen = self;
    return errand_wait(&screen->errand, fds);
}

static void finish(void *self)
{
    struct releases_screen *screen = self;
    errand_finish(&screen->errand);
    releases_finish(&screen->releases);
}

/* ---- drawing ---- */

static uint8_t repute_style(const struct past *past)
{
    return past->repute == REPUTE_GOOD  ? STYLE_OK
           : past->repute == REPUTE_RAN ? STYLE_WARN
                                        : STYLE_UNKNOWN;
}

static int draw_repute(const struct past *past, struct canvas *canvas, int x, int y)
{
    static const enum state states[] = {STATE_OK, STATE_WARN, STATE_UNKNOWN};
    const struct state_row *row = &state_rows[states[past->repute]];
    char words[80];
    snprintf(words, sizeof words, "%s %s", canvas->ascii ? row->ascii : row->glyph,
             repute_words[past->repute]);
    canvas_fit(canvas, x, y, REPUTE_WIDTH, repute_style(past), words);
    return x + REPUTE_WIDTH + 1;
}

static void draw_row(const struct past *past, struct canvas *canvas, int y, bool selected)
{
    char release[64], when[CALENDAR_WORDS] = "";
    mark_release(release, sizeof release, past->release);
    canvas_text(canvas, 0, y, STYLE_FOCUS,
                selected ? canvas_glyph(canvas, GLYPH_POINTER) : " ");
    int x = draw_repute(past, canvas, 2, y);
    canvas_fit(canvas, x, y, RELEASE_WIDTH, selected ? STYLE_CURSOR : STYLE_STRONG,
               release);
    x += RELEASE_WIDTH + 1;
    if (!past->run) {
        return;
    }
    calendar_words(when, past->run->started);
    x = canvas_text(canvas, x, y, STYLE_DIM, when) + 1;
    if (past->newest) {
        x = canvas_text(canvas, x, y, STYLE_STRONG, "newest") + 1;
    }
    canvas_fit(canvas, x, y, canvas->width - x - 1, STYLE_TEXT,
               past->run->reason ? past->run->reason : past->run->operator_name);
}

static void draw_field(struct canvas *canvas, int y, const char *label, uint8_t style,
                       const char *text)
{
    canvas_fit(canvas, 1, y, 9, STYLE_DIM, label);
    canvas_fit(canvas, 11, y, canvas->width - 12, style, text);
}

static void draw_detail(const struct past *past, struct canvas *canvas)
{
    const struct run *run = past->run;
    char result[240], when[CALENDAR_WORDS];
    canvas_rule(canvas, false, STYLE_BORDER);
    draw_field(canvas, 1, "release", STYLE_STRONG, past->release);
    if (!run) {
        draw_field(canvas, 2, "record", STYLE_UNKNOWN,
                   "none: nobody saw it work here, so that it cannot be gone back to");
        return;
    }
    calendar_words(when, run->started);
    snprintf(result, sizeof result, "%s %s %s, %s by %s", run->kind, run->id,
             run_word(run), when, run->operator_name ? run->operator_name : "somebody");
    draw_field(canvas, 2, "run", STYLE_TEXT, result);
    draw_field(canvas, 3, "reason", STYLE_TEXT, run->reason ? run->reason : "none given");
    draw_field(canvas, 4, "files", run->shipped ? STYLE_TEXT : STYLE_WARN,
               run->shipped ? "kept with it: Enter shows what differs from now"
                            : "nothing was kept with it: they stay as they are");
    if (past->later) {
        snprintf(result, sizeof result, "its newest run ended as %s", past->later);
        draw_field(canvas, 5, "but", STYLE_WARN, result);
    } else if (past->gone) {
        draw_field(canvas, 5, "but", STYLE_WARN, "`rollback.list` does not print it");
    }
}

static void draw_list(const struct releases_screen *screen, struct canvas *canvas)
{
    int rows = canvas->height, at = (int)screen->at;
    int top = at >= rows ? at - rows + 1 : 0;
    for (int y = 0; y < rows && (size_t)(top + y) < screen->releases.count; y++) {
        draw_row(&screen->releases.rows[top + y], canvas, y, top + y == at);
    }
}

static void releases_draw(const void *self, const struct scene *scene,
                          struct canvas *canvas, bool focus)
{
    (void)focus;
    (void)scene;
    const struct releases_screen *screen = self;
    const struct releases *releases = &screen->releases;
    int x = canvas_text(canvas, 1, 0, STYLE_HEAD, "Roll back to") + 2;
    canvas_fit(canvas, x, 0, canvas->width - x - 1, STYLE_WARN,
               releases->trouble.message);
    if (!screen->read || releases->count == 0) {
        canvas_text(canvas, 1, 2, STYLE_DIM,
                    screen->read ? "nothing was shipped here yet"
                                 : "reading the records");
        return;
    }
    int told = canvas->height > 2 * DETAIL_ROWS ? DETAIL_ROWS : 0;
    struct canvas list = canvas_part(
        canvas, (struct rect){0, 2, canvas->width, canvas->height - 2 - told});
    draw_list(screen, &list);
    struct canvas detail =
        canvas_part(canvas, (struct rect){0, canvas->height - told, canvas->width, told});
    if (told) {
        draw_detail(&releases->rows[screen->at], &detail);
    }
}

/* ---- keys ---- */

static unsigned choose(const struct releases_screen *screen, struct ui *ui)
{
    struct error error;
    if (screen->at >= screen->releases.count) {
        return REACT_NONE;
    }
    const struct past *past = &screen->releases.rows[screen->at];
    if (!past_allows(past, "asked for later", &error)) {
        ui_say(ui, "%s: %s", error.message, error.hint);
        return REACT_DRAW;
    }
    back_screen_open(ui, past);
    return REACT_DRAW;
}

static unsigned releases_act(void *self, struct ui *ui, enum action action)
{
    struct releases_screen *screen = self;
    if (action == ACTION_CONFIRM) {
        return choose(screen, ui);
    }
    return scroll_to(&screen->at, screen->releases.count, action) ? REACT_DRAW
                                                                  : REACT_IGNORED;
}

static const char *releases_says(const void *self, const struct ui *ui,
                                 enum action action)
{
    const struct releases_screen *screen = self;
    if (action == ACTION_CONFIRM) {
        return screen->releases.count > 0 ? "show plan" : NULL;
    }
    return bar_word(ui, action);
}

const struct pane view_releases = {
    .name = "releases",
    .title = "Releases",
    .place = PLACE_SCREEN,
    .context = CONTEXT_RELEASES,
    .state_size = sizeof(struct releases_screen),
    .finish = finish,
    .update = releases_update,
    .draw = releases_draw,
    .act = releases_act,
    .word = releases_says,
    .wait = releases_wait,
};

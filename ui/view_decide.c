/* What a run asks, and the answer: a choice, the reason for it, and for a rollback the
 * environment's name, typed. Bound to one attempt of one step: when that is no longer
 * asked the screen says so and decides nothing. */
#include "ui/run_screen.h"

#include "base/mem.h"
#include "base/text.h"
#include "run/control.h"
#include "ui/bar.h"
#include "ui/scroll.h"
#include "ui/typed.h"
#include "ui/ui.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

extern const struct pane view_decide;

struct decide_screen {
    char run[RUN_ID];
    char *environment;
    struct question question; /* as it was when this was opened */
    size_t at;                /* of its choices */
    enum { DECIDE_CHOOSES, DECIDE_REASONS, DECIDE_CONFIRMS, DECIDE_SENDS } state;
    struct typed reason, name;
    int fd; /* the supervisor's answer, -1: none awaited */
    bool done;
    char note[200];
};

static void decide_init(void *self)
{
    struct decide_screen *screen = self;
    screen->fd = -1;
    typed_init(&screen->reason);
    typed_init(&screen->name);
}

static void decide_finish(void *self)
{
    struct decide_screen *screen = self;
    if (screen->fd >= 0) {
        close(screen->fd);
    }
    free(screen->environment);
    question_finish(&screen->question);
    typed_finish(&screen->reason);
    typed_finish(&screen->name);
}

static enum choice chosen(const struct decide_screen *screen)
{
    return screen->question.choices[screen->at];
}

/* ---- drawing ---- */

static int draw_choices(const struct decide_screen *screen, struct canvas *canvas, int y)
{
    for (size_t i = 0; i < screen->question.choice_count; i++, y++) {
        const struct choice_row *row = &choice_rows[screen->question.choices[i]];
        bool here = i == screen->at;
        if (here) {
            canvas_text(canvas, 1, y, STYLE_KEY, canvas_glyph(canvas, GLYPH_POINTER));
        }
        canvas_text(canvas, 3, y, here ? STYLE_FOCUS : STYLE_STRONG, row->word);
        int x = canvas_text(canvas, 13, y, STYLE_TEXT, row->help);
        if (screen->question.choices[i] == CHOICE_ROLLBACK) {
            canvas_format(canvas, x, y, STYLE_STRONG, ": %.12s",
                          screen->question.release ? screen->question.release : "?");
        }
    }
    return y;
}

static void draw_typing(const struct decide_screen *screen, struct canvas *canvas, int y)
{
    switch (screen->state) {
    case DECIDE_CHOOSES:
        canvas_text(canvas, 1, y, STYLE_DIM,
                    "Enter takes the choice; Esc leaves the run "
                    "waiting");
        break;
    case DECIDE_REASONS:
        canvas_format(canvas, 1, y, STYLE_STRONG, "Why %s? Type the reason and Enter:",
                      choice_rows[chosen(screen)].word);
        typed_draw(&screen->reason, canvas, 1, y + 1);
        break;
    case DECIDE_CONFIRMS:
        canvas_format(canvas, 1, y, STYLE_STRONG,
                      "To go back, type the environment's name (%s) and Enter:",
                      screen->environment);
        typed_draw(&screen->name, canvas, 1, y + 1);
        break;
    case DECIDE_SENDS:
        canvas_text(canvas, 1, y, STYLE_STRONG, "tells the supervisor");
        break;
    }
    canvas_wrap(canvas, (struct rect){1, y + 3, canvas->width - 2, 3}, STYLE_WARN,
                screen->note);
}

static void decide_draw(const void *self, const struct scene *scene,
                        struct canvas *canvas, bool focus)
{
    (void)scene;
    (void)focus;
    const struct decide_screen *screen = self;
    canvas_format(canvas, 1, 0, STYLE_HEAD, "%s: what now?", screen->question.step);
    int y = 2;
    y += canvas_wrap(canvas, (struct rect){1, y, canvas->width - 2, 4}, STYLE_TEXT,
                     screen->question.why);
    y = draw_choices(screen, canvas, y + 1);
    draw_typing(screen, canvas, y + 1);
}

/* ---- deciding ---- */

static void send_choice(struct decide_screen *screen, struct ui *ui)
{
    struct error error = {0};
    const struct ruling ruling = {.step = screen->question.step,
                                  .attempt = screen->question.attempt,
                                  .choice = chosen(screen),
                                  .by = (char *)(uintptr_t)ui->operator_name,
                                  .reason = screen->reason.text.data};
    const char *name = buf_string(&screen->name.text);
    screen->fd =
        control_send_decision(ui->dir, screen->run, &ruling, *name ? name : NULL, &error);
    screen->state = DECIDE_SENDS;
    if (screen->fd < 0) {
        snprintf(screen->note, sizeof screen->note, "%s", error.message);
        screen->state = DECIDE_CHOOSES;
    }
}

static void take_reason(struct decide_screen *screen, struct ui *ui)
{
    const char *reason = buf_string(&screen->reason.text);
    if (!reason[strspn(reason, " ")]) {
        snprintf(screen->note, sizeof screen->note,
                 "the record wants to know why: a few words do");
    } else if (chosen(screen) == CHOICE_ROLLBACK) {
        screen->state = DECIDE_CONFIRMS;
    } else {
        send_choice(screen, ui);
    }
}

static void take_name(struct decide_screen *screen, struct ui *ui)
{
    if (strcmp(buf_string(&screen->name.text), screen->environment) == 0) {
        send_choice(screen, ui);
    } else {
        snprintf(screen->note, sizeof screen->note, "that is not %s: nothing was decided",
                 screen->environment);
        typed_clear(&screen->name);
    }
}

static unsigned decide_act(void *self, struct ui *ui, enum action action)
{
    struct decide_screen *screen = self;
    if (action == ACTION_CONFIRM) {
        screen->note[0] = '\0';
        if (screen->state == DECIDE_CHOOSES) {
            screen->state = DECIDE_REASONS;
        } else if (screen->state == DECIDE_REASONS) {
            take_reason(screen, ui);
        } else if (screen->state == DECIDE_CONFIRMS) {
            take_name(screen, ui);
        }
        return REACT_DRAW;
    }
    return REACT_IGNORED;
}

static const char *decide_says(const void *self, const struct ui *ui, enum action action)
{
    const struct decide_screen *screen = self;
    if (action == ACTION_CONFIRM && screen->state != DECIDE_CONFIRMS) {
        return screen->state == DECIDE_CHOOSES   ? "choose"
               : screen->state == DECIDE_REASONS ? "go on"
                                                 : NULL;
    }
    return bar_word(ui, action);
}

static unsigned decide_handle(void *self, struct ui *ui, const struct input *input)
{
    (void)ui;
    struct decide_screen *screen = self;
    size_t count = screen->question.choice_count;
    screen->note[0] = '\0';
    if (screen->state == DECIDE_CHOOSES && input->kind == INPUT_KEY) {
        bool down = input->key == 'j' || input->key == KEYS_DOWN;
        bool up = input->key == 'k' || input->key == KEYS_UP;
        screen->at = down && screen->at + 1 < count ? screen->at + 1
                     : up && screen->at > 0         ? screen->at - 1
                                                    : screen->at;
    } else if (screen->state == DECIDE_REASONS) {
        typed_input(&screen->reason, input, true);
    } else if (screen->state == DECIDE_CONFIRMS) {
        typed_input(&screen->name, input, false);
        if (screen->name.pasted) {
            snprintf(screen->note, sizeof screen->note,
                     "a paste is not taken: type the name");
        }
    }
    return REACT_DRAW;
}

static void decide_update(void *self, const struct scene *scene)
{
    (void)scene;
    struct decide_screen *screen = self;
    struct error error = {0};
    if (screen->fd < 0 || !control_readable(screen->fd)) {
        return;
    }
    screen->done = control_answered(screen->fd, &error);
    screen->fd = -1;
    if (!screen->done) {
        snprintf(screen->note, sizeof screen->note, "%s", error.message);
        screen->state = DECIDE_CHOOSES;
    }
}

static size_t decide_wait(const void *self, int fds[PANE_FDS])
{
    const struct decide_screen *screen = self;
    fds[0] = screen->fd;
    return screen->fd >= 0 ? 1 : 0;
}

static bool decide_over(const void *self)
{
    const struct decide_screen *screen = self;
    return screen->done;
}

bool decide_screen_open(struct ui *ui, const struct run *run)
{
    struct decide_screen *screen = run->question.step ? ui_open(ui, "decide") : NULL;
    if (!screen) {
        return false;
    }
    snprintf(screen->run, sizeof screen->run, "%s", run->id);
    screen->environment = mem_text(run->environment);
    json_t *copy = question_json(&run->question);
    screen->question = question_of(copy);
    json_decref(copy);
    return true;
}

const struct pane view_decide = {
    .name = "decide",
    .title = "Decide",
    .place = PLACE_SCREEN,
    .context = CONTEXT_DECIDE,
    .state_size = sizeof(struct decide_screen),
    .init = decide_init,
    .finish = decide_finish,
    .update = decide_update,
    .draw = decide_draw,
    .act = decide_act,
    .word = decide_says,
    .handle = decide_handle,
    .wait = decide_wait,
    .over = decide_over,
};

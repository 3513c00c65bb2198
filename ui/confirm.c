#include "ui/confirm.h"

#include "base/clock.h"
#include "base/mem.h"
#include "ui/scroll.h"
#include "ui/ui.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const int64_t VALID = 60 * CLOCK_SECOND;

void confirm_init(struct confirm *confirm)
{
    *confirm = (struct confirm){0};
    typed_init(&confirm->typed);
}

void confirm_finish(struct confirm *confirm)
{
    typed_finish(&confirm->typed);
    free(confirm->reason);
}

void confirm_begin(struct confirm *confirm, int64_t now)
{
    confirm->shown = now;
    confirm_forget(confirm);
}

bool confirm_expired(const struct confirm *confirm, int64_t now)
{
    return now - confirm->shown >= VALID;
}

void confirm_forget(struct confirm *confirm)
{
    typed_clear(&confirm->typed);
}

void confirm_say(struct confirm *confirm, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    vsnprintf(confirm->note, sizeof confirm->note, format, args);
    va_end(args);
}

/* ---- keys ---- */

static bool take_reason(struct confirm *confirm)
{
    const char *typed = buf_string(&confirm->typed.text);
    if (!typed[strspn(typed, " ")]) {
        confirm_say(confirm, "say why, in a few words: it goes on the record");
        return false;
    }
    free(confirm->reason);
    confirm->reason = mem_text(typed);
    confirm->wants_reason = false;
    confirm_forget(confirm);
    return false;
}

bool confirm_enter(struct confirm *confirm, const char *name)
{
    if (confirm->wants_reason) {
        return take_reason(confirm);
    }
    if (strcmp(buf_string(&confirm->typed.text), name) != 0) {
        confirm_say(confirm, "that is not %s: nothing was started", name);
        confirm_forget(confirm);
        return false;
    }
    return true;
}

unsigned confirm_handle(struct confirm *confirm, const struct input *input)
{
    confirm->note[0] = '\0';
    typed_input(&confirm->typed, input, confirm->wants_reason);
    if (confirm->typed.pasted && !confirm->wants_reason) {
        confirm_say(confirm, "a paste is not taken: type the name");
    }
    return REACT_DRAW;
}

bool confirm_launch(struct confirm *confirm, const struct plan *plan, const struct ui *ui,
                    struct launch *launch)
{
    struct error error;
    const struct order order = {.home = ui->state_home,
                                .operator_name = ui->operator_name,
                                .reason = confirm->reason};
    if (store_failed(ui->store, &error) || !run_launch(plan, &order, launch, &error)) {
        confirm_say(confirm, "%s", error.message);
        confirm_forget(confirm);
        return false;
    }
    return true;
}

/* ---- the page ---- */

void confirm_draw_styled(struct confirm_page *page, const char *label, uint8_t style,
                         const char *text)
{
    canvas_fit(page->canvas, 1, page->y, CONFIRM_LABEL - 2, STYLE_DIM, label);
    struct rect rect = {CONFIRM_LABEL, page->y, page->canvas->width - CONFIRM_LABEL - 1,
                        3};
    int rows = canvas_wrap(page->canvas, rect, style, text);
    page->y += rows ? rows : 1;
}

void confirm_draw_line(void *self, const char *label, const char *text)
{
    confirm_draw_styled(self, label, STYLE_TEXT, text);
}

void confirm_draw_rest(const struct confirm_page *page)
{
    const int below = page->y - page->canvas->height;
    char words[40];
    if (below > 0 && page->canvas->height > 2) {
        snprintf(words, sizeof words, " %d more, Down ", below);
        canvas_right(page->canvas, 1, page->canvas->width - 1, page->canvas->height - 1,
                     STYLE_FOCUS, words);
    }
}

bool confirm_scroll(size_t *top, enum action action, const void *self,
                    const struct scene *scene,
                    void (*draw)(const void *self, const struct scene *scene,
                                 struct confirm_page *page))
{
    enum { WIDTH = 80 }; /* narrower it has more rows; its last ones are seen anyway */
    struct canvas scratch = canvas_create(WIDTH, 1, true);
    struct confirm_page page = {&scratch, 0};
    draw(self, scene, &page);
    canvas_destroy(&scratch);
    return scroll_to(top, (size_t)page.y, action);
}

struct canvas confirm_upper(const struct canvas *canvas)
{
    return canvas_part(canvas,
                       (struct rect){0, 0, canvas->width, canvas->height - CONFIRM_ROWS});
}

struct canvas confirm_lower(const struct canvas *canvas)
{
    return canvas_part(canvas, (struct rect){0, canvas->height - CONFIRM_ROWS,
                                             canvas->width, CONFIRM_ROWS});
}

/* ---- below it ---- */

void confirm_draw(const struct confirm *confirm, const struct scene *scene,
                  struct canvas *canvas, const char *verb)
{
    int64_t left =
        (VALID - (scene->now - confirm->shown) + CLOCK_SECOND - 1) / CLOCK_SECOND;
    char count[40], question[200];
    snprintf(count, sizeof count, "%lld s left", (long long)left);
    int end = canvas_right(canvas, 20, canvas->width - 1, 1,
                           left <= 10 ? STYLE_WARN : STYLE_DIM, count);
    if (confirm->wants_reason) {
        snprintf(question, sizeof question, "Say why, and Enter:");
    } else {
        snprintf(question, sizeof question,
                 "To %s, type the environment's name (%s) and Enter:", verb,
                 scene->board->environment->name);
    }
    canvas_fit(canvas, 1, 1, end - 2, STYLE_STRONG, question);
    typed_draw(&confirm->typed, canvas, 1, 2);
    canvas_fit(canvas, 1, 3, canvas->width - 2, STYLE_WARN, confirm->note);
}

void confirm_draw_expired(struct canvas *canvas)
{
    canvas_text(canvas, 1, 1, STYLE_STRONG,
                "a minute has passed: the confirmation expired");
    canvas_text(canvas, 1, 2, STYLE_TEXT, "Enter reads everything anew and asks again");
}

void confirm_draw_error(struct canvas *canvas, const struct error *error)
{
    canvas_wrap(canvas, (struct rect){1, 1, canvas->width - 2, 2}, STYLE_FAIL,
                error->message);
    canvas_fit(canvas, 1, 3, canvas->width - 2, STYLE_REMEDY, error->hint);
}

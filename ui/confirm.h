/* The confirmation of whatever starts a run: the environment's name, typed, within a
 * minute after the plan was shown; before it a reason, where one is wanted. And the page
 * that both are shown on.
 *
 * Part of a screen's state, which draws it below its plan. A pasted name is not taken.
 * Main thread. */
#ifndef GREENBOARD_UI_CONFIRM_H
#define GREENBOARD_UI_CONFIRM_H

#include "run/launch.h"
#include "ui/pane.h"
#include "ui/typed.h"

#include <stdbool.h>
#include <stdint.h>

enum { CONFIRM_ROWS = 4 };

struct confirm {
    struct typed typed;
    char *reason;      /* as it was given, or NULL */
    bool wants_reason; /* and has none yet */
    int64_t shown;     /* clock_now() since when it asks */
    char note[200];    /* why the last thing typed did not do */
};

void confirm_init(struct confirm *confirm);
void confirm_finish(struct confirm *confirm);

void confirm_begin(struct confirm *confirm, int64_t now); /* asks anew, for a minute */
bool confirm_expired(const struct confirm *confirm, int64_t now);
void confirm_forget(struct confirm *confirm); /* what was typed */
void confirm_say(struct confirm *confirm, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* What Enter means: true where the name is typed and everything given. */
bool confirm_enter(struct confirm *confirm, const char *name);
unsigned confirm_handle(struct confirm *confirm, const struct input *input);

/* Starts what is confirmed; where that fails it is said why, and typed anew. */
bool confirm_launch(struct confirm *confirm, const struct plan *plan, const struct ui *ui,
                    struct launch *launch);

/* Above it: labels, and what each is about beside them. */
enum { CONFIRM_LABEL = 13 };
struct confirm_page {
    struct canvas *canvas;
    int y; /* of the next line */
};
void confirm_draw_styled(struct confirm_page *page, const char *label, uint8_t style,
                         const char *text);
/* The same as plain text, for whatever shows itself: `self` is the page. */
void confirm_draw_line(void *self, const char *label, const char *text);

/* Says in its corner how much of the page is below it. */
void confirm_draw_rest(const struct confirm_page *page);
/* Moves what is seen of a page: `top` is its first row, `draw` draws it from its y on. */
bool confirm_scroll(size_t *top, enum action action, const void *self,
                    const struct scene *scene,
                    void (*draw)(const void *self, const struct scene *scene,
                                 struct confirm_page *page));

/* The canvas of the page, and the one of CONFIRM_ROWS lines below it. */
struct canvas confirm_upper(const struct canvas *canvas);
struct canvas confirm_lower(const struct canvas *canvas);

/* Into CONFIRM_ROWS lines. `verb`: "deploy". */
void confirm_draw(const struct confirm *confirm, const struct scene *scene,
                  struct canvas *canvas, const char *verb);
void confirm_draw_expired(struct canvas *canvas);
void confirm_draw_error(struct canvas *canvas, const struct error *error);

#endif

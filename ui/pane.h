/* The pane contract: a piece of the console, on the board or a screen of its own.
 *
 * A pane is a const descriptor, one file in ui/ that ends in it, and one line in
 * ui/panes.mk. Its private state is `state_size` zeroed bytes, which init() and finish()
 * may prepare and release. update() takes over what it shows, draw() puts it into the
 * canvas that it is given and touches nothing else, act() does what a key is bound to,
 * handle() gets what no binding took. act() and handle() return what changed (enum
 * reaction) and never draw. Nothing here waits: what a pane waits for it names to the
 * loop by wait(). Main thread. */
#ifndef GREENBOARD_UI_PANE_H
#define GREENBOARD_UI_PANE_H

#include "board/board.h"
#include "board/cause.h"
#include "ui/canvas.h"
#include "ui/input.h"
#include "ui/keys.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct ui;

/* What every pane draws from, made anew before each frame. */
struct scene {
    const struct board *board;
    int64_t now;         /* clock_now() */
    int64_t wall;        /* clock_wall() */
    const size_t *order; /* board_order() */
    const struct causes *causes;
    const struct light *selected; /* NULL on an empty board */
    const char *operator_name;    /* ada@ops-1 */
    bool read_only, paused;
    bool *again; /* update() sets it where there is more to take over, at once */
    const struct ui *ui;
};

enum { PANE_FDS = 4 };

enum place {
    PLACE_CARD,   /* one of the numbered panes */
    PLACE_CHECKS, /* the list */
    PLACE_EVENTS, /* the timeline below it */
    PLACE_SCREEN, /* opened over the board */
};

enum reaction {
    REACT_NONE = 0,
    REACT_DRAW = 1,    /* something that is shown changed */
    REACT_REPAINT = 2, /* the terminal's content is not to be trusted */
    REACT_CLOSE = 4,   /* this screen is done */
    REACT_QUIT = 8,
    REACT_IGNORED = 16, /* not mine */
};

struct pane {
    const char *name;
    const char *title;
    enum place place;
    enum context context; /* which bindings hold while it has the keyboard */
    size_t state_size;
    void (*init)(void *self);
    void (*finish)(void *self);
    void (*update)(void *self, const struct scene *scene);
    void (*draw)(const void *self, const struct scene *scene, struct canvas *canvas,
                 bool focus);
    unsigned (*act)(void *self, struct ui *ui, enum action action);
    unsigned (*handle)(void *self, struct ui *ui, const struct input *input);
    /* Descriptors that make update() worth calling when they are readable; returns how
     * many. */
    size_t (*wait)(const void *self, int fds[PANE_FDS]);
    /* A screen's: it has done what it was opened for. */
    bool (*over)(const void *self);
    /* A screen's: what a key's action does now, its word in the key bar; NULL: nothing.
     * Without it bar_word() says. */
    const char *(*word)(const void *self, const struct ui *ui, enum action action);
    /* A card's: the light that Enter inspects and `r` asks again. */
    const struct light *(*light)(const void *self, const struct scene *scene);
};

extern const struct pane *const panes[]; /* the table of ui/panes.mk, NULL-terminated */
const struct pane *pane_find(const char *name);

#endif

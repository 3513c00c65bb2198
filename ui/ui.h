/* The console's state: which panes there are, which has the keyboard, which screens are
 * open.
 *
 * Owned by src/cli/console.c, which feeds it input and time and draws it after each turn
 * of its loop. Knows nothing of a terminal: what it draws goes into a canvas. Main
 * thread. */
#ifndef GREENBOARD_UI_UI_H
#define GREENBOARD_UI_UI_H

#include "alert/alerts.h"
#include "board/sched.h"
#include "lock/standing.h"
#include "store/store.h"
#include "ui/pane.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { UI_SCREENS = 4, UI_FDS = UI_SCREENS * PANE_FDS };

/* A pane with its private state. */
struct slot {
    const struct pane *pane;
    void *self;
};

struct ui {
    struct board *board;
    struct sched *sched;        /* NULL: nothing can be asked (golden screens) */
    struct store *store;        /* NULL: nothing is written */
    const char *state_home;     /* NULL: no runs */
    const struct statedir *dir; /* NULL: no runs */
    const char *operator_name;
    const char *sandbox; /* the program to ask, NULL outside a sandbox */
    bool read_only;
    bool paused;
    /* NULL: none are judged */
    const struct alerts *alerts;
    const struct standing *standing; /* NULL: not known */

    struct error trouble; /* why nothing is written any more, or ERROR_NONE */

    struct slot *slots; /* the board's own panes, in the order of the table */
    size_t slot_count;
    size_t focus; /* of slots */
    bool zoomed;
    size_t selected; /* of board->lights: the worst until somebody chose */
    bool chosen;
    struct slot screens[UI_SCREENS]; /* opened over the board, the last one is seen */
    size_t depth;
    char message[160]; /* one line for the operator, until the next key */

    bool again;         /* ui_update() is to be called at once */
    bool hurry;         /* a key waits to be answered: update() does nothing long */
    struct scene scene; /* of the frame being drawn or of the last one */
    size_t *order;
    struct causes causes;
};

void ui_init(struct ui *ui, struct board *board);
void ui_finish(struct ui *ui);

/* Brings the scene up to date; before ui_draw() and ui_input(). */
void ui_update(struct ui *ui, int64_t now, int64_t wall);
void ui_draw(struct ui *ui, struct canvas *canvas);

/* What the open screens wait for; at most UI_FDS. */
size_t ui_wait(const struct ui *ui, int *fds);

/* Returns enum reaction flags. */
unsigned ui_input(struct ui *ui, const struct input *input);
unsigned ui_act(struct ui *ui, enum action action);

/* Opens a screen over what is there; returns its state, NULL where too many are open. */
void *ui_open(struct ui *ui, const char *name);
void ui_close(struct ui *ui);
bool ui_shows(const struct ui *ui, const char *name); /* it is the uppermost screen */

void ui_focus(struct ui *ui, size_t slot); /* selects what that pane is about */
void ui_select(struct ui *ui, size_t light);
void ui_focus_list(struct ui *ui);
const struct light *ui_selected(const struct ui *ui);
void ui_say(struct ui *ui, const char *format, ...) __attribute__((format(printf, 2, 3)));
enum context ui_context(const struct ui *ui);
bool ui_offers(const struct ui *ui, enum action action); /* this console has it at all */

#endif

/* The terminal: the one place that includes curses.
 *
 * Opened once, by the console's main thread, which alone calls the rest. However the
 * program ends after that, the terminal is put back as it was: term_close(), a signal, a
 * crash, panic(). Signals only write to a pipe, so that they are dealt with in the loop
 * like everything else. */
#ifndef GREENBOARD_UI_TERM_H
#define GREENBOARD_UI_TERM_H

#include "base/error.h"
#include "ui/canvas.h"
#include "ui/input.h"

#include <stdbool.h>

enum term_event {
    TERM_RESIZED = 1,
    TERM_ENDING =
        2, /* SIGINT, SIGTERM, SIGHUP, SIGQUIT: leave, with everything restored */
    TERM_RESUMED = 4, /* stopped and continued: paint everything */
};

/* `colour` false: attributes alone. */
bool term_open(bool colour, struct error *error);
void term_close(void); /* also where it is not open */

void term_size(int *width, int *height);

/* Shows the canvas: writes what differs from what is on the screen, at once. */
void term_show(const struct canvas *canvas);
void term_repaint(void); /* forgets what is on the screen */

/* The next thing that was typed; INPUT_NONE where there is none. The text of a bracketed
 * paste is dropped and told as one INPUT_PASTE. */
struct input term_input(void);

int term_wake_fd(void); /* readable when a signal came */
unsigned
term_signals(void);      /* takes them: enum term_event flags. Stops here on SIGTSTP */
int term_ended_by(void); /* the signal of TERM_ENDING */

#endif

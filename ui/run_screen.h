/* The screen of a run: how another pane gives it one to show. Main thread. */
#ifndef GREENBOARD_UI_RUN_SCREEN_H
#define GREENBOARD_UI_RUN_SCREEN_H

#include "run/launch.h"

struct ui;

/* Opens the screen on a run that was just launched, which it takes over. */
void run_screen_launched(struct ui *ui, struct launch *take_launch);

/* Opens it on a run that somebody started, from its first byte; false with an error. */
bool run_screen_attach(struct ui *ui, const char *id, struct error *error);

/* Opens the screen on what a run asks; false where it asks nothing. */
bool decide_screen_open(struct ui *ui, const struct run *run);

/* Opens the screen on which somebody answers for a run whose supervisor is gone. */
void resolve_screen_open(struct ui *ui, const struct run *run);

/* Opens it on the run that has no end yet; false where there is none. */
bool run_screen_reattach(struct ui *ui);

#endif

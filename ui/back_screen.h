/* The screen of a rollback's plan: how the list of releases gives it one. Main thread. */
#ifndef GREENBOARD_UI_BACK_SCREEN_H
#define GREENBOARD_UI_BACK_SCREEN_H

#include "release/releases.h"

struct ui;

/* Opens it over what is there; `past` is one that a record knows, and is copied. */
void back_screen_open(struct ui *ui, const struct past *past);

#endif

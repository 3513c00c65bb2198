/* What an action does when no pane has an answer of its own. Main thread. */
#ifndef GREENBOARD_UI_ACTIONS_H
#define GREENBOARD_UI_ACTIONS_H

#include "ui/keys.h"

struct ui;

/* Returns enum reaction flags; REACT_IGNORED where the action means nothing here. */
unsigned action_run(struct ui *ui, enum action action);

#endif

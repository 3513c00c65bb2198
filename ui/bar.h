/* The key bar: the keys that do something now. Where they do not all fit, those that the
 * board's state calls for stay first, then each by its rank; the way out always. Main
 * thread. */
#ifndef GREENBOARD_UI_BAR_H
#define GREENBOARD_UI_BAR_H

#include "ui/pane.h"

void bar_draw(const struct ui *ui, struct canvas *canvas);

/* What a key's action does to the board now: its word in the bar; NULL: nothing. */
const char *bar_word(const struct ui *ui, enum action action);

#endif

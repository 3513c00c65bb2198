/* How a light looks wherever it is shown: glyph, word, flags and age. */
#ifndef GREENBOARD_UI_MARKS_H
#define GREENBOARD_UI_MARKS_H

#include "ui/pane.h"

enum { MARK_WIDTH = 11 }; /* glyph, blank, the longest word */

/* "✓ OK", "~ OK" where it is stale, "… asking"; returns the column after. */
int mark_state(struct canvas *canvas, int x, int y, const struct scene *scene,
               const struct light *light);
/* It is in the gate's way: not green, and not neutral. */
bool mark_closes(const struct scene *scene, const struct light *light);
uint8_t mark_style(const struct scene *scene, const struct light *light);

/* "3 s", "~ 95 s" where stale, "…" before it while it is asked again. */
void mark_age(char *out, size_t size, const struct canvas *canvas,
              const struct scene *scene, const struct light *light);

/* "now", "3 s": how long ago something was. */
void mark_span(char *out, size_t size, int64_t span);

/* Its number in panes.mk's order from 1, which is its key. */
int mark_number(const struct pane *pane);

/* A full git revision is told apart by its beginning; anything else is shown whole. */
void mark_release(char *out, size_t size, const char *release);

/* "12:04:31Z" */
void mark_time(char out[16], int64_t wall);

#endif

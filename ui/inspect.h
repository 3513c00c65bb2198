/* Everything that is known about one check, as lines. */
#ifndef GREENBOARD_UI_INSPECT_H
#define GREENBOARD_UI_INSPECT_H

#include "ui/pane.h"

/* Starts `skip` lines into it. */
void inspect_draw(const struct scene *scene, const struct light *light,
                  struct canvas *canvas, size_t skip);

#endif

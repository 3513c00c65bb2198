/* The frame of the console: header and gate line. */
#ifndef GREENBOARD_UI_FRAME_H
#define GREENBOARD_UI_FRAME_H

#include "ui/pane.h"

void frame_header(const struct scene *scene, struct canvas *canvas);
void frame_gate(const struct scene *scene, struct canvas *canvas);

#endif

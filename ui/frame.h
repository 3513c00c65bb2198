/* The frame of the console: header, gate line and key bar. */
#ifndef GREENBOARD_UI_FRAME_H
#define GREENBOARD_UI_FRAME_H

#include "ui/pane.h"

void frame_header(const struct scene *scene, struct canvas *canvas);
void frame_gate(const struct scene *scene, struct canvas *canvas);
void frame_bar(const struct ui *ui, struct canvas *canvas);

#endif

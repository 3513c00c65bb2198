/* Where things go on a board of a given size. Pure. */
#ifndef GREENBOARD_UI_LAYOUT_H
#define GREENBOARD_UI_LAYOUT_H

#include "ui/canvas.h"

#include <stddef.h>

enum { LAYOUT_CARDS = 9 };

/* A rectangle without height is not shown. */
struct layout {
    struct rect header, gate, bar;
    struct rect cards[LAYOUT_CARDS];
    bool strips; /* a card is one line, without a frame */
    struct rect checks, events;
    struct rect side; /* what is known about the selected check, where there is room */
    struct rect body; /* between gate and bar: for a zoomed pane or a screen */
};

/* `remedies`: rows of the list besides a row a check, where there is room. */
void layout_board(struct layout *layout, int width, int height, size_t cards,
                  size_t checks, size_t remedies);

#endif

/* A line that a person types on a screen.
 *
 * Main thread. `struct typed` belongs to the screen's state. */
#ifndef GREENBOARD_UI_TYPED_H
#define GREENBOARD_UI_TYPED_H

#include "base/buf.h"
#include "ui/canvas.h"
#include "ui/input.h"

#include <stdbool.h>

struct typed {
    struct buf text;
    bool pasted; /* the last thing was a paste, which was not taken */
};

void typed_init(struct typed *typed);
void typed_finish(struct typed *typed);
void typed_clear(struct typed *typed);

/* False where the key is none of a line's. A paste is refused where what is typed has to
 * be meant: by what it is, never by how fast it came. */
bool typed_input(struct typed *typed, const struct input *input, bool pastes);

/* The pointer, what was typed and the cursor; returns the column after it. */
int typed_draw(const struct typed *typed, struct canvas *canvas, int x, int y);

#endif

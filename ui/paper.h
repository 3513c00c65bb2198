/* Lines of styled text that are written at a cursor, like on a terminal without a height.
 *
 * The cursor may go back over the last rows, as far as the terminal that a command has
 * could show them, and no further. Bounded: the oldest lines go. The owner's thread
 * alone. */
#ifndef GREENBOARD_UI_PAPER_H
#define GREENBOARD_UI_PAPER_H

#include "ui/canvas.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    PAPER_LINES = 8192, /* kept; a power of two */
    PAPER_WIDTH = 2048, /* columns of a line; what is longer goes on in the next */
};

struct paper_line {
    uint32_t *points; /* style << 24 | code point */
    uint32_t length, room;
};

struct paper {
    struct paper_line *lines;      /* ring */
    size_t count;                  /* lines ever begun */
    size_t cells;                  /* held by all lines, to bound them */
    size_t line, column;           /* the cursor */
    size_t top;                    /* as far up as it may go */
    size_t kept_line, kept_column; /* what paper_restore() goes back to */
};

void paper_init(struct paper *paper);
void paper_finish(struct paper *paper);

void paper_put(struct paper *paper, uint32_t point, uint8_t style);
void paper_feed(struct paper *paper);  /* the beginning of the next line */
void paper_begin(struct paper *paper); /* an empty line at the end */

void paper_rows(struct paper *paper, int count);  /* down, or up where negative */
void paper_shift(struct paper *paper, int count); /* right, or left where negative */
void paper_column(struct paper *paper, size_t column);
void paper_save(struct paper *paper);
void paper_restore(struct paper *paper);

/* As ECMA-48 has EL and ED: 0 from the cursor on, 1 up to it, 2 all. Of what is below a
 * cursor 0 alone. */
void paper_erase_line(struct paper *paper, unsigned what);
void paper_erase_below(struct paper *paper, unsigned what);

/* Lines from paper_first() up to but not including paper_end() can be drawn. */
size_t paper_first(const struct paper *paper);
size_t paper_end(const struct paper *paper); /* without a last line that is empty */
void paper_draw(const struct paper *paper, size_t line, struct canvas *canvas, int y);

#endif

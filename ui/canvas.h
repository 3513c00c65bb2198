/* A grid of cells that everything draws into; ui/term shows it, the golden screens print
 * it.
 *
 * A canvas is a view of a rectangle of the grid: drawing is clipped to it, so that
 * nothing that draws can harm its neighbours. Every text is made safe here, once more,
 * whatever it came from: a cell holds a printable code point and nothing that a terminal
 * would act on. Main thread. */
#ifndef GREENBOARD_UI_CANVAS_H
#define GREENBOARD_UI_CANVAS_H

#include "base/buf.h"
#include "ui/style.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct cell {
    uint32_t point; /* 0: the right half of the wide one before it */
    uint32_t mark;  /* a combining mark upon it, or 0 */
    uint8_t style;
};

struct canvas {
    struct cell *cells; /* top left */
    int stride;         /* cells a row of the whole grid has */
    int width, height;
    bool ascii; /* nothing above 126 */
};

struct rect {
    int x, y, width, height;
};

/* THE glyphs that are not a state's: with UTF-8, without. */
#define GLYPHS(X)                                                                        \
    X(GLYPH_ELLIPSIS, "…", "..")                                                         \
    X(GLYPH_ARROW, "→", ">")                                                             \
    X(GLYPH_POINTER, "▸", ">")                                                           \
    X(GLYPH_UNDER, "›", ">")                                                             \
    X(GLYPH_BEHIND, "↳", "\\")                                                           \
    X(GLYPH_DOT, "·", "-")                                                               \
    X(GLYPH_BAR, "█", "#")                                                               \
    X(GLYPH_GO, "●", "(+)")                                                              \
    X(GLYPH_NO_GO, "■", "[X]")                                                           \
    X(GLYPH_WAIT, "◌", "(.)")                                                            \
    X(GLYPH_STALE, "~", "~")                                                             \
    X(GLYPH_RUNNING, "…", "*")

enum glyph {
#define GLYPHS_ENUM(id, utf8, ascii) id,
    GLYPHS(GLYPHS_ENUM)
#undef GLYPHS_ENUM
};

struct canvas canvas_create(int width, int height, bool ascii);
void canvas_destroy(struct canvas *canvas);
void canvas_clear(struct canvas *canvas);

/* The part of it that the rectangle covers, clipped; it may be empty. */
struct canvas canvas_part(const struct canvas *canvas, struct rect rect);

const char *canvas_glyph(const struct canvas *canvas, enum glyph glyph);

/* All return the column after what was drawn. */
int canvas_point(struct canvas *canvas, int x, int y, uint8_t style, uint32_t point);
int canvas_text(struct canvas *canvas, int x, int y, uint8_t style, const char *text);
int canvas_format(struct canvas *canvas, int x, int y, uint8_t style, const char *format,
                  ...) __attribute__((format(printf, 5, 6)));

/* At most `width` columns; what does not fit ends in an ellipsis. */
int canvas_fit(struct canvas *canvas, int x, int y, int width, uint8_t style,
               const char *text);

/* Ends before column `end`; returns where it starts, or `end` where it does not fit after
 * `least`. */
int canvas_right(struct canvas *canvas, int least, int end, int y, uint8_t style,
                 const char *text);

/* Broken between words over at most `rows` rows of `width` columns; returns the rows
 * used. */
int canvas_wrap(struct canvas *canvas, struct rect rect, uint8_t style, const char *text);

void canvas_fill(struct canvas *canvas, int y, uint8_t style);      /* a row of blanks */
void canvas_rule(struct canvas *canvas, bool heavy, uint8_t style); /* the first row */
void canvas_box(struct canvas *canvas, bool heavy, uint8_t style);

/* A column of blocks a value, the newest at the right end, scaled from `low` to
 * `high`. */
void canvas_trend(struct canvas *canvas, struct rect rect, const double *values,
                  size_t count, double low, double high);

/* A bar of `part` of `width` columns. */
void canvas_bar(struct canvas *canvas, int x, int y, int width, double part,
                uint8_t style);

/* As text: one line a row without trailing blanks, then one line of style runs a row. */
void canvas_dump(const struct canvas *canvas, struct buf *out, bool styles);

#endif

/* What a command printed, as lines of printable text and colours.
 *
 * A small parser takes a terminal's byte stream and keeps of it what a reader wants:
 * text, the colours and boldness of SGR (ECMA-48, 8.3.117), and a carriage return that
 * starts the line over. Everything else that a terminal would act on (cursor movement,
 * titles, links, modes) is taken out. Bounded: the oldest lines go. The owner's thread
 * alone. */
#ifndef GREENBOARD_UI_OUTPUT_H
#define GREENBOARD_UI_OUTPUT_H

#include "ui/canvas.h"

#include <stddef.h>
#include <stdint.h>

enum {
    OUTPUT_LINES = 8192, /* kept; a power of two */
    OUTPUT_WIDTH = 2048, /* columns of a line; what is longer goes on in the next */
    OUTPUT_PARAMETERS = 16,
};

struct output_line {
    uint32_t *points; /* style << 24 | code point */
    uint32_t length, room;
};

struct output {
    struct output_line *lines; /* ring */
    size_t count;              /* lines ever begun; the last one is being written */
    size_t cells;              /* held by all lines, to bound them */
    size_t column;
    uint8_t style;
    int colour; /* -1: the terminal's own */
    bool bold;
    enum {
        OUTPUT_TEXT,
        OUTPUT_ESCAPE,
        OUTPUT_CSI,
        OUTPUT_SKIP,
        OUTPUT_STRING,
        OUTPUT_STRING_ESCAPE
    } state;
    unsigned parameters[OUTPUT_PARAMETERS];
    size_t parameter_count;
    bool private_mode; /* of a CSI sequence: not SGR */
    char held[4];      /* the beginning of a character */
    size_t held_length;
};

void output_init(struct output *output);
void output_finish(struct output *output);
void output_feed(struct output *output, const char *bytes, size_t length);

/* Lines from `output_first()` up to but not including `count` can be drawn. */
size_t output_first(const struct output *output);
size_t output_end(const struct output *output); /* without a last line that is empty */
void output_draw(const struct output *output, size_t line, struct canvas *canvas, int y);

#endif

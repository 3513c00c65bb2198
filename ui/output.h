/* What a command printed, as lines of printable text and colours.
 *
 * A small parser takes a terminal's byte stream and keeps of it what a reader wants:
 * text, the colours and boldness of SGR (ECMA-48, 8.3.117), and what progress is drawn
 * with: a carriage return, erased lines, steps back over the last few lines. Everything
 * else that a terminal would act on (titles, links, modes, questions) is taken out. The
 * owner's thread alone. */
#ifndef GREENBOARD_UI_OUTPUT_H
#define GREENBOARD_UI_OUTPUT_H

#include "ui/paper.h"

#include <stddef.h>
#include <stdint.h>

enum { OUTPUT_PARAMETERS = 16 };

struct output {
    struct paper paper;
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
    bool private_mode; /* of a CSI sequence: none that is obeyed */
    char held[4];      /* the beginning of a character */
    size_t held_length;
};

void output_init(struct output *output);
void output_finish(struct output *output);
void output_feed(struct output *output, const char *bytes, size_t length);

/* As of its paper. */
size_t output_first(const struct output *output);
size_t output_end(const struct output *output);
void output_draw(const struct output *output, size_t line, struct canvas *canvas, int y);

#endif

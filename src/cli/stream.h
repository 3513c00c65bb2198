/* What a command printed, made fit for a terminal or a log: printable text, line ends,
 * tabs and (where wanted) colours; no title, no bidi, no links, no question. A stream in
 * chunks.
 *
 * Progress is written over on a terminal: the cursor moves, within the lines that came
 * from here. In a log what would be written over stays, as a line of its own, and what is
 * written over with the same again is left out. */
#ifndef GREENBOARD_CLI_STREAM_H
#define GREENBOARD_CLI_STREAM_H

#include "base/buf.h"

#include <stdbool.h>
#include <stddef.h>

enum { STREAM_ROWS = 32 }; /* remembered; a power of two, more than a terminal has */

struct stream {
    bool colour;
    bool terminal;    /* its cursor may move */
    struct buf held;  /* an escape sequence or character that is not whole yet */
    bool coloured;    /* a colour is on */
    bool open;        /* the last line has no end */
    bool returned;    /* in a log: what comes next would be written over the line */
    size_t row, rows; /* where it is, and how far down it was, since it began or paused */
    struct buf said[STREAM_ROWS]; /* in a log: each row as it was written */
    struct buf again;             /* in a log: of a row that is written over */
};

/* For what a descriptor is: on a terminal as wide as the command's the cursor may move.
 */
struct stream stream_for(int fd, bool colour, bool plain);
void stream_feed(struct stream *stream, const char *data, size_t length, struct buf *out);
/* Somebody else is about to write: the line ended, and nothing above is written over. */
void stream_pause(struct stream *stream, struct buf *out);
/* colours off, last line ended */
void stream_end(struct stream *stream, struct buf *out);

/* What was made of it, on stdout at once; `out` is empty then. */
void stream_write(struct buf *out);

#endif

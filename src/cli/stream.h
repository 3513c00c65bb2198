/* What a command printed, made fit for a terminal or a log: printable text, line ends,
 * tabs and (where wanted) colours; no cursor movement, no title, no bidi, no links. A
 * stream in chunks. */
#ifndef GREENBOARD_CLI_STREAM_H
#define GREENBOARD_CLI_STREAM_H

#include "base/buf.h"

#include <stdbool.h>
#include <stddef.h>

struct stream {
    bool colour;
    struct buf held; /* an escape sequence or character that is not whole yet */
    bool coloured;   /* a colour is on */
    bool open;       /* the last line has no end */
};

void stream_feed(struct stream *stream, const char *data, size_t length, struct buf *out);
/* colours off, last line ended */
void stream_end(struct stream *stream, struct buf *out);

#endif

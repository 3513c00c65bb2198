/* An event of an asciicast v2 as a line, `[12.345678, "o", "text"]`
 * (https://docs.asciinema.org/manual/asciicast/v2/), written and read.
 *
 * Not by jansson, which takes six times as long for either: a third of what a run takes
 * that prints much, and most of what watching it takes. Pure; any thread. */
#ifndef GREENBOARD_CAST_CAST_H
#define GREENBOARD_CAST_CAST_H

#include "base/buf.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* About so many encoded bytes make a line at most, so that a reader can hold one. */
enum { CAST_TEXT = 64 * 1024 };

struct cast {
    int64_t at; /* ns since the recording began */
    char code;  /* 'o' output, 'm' marker */
};

/* Appends a line with as much of `text` as fits, as valid UTF-8 whatever it holds. A
 * character whose end may still come is left where the text is not `whole`. Returns the
 * bytes that were used up; no line is added where they make no text. */
size_t cast_write(struct buf *out, const struct cast *event, const char *text,
                  size_t length, bool whole);

/* A line without its newline; its text, valid UTF-8, replaces what `text` holds. Other
 * spellings than ours are read too. False where it is no event. */
bool cast_read(const char *line, size_t length, struct cast *event, struct buf *text);

#endif

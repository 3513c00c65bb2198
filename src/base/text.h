/* Text that came from somewhere: made safe to print, measured, compared, and spans of
 * time in the words that the configuration and the screen use. Any thread; no state. */
#ifndef GREENBOARD_BASE_TEXT_H
#define GREENBOARD_BASE_TEXT_H

#include "base/buf.h"
#include "base/error.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

bool text_equal(const char *a, const char *b); /* NULL equals only NULL */
bool text_starts(const char *text, const char *prefix);

/* Decodes one code point of at most `length` bytes; returns the bytes used, 0 where they
 * are not UTF-8 (RFC 3629). */
size_t text_decode(const char *text, size_t length, uint32_t *point);
/* True where these bytes are the beginning of a character whose end is missing. */
bool text_is_torn(const char *text, size_t length);
void text_encode(struct buf *out, uint32_t point);
bool text_point_safe(uint32_t point); /* printable, not bidi, zero-width or a control */
int text_point_width(uint32_t point); /* columns, 0 to 2; wants LC_CTYPE set */
int text_width(const char *text);     /* columns */

/* Appends `in` with everything taken out that a terminal would act on or a reader cannot
 * see: controls, escape sequences' ESC, bidi and zero-width characters become nothing,
 * line ends and tabs one blank, and bytes that are not UTF-8 become '?'. */
void text_clean(struct buf *out, const char *in, size_t length);

/* Bytes written as text: "\\r" "\\n" "\\t" "\\0" "\\xHH" and "\\\\" stand for one byte
 * each. False where another escape stands in it. `out` may be NULL. */
bool text_unescape(struct buf *out, const char *text);
/* The other way round, for people: what is not printable ASCII as an escape. */
void text_escape(struct buf *out, const char *data, size_t length);

/* The word nearest to `word` by edit distance, or NULL where none is near. */
const char *text_nearest(const char *word, const char *const *words, size_t count);

/* "250ms" "2s" "5m" "1h" "7d", as the configuration writes them, to nanoseconds. */
bool text_duration(const char *text, int64_t *nanoseconds, struct error *error);
#define TEXT_SPAN 16
void text_span(char out[TEXT_SPAN],
               int64_t nanoseconds); /* "4.1 ms" "3 s" "5 m" "12 d" */

/* One whole number, no blanks around it. */
bool text_integer(const char *text, int64_t low, int64_t high, int64_t *value);

#endif

#include "cast/cast.h"

#include "base/clock.h"
#include "base/text.h"

#include <inttypes.h>
#include <jansson.h>
#include <string.h>

enum { BLOCK = 16 };

/* THE escapes of one letter (RFC 8259 section 7): byte, letter; the commonest first. */
static const char named[] = "\nn\rr\"\"\\\\\tt\bb\ff";

/* A byte that stands for itself in a JSON text. */
static bool is_plain(unsigned char byte)
{
    return (byte >= 0x20) & (byte < 0x80) & (byte != '"') & (byte != '\\');
}

/* Without a branch, so that the compiler looks at all of them at once. */
static bool block_is_plain(const char *text)
{
    unsigned char strange = 0;
    for (size_t i = 0; i < BLOCK; i++) {
        strange |= !is_plain((unsigned char)text[i]);
    }
    return !strange;
}

static size_t plain_run(const char *text, size_t length)
{
    size_t run = 0;
    while (length - run >= BLOCK && block_is_plain(text + run)) {
        run += BLOCK;
    }
    while (run < length && is_plain((unsigned char)text[run])) {
        run++;
    }
    return run;
}

/* ---- written ---- */

static void escape(struct buf *out, unsigned char byte)
{
    static const char digits[] = "0123456789abcdef";
    for (const char *pair = named; *pair; pair += 2) {
        if ((unsigned char)pair[0] == byte) {
            buf_add(out, (char[]){'\\', pair[1]}, 2);
            return;
        }
    }
    buf_add(out, (char[]){'\\', 'u', '0', '0', digits[byte >> 4], digits[byte & 15]}, 6);
}

/* One character that is not plain; 0 where its end may still come. */
static size_t write_point(struct buf *out, const char *at, size_t left, bool whole)
{
    uint32_t point = 0;
    if ((unsigned char)*at < 0x80) {
        escape(out, (unsigned char)*at);
        return 1;
    }
    size_t used = text_decode(at, left, &point);
    if (used == 0 && !whole && text_is_torn(at, left)) {
        return 0;
    }
    if (used == 0) {
        buf_text(out, "\xef\xbf\xbd"); /* U+FFFD */
    }
    buf_add(out, at, used);
    return used ? used : 1;
}

static size_t write_text(struct buf *out, const char *text, size_t length, bool whole)
{
    size_t at = 0, room = out->length + CAST_TEXT;
    while (at < length && out->length < room) {
        size_t plain = plain_run(text + at, length - at);
        buf_add(out, text + at, plain);
        at += plain;
        size_t used = at < length ? write_point(out, text + at, length - at, whole) : 0;
        if (used == 0) {
            break;
        }
        at += used;
    }
    return at;
}

size_t cast_write(struct buf *out, const struct cast *event, const char *text,
                  size_t length, bool whole)
{
    size_t before = out->length;
    int64_t micros = event->at / 1000;
    buf_format(out, "[%" PRId64 ".%06" PRId64 ", \"%c\", \"", micros / 1000000,
               micros % 1000000, event->code);
    size_t start = out->length;
    size_t used = write_text(out, text, length, whole);
    if (out->length == start) { /* nothing that is whole */
        out->length = before;
        return used;
    }
    buf_text(out, "\"]\n");
    return used;
}

/* ---- read ---- */

/* The letter behind a backslash; false for \u, which jansson reads. */
static bool read_escape(struct buf *out, char letter)
{
    for (const char *pair = named; *pair; pair += 2) {
        if (pair[1] == letter) {
            buf_add(out, pair, 1);
            return true;
        }
    }
    return false;
}

/* One character that is not plain; 0 where it is for jansson. */
static size_t read_point(const char *in, size_t left, struct buf *out)
{
    uint32_t point;
    if (*in == '\\') {
        return left > 1 && read_escape(out, in[1]) ? 2 : 0;
    }
    size_t used = (unsigned char)*in >= 0x80 ? text_decode(in, left, &point) : 0;
    buf_add(out, in, used);
    return used;
}

static bool read_text(const char *in, size_t length, struct buf *out)
{
    for (size_t at = 0; at < length;) {
        size_t run = plain_run(in + at, length - at);
        buf_add(out, in + at, run);
        at += run;
        if (at == length) {
            break;
        }
        size_t used = read_point(in + at, length - at, out);
        if (used == 0) {
            return false;
        }
        at += used;
    }
    return true;
}

static size_t read_number(const char *line, size_t length, int64_t *number)
{
    enum { DIGITS_MOST = 9 };
    size_t digits = 0;
    *number = 0;
    while (digits < length && digits < DIGITS_MOST && line[digits] >= '0' &&
           line[digits] <= '9') {
        *number = *number * 10 + (line[digits++] - '0');
    }
    return digits;
}

/* As cast_write() spells it. */
static bool read_ours(const char *line, size_t length, struct cast *event,
                      struct buf *text)
{
    static const char middle[] = ", \"?\", \"", end[] = "\"]";
    enum { MIDDLE = sizeof middle - 1, CODE = 3, END = sizeof end - 1, MICROS = 6 };
    int64_t seconds, micros;
    size_t digits = length > 0 ? read_number(line + 1, length - 1, &seconds) : 0;
    size_t at = 1 + digits;
    if (digits == 0 || length < at + 1 + MICROS + MIDDLE + END || line[0] != '[' ||
        line[at] != '.' || read_number(line + at + 1, MICROS, &micros) != MICROS) {
        return false;
    }
    at += 1 + MICROS;
    event->code = line[at + CODE];
    event->at = seconds * CLOCK_SECOND + micros * 1000;
    return memcmp(line + at, middle, CODE) == 0 && is_plain((unsigned char)event->code) &&
           memcmp(line + at + CODE + 1, middle + CODE + 1, MIDDLE - CODE - 1) == 0 &&
           memcmp(line + length - END, end, END) == 0 &&
           read_text(line + at + MIDDLE, length - at - MIDDLE - END, text);
}

static bool read_json(const char *line, size_t length, struct cast *event,
                      struct buf *text)
{
    json_t *array = json_loadb(line, length, JSON_ALLOW_NUL, NULL);
    const json_t *time = json_array_get(array, 0), *code = json_array_get(array, 1);
    const json_t *said = json_array_get(array, 2);
    bool good =
        json_is_number(time) && json_string_length(code) == 1 && json_is_string(said);
    if (good) {
        double seconds = json_number_value(time);
        event->at =
            seconds > 0 && seconds < 1e9 ? (int64_t)(seconds * (double)CLOCK_SECOND) : 0;
        event->code = json_string_value(code)[0];
        buf_add(text, json_string_value(said), json_string_length(said));
    }
    json_decref(array);
    return good;
}

bool cast_read(const char *line, size_t length, struct cast *event, struct buf *text)
{
    buf_clear(text);
    if (read_ours(line, length, event, text)) {
        return true;
    }
    buf_clear(text);
    return read_json(line, length, event, text);
}

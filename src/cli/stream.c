#include "cli/stream.h"

#include "base/text.h"
#include "run/command.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

enum { SEQUENCE_MAX = 64, STRING_MAX = 4096, ROW_MOST = 4096 };

/* ---- how long a sequence is ---- */

/* ECMA-48 section 5.4: CSI, parameters 30–3F, intermediates 20–2F, a final byte 40–7E.
 * Returns its length, 0 where it is not whole. */
static size_t csi_length(const char *at, size_t left)
{
    for (size_t i = 2; i < left; i++) {
        unsigned char byte = (unsigned char)at[i];
        if (byte < 0x20 || byte > 0x3f || i >= SEQUENCE_MAX) {
            return i + 1;
        }
    }
    return left >= SEQUENCE_MAX ? left : 0;
}

/* ECMA-48 section 5.6: OSC, DCS and their like run to BEL or ESC \. */
static size_t string_length(const char *at, size_t left)
{
    for (size_t i = 2; i < left; i++) {
        if (at[i] == '\a' || at[i] == '\n') {
            return i + 1;
        }
        if (at[i] == '\033') {
            return i + 1 < left ? i + 2 : 0;
        }
    }
    return left >= STRING_MAX ? left : 0;
}

static size_t escape_length(const char *at, size_t left)
{
    if (left < 2) {
        return 0;
    }
    return at[1] == '['                      ? csi_length(at, left)
           : at[1] && strchr("]PX^_", at[1]) ? string_length(at, left)
           : at[1] >= 0x20 && at[1] < 0x30   ? (left < 3 ? 0 : 3)
                                             : 2;
}

/* ---- a log: what would be written over ---- */

/* The row as it was written before; a longer one is never taken for the same. */
static struct buf *said(struct stream *stream)
{
    struct buf *row = &stream->said[stream->row % STREAM_ROWS];
    row->cap = ROW_MOST;
    return row;
}

static bool writes_over(const struct stream *stream)
{
    return !stream->terminal && stream->row < stream->rows;
}

static bool same(const struct buf *a, const struct buf *b)
{
    return a->length == b->length && memcmp(buf_string(a), buf_string(b), a->length) == 0;
}

static void end_line(struct stream *stream, struct buf *out)
{
    if (stream->open) {
        buf_text(out, "\n");
        stream->open = false;
    }
}

/* A row that was written over is told again where it says something else now. */
static void leave_row(struct stream *stream, struct buf *out)
{
    struct buf *now = &stream->again, *before = said(stream);
    if (writes_over(stream) && now->length > 0 && !same(now, before)) {
        end_line(stream, out);
        buf_add(out, now->data, now->length);
        buf_text(out, "\n");
        buf_clear(before);
        buf_add(before, now->data, now->length);
    }
    buf_clear(now);
    stream->returned = false;
}

static void put(struct stream *stream, const char *at, size_t length, struct buf *out)
{
    if (stream->returned && writes_over(stream)) {
        buf_clear(&stream->again);
    } else if (stream->returned) {
        end_line(stream, out);
    }
    if ((stream->returned || !stream->open) && !writes_over(stream)) {
        buf_clear(said(stream));
    }
    stream->returned = false;
    if (writes_over(stream)) {
        buf_add(&stream->again, at, length);
        return;
    }
    if (!stream->terminal) {
        buf_add(said(stream), at, length);
    }
    buf_add(out, at, length);
    stream->open = true;
}

/* ---- the cursor ---- */

static void take_end(struct stream *stream, struct buf *out)
{
    if (writes_over(stream)) {
        leave_row(stream, out);
    } else {
        buf_text(out, "\n");
    }
    stream->row++;
    if (stream->row > stream->rows) {
        stream->rows = stream->row;
    }
    stream->open = stream->open && writes_over(stream);
    stream->returned = false;
}

static void take_return(struct stream *stream, struct buf *out)
{
    stream->returned = !stream->terminal;
    if (stream->terminal) {
        buf_text(out, "\r");
    }
}

static size_t least(size_t a, size_t b)
{
    return a < b ? a : b;
}

/* Up and down, over nothing but our own rows. */
static void take_rows(struct stream *stream, size_t count, char final, struct buf *out)
{
    bool up = final == 'A' || final == 'F';
    size_t top = stream->rows - least(stream->rows, STREAM_ROWS - 1);
    size_t most = up ? stream->row - least(stream->row, top) : stream->rows - stream->row;
    count = least(count, most);
    if (!stream->terminal) {
        bool open = stream->open;
        leave_row(stream, out);
        stream->returned = open;
    } else if (count > 0) {
        buf_format(out, "\033[%zu%c", count, final);
    } else if (final == 'E' || final == 'F') {
        buf_text(out, "\r");
    }
    stream->row += up ? -count : count;
}

/* ECMA-48 section 8.3: CUU CUD CNL CPL, CUF CUB CHA, ED, EL with one number; who places
 * text anywhere on a screen begins a line here. */
static void take_move(struct stream *stream, const char *at, size_t length,
                      struct buf *out)
{
    char final = at[length - 1];
    if (final < 0x40) { /* broken off */
        return;
    }
    if (strspn(at + 2, "0123456789") != length - 3) {
        if (final == 'H' || final == 'f') {
            end_line(stream, out);
        }
        return;
    }
    unsigned long value = strtoul(at + 2, NULL, 10);
    size_t count = value == 0 ? 1 : least(value, 1000);
    if (strchr("ABEF", final)) {
        take_rows(stream, count, final, out);
    } else if (strchr("Hfu", final)) {
        end_line(stream, out);
    } else if (stream->terminal &&
               (strchr("CDGK", final) || (final == 'J' && value == 0))) {
        buf_add(out, at, length);
    } else if ((final == 'G' && count == 1) || (final == 'K' && value == 2)) {
        stream->returned = true;
    }
}

/* ---- one after another ---- */

/* Select Graphic Rendition with nothing but numbers. */
static bool is_colour(const char *at, size_t length)
{
    return at[length - 1] == 'm' && strspn(at + 2, "0123456789;") == length - 3;
}

static size_t take_escape(struct stream *stream, const char *at, size_t left,
                          struct buf *out)
{
    size_t length = escape_length(at, left);
    if (length < 3 || at[1] != '[') {
        return length;
    }
    if (!is_colour(at, length)) {
        take_move(stream, at, length, out);
    } else if (stream->colour) {
        buf_add(out, at, length);
        stream->coloured = true;
    }
    return length;
}

static size_t take_point(struct stream *stream, const char *at, size_t left,
                         struct buf *out)
{
    uint32_t point = 0;
    size_t used = text_decode(at, left, &point);
    if (used == 0 && text_is_torn(at, left)) {
        return 0;
    }
    if (used == 0) {
        put(stream, "?", 1, out);
    } else if (point == '\t' || text_point_safe(point)) {
        put(stream, at, used, out);
    }
    return used ? used : 1;
}

static bool is_plain(char byte)
{
    return byte >= 0x20 && byte < 0x7f;
}

/* Most of what commands print: in one piece, since character by character costs ten times
 * as much as the terminal that it came through. */
static size_t take_plain(struct stream *stream, const char *at, size_t left,
                         struct buf *out)
{
    size_t length = 1;
    while (length < left && is_plain(at[length])) {
        length++;
    }
    put(stream, at, length, out);
    return length;
}

static size_t take_control(struct stream *stream, const char *at, size_t left,
                           struct buf *out)
{
    switch (*at) {
    case '\033':
        return take_escape(stream, at, left, out);
    case '\r':
        take_return(stream, out);
        return 1;
    case '\n':
        take_end(stream, out);
        return 1;
    case '\b':
        if (stream->terminal) {
            buf_text(out, "\b");
        }
        return 1;
    default:
        return take_point(stream, at, left, out);
    }
}

struct stream stream_for(int fd, bool colour, bool plain)
{
    struct winsize size = {0};
    const char *term = getenv("TERM");
    bool wide =
        isatty(fd) && ioctl(fd, TIOCGWINSZ, &size) == 0 && size.ws_col >= COMMAND_COLUMNS;
    return (struct stream){.colour = colour && isatty(fd),
                           .terminal =
                               wide && !plain && term && !text_equal(term, "dumb")};
}

void stream_feed(struct stream *stream, const char *data, size_t length, struct buf *out)
{
    buf_add(&stream->held, data, length);
    size_t at = 0;
    while (at < stream->held.length) {
        const char *next = stream->held.data + at;
        size_t left = stream->held.length - at;
        size_t used = is_plain(*next) ? take_plain(stream, next, left, out)
                                      : take_control(stream, next, left, out);
        if (used == 0) {
            break;
        }
        at += used;
    }
    buf_drop(&stream->held, at);
}

void stream_pause(struct stream *stream, struct buf *out)
{
    size_t below = stream->rows - stream->row;
    if (stream->terminal && below > 0) {
        buf_format(out, "\033[%zuB\n", below);
        stream->open = false;
    }
    leave_row(stream, out);
    end_line(stream, out);
    stream->row = stream->rows = 0;
    for (size_t i = 0; i < STREAM_ROWS; i++) {
        buf_clear(&stream->said[i]);
    }
}

void stream_end(struct stream *stream, struct buf *out)
{
    if (stream->coloured) {
        buf_text(out, "\033[0m");
    }
    stream_pause(stream, out);
    buf_finish(&stream->held);
    buf_finish(&stream->again);
    for (size_t i = 0; i < STREAM_ROWS; i++) {
        buf_finish(&stream->said[i]);
    }
    *stream = (struct stream){.colour = stream->colour, .terminal = stream->terminal};
}

void stream_write(struct buf *out)
{
    fwrite(buf_string(out), 1, out->length, stdout);
    fflush(stdout);
    buf_clear(out);
}

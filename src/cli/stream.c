#include "cli/stream.h"

#include "base/text.h"

#include <stdint.h>
#include <string.h>

enum { SEQUENCE_MAX = 64, STRING_MAX = 4096 };

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
    return at[1] == '['                    ? csi_length(at, left)
           : strchr("]PX^_", at[1])        ? string_length(at, left)
           : at[1] >= 0x20 && at[1] < 0x30 ? (left < 3 ? 0 : 3)
                                           : 2;
}

/* Select Graphic Rendition with nothing but numbers: the only sequence that passes. */
static bool is_colour(const char *at, size_t length)
{
    return length >= 3 && at[1] == '[' && at[length - 1] == 'm' &&
           strspn(at + 2, "0123456789;") == length - 3;
}

static size_t take_escape(struct stream *stream, const char *at, size_t left,
                          struct buf *out)
{
    size_t length = escape_length(at, left);
    if (length && stream->colour && is_colour(at, length)) {
        buf_add(out, at, length);
        stream->coloured = true;
    }
    return length;
}

static size_t take_return(struct stream *stream, const char *at, size_t left,
                          struct buf *out)
{
    if (left < 2) {
        return 0;
    }
    if (at[1] != '\n' && at[1] != '\r') { /* a line that would be written over */
        buf_text(out, "\n");
        stream->open = false;
    }
    return 1;
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
        buf_text(out, "?");
    } else if (point == '\n' || point == '\t' || text_point_safe(point)) {
        buf_add(out, at, used);
    }
    stream->open = point != '\n';
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
    buf_add(out, at, length);
    stream->open = true;
    return length;
}

static size_t take_one(struct stream *stream, const char *at, size_t left,
                       struct buf *out)
{
    return is_plain(*at)   ? take_plain(stream, at, left, out)
           : *at == '\033' ? take_escape(stream, at, left, out)
           : *at == '\r'   ? take_return(stream, at, left, out)
                           : take_point(stream, at, left, out);
}

void stream_feed(struct stream *stream, const char *data, size_t length, struct buf *out)
{
    buf_add(&stream->held, data, length);
    size_t at = 0;
    while (at < stream->held.length) {
        size_t used =
            take_one(stream, stream->held.data + at, stream->held.length - at, out);
        if (used == 0) {
            break;
        }
        at += used;
    }
    buf_drop(&stream->held, at);
}

void stream_end(struct stream *stream, struct buf *out)
{
    if (stream->coloured) {
        buf_text(out, "\033[0m");
    }
    if (stream->open) {
        buf_text(out, "\n");
    }
    buf_finish(&stream->held);
    *stream = (struct stream){.colour = stream->colour};
}

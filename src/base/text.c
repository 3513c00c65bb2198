#include "base/text.h"

#include "base/clock.h"
#include "base/mem.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <wchar.h>

bool text_equal(const char *a, const char *b)
{
    return a == b || (a && b && strcmp(a, b) == 0);
}

bool text_starts(const char *text, const char *prefix)
{
    return strncmp(text, prefix, strlen(prefix)) == 0;
}

size_t text_decode(const char *text, size_t length, uint32_t *point)
{
    const unsigned char *byte = (const unsigned char *)text;
    if (length == 0) {
        return 0;
    }
    if (byte[0] < 0x80) {
        *point = byte[0];
        return 1;
    }
    size_t size = byte[0] >= 0xf0 ? 4 : byte[0] >= 0xe0 ? 3 : 2;
    static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
    if (byte[0] < 0xc2 || byte[0] > 0xf4 || size > length) {
        return 0;
    }
    uint32_t value = byte[0] & (0xffu >> (size + 1));
    for (size_t i = 1; i < size; i++) {
        if ((byte[i] & 0xc0) != 0x80) {
            return 0;
        }
        value = value << 6 | (byte[i] & 0x3f);
    }
    if (value < least[size] || value > 0x10ffff || (value >= 0xd800 && value <= 0xdfff)) {
        return 0;
    }
    *point = value;
    return size;
}

/* RFC 3629 section 4: the second byte alone has bounds that depend on the first. */
bool text_is_torn(const char *text, size_t length)
{
    const unsigned char *byte = (const unsigned char *)text;
    if (length == 0 || byte[0] < 0xc2 || byte[0] > 0xf4) {
        return false;
    }
    size_t whole = byte[0] >= 0xf0 ? 4 : byte[0] >= 0xe0 ? 3 : 2;
    unsigned low = byte[0] == 0xe0 ? 0xa0 : byte[0] == 0xf0 ? 0x90 : 0x80;
    unsigned high = byte[0] == 0xed ? 0x9f : byte[0] == 0xf4 ? 0x8f : 0xbf;
    if (length >= whole || (length > 1 && (byte[1] < low || byte[1] > high))) {
        return false;
    }
    return length < 3 || (byte[2] & 0xc0) == 0x80;
}

void text_encode(struct buf *out, uint32_t point)
{
    char bytes[4];
    size_t size = point < 0x80 ? 1 : point < 0x800 ? 2 : point < 0x10000 ? 3 : 4;
    static const unsigned char lead[] = {0, 0, 0xc0, 0xe0, 0xf0};
    for (size_t i = size - 1; i > 0; i--) {
        bytes[i] = (char)(0x80 | (point & 0x3f));
        point >>= 6;
    }
    bytes[0] = (char)(lead[size] | point);
    buf_add(out, bytes, size);
}

bool text_point_safe(uint32_t point)
{
    static const struct {
        uint32_t first, last;
    } unsafe[] = {
        {0x0000, 0x001f},
        {0x007f, 0x009f}, /* C0, DEL, C1 */
        {0x00ad, 0x00ad}, /* soft hyphen */
        {0x061c, 0x061c},
        {0x180e, 0x180e},
        {0x200b, 0x200f}, /* zero width, marks */
        {0x2028, 0x202e},
        {0x2060, 0x206f}, /* separators, bidi */
        /* surrogates, private use */
        {0xd800, 0xdfff},
        {0xe000, 0xf8ff},
        /* variation, BOM, interlinear */
        {0xfe00, 0xfe0f},
        {0xfeff, 0xfeff},
        {0xfff0, 0xfffb},
        {0xe0000, 0xe0fff},
        {0xf0000, 0x10ffff}, /* tags, private use */
    };
    for (size_t i = 0; i < sizeof unsafe / sizeof unsafe[0]; i++) {
        if (point >= unsafe[i].first && point <= unsafe[i].last) {
            return false;
        }
    }
    return true;
}

int text_point_width(uint32_t point)
{
    if (point >= 0x20 && point < 0x7f) {
        return 1;
    }
    int width = wcwidth((wchar_t)point);
    return width < 0 ? 1 : width > 2 ? 2 : width;
}

int text_width(const char *text)
{
    size_t left = strlen(text);
    int width = 0;
    while (left > 0) {
        uint32_t point = '?';
        size_t used = text_decode(text, left, &point);
        used = used ? used : 1;
        width += text_point_width(point);
        text += used;
        left -= used;
    }
    return width;
}

void text_clean(struct buf *out, const char *in, size_t length)
{
    while (length > 0) {
        uint32_t point = 0;
        size_t used = text_decode(in, length, &point);
        if (used == 0) {
            buf_add(out, "?", 1);
            used = 1;
        } else if (point == '\n' || point == '\t' || point == '\r') {
            if (out->length > 0 && out->data[out->length - 1] != ' ') {
                buf_add(out, " ", 1);
            }
        } else if (text_point_safe(point)) {
            buf_add(out, in, used);
        }
        in += used;
        length -= used;
    }
    buf_add(out, "", 0);
}

static size_t edit_distance(const char *a, const char *b)
{
    enum { LONGEST = 63 };
    size_t width = strlen(b);
    size_t row[LONGEST + 1];
    if (width > LONGEST || strlen(a) > LONGEST) {
        return LONGEST;
    }
    for (size_t j = 0; j <= width; j++) {
        row[j] = j;
    }
    for (size_t i = 1; a[i - 1]; i++) {
        size_t diagonal = row[0];
        row[0] = i;
        for (size_t j = 1; j <= width; j++) {
            size_t change = diagonal + (a[i - 1] != b[j - 1]);
            size_t other = (row[j] < row[j - 1] ? row[j] : row[j - 1]) + 1;
            diagonal = row[j];
            row[j] = change < other ? change : other;
        }
    }
    return row[width];
}

const char *text_nearest(const char *word, const char *const *words, size_t count)
{
    const char *best = NULL;
    size_t least = strlen(word) / 2 + 1;
    for (size_t i = 0; i < count; i++) {
        size_t distance = edit_distance(word, words[i]);
        if (distance < least) {
            least = distance;
            best = words[i];
        }
    }
    return best;
}

static const struct {
    const char *unit;
    int64_t nanoseconds;
} spans[] = {
    {"ms", CLOCK_MS},           {"s", CLOCK_SECOND},         {"m", 60 * CLOCK_SECOND},
    {"h", 3600 * CLOCK_SECOND}, {"d", 86400 * CLOCK_SECOND},
};
enum { SPANS = sizeof spans / sizeof spans[0] };

/* So that a span can be added to any time without running over. */
static const int64_t MOST = INT64_MAX / 4;

bool text_duration(const char *text, int64_t *nanoseconds, struct error *error)
{
    char *unit = NULL;
    errno = 0;
    long value = strtol(text, &unit, 10);
    for (size_t i = 0; errno == 0 && unit != text && i < SPANS; i++) {
        if (strcmp(unit, spans[i].unit) == 0 && text[0] >= '0' && text[0] <= '9' &&
            value <= MOST / spans[i].nanoseconds) {
            *nanoseconds = value * spans[i].nanoseconds;
            return true;
        }
    }
    error_set(error, ERROR_CONFIG, "\"%.40s\" is not a span of time", text);
    error_hint(error, "write a whole number and its unit: 250ms, 2s, 5m, 1h or 7d");
    return false;
}

void text_span(char out[TEXT_SPAN], int64_t nanoseconds)
{
    if (nanoseconds < 10 * CLOCK_MS) {
        snprintf(out, TEXT_SPAN, "%.1f ms", clock_ms(nanoseconds < 0 ? 0 : nanoseconds));
        return;
    }
    size_t unit = 0;
    while (unit + 1 < SPANS && nanoseconds >= 2 * spans[unit + 1].nanoseconds) {
        unit++;
    }
    if (unit == 0 && nanoseconds >= CLOCK_SECOND) {
        unit = 1;
    }
    snprintf(out, TEXT_SPAN, "%lld %s",
             (long long)(nanoseconds / spans[unit].nanoseconds), spans[unit].unit);
}

bool text_integer(const char *text, int64_t low, int64_t high, int64_t *value)
{
    char *end = NULL;
    errno = 0;
    long long parsed = strtoll(text, &end, 10);
    bool plain = (text[0] >= '0' && text[0] <= '9') || text[0] == '-';
    if (errno || !plain || end == text || *end || parsed < low || parsed > high) {
        return false;
    }
    *value = parsed;
    return true;
}

static int hex_digit(char letter)
{
    static const char digits[] = "0123456789abcdef0123456789ABCDEF";
    const char *at = letter ? strchr(digits, letter) : NULL;
    return at ? (int)(at - digits) % 16 : -1;
}

bool text_unescape(struct buf *out, const char *text)
{
    static const char letters[] = "rnt0\\", bytes[] = "\r\n\t\0\\";
    for (; *text; text++) {
        char byte = *text;
        const char *known = byte == '\\' && text[1] ? strchr(letters, text[1]) : NULL;
        if (known) {
            byte = bytes[known - letters];
            text++;
        } else if (byte == '\\') {
            int high = text[1] == 'x' ? hex_digit(text[2]) : -1;
            int low = high >= 0 ? hex_digit(text[3]) : -1;
            if (low < 0) {
                return false;
            }
            byte = (char)(high * 16 + low);
            text += 3;
        }
        if (out) {
            buf_add(out, &byte, 1);
        }
    }
    return true;
}

void text_escape(struct buf *out, const char *data, size_t length)
{
    for (size_t i = 0; i < length; i++) {
        unsigned char byte = (unsigned char)data[i];
        if (byte == '\r' || byte == '\n' || byte == '\t' || byte == '\\') {
            static const char letters[] = {
                ['\r'] = 'r', ['\n'] = 'n', ['\t'] = 't', ['\\'] = '\\'};
            buf_format(out, "\\%c", letters[byte]);
        } else if (byte < ' ' || byte >= 0x7f) {
            buf_format(out, "\\x%02x", byte);
        } else {
            buf_add(out, &data[i], 1);
        }
    }
}

#include "ui/output.h"

#include "base/text.h"

#include <string.h>

enum {
    ESC = 0x1b,
    TAB_WIDTH = 8,
};

void output_init(struct output *output)
{
    memset(output, 0, sizeof *output);
    paper_init(&output->paper);
    output->colour = -1;
    output->style = STYLE_TEXT;
}

void output_finish(struct output *output)
{
    paper_finish(&output->paper);
    memset(output, 0, sizeof *output);
}

/* ---- text ---- */

static void put(struct output *output, uint32_t point)
{
    paper_put(&output->paper, point, output->style);
}

static void take_control(struct output *output, unsigned char byte)
{
    switch (byte) {
    case '\n':
        paper_feed(&output->paper);
        break;
    case '\r':
        paper_column(&output->paper, 0);
        break;
    case '\b':
        paper_shift(&output->paper, -1);
        break;
    case '\t':
        do {
            put(output, ' ');
        } while (output->paper.column % TAB_WIDTH != 0);
        break;
    case ESC:
        output->state = OUTPUT_ESCAPE;
        break;
    default:
        break;
    }
}

/* Bytes of UTF-8, which may come in pieces. */
static void take_text(struct output *output, unsigned char byte)
{
    output->held[output->held_length++] = (char)byte;
    uint32_t point = 0;
    size_t used = text_decode(output->held, output->held_length, &point);
    if (used > 0) {
        output->held_length = 0;
        if (text_point_safe(point)) {
            put(output, point);
        }
        return;
    }
    unsigned char lead = (unsigned char)output->held[0];
    size_t wanted = lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : lead >= 0xc2 ? 2 : 1;
    bool broken = output->held_length > 1 && (byte & 0xc0) != 0x80;
    if (broken || output->held_length >= wanted) {
        output->held_length = 0;
        put(output, '?');
        if (broken) {
            take_text(output, byte);
        }
    }
}

/* ---- SGR ---- */

/* One of the first 16 for any of the 256: the corner of the colour cube that is
 * nearest. */
static int nearest_colour(unsigned index)
{
    if (index < 16) {
        return (int)index;
    }
    if (index >= 232) {
        return index < 244 ? 8 : 7;
    }
    unsigned red = (index - 16) / 36, green = (index - 16) / 6 % 6,
             blue = (index - 16) % 6;
    int bright = red > 4 || green > 4 || blue > 4 ? 8 : 0;
    return bright + (red > 2) + 2 * (green > 2) + 4 * (blue > 2);
}

/* "38;5;N" and "38;2;R;G;B", also of 48; returns how many parameters it took. */
static size_t take_extended(struct output *output, size_t at)
{
    bool front = output->parameters[at] == 38;
    size_t left = output->parameter_count - at;
    const unsigned *rest = output->parameters + at;
    if (left >= 3 && rest[1] == 5) {
        output->colour =
            front && rest[2] < 256 ? nearest_colour(rest[2]) : output->colour;
        return 3;
    }
    if (left >= 5 && rest[1] == 2) {
        int colour = (rest[2] > 127) + 2 * (rest[3] > 127) + 4 * (rest[4] > 127);
        output->colour = front ? colour : output->colour;
        return 5;
    }
    return left;
}

static void take_rendition(struct output *output)
{
    for (size_t i = 0; i < output->parameter_count;) {
        unsigned value = output->parameters[i];
        if (value == 38 || value == 48) {
            i += take_extended(output, i);
            continue;
        }
        if (value == 0 || value == 39) {
            output->colour = -1;
        }
        if (value == 0 || value == 1 || value == 22) {
            output->bold = value == 1;
        }
        if (value >= 30 && value <= 37) {
            output->colour = (int)value - 30;
        } else if (value >= 90 && value <= 97) {
            output->colour = (int)value - 90 + 8;
        }
        i++;
    }
    output->style = output->colour < 0 && !output->bold
                        ? (uint8_t)STYLE_TEXT
                        : style_sgr(output->colour, output->bold);
}

/* ---- sequences ---- */

/* Progress is drawn by going back over a few lines (ECMA-48 section 8.3: CUU, CUD, CUF,
 * CUB, CNL, CPL, CHA, ED, EL). Who places text anywhere on a screen begins a line here.
 */
static void move(struct output *output, unsigned char byte)
{
    struct paper *paper = &output->paper;
    unsigned value = output->parameters[0];
    int count = value ? (int)value : 1;
    switch (byte) {
    case 'E':
    case 'F':
        paper_column(paper, 0);
        paper_rows(paper, byte == 'F' ? -count : count);
        break;
    case 'A':
    case 'B':
        paper_rows(paper, byte == 'A' ? -count : count);
        break;
    case 'C':
    case 'D':
        paper_shift(paper, byte == 'D' ? -count : count);
        break;
    case 'G':
        paper_column(paper, (size_t)count - 1);
        break;
    case 'H':
    case 'f':
        paper_begin(paper);
        break;
    case 'J':
        paper_erase_below(paper, value);
        break;
    case 'K':
        paper_erase_line(paper, value);
        break;
    case 's':
        paper_save(paper);
        break;
    case 'u':
        paper_restore(paper);
        break;
    default:
        break;
    }
}

static void end_sequence(struct output *output, unsigned char byte)
{
    output->state = OUTPUT_TEXT;
    if (output->private_mode) {
        return;
    }
    if (byte == 'm') {
        take_rendition(output);
    } else {
        move(output, byte);
    }
}

static void take_parameter(struct output *output, unsigned char byte)
{
    unsigned *value = &output->parameters[output->parameter_count - 1];
    if (byte >= '0' && byte <= '9') {
        *value = *value < 1000 ? *value * 10 + (byte - '0') : *value;
    } else if (byte == ';' || byte == ':') {
        if (output->parameter_count < OUTPUT_PARAMETERS) {
            output->parameters[output->parameter_count++] = 0;
        } else {
            output->private_mode = true; /* more than anybody means */
        }
    } else {
        output->private_mode = true;
    }
}

static void take_escape(struct output *output, unsigned char byte)
{
    output->state = OUTPUT_TEXT;
    if (byte == '[') {
        output->state = OUTPUT_CSI;
        output->parameters[0] = 0;
        output->parameter_count = 1;
        output->private_mode = false;
    } else if (byte == ']' || byte == 'P' || byte == 'X' || byte == '^' || byte == '_') {
        output->state = OUTPUT_STRING; /* OSC, DCS, SOS, PM, APC */
    } else if (byte >= 0x20 && byte <= 0x2f) {
        output->state = OUTPUT_SKIP; /* one final byte is to come */
    } else if (byte == '7') {        /* DECSC */
        paper_save(&output->paper);
    } else if (byte == '8') { /* DECRC */
        paper_restore(&output->paper);
    }
}

static void take(struct output *output, unsigned char byte)
{
    switch (output->state) {
    case OUTPUT_TEXT:
        if (byte >= 0x20 && byte < 0x7f && output->held_length == 0) {
            put(output, byte); /* most of what commands print */
        } else if (byte >= 0x20 && byte != 0x7f) {
            take_text(output, byte);
        } else {
            output->held_length = 0;
            take_control(output, byte);
        }
        break;
    case OUTPUT_ESCAPE:
        take_escape(output, byte);
        break;
    case OUTPUT_CSI:
        if (byte >= 0x40 && byte <= 0x7e) {
            end_sequence(output, byte);
        } else if (byte == '\n' || byte == ESC) {
            output->state = OUTPUT_TEXT; /* broken off */
            take_control(output, byte);
        } else {
            take_parameter(output, byte);
        }
        break;
    case OUTPUT_SKIP:
        output->state = byte >= 0x20 && byte <= 0x2f ? OUTPUT_SKIP : OUTPUT_TEXT;
        break;
    case OUTPUT_STRING:
        output->state = byte == '\a' || byte == '\n' ? OUTPUT_TEXT
                        : byte == ESC                ? OUTPUT_STRING_ESCAPE
                                                     : OUTPUT_STRING;
        break;
    case OUTPUT_STRING_ESCAPE:
        output->state = OUTPUT_TEXT; /* the backslash of ESC \ */
        break;
    }
}

void output_feed(struct output *output, const char *bytes, size_t length)
{
    for (size_t i = 0; i < length; i++) {
        take(output, (unsigned char)bytes[i]);
    }
}

size_t output_first(const struct output *output)
{
    return paper_first(&output->paper);
}

size_t output_end(const struct output *output)
{
    return paper_end(&output->paper);
}

void output_draw(const struct output *output, size_t line, struct canvas *canvas, int y)
{
    paper_draw(&output->paper, line, canvas, y);
}

#include "ui/canvas.h"

#include "base/mem.h"
#include "base/text.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct {
    const char *utf8, *ascii;
} glyphs[] = {
#define GLYPHS_ROW(id, utf8, ascii) [id] = {utf8, ascii},
    GLYPHS(GLYPHS_ROW)
#undef GLYPHS_ROW
};

struct canvas canvas_create(int width, int height, bool ascii)
{
    struct canvas canvas = {
        .stride = width, .width = width, .height = height, .ascii = ascii};
    canvas.cells = mem_alloc(sizeof *canvas.cells * (size_t)(width * height + 1));
    canvas_clear(&canvas);
    return canvas;
}

void canvas_destroy(struct canvas *canvas)
{
    free(canvas->cells);
    memset(canvas, 0, sizeof *canvas);
}

static struct cell *cell_at(const struct canvas *canvas, int x, int y)
{
    return canvas->cells + (size_t)y * (size_t)canvas->stride + x;
}

void canvas_clear(struct canvas *canvas)
{
    for (int y = 0; y < canvas->height; y++) {
        canvas_fill(canvas, y, STYLE_TEXT);
    }
}

void canvas_fill(struct canvas *canvas, int y, uint8_t style)
{
    for (int x = 0; y >= 0 && y < canvas->height && x < canvas->width; x++) {
        *cell_at(canvas, x, y) = (struct cell){.point = ' ', .style = style};
    }
}

struct canvas canvas_part(const struct canvas *canvas, struct rect rect)
{
    struct canvas part = *canvas;
    int left = rect.x < 0 ? 0 : rect.x, top = rect.y < 0 ? 0 : rect.y;
    int right = rect.x + rect.width, bottom = rect.y + rect.height;
    right = right > canvas->width ? canvas->width : right;
    bottom = bottom > canvas->height ? canvas->height : bottom;
    part.width = part.height = 0;
    if (right > left && bottom > top) {
        part.cells = cell_at(canvas, left, top);
        part.width = right - left;
        part.height = bottom - top;
    }
    return part;
}

const char *canvas_glyph(const struct canvas *canvas, enum glyph glyph)
{
    return canvas->ascii ? glyphs[glyph].ascii : glyphs[glyph].utf8;
}

/* A wide character of which one half is overwritten leaves a blank. */
static void cell_part_from(struct canvas *canvas, int x, int y)
{
    struct cell *cell = cell_at(canvas, x, y);
    if (cell->point == 0 && x > 0) {
        cell[-1] = (struct cell){.point = ' ', .style = cell[-1].style};
    }
    if (x + 1 < canvas->width && cell[1].point == 0) {
        cell[1] = (struct cell){.point = ' ', .style = cell[1].style};
    }
}

int canvas_point(struct canvas *canvas, int x, int y, uint8_t style, uint32_t point)
{
    if (!text_point_safe(point) || (canvas->ascii && point > 126)) {
        point = '?';
    }
    int width = text_point_width(point);
    if (width == 0) {
        if (x > 0 && x <= canvas->width && y >= 0 && y < canvas->height) {
            cell_at(canvas, x - 1, y)->mark = point;
        }
        return x;
    }
    if (y < 0 || y >= canvas->height || x < 0 || x + width > canvas->width) {
        return x + width;
    }
    cell_part_from(canvas, x, y);
    *cell_at(canvas, x, y) = (struct cell){.point = point, .style = style};
    if (width == 2) {
        cell_part_from(canvas, x + 1, y);
        *cell_at(canvas, x + 1, y) = (struct cell){.point = 0, .style = style};
    }
    return x + width;
}

/* The next code point that may be shown, 0 at the end. */
static uint32_t next_point(const char **text)
{
    while (**text) {
        uint32_t point = '?';
        size_t used = text_decode(*text, strlen(*text), &point);
        *text += used ? used : 1;
        if (text_point_safe(point)) {
            return point;
        }
    }
    return 0;
}

int canvas_text(struct canvas *canvas, int x, int y, uint8_t style, const char *text)
{
    for (uint32_t point = next_point(&text); point; point = next_point(&text)) {
        x = canvas_point(canvas, x, y, style, point);
    }
    return x;
}

int canvas_format(struct canvas *canvas, int x, int y, uint8_t style, const char *format,
                  ...)
{
    char line[1024];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(line, sizeof line, format, arguments);
    va_end(arguments);
    return canvas_text(canvas, x, y, style, line);
}

int canvas_fit(struct canvas *canvas, int x, int y, int width, uint8_t style,
               const char *text)
{
    if (width <= 0) {
        return x;
    }
    if (text_width(text) <= width) {
        return canvas_text(canvas, x, y, style, text);
    }
    const char *ellipsis = canvas_glyph(canvas, GLYPH_ELLIPSIS);
    int end = x + width - text_width(ellipsis);
    for (uint32_t point = next_point(&text); point; point = next_point(&text)) {
        if (x + text_point_width(point) > end) {
            break;
        }
        x = canvas_point(canvas, x, y, style, point);
    }
    return canvas_text(canvas, x, y, style, ellipsis);
}

int canvas_right(struct canvas *canvas, int least, int end, int y, uint8_t style,
                 const char *text)
{
    int x = end - text_width(text);
    if (x < least) {
        return end;
    }
    canvas_text(canvas, x, y, style, text);
    return x;
}

/* Bytes of the text that fill at most `width` columns, ending between words where there
 * are any. */
static size_t line_length(const char *text, int width)
{
    size_t length = 0, word = 0;
    int x = 0;
    while (text[length]) {
        uint32_t point = '?';
        size_t used = text_decode(text + length, strlen(text + length), &point);
        x += text_point_width(point);
        if (x > width) {
            return text[length] == ' ' || word == 0 ? length : word;
        }
        length += used ? used : 1;
        if (point == ' ') {
            word = length;
        }
    }
    return length;
}

int canvas_wrap(struct canvas *canvas, struct rect rect, uint8_t style, const char *text)
{
    int row = 0;
    while (*text && row < rect.height && rect.width > 1) {
        if (row + 1 == rect.height) {
            canvas_fit(canvas, rect.x, rect.y + row, rect.width, style, text);
            return row + 1;
        }
        size_t length = line_length(text, rect.width);
        char *line = mem_bytes(text, length);
        canvas_text(canvas, rect.x, rect.y + row++, style, line);
        free(line);
        text += length ? length : 1;
        while (*text == ' ') {
            text++;
        }
    }
    return row;
}

void canvas_rule(struct canvas *canvas, bool heavy, uint8_t style)
{
    for (int x = 0; x < canvas->width; x++) {
        canvas_text(canvas, x, 0, style, canvas->ascii ? "-" : heavy ? "━" : "─");
    }
}

void canvas_box(struct canvas *canvas, bool heavy, uint8_t style)
{
    static const char *const sets[][6] = {{"┌", "─", "┐", "│", "└", "┘"},
                                          {"┏", "━", "┓", "┃", "┗", "┛"},
                                          {"+", "-", "+", "|", "+", "+"},
                                          {"#", "=", "#", "#", "#", "#"}};
    const char *const *set = sets[(canvas->ascii ? 2 : 0) + heavy];
    int right = canvas->width - 1, bottom = canvas->height - 1;
    if (right < 1 || bottom < 1) {
        return;
    }
    for (int x = 1; x < right; x++) {
        canvas_text(canvas, x, 0, style, set[1]);
        canvas_text(canvas, x, bottom, style, set[1]);
    }
    for (int y = 1; y < bottom; y++) {
        canvas_text(canvas, 0, y, style, set[3]);
        canvas_text(canvas, right, y, style, set[3]);
    }
    canvas_text(canvas, 0, 0, style, set[0]);
    canvas_text(canvas, right, 0, style, set[2]);
    canvas_text(canvas, 0, bottom, style, set[4]);
    canvas_text(canvas, right, bottom, style, set[5]);
}

/* `level` eighths of a column that is `height` cells high; even the least is seen. */
static void draw_column(struct canvas *canvas, int x, int y, int height, int level)
{
    static const char *const blocks[] = {"▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"};
    static const char *const ascii[] = {"_", "_", ".", "-", "=", "+", "*", "#"};
    for (int row = height - 1; row >= 0 && level > 0; row--, level -= 8) {
        int part = (level > 8 ? 8 : level) - 1;
        canvas_text(canvas, x, y + row, STYLE_TREND,
                    canvas->ascii ? ascii[part] : blocks[part]);
    }
}

void canvas_trend(struct canvas *canvas, struct rect rect, const double *values,
                  size_t count, double low, double high)
{
    size_t shown = rect.width < 0 ? 0 : (size_t)rect.width;
    shown = count < shown ? count : shown;
    int x = rect.x + rect.width - (int)shown, eighths = rect.height * 8;
    for (size_t i = count - shown; i < count; i++) {
        double part = high > low ? (values[i] - low) / (high - low) : 0;
        int level = (int)(part * eighths + 0.5);
        level = level < 1 ? 1 : level > eighths ? eighths : level;
        draw_column(canvas, x++, rect.y, rect.height, level);
    }
}

void canvas_bar(struct canvas *canvas, int x, int y, int width, double part,
                uint8_t style)
{
    int filled = (int)(part * width + 0.5);
    filled = filled > width ? width : filled;
    for (int i = 0; i < filled; i++) {
        canvas_text(canvas, x + i, y, style, canvas_glyph(canvas, GLYPH_BAR));
    }
}

static void dump_styles(const struct canvas *canvas, int y, struct buf *out)
{
    for (int x = 0; x < canvas->width;) {
        char letter = style_row(cell_at(canvas, x, y)->style).letter;
        int start = x;
        while (x < canvas->width &&
               style_row(cell_at(canvas, x, y)->style).letter == letter) {
            x++;
        }
        buf_format(out, "%s%c%d", start ? " " : "", letter, x - start);
    }
    buf_text(out, "\n");
}

void canvas_dump(const struct canvas *canvas, struct buf *out, bool styles)
{
    for (int y = 0; y < canvas->height; y++) {
        size_t end = out->length; /* of the last that is not a blank */
        for (int x = 0; x < canvas->width; x++) {
            const struct cell *cell = cell_at(canvas, x, y);
            if (cell->point) {
                text_encode(out, cell->point);
                if (cell->mark) {
                    text_encode(out, cell->mark);
                }
                end = cell->point == ' ' ? end : out->length;
            }
        }
        out->length = end;
        buf_text(out, "\n");
    }
    for (int y = 0; styles && y < canvas->height; y++) {
        dump_styles(canvas, y, out);
    }
}

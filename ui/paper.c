#include "ui/paper.h"

#include "base/mem.h"
#include "run/command.h"

#include <stdlib.h>
#include <string.h>

enum {
    CELLS_MAX = 1024 * 1024, /* 4 MiB */
    POINT_MASK = 0xffffff,
    STYLE_SHIFT = 24,
};
static const uint32_t BLANK = (uint32_t)STYLE_TEXT << STYLE_SHIFT | ' ';

void paper_init(struct paper *paper)
{
    *paper = (struct paper){.count = 1};
    paper->lines = mem_alloc(PAPER_LINES * sizeof *paper->lines);
}

void paper_finish(struct paper *paper)
{
    for (size_t i = 0; paper->lines && i < PAPER_LINES; i++) {
        free(paper->lines[i].points);
    }
    free(paper->lines);
    *paper = (struct paper){0};
}

static struct paper_line *line_at(const struct paper *paper, size_t line)
{
    return &paper->lines[line % PAPER_LINES];
}

static void line_forget(struct paper *paper, size_t line)
{
    struct paper_line *old = line_at(paper, line);
    paper->cells -= old->room;
    free(old->points);
    *old = (struct paper_line){0};
}

size_t paper_first(const struct paper *paper)
{
    return paper->count > PAPER_LINES ? paper->count - PAPER_LINES : 0;
}

size_t paper_end(const struct paper *paper)
{
    return paper->count - (line_at(paper, paper->count - 1)->length == 0);
}

/* ---- written ---- */

static void new_line(struct paper *paper)
{
    line_forget(paper, paper->count++);
    if (paper->count > paper->top + COMMAND_ROWS) {
        paper->top = paper->count - COMMAND_ROWS;
    }
    size_t oldest = paper_first(paper);
    for (size_t line = oldest; paper->cells > CELLS_MAX && line + 1 < paper->count;
         line++) {
        line_forget(paper, line);
    }
}

void paper_feed(struct paper *paper)
{
    paper->column = 0;
    if (++paper->line == paper->count) {
        new_line(paper);
    }
}

void paper_begin(struct paper *paper)
{
    paper->line = paper->count - 1;
    paper->column = 0;
    if (line_at(paper, paper->line)->length > 0) {
        paper_feed(paper);
    }
}

static void make_room(struct paper *paper, struct paper_line *line, size_t column)
{
    if (column >= line->room) {
        uint32_t room = line->room ? line->room : 64;
        while (column >= room) {
            room *= 2;
        }
        line->points = mem_resize(line->points, room * sizeof *line->points);
        paper->cells += room - line->room;
        line->room = room;
    }
    while (line->length < column) {
        line->points[line->length++] = BLANK;
    }
}

void paper_put(struct paper *paper, uint32_t point, uint8_t style)
{
    if (paper->column == PAPER_WIDTH) {
        paper_feed(paper);
    }
    struct paper_line *line = line_at(paper, paper->line);
    make_room(paper, line, paper->column);
    line->points[paper->column++] = (uint32_t)style << STYLE_SHIFT | point;
    if (line->length < paper->column) {
        line->length = (uint32_t)paper->column;
    }
}

/* ---- the cursor ---- */

/* How many rows of the command's terminal a line took. */
static size_t rows_of(const struct paper *paper, size_t line)
{
    size_t length = line_at(paper, line)->length;
    return length == 0 ? 1 : (length + COMMAND_COLUMNS - 1) / COMMAND_COLUMNS;
}

static void go_up(struct paper *paper)
{
    if (paper->column >= COMMAND_COLUMNS) {
        paper->column -= COMMAND_COLUMNS;
    } else if (paper->line > paper->top) {
        paper->line--;
        paper->column += (rows_of(paper, paper->line) - 1) * COMMAND_COLUMNS;
    }
}

static void go_down(struct paper *paper)
{
    size_t row = paper->column / COMMAND_COLUMNS;
    if (row + 1 < rows_of(paper, paper->line)) {
        paper->column += COMMAND_COLUMNS;
    } else if (paper->line + 1 < paper->count) {
        paper->line++;
        paper->column %= COMMAND_COLUMNS;
    }
}

void paper_rows(struct paper *paper, int count)
{
    int most = PAPER_WIDTH; /* rows that its terminal has, however they wrap: fewer */
    for (int i = 0; i < most && count < 0; i++, count++) {
        go_up(paper);
    }
    for (int i = 0; i < most && count > 0; i++, count--) {
        go_down(paper);
    }
}

void paper_shift(struct paper *paper, int count)
{
    size_t steps = (size_t)abs(count);
    if (count < 0) {
        paper->column -= steps < paper->column ? steps : paper->column;
    } else {
        paper_column(paper, paper->column + steps);
    }
}

void paper_column(struct paper *paper, size_t column)
{
    paper->column = column < PAPER_WIDTH ? column : PAPER_WIDTH - 1;
}

void paper_save(struct paper *paper)
{
    paper->kept_line = paper->line;
    paper->kept_column = paper->column;
}

void paper_restore(struct paper *paper)
{
    size_t line = paper->kept_line > paper->top ? paper->kept_line : paper->top;
    paper->line = line < paper->count ? line : paper->count - 1;
    paper->column = paper->kept_column;
}

/* ---- erased ---- */

void paper_erase_line(struct paper *paper, unsigned what)
{
    struct paper_line *line = line_at(paper, paper->line);
    if (what == 2) {
        line->length = 0;
    } else if (what == 0 && line->length > paper->column) {
        line->length = (uint32_t)paper->column;
    }
    for (size_t i = 0; what == 1 && i <= paper->column && i < line->length; i++) {
        line->points[i] = BLANK;
    }
}

void paper_erase_below(struct paper *paper, unsigned what)
{
    if (what == 0) {
        paper_erase_line(paper, 0);
        while (paper->count > paper->line + 1) {
            line_forget(paper, --paper->count);
        }
    }
}

void paper_draw(const struct paper *paper, size_t line, struct canvas *canvas, int y)
{
    const struct paper_line *from = line_at(paper, line);
    int x = 0;
    for (uint32_t i = 0; i < from->length && x < canvas->width; i++) {
        uint8_t style = (uint8_t)(from->points[i] >> STYLE_SHIFT);
        x = canvas_point(canvas, x, y, style, from->points[i] & POINT_MASK);
    }
}

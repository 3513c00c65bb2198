/* The list of all checks, worst first, below a rule that names the cause; the remedy of
 * the selected one stands under it, and where there is room that of each other. What does
 * not fit is counted in the last row: nothing red is out of sight and not told. */
#include "ui/pane.h"

#include "base/buf.h"
#include "base/text.h"
#include "ui/marks.h"
#include "ui/scroll.h"
#include "ui/ui.h"

#include <stdio.h>
#include <stdlib.h>

extern const struct pane pane_checks;

/* Columns of a row, right to left as the width allows. Of a light in the gate's way the
 * summary may take the trend's. */
struct columns {
    int name, summary, trend, took, age;
};
enum { TREND_FROM = 110, TREND_WIDTH = 16 }; /* in a list so wide */

static struct columns columns_of(const struct scene *scene, int width)
{
    int longest = 6;
    for (size_t i = 0; i < scene->board->count; i++) {
        int name = text_width(scene->board->lights[i].name);
        longest = name > longest ? name : longest;
    }
    int most = width / 4;
    struct columns columns = {.name = longest > most ? most : longest};
    columns.age = width;
    columns.took = width >= 70 ? width - 8 : width;
    columns.trend = width >= 70 ? columns.took - 8 : width - 7;
    columns.summary = columns.trend - (width >= TREND_FROM ? TREND_WIDTH + 2 : 0);
    return columns;
}

static size_t row_of(const struct scene *scene, const struct light *light)
{
    for (size_t i = 0; i < scene->board->count; i++) {
        if (&scene->board->lights[scene->order[i]] == light) {
            return i;
        }
    }
    return 0;
}

static void draw_trend(struct canvas *canvas, int y, const struct columns *columns,
                       const struct light *light)
{
    double high = 0;
    for (size_t i = 0; i < light->trend_count; i++) {
        high = light->trend[i] > high ? light->trend[i] : high;
    }
    struct rect rect = {columns->summary + 1, y, TREND_WIDTH, 1};
    canvas_trend(canvas, rect, light->trend, light->trend_count, 0, high);
}

static void draw_row(const struct scene *scene, struct canvas *canvas, int y,
                     const struct columns *columns, const struct light *light, bool focus)
{
    bool selected = light == scene->selected;
    int x = canvas_text(canvas, 0, y, STYLE_FOCUS,
                        selected ? canvas_glyph(canvas, GLYPH_POINTER) : " ");
    mark_state(canvas, x, y, scene, light);
    x += MARK_WIDTH + 1;
    canvas_fit(canvas, x, y, columns->name,
               !selected ? STYLE_STRONG
               : focus   ? STYLE_CURSOR
                         : STYLE_FOCUS,
               light->name);
    x += columns->name + 2;
    const char *summary = light->result ? light->result->summary : light->check->help;
    bool trend =
        columns->summary < columns->trend &&
        (!mark_closes(scene, light) || text_width(summary) <= columns->summary - x);
    canvas_fit(canvas, x, y, (trend ? columns->summary : columns->trend) - x,
               light->result ? STYLE_TEXT : STYLE_DIM, summary);
    if (trend) {
        draw_trend(canvas, y, columns, light);
    }
    char text[40];
    if (columns->took < columns->age && light->result) {
        text_span(text, result_duration(light->result));
        canvas_right(canvas, x, columns->took, y, STYLE_DIM, text);
    }
    mark_age(text, sizeof text, canvas, scene, light);
    canvas_right(canvas, x, columns->age, y, STYLE_DIM, text);
}

static bool has_remedy(const struct scene *scene, const struct light *light)
{
    return light && light->result &&
           (light->result->remedy || causes_of(scene->causes, light));
}

/* "FAIL for 12 m" at the right end, in a wide list; returns where that begins. */
static int draw_since(const struct scene *scene, struct canvas *canvas, int y,
                      const struct light *light)
{
    int end = canvas->width - 1;
    char words[64], span[TEXT_SPAN];
    mark_span(span, sizeof span, scene->now - light->since);
    snprintf(words, sizeof words, "%s for %s", state_rows[light->result->state].shown,
             span);
    return end < TREND_FROM ? end
                            : canvas_right(canvas, end / 2, end, y, STYLE_DIM, words) - 2;
}

/* Under its row: which check explains it, and what to do next. */
static int draw_remedy(const struct scene *scene, struct canvas *canvas, int y, int rows,
                       const struct light *light)
{
    const struct light *cause = causes_of(scene->causes, light);
    int x = 3, end = draw_since(scene, canvas, y, light);
    if (cause) {
        x = canvas_format(canvas, x, y, STYLE_DIM, "%s explained by %s  ",
                          canvas_glyph(canvas, GLYPH_BEHIND), cause->name);
    }
    if (!light->result->remedy) {
        return 1;
    }
    x = canvas_text(canvas, x, y, STYLE_REMEDY, canvas_glyph(canvas, GLYPH_ARROW)) + 1;
    struct rect rect = {x, y, end - x, rows};
    int used = canvas_wrap(canvas, rect, STYLE_REMEDY, light->result->remedy);
    return used ? used : 1;
}

static void draw_rule(const struct scene *scene, struct canvas *canvas, bool focus)
{
    uint8_t style = focus ? STYLE_FOCUS : STYLE_BORDER;
    struct canvas line = canvas_part(canvas, (struct rect){0, 0, canvas->width, 1});
    canvas_rule(&line, focus, style);
    int x = canvas_text(&line, 2, 0, focus ? STYLE_FOCUS : STYLE_STRONG, " Checks ");
    char *cause = causes_line(scene->causes);
    if (cause) {
        x = canvas_text(&line, x + 1, 0, STYLE_TEXT, " ");
        x = canvas_fit(&line, x, 0, line.width - x - 3, STYLE_TEXT, cause);
        canvas_text(&line, x, 0, STYLE_TEXT, " ");
    }
    free(cause);
}

/* What of the list is seen. */
struct window {
    int rows;   /* for the list and the remedies in it */
    int spare;  /* of them, when all checks and the selected one's remedy have theirs */
    bool cut;   /* some are not seen */
    size_t top; /* the first that is */
};

static struct window window_of(const struct scene *scene, const struct canvas *canvas)
{
    int remedy = has_remedy(scene, scene->selected);
    struct window window = {.rows = canvas->height - 1};
    window.spare = window.rows - (int)scene->board->count - remedy;
    window.cut = window.spare < 0;
    window.rows -= window.cut && window.rows > 1;
    int last = (int)(scene->selected ? row_of(scene, scene->selected) : 0) +
               (window.rows > 1 ? remedy : 0);
    window.top = window.cut && last >= window.rows ? (size_t)(last + 1 - window.rows) : 0;
    return window;
}

/* "3 more below, none red", "1 not green of 3 more below"; returns how many are not. */
static size_t tell_unseen(const struct scene *scene, size_t from, size_t to,
                          const char *where, struct buf *words)
{
    size_t red = 0;
    for (size_t i = from; i < to; i++) {
        red += mark_closes(scene, &scene->board->lights[scene->order[i]]);
    }
    if (from < to) {
        buf_format(words, "%s%zu", words->length ? "; " : "", red ? red : to - from);
        red ? buf_format(words, " not green of %zu more %s", to - from, where)
            : buf_format(words, " more %s, none red", where);
    }
    return red;
}

static void draw_unseen(const struct scene *scene, struct canvas *canvas, size_t top,
                        size_t end)
{
    struct buf words;
    buf_init(&words, 0);
    size_t red = tell_unseen(scene, 0, top, "above", &words);
    red += tell_unseen(scene, end, scene->board->count, "below", &words);
    uint8_t style = red ? STYLE_GATE_NO_GO : STYLE_DIM;
    int y = canvas->height - 1;
    canvas_fill(canvas, y, red ? style : STYLE_TEXT);
    int x =
        canvas_format(canvas, 1, y, style, "%s ", canvas_glyph(canvas, GLYPH_ELLIPSIS));
    canvas_fit(canvas, x, y, canvas->width - x - 1, style, buf_string(&words));
    buf_finish(&words);
}

static void checks_draw(const void *self, const struct scene *scene,
                        struct canvas *canvas, bool focus)
{
    (void)self;
    struct columns columns = columns_of(scene, canvas->width - 1);
    struct window window = window_of(scene, canvas);
    draw_rule(scene, canvas, focus);
    size_t i = window.top;
    int y = 1;
    for (; i < scene->board->count && y <= window.rows; i++) {
        const struct light *light = &scene->board->lights[scene->order[i]];
        draw_row(scene, canvas, y++, &columns, light, focus);
        bool selected = light == scene->selected;
        if (has_remedy(scene, light) && y <= window.rows &&
            (selected || window.spare > 0)) {
            int most = selected && window.spare > 0 ? 2 : 1;
            int used = draw_remedy(scene, canvas, y, most, light);
            window.spare -= selected ? used - 1 : used;
            y += used;
        }
    }
    if (window.cut && window.rows < canvas->height - 1) {
        draw_unseen(scene, canvas, window.top, i);
    }
}

static unsigned checks_act(void *self, struct ui *ui, enum action action)
{
    (void)self;
    const struct scene *scene = &ui->scene;
    size_t at = row_of(scene, scene->selected), to = at;
    if (scene->board->count == 0 || !scroll_to(&to, scene->board->count, action)) {
        return REACT_IGNORED;
    }
    ui_select(ui, scene->order[to]);
    return to == at ? REACT_NONE : REACT_DRAW;
}

static const struct light *checks_light(const void *self, const struct scene *scene)
{
    (void)self;
    return scene->selected;
}

const struct pane pane_checks = {
    .name = "checks",
    .title = "Checks",
    .place = PLACE_CHECKS,
    .context = CONTEXT_BOARD,
    .draw = checks_draw,
    .act = checks_act,
    .light = checks_light,
};

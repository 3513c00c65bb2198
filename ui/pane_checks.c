/* The list of all checks, worst first, below a rule that names the cause; the remedy of
 * the selected one stands under it. */
#include "ui/pane.h"

#include "base/text.h"
#include "ui/marks.h"
#include "ui/scroll.h"
#include "ui/ui.h"

#include <stdio.h>
#include <stdlib.h>

extern const struct pane pane_checks;

/* Columns of a row, right to left as the width allows. */
struct columns {
    int name, summary, took, age;
};

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
    columns.summary = width >= 70 ? columns.took - 8 : width - 7;
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
    canvas_fit(canvas, x, y, columns->summary - x, light->result ? STYLE_TEXT : STYLE_DIM,
               summary);
    char text[40];
    if (columns->took < columns->age && light->result) {
        text_span(text, result_duration(light->result));
        canvas_right(canvas, x, columns->took, y, STYLE_DIM, text);
    }
    mark_age(text, sizeof text, canvas, scene, light);
    canvas_right(canvas, x, columns->age, y, STYLE_DIM, text);
}

/* Under the selected row: which check explains it, and what to do next. */
static int draw_remedy(const struct scene *scene, struct canvas *canvas, int y,
                       const struct light *light)
{
    const struct light *cause = causes_of(scene->causes, light);
    const char *remedy = light->result ? light->result->remedy : NULL;
    int x = 3, rows = canvas->height - y > 3 && canvas->width < 120 ? 2 : 1;
    if (y >= canvas->height || (!remedy && !cause)) {
        return 0;
    }
    if (cause) {
        x = canvas_format(canvas, x, y, STYLE_DIM, "%s explained by %s  ",
                          canvas_glyph(canvas, GLYPH_BEHIND), cause->name);
    }
    if (!remedy) {
        return 1;
    }
    x = canvas_text(canvas, x, y, STYLE_REMEDY, canvas_glyph(canvas, GLYPH_ARROW)) + 1;
    struct rect rect = {x, y, canvas->width - x - 1, rows};
    return canvas_wrap(canvas, rect, STYLE_REMEDY, remedy);
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

static void checks_draw(const void *self, const struct scene *scene,
                        struct canvas *canvas, bool focus)
{
    (void)self;
    struct columns columns = columns_of(scene, canvas->width - 1);
    draw_rule(scene, canvas, focus);
    int y = 1;
    size_t rows = canvas->height > 1 ? (size_t)canvas->height - 1 : 0;
    size_t at = scene->selected ? row_of(scene, scene->selected) : 0, top;
    bool remedy =
        scene->selected && scene->selected->result && scene->selected->result->remedy;
    size_t last = at + (remedy && rows > 1);
    top = last >= rows && rows > 0 ? last + 1 - rows : 0;
    for (size_t i = top; i < scene->board->count && y < canvas->height; i++) {
        const struct light *light = &scene->board->lights[scene->order[i]];
        draw_row(scene, canvas, y++, &columns, light, focus);
        if (light == scene->selected) {
            y += draw_remedy(scene, canvas, y, light);
        }
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

/* One check with all its evidence: what was asked, what came back, how long each phase
 * took, and what to do next. The board shows the same beside its list where there is
 * room. */
#include "ui/inspect.h"

#include "base/clock.h"
#include "base/text.h"
#include "run/repair.h"
#include "ui/marks.h"
#include "ui/scroll.h"
#include "ui/ui.h"

#include <stdio.h>

extern const struct pane view_inspect;

enum { LABEL = 18 };

static void draw_heading(struct canvas *canvas, int *y, const char *text)
{
    ++*y;
    canvas_text(canvas, 1, (*y)++, STYLE_HEAD, text);
}

/* A label and its value, which may need more than one row. */
static void draw_pair(struct canvas *canvas, int *y, const char *label, const char *value)
{
    canvas_fit(canvas, 2, *y, LABEL - 3, STYLE_DIM, label);
    int x = LABEL;
    struct rect rect = {x, *y, canvas->width - x - 1, 6};
    int rows = canvas_wrap(canvas, rect, STYLE_TEXT, value);
    *y += rows ? rows : 1;
}

/* Glyphs and words of the four rungs as far as it came: the first that was missed says
 * why. */
static void draw_rungs(struct canvas *canvas, int *y, const struct result *result)
{
    if (result->rung == RUNG_NONE) {
        return;
    }
    canvas_text(canvas, 2, *y, STYLE_DIM, "reached");
    int x = LABEL;
    for (int rung = RUNG_CONFIGURED; rung < RUNG_COUNT; rung++) {
        bool reached = rung <= (int)result->rung;
        const struct state_row *row =
            reached
                ? &state_rows[STATE_OK]
                : &state_rows[rung == (int)result->rung + 1 ? result->state : STATE_SKIP];
        uint8_t style = reached                         ? STYLE_OK
                        : rung == (int)result->rung + 1 ? style_of_state(result->state)
                                                        : STYLE_DIM;
        x = canvas_format(canvas, x, *y, style, "%s %s  ",
                          canvas->ascii ? row->ascii : row->glyph, rung_words[rung]);
    }
    ++*y;
}

static void draw_times(const struct scene *scene, const struct light *light,
                       struct canvas *canvas, int *y)
{
    char time[16], age[40], took[TEXT_SPAN], most[TEXT_SPAN], period[TEXT_SPAN],
        line[160];
    mark_time(time, light->result->wall);
    mark_age(age, sizeof age, canvas, scene, light);
    text_span(took, result_duration(light->result));
    text_span(most, light->deadline);
    snprintf(line, sizeof line, "%s (%s%s), took %s of at most %s", time, age,
             text_equal(age, "now") ? "" : " ago", took, most);
    draw_pair(canvas, y, "asked", line);
    text_span(age, scene->now - light->since);
    text_span(period, light->period);
    snprintf(line, sizeof line, "%s for %s; asked every %s",
             state_rows[light->result->state].shown, age, period);
    draw_pair(canvas, y, "state", line);
}

static void draw_phases(struct canvas *canvas, int *y, const struct result *result)
{
    int64_t longest = 1;
    for (size_t i = 0; i < result->phase_count; i++) {
        longest = result->phases[i].span > longest ? result->phases[i].span : longest;
    }
    if (result->phase_count > 0) {
        draw_heading(canvas, y, "Phases");
    }
    for (size_t i = 0; i < result->phase_count; i++, ++*y) {
        char span[TEXT_SPAN];
        text_span(span, result->phases[i].span);
        canvas_fit(canvas, 2, *y, LABEL - 3, STYLE_DIM, result->phases[i].name);
        canvas_right(canvas, LABEL, LABEL + 8, *y, STYLE_TEXT, span);
        int room = canvas->width - LABEL - 11;
        canvas_bar(canvas, LABEL + 10, *y, room > 40 ? 40 : room,
                   (double)result->phases[i].span / (double)longest, STYLE_TREND);
    }
}

/* What may be run to mend it, and by which key. */
static void draw_repairs(const struct scene *scene, const struct light *light,
                         struct canvas *canvas, int *y)
{
    const json_t *repair;
    for (size_t i = 0; (repair = repair_offered(scene->board, light, i, scene->now));
         i++) {
        const char *title = config_text(repair, "title");
        int x = canvas_text(canvas, 1, *y, STYLE_KEY, "m") + 1;
        x = canvas_format(canvas, x, *y, STYLE_REMEDY, "mends: %s",
                          config_text(repair, "name"));
        canvas_fit(canvas, x + 2, *y, canvas->width - x - 3, STYLE_DIM,
                   title ? title : "");
        ++*y;
    }
}

static void draw_verdict(const struct scene *scene, const struct light *light,
                         struct canvas *canvas, int *y)
{
    const struct result *result = light->result;
    struct rect rect = {1, *y, canvas->width - 2, 4};
    *y += canvas_wrap(canvas, rect,
                      result->state == STATE_OK ? STYLE_STRONG : mark_style(scene, light),
                      result->summary);
    const struct light *cause = causes_of(scene->causes, light);
    if (cause) {
        canvas_format(canvas, 1, (*y)++, STYLE_TEXT, "%s explained by %s: %s",
                      canvas_glyph(canvas, GLYPH_BEHIND), cause->name,
                      cause->result ? cause->result->summary : "no answer yet");
    }
    if (result->remedy) {
        int x =
            canvas_text(canvas, 1, *y, STYLE_REMEDY, canvas_glyph(canvas, GLYPH_ARROW)) +
            1;
        rect = (struct rect){x, *y, canvas->width - x - 1, 4};
        *y += canvas_wrap(canvas, rect, STYLE_REMEDY, result->remedy);
    }
    draw_repairs(scene, light, canvas, y);
    ++*y;
}

void inspect_draw(const struct scene *scene, const struct light *light,
                  struct canvas *canvas, size_t skip)
{
    int y = -(int)skip;
    if (!light) {
        return;
    }
    const struct result *result = light->result;
    canvas_text(canvas, 1, y, STYLE_HEAD, light->name);
    mark_state(canvas, canvas->width - MARK_WIDTH - 1, y++, scene, light);
    canvas_fit(canvas, 1, y, canvas->width - 2, STYLE_DIM, light->check->help);
    y += 2;
    if (!result) {
        canvas_text(canvas, 1, y, STYLE_DIM, "no answer yet");
        return;
    }
    draw_verdict(scene, light, canvas, &y);
    draw_rungs(canvas, &y, result);
    draw_times(scene, light, canvas, &y);
    if (result->evidence_count > 0) {
        draw_heading(canvas, &y, "Evidence");
    }
    for (size_t i = 0; i < result->evidence_count; i++) {
        draw_pair(canvas, &y, result->evidence[i].key, result->evidence[i].value);
    }
    draw_phases(canvas, &y, result);
    if (result->note_count > 0) {
        draw_heading(canvas, &y, "Notes");
    }
    for (size_t i = 0; i < result->note_count; i++) {
        int x = canvas_text(canvas, 2, y, STYLE_DIM, canvas_glyph(canvas, GLYPH_DOT)) + 1;
        struct rect rect = {x, y, canvas->width - x - 1, 4};
        y += canvas_wrap(canvas, rect, STYLE_TEXT, result->notes[i]);
    }
}

struct inspect {
    size_t skip;
};

static void view_draw(const void *self, const struct scene *scene, struct canvas *canvas,
                      bool focus)
{
    (void)focus;
    const struct inspect *inspect = self;
    inspect_draw(scene, scene->selected, canvas, inspect->skip);
}

/* Lines that may be skipped: what a result holds, roughly; the last ones stay in
 * sight. */
static size_t line_count(const struct light *light)
{
    const struct result *result = light ? light->result : NULL;
    return result ? result->evidence_count + result->note_count + result->phase_count + 10
                  : 1;
}

static unsigned view_act(void *self, struct ui *ui, enum action action)
{
    struct inspect *inspect = self;
    if (action == ACTION_NEXT_RED || action == ACTION_PREVIOUS_RED) {
        inspect->skip = 0;
        return REACT_IGNORED;
    }
    return scroll_to(&inspect->skip, line_count(ui_selected(ui)), action) ? REACT_DRAW
                                                                          : REACT_IGNORED;
}

const struct pane view_inspect = {
    .name = "inspect",
    .title = "Check",
    .place = PLACE_SCREEN,
    .context = CONTEXT_INSPECT,
    .state_size = sizeof(struct inspect),
    .draw = view_draw,
    .act = view_act,
};

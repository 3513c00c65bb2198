#include "ui/marks.h"

#include "base/clock.h"
#include "base/text.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

static bool is_stale(const struct scene *scene, const struct light *light)
{
    return light_stale(light, scene->board, scene->now);
}

bool mark_closes(const struct scene *scene, const struct light *light)
{
    enum closure closure = gate_light(scene->board, light, scene->now);
    return closure != CLOSURE_GREEN && closure != CLOSURE_NEUTRAL;
}

/* What is stale proves nothing any more and does not look as if it did. */
uint8_t mark_style(const struct scene *scene, const struct light *light)
{
    if (!light->result) {
        return STYLE_DIM;
    }
    bool faded = light->result->state == STATE_OK && is_stale(scene, light);
    return faded ? STYLE_UNKNOWN : style_of_state(light->result->state);
}

int mark_state(struct canvas *canvas, int x, int y, const struct scene *scene,
               const struct light *light)
{
    if (!light->result) {
        const char *word = light->running ? " asking" : " not yet";
        x = canvas_text(canvas, x, y, STYLE_DIM, canvas_glyph(canvas, GLYPH_RUNNING));
        return canvas_text(canvas, x, y, STYLE_DIM, word);
    }
    const struct state_row *row = &state_rows[light->result->state];
    uint8_t style = mark_style(scene, light);
    const char *glyph = is_stale(scene, light) ? canvas_glyph(canvas, GLYPH_STALE)
                        : canvas->ascii        ? row->ascii
                                               : row->glyph;
    x = canvas_text(canvas, x, y, style, glyph);
    return canvas_format(canvas, x, y, style, " %s", row->shown);
}

void mark_span(char *out, size_t size, int64_t span)
{
    char text[TEXT_SPAN] = "now";
    if (span >= CLOCK_SECOND) {
        text_span(text, span);
    }
    snprintf(out, size, "%s", text);
}

void mark_age(char *out, size_t size, const struct canvas *canvas,
              const struct scene *scene, const struct light *light)
{
    char span[TEXT_SPAN] = "";
    if (light->result) {
        mark_span(span, sizeof span, light_age(light, scene->now));
    }
    snprintf(out, size, "%s%s%s",
             light->running ? canvas_glyph(canvas, GLYPH_RUNNING) : "",
             is_stale(scene, light) ? canvas_glyph(canvas, GLYPH_STALE) : "", span);
}

int mark_number(const struct pane *pane)
{
    int number = 0;
    for (size_t i = 0; panes[i]; i++) {
        number += panes[i]->place == PLACE_CARD;
        if (panes[i] == pane) {
            return panes[i]->place == PLACE_CARD ? number : 0;
        }
    }
    return 0;
}

void mark_release(char *out, size_t size, const char *release)
{
    enum { REVISION = 40, SHOWN = 12 };
    bool revision =
        strlen(release) == REVISION && strspn(release, "0123456789abcdef") == REVISION;
    snprintf(out, size, "%.*s", revision ? SHOWN : REVISION, release);
}

void mark_time(char out[16], int64_t wall)
{
    time_t seconds = (time_t)(wall / 1000);
    struct tm when;
    gmtime_r(&seconds, &when);
    strftime(out, 16, "%H:%M:%SZ", &when);
}

#include "ui/run_page.h"

#include "base/clock.h"
#include "base/mem.h"
#include "base/text.h"
#include "run/fate.h"
#include "ui/marks.h"

#include <stdio.h>
#include <stdlib.h>

static void draw_title(const struct run_screen *screen, struct canvas *canvas)
{
    const struct run *run = screen->run;
    char line[300], release[64] = "";
    if (run && run->release) {
        mark_release(release, sizeof release, run->release);
    }
    snprintf(line, sizeof line, "%s%s%s%s%s", run ? run->kind : "run",
             release[0] ? " of " : "", release, run && run->operator_name ? " by " : "",
             run && run->operator_name ? run->operator_name : "");
    int end = canvas_right(canvas, 20, canvas->width - 1, 0, STYLE_DIM, screen->id);
    canvas_fit(canvas, 1, 0, end - 2, STYLE_HEAD, line);
}

/* "running for 12 s, usually 40 s, at most 30 m; last output 3 s ago" */
static void draw_clock(const struct run_screen *screen, const struct scene *scene,
                       struct canvas *canvas, int y)
{
    const struct run *run = screen->run;
    char span[TEXT_SPAN];
    int64_t until = run->ended ? run->ended : scene->wall;
    text_span(span, (until - run->started) * CLOCK_MS);
    int x = canvas_format(canvas, 1, y, STYLE_STRONG, "%s",
                          screen->orphan ? FATE_UNKNOWN : run_phase_words[run->phase]);
    x = canvas_format(canvas, x + 1, y, STYLE_TEXT, "%s %s", run->ended ? "after" : "for",
                      span);
    if (run->usual > 0) {
        text_span(span, run->usual * CLOCK_MS);
        x = canvas_format(canvas, x, y, STYLE_DIM, ", usually %s", span);
    }
    if (run->ended) {
        return;
    }
    text_span(span, run->timeout);
    x = canvas_format(canvas, x, y, STYLE_DIM, ", at most %s", span);
    if (screen->printed) {
        mark_span(span, sizeof span, scene->now - screen->printed);
        canvas_format(canvas, x, y, STYLE_DIM, "; last output %s%s", span,
                      text_equal(span, "now") ? "" : " ago");
    }
}

/* "✓ backup 1 s", "▸ deploy 12 s", "· verify" */
static void name_step(const struct step *step, int64_t wall, char *out, size_t room)
{
    char span[TEXT_SPAN] = "", exit[32] = "";
    if (step->started && (!step->ended || step->argv || step->status > 0)) {
        text_span(span, ((step->ended ? step->ended : wall) - step->started) * CLOCK_MS);
    }
    if (step->argv && step->ended && step->status > 0) {
        snprintf(exit, sizeof exit, " (exit %d)", step->status);
    }
    snprintf(out, room, " %s%s%s%s%s", step->name, span[0] ? " " : "", span, exit,
             step->skipped ? " skipped" : "");
}

static const char *step_glyph(const struct step *step, const struct canvas *canvas,
                              uint8_t *style)
{
    if (!step->started) {
        *style = STYLE_DIM;
        return canvas->ascii ? "." : "·";
    }
    if (!step->ended) {
        *style = STYLE_STRONG;
        return canvas_glyph(canvas, GLYPH_POINTER);
    }
    enum state state = step->skipped       ? STATE_SKIP
                       : step->status <= 0 ? STATE_OK
                                           : STATE_FAIL;
    *style = step->skipped ? STYLE_DIM : step->status <= 0 ? STYLE_OK : STYLE_FAIL;
    return canvas->ascii ? state_rows[state].ascii : state_rows[state].glyph;
}

/* In as many rows as they need; returns the next. */
static int draw_steps(const struct run_screen *screen, const struct scene *scene,
                      struct canvas *canvas, int y)
{
    const struct run *run = screen->run;
    int x = 1;
    for (size_t i = 0; i < run->step_count; i++) {
        char name[200];
        uint8_t style;
        const char *glyph = step_glyph(&run->steps[i], canvas, &style);
        name_step(&run->steps[i], scene->wall, name, sizeof name);
        if (x > 1 && x + 1 + text_width(name) >= canvas->width) {
            x = 1;
            y++;
        }
        x = canvas_text(canvas, x, y, style, glyph);
        x = canvas_text(canvas, x, y, style, name) + 2;
    }
    return run->step_count ? y + 1 : y;
}

/* The board in a line or two: a run changes what it is about. */
static int draw_strip(const struct scene *scene, struct canvas *canvas, int y)
{
    int x = 1;
    for (size_t i = 0; i < scene->board->count; i++) {
        const struct light *light = &scene->board->lights[i];
        int width = 2 + text_width(light->name) + 2;
        if (x > 1 && x + width > canvas->width) {
            x = 1;
            y++;
        }
        const struct state_row *row =
            &state_rows[light->result ? light->result->state : 0];
        uint8_t style = mark_style(scene, light);
        const char *glyph = !light->result  ? canvas_glyph(canvas, GLYPH_RUNNING)
                            : canvas->ascii ? row->ascii
                                            : row->glyph;
        canvas_text(canvas, x, y, style, glyph);
        canvas_text(canvas, x + 2, y, STYLE_TEXT, light->name);
        x += width;
    }
    return y + 1;
}

/* How it ended, in words and the colours of the gate; returns the next row. */
static int draw_outcome(const struct run_screen *screen, struct canvas *canvas, int y)
{
    const struct run *run = screen->run;
    if (run && run->phase == PHASE_ENDED) {
        uint8_t style = run->status == 0 ? STYLE_GATE_GO : STYLE_GATE_NO_GO;
        canvas_fill(canvas, y, style);
        int x =
            canvas_format(canvas, 1, y, style, "%s %s",
                          canvas_glyph(canvas, run->status == 0 ? GLYPH_GO : GLYPH_NO_GO),
                          outcome_rows[run->outcome].word);
        canvas_format(canvas, x, y, style, ": %s", outcome_rows[run->outcome].help);
        return y + 1;
    }
    if (screen->orphan) {
        canvas_fill(canvas, y, STYLE_GATE_NO_GO);
        canvas_text(canvas, 1, y, STYLE_GATE_NO_GO,
                    FATE_UNKNOWN ": its supervisor is gone and no end is recorded; "
                                 "press R to resolve it");
        return y + 1;
    }
    return y;
}

/* Why it was refused, or what else is in the way; returns the next row. */
static int draw_reasons(const struct run_screen *screen, struct canvas *canvas, int y)
{
    const struct run *run = screen->run;
    char *const *reasons = screen->reasons;
    if (!reasons[0] && run && run->phase == PHASE_ENDED &&
        run->outcome != OUTCOME_VERIFIED) {
        const struct judgement *said =
            run->outcome == OUTCOME_REFUSED ? &run->before : &run->after;
        reasons = said->reasons ? said->reasons : reasons;
    }
    for (size_t i = 0; reasons[i]; i++) {
        int x = canvas_text(canvas, 1, y, STYLE_FAIL,
                            canvas->ascii ? state_rows[STATE_FAIL].ascii
                                          : state_rows[STATE_FAIL].glyph) +
                1;
        y += canvas_wrap(canvas, (struct rect){x, y, canvas->width - x - 1, 3},
                         STYLE_TEXT, reasons[i]);
    }
    const char *more[] = {run ? run->trouble : NULL, screen->hint ? screen->hint
                                                     : run        ? run->unusual
                                                                  : NULL};
    for (size_t i = 0; i < 2; i++) {
        if (more[i]) {
            int x = canvas_text(canvas, 1, y, STYLE_REMEDY,
                                canvas_glyph(canvas, GLYPH_ARROW)) +
                    1;
            y += canvas_wrap(canvas, (struct rect){x, y, canvas->width - x - 1, 3},
                             STYLE_REMEDY, more[i]);
        }
    }
    return y;
}

/* What it asks stands above everything else. Returns the next row. */
static int draw_question(const struct run_screen *screen, struct canvas *canvas, int y)
{
    const struct run *run = screen->run;
    if (!run || !run->question.step) {
        return y;
    }
    const struct state_row *row = &state_rows[STATE_WARN];
    char *choices = question_choices(&run->question);
    char *line = mem_format("%s: %s", run->question.step, run->question.why);
    int x =
        canvas_text(canvas, 1, y, STYLE_WARN, canvas->ascii ? row->ascii : row->glyph) +
        1;
    y += canvas_wrap(canvas, (struct rect){x, y, canvas->width - x - 1, 3}, STYLE_STRONG,
                     line);
    x = canvas_text(canvas, 1, y, STYLE_REMEDY, canvas_glyph(canvas, GLYPH_ARROW)) + 1;
    canvas_format(canvas, x, y, STYLE_REMEDY, "press d to decide: %s", choices);
    free(line);
    free(choices);
    return y + 1;
}

static void draw_output(const struct run_screen *screen, struct canvas *canvas)
{
    const struct output *output = &screen->output;
    canvas_rule(canvas, false, STYLE_BORDER);
    canvas_text(canvas, 2, 0, STYLE_STRONG, " Output ");
    size_t first = output_first(output), end = output_end(output);
    size_t rows = canvas->height > 1 ? (size_t)canvas->height - 1 : 0;
    size_t last = end - first > screen->back ? end - screen->back : first;
    last = last < first + rows ? (first + rows < end ? first + rows : end) : last;
    size_t top = last > first + rows ? last - rows : first;
    for (size_t line = top; line < last; line++) {
        output_draw(output, line, canvas, 1 + (int)(line - top));
    }
    char corner[100] = "";
    if (screen->player.replay) {
        char words[80];
        player_words(&screen->player, words, sizeof words);
        snprintf(corner, sizeof corner, " %s ", words);
    } else if (last < end) {
        snprintf(corner, sizeof corner, " %zu more below, G follows ", end - last);
    } else if (screen->run && screen->run->phase != PHASE_ENDED && !screen->orphan) {
        snprintf(corner, sizeof corner, " to stop it: greenboard runs cancel %s ",
                 screen->id);
    }
    canvas_right(canvas, 12, canvas->width - 2, 0, last < end ? STYLE_FOCUS : STYLE_DIM,
                 corner);
}

void run_page_draw(const struct run_screen *screen, const struct scene *scene,
                   struct canvas *canvas)
{
    draw_title(screen, canvas);
    int y = 1;
    if (screen->run) {
        draw_clock(screen, scene, canvas, y++);
        y = draw_steps(screen, scene, canvas, y);
    } else {
        canvas_text(canvas, 1, y++, STYLE_STRONG,
                    screen->ended ? "it ended before anything was started"
                                  : "starting: waits for the lock");
    }
    y = draw_question(screen, canvas, y);
    y = draw_outcome(screen, canvas, y);
    y = draw_reasons(screen, canvas, y);
    y = draw_strip(scene, canvas, y);
    struct rect rest = {0, y, canvas->width, canvas->height - y};
    struct canvas part = canvas_part(canvas, rest);
    draw_output(screen, &part);
}

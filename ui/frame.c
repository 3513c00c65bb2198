#include "ui/frame.h"

#include "base/mem.h"
#include "base/spawn.h"
#include "base/text.h"
#include "ui/marks.h"
#include "ui/ui.h"

#include <stdio.h>
#include <stdlib.h>

enum {
    NARROW_GATE = 76, /* columns from which the kind of a NO-GO is told beside it */
};

static void release_words(const struct board *board, char *out, size_t size)
{
    const char *release = board->release;
    if (!release) {
        snprintf(out, size, "%s",
                 board->release_error.code ? "release unknown"
                 : board->release_wanted   ? "release not yet told"
                                           : "no release configured");
        return;
    }
    char shown[64];
    mark_release(shown, sizeof shown, release);
    snprintf(out, size, "release %s", shown);
}

/* Nothing is recorded any more: that is said instead of everything else. */
static bool header_trouble(const struct scene *scene, struct canvas *canvas)
{
    const struct error *trouble = &scene->ui->trouble;
    if (trouble->code == ERROR_NONE) {
        return false;
    }
    char line[600];
    snprintf(line, sizeof line, "nothing is recorded, so nothing can be deployed: %s",
             trouble->message);
    canvas_fit(canvas, 1, 0, canvas->width - 2, STYLE_FAIL, line);
    return true;
}

void frame_header(const struct scene *scene, struct canvas *canvas)
{
    if (header_trouble(scene, canvas)) {
        return;
    }
    const struct environment *environment = scene->board->environment;
    char time[16], right[120], release[64], line[200];
    mark_time(time, scene->wall);
    snprintf(right, sizeof right, "%s%s  %s", scene->read_only ? "read-only  " : "",
             scene->operator_name ? scene->operator_name : "", time);
    int end = canvas_right(canvas, 40, canvas->width - 1, 0, STYLE_DIM, right);
    if (end == canvas->width - 1) {
        end = canvas_right(canvas, 30, canvas->width - 1, 0, STYLE_DIM, time);
    }
    int x = canvas_text(canvas, 1, 0, STYLE_HEAD, "greenboard") + 2;
    snprintf(line, sizeof line, "%s %s %s", environment->system,
             canvas_glyph(canvas, GLYPH_UNDER), environment->name);
    x = canvas_fit(canvas, x, 0, end - x - 1, STYLE_STRONG, line);
    const char *word = env_class_words[environment->env_class];
    if (!text_equal(word, environment->name)) {
        snprintf(line, sizeof line, " (%s)", word);
        x = canvas_fit(canvas, x, 0, end - x - 1, STYLE_TEXT, line);
    }
    release_words(scene->board, release, sizeof release);
    x += 3;
    canvas_fit(canvas, x, 0, end - x - 2, STYLE_TEXT, release);
}

/* What stops a deploy besides the gate, or NULL. */
static const char *bar_words(const struct scene *scene)
{
    const struct standing *standing = scene->ui ? scene->ui->standing : NULL;
    return standing && standing->count ? standing->bars[0].message : NULL;
}

/* What stands beside the word: the first reason and how many more there are, or what GO
 * means. */
static char *gate_words(const struct scene *scene, char *const *reasons)
{
    struct verdict verdict = scene->board->verdict;
    size_t count = argv_count(reasons);
    if (verdict.decision == GATE_GO) {
        bool leads = !scene->read_only && !bar_words(scene) && scene->ui->depth == 0;
        return mem_text(leads ? "every light is green: D shows the plan"
                              : "every light is green");
    }
    if (verdict.decision == GATE_WAIT) {
        return mem_format("%zu of %zu have answered", verdict.asked - verdict.closed,
                          verdict.asked);
    }
    if (count > 1) {
        return mem_format("%s  (+%zu more)", reasons[0], count - 1);
    }
    return mem_text(reasons[0] ? reasons[0] : "");
}

/* The further reasons, where the line has room below. */
static void gate_more(const struct scene *scene, struct canvas *canvas,
                      char *const *reasons, int x, int y, uint8_t style)
{
    struct verdict verdict = scene->board->verdict;
    if (verdict.decision != GATE_NO_GO) {
        return;
    }
    canvas_fit(canvas, 3, y, x - 4, style, verdict_kind(verdict));
    for (size_t i = 1; reasons[0] && reasons[i] && x < canvas->width - 10; i++) {
        x = canvas_fit(canvas, x, y, canvas->width - x - 2, style, reasons[i]);
        x = reasons[i + 1] ? canvas_text(canvas, x, y, style, "; ") : x;
    }
}

void frame_gate(const struct scene *scene, struct canvas *canvas)
{
    static const enum glyph glyphs[] = {GLYPH_WAIT, GLYPH_GO, GLYPH_NO_GO};
    struct verdict verdict = scene->board->verdict;
    uint8_t style = style_of_gate(verdict.decision);
    int y = canvas->height >= 3 ? 1 : 0;
    for (int row = 0; row < canvas->height; row++) {
        canvas_fill(canvas, row, style);
    }
    int x = canvas_format(canvas, 1, y, style, "%s %s",
                          canvas_glyph(canvas, glyphs[verdict.decision]),
                          decision_words[verdict.decision]);
    const char *kind = verdict_kind(verdict);
    if (kind && canvas->height < 3 && canvas->width >= NARROW_GATE) {
        x = canvas_format(canvas, x, y, style, ", %s", kind);
    }
    x = x + 2 > 12 ? x + 2 : 12;
    char tally[80];
    snprintf(tally, sizeof tally, "%s%zu of %zu green", scene->paused ? "PAUSED  " : "",
             verdict.green, verdict.asked);
    int end = canvas_right(canvas, x + 10, canvas->width - 1, y, style, tally);
    char **reasons = gate_reasons(scene->board, scene->now);
    char *words = gate_words(scene, reasons);
    const char *bar = bar_words(scene);
    if (bar && canvas->height >= 3) {
        canvas_fit(canvas, x, 0, canvas->width - x - 1, style, bar);
    } else if (bar) {
        char *both = mem_format("%s; %s", bar, words);
        free(words);
        words = both;
    }
    canvas_fit(canvas, x, y, end - x - 1, style, words);
    if (canvas->height >= 3) {
        gate_more(scene, canvas, reasons, x, y + 1, style);
    }
    free(words);
    argv_free(reasons);
}

#include "ui/card.h"

#include "base/clock.h"
#include "base/text.h"
#include "config/route.h"
#include "ui/marks.h"

#include <stdio.h>
#include <string.h>

void card_take(struct card *card, const struct pane *pane, const struct scene *scene,
               const char *const *names, size_t count)
{
    memset(card, 0, sizeof *card);
    card->pane = pane;
    for (size_t i = 0; i < count && card->count < CARD_LIGHTS; i++) {
        const struct light *light = board_find(scene->board, names[i]);
        if (light) {
            card->lights[card->count++] = light;
        }
    }
}

bool card_proven(const struct card *card)
{
    return card->count > 0 && card->lights[0]->result &&
           card->lights[0]->result->state == STATE_OK;
}

const char *card_evidence(const struct card *card, const char *key)
{
    const char *value = NULL;
    for (size_t i = 0; i < card->count && !value; i++) {
        if (card->lights[i]->result) {
            value = result_evidence_of(card->lights[i]->result, key);
        }
    }
    return value ? value : "";
}

void card_latency(struct card *card)
{
    const struct result *result = card->count ? card->lights[0]->result : NULL;
    if (result && result->has_figure) {
        text_span(card->figure, (int64_t)(result->figure * (double)CLOCK_MS));
    }
}

static bool card_has(const struct card *card, const struct light *light)
{
    for (size_t i = 0; i < card->count; i++) {
        if (card->lights[i] == light) {
            return true;
        }
    }
    return false;
}

/* The first in the board's order that answered and is not OK; else one that has not
 * answered. */
const struct light *card_worst(const void *self, const struct scene *scene)
{
    const struct card *card = self;
    for (size_t i = 0; i < scene->board->count; i++) {
        const struct light *light = &scene->board->lights[scene->order[i]];
        if (light->result && light->result->state != STATE_OK && card_has(card, light)) {
            return light;
        }
    }
    for (size_t i = 0; i < card->count; i++) {
        if (!card->lights[i]->result) {
            return card->lights[i];
        }
    }
    return card->count ? card->lights[0] : NULL;
}

const char *card_rung(const struct result *result)
{
    static const char *const words[RUNG_COUNT] = {
        [RUNG_NONE] = "",
        [RUNG_CONFIGURED] = "configured, not reached",
        [RUNG_REACHABLE] = "reachable, not authenticated",
        [RUNG_AUTHENTICATED] = "authenticated, not usable",
        [RUNG_USABLE] = "usable",
    };
    return words[result->rung];
}

/* The words of a card whose worst light is not OK come from that light. */
struct words {
    const char *head, *detail;
    uint8_t style;
    const char *remedy; /* or NULL: in place of the details */
};

static struct words card_words(const struct card *card, const struct light *light)
{
    const struct result *result = light->result;
    if (!result) {
        return (struct words){light->check->help, "", STYLE_DIM, NULL};
    }
    if (result->state == STATE_OK) {
        return (struct words){card->head[0] ? card->head : result->summary, card->detail,
                              STYLE_TEXT, NULL};
    }
    return (struct words){result->summary, card_rung(result),
                          style_of_state(result->state), NULL};
}

/* Where there are two lines for what is wrong, the pane may have better ones than the
 * summary, which the list of checks has too. */
static void shorten(const struct card *card, const struct result *result,
                    struct words *words)
{
    words->head = card->wrong[0] ? card->wrong : words->head;
    words->remedy = card->remedy ? result->remedy : NULL;
}

static int draw_arrow(struct canvas *canvas, int y)
{
    return canvas_text(canvas, 0, y, STYLE_REMEDY, canvas_glyph(canvas, GLYPH_ARROW)) + 1;
}

static void draw_trend(const struct card *card, struct canvas *canvas, struct rect rect)
{
    const struct light *light = card->lights[0];
    double low = card->low, high = card->high;
    for (size_t i = 0; low == 0 && card->high == 0 && i < light->trend_count; i++) {
        high = light->trend[i] > high ? light->trend[i] : high;
    }
    canvas_trend(canvas, rect, light->trend, light->trend_count, low, high);
}

/* A part of a whole, or milliseconds. */
static void name_figure(const struct card *card, double figure, char out[TEXT_SPAN])
{
    if (card->high > 0) {
        snprintf(out, TEXT_SPAN, "%.0f %%", 100 * figure);
    } else {
        text_span(out, (int64_t)(figure * (double)CLOCK_MS));
    }
}

static bool is_among(const char *const *keys, const char *key)
{
    while (keys && *keys && strcmp(*keys, key) != 0) {
        keys++;
    }
    return keys && *keys;
}

static int draw_pair(struct canvas *canvas, int y, const char *key, uint8_t style,
                     const char *value)
{
    int x = canvas_fit(canvas, 0, y, 16, STYLE_DIM, key);
    x = x < 17 ? 17 : x + 1;
    canvas_fit(canvas, x, y, canvas->width - x, style, value);
    return y + 1;
}

/* A whole of dots, so that a part is seen without colour too. */
static int draw_row(struct canvas *canvas, int y, const struct card_row *row)
{
    enum { VALUE = 17, BAR = 10 };
    if (!row->bar || canvas->width < VALUE + BAR + 5) {
        return draw_pair(canvas, y, row->key, row->style, row->value);
    }
    canvas_fit(canvas, 0, y, VALUE - 1, STYLE_DIM, row->key);
    for (int i = 0; i < BAR; i++) {
        canvas_text(canvas, VALUE + i, y, STYLE_DIM, canvas_glyph(canvas, GLYPH_DOT));
    }
    canvas_bar(canvas, VALUE, y, BAR, row->part, STYLE_TREND);
    int x = VALUE + BAR + 1;
    canvas_fit(canvas, x, y, canvas->width - x, row->style, row->value);
    return y + 1;
}

static bool is_in_row(const struct card *card, const char *key)
{
    if (is_among(card->said, key)) {
        return true;
    }
    for (size_t i = 0; i < card->row_count; i++) {
        size_t length = strlen(card->rows[i].key);
        if (strncmp(key, card->rows[i].key, length) == 0 &&
            (!key[length] || text_equal(key + length, " source") ||
             text_equal(key + length, " version"))) {
            return true;
        }
    }
    return false;
}

/* The pane's own rows, the evidence that it puts first, the rest; returns the row behind
 * the last. */
static int draw_evidence(const struct card *card, struct canvas *canvas, int y, int end,
                         const struct result *result)
{
    for (size_t i = 0; i < card->row_count && y < end; i++) {
        y = draw_row(canvas, y, &card->rows[i]);
    }
    for (int first = 1; first >= 0; first--) {
        for (size_t i = 0; i < result->evidence_count && y < end; i++) {
            const struct evidence *evidence = &result->evidence[i];
            if (is_among(card->first, evidence->key) == first &&
                !is_in_row(card, evidence->key)) {
                y = draw_pair(canvas, y, evidence->key, STYLE_TEXT, evidence->value);
            }
        }
    }
    return y;
}

/* The trend drawn large, below a line that says what it is of. */
static void draw_chart(const struct card *card, struct canvas *canvas, int y)
{
    enum { LABELLED = 4 };
    const struct light *light = card->lights[0];
    double low = light->trend[0], high = low;
    for (size_t i = 0; i < light->trend_count; i++) {
        low = light->trend[i] < low ? light->trend[i] : low;
        high = light->trend[i] > high ? light->trend[i] : high;
    }
    if (canvas->height - y >= LABELLED) {
        char from[TEXT_SPAN], to[TEXT_SPAN];
        name_figure(card, low, from);
        name_figure(card, high, to);
        canvas_format(canvas, 0, y++, STYLE_DIM, "the last %zu answers: %s to %s",
                      light->trend_count, from, to);
    }
    draw_trend(card, canvas, (struct rect){0, y, canvas->width, canvas->height - y});
}

/* What is left of a big card: the remedy of what is wrong, evidence as far as it goes,
 * and the trend drawn large once there is one. */
static void draw_rest(const struct card *card, struct canvas *canvas, int y,
                      const struct light *light)
{
    enum { CHART_ROWS = 3, CHART_POINTS = 8, BIG = 12, WHOLE_SCREEN = 16 };
    const struct result *result = light->result;
    if (!result) {
        return;
    }
    if (result->remedy && y < canvas->height) {
        int x = draw_arrow(canvas, y);
        struct rect rect = {x, y, canvas->width - x, canvas->height - y};
        y += canvas_wrap(canvas, rect, STYLE_REMEDY, result->remedy);
    }
    int left = canvas->height - y - (int)card->row_count;
    int most = canvas->height < BIG ? CHART_ROWS : CHART_ROWS + 2;
    int chart = left < most ? left : most;
    chart = left < 2 || card->lights[0]->trend_count < CHART_POINTS ? 0 : chart;
    int end = canvas->height - chart;
    y = draw_evidence(card, canvas, y, end, result);
    if (chart > 0) {
        bool all = canvas->height >= WHOLE_SCREEN && canvas->height - y > 8;
        draw_chart(card, canvas, all ? y : end);
    }
}

/* The row with figure, trend and, where there is room beside them, the details. */
static void draw_figure(const struct card *card, struct canvas *canvas, int y,
                        const char *detail)
{
    int x = canvas_text(canvas, 0, y, STYLE_STRONG, card->figure);
    x += x > 0;
    int room = canvas->width - x, wish = text_width(detail);
    int width = wish > 0 && room > 12 ? room - wish - 2 : room;
    width = width < 8 ? 8 : width > TREND ? TREND : width;
    int shown = (int)card->lights[0]->trend_count < width
                    ? (int)card->lights[0]->trend_count
                    : width;
    draw_trend(card, canvas, (struct rect){x, y, shown, 1});
    x += shown + (shown > 0 ? 2 : 0);
    canvas_fit(canvas, x, y, canvas->width - x, STYLE_DIM, detail);
}

/* Inside the frame: figure, trend and details, then what is proven, and the age. */
static void draw_inside(const struct card *card, const struct scene *scene,
                        const struct light *light, struct canvas *canvas)
{
    struct words words = card_words(card, light);
    bool fine = words.style == STYLE_TEXT;
    if (canvas->height <= 2 && !fine && light->result) {
        shorten(card, light->result, &words);
    }
    char age[40];
    mark_age(age, sizeof age, canvas, scene, light);
    int y = 0;
    if (fine || canvas->height > 2) {
        draw_figure(card, canvas, y++, fine ? words.detail : "");
    }
    int right = canvas_right(canvas, 0, canvas->width, fine ? y : y + 1, STYLE_DIM, age);
    canvas_fit(canvas, 0, y, (fine ? right - 1 : canvas->width), words.style, words.head);
    if (!fine && words.remedy) {
        int x = draw_arrow(canvas, ++y);
        canvas_fit(canvas, x, y, right - 1 - x, STYLE_REMEDY, words.remedy);
    } else if (!fine) {
        canvas_fit(canvas, 0, ++y, right - 1, STYLE_DIM, words.detail);
    }
    draw_rest(card, canvas, y + 1, light);
}

/* Whose view of it is shown, where it is not ours: " tunnel bastion". Returns the column
 * after. */
static int draw_route(struct canvas *canvas, int x, int end, const struct light *light)
{
    struct route route = route_of(light->section);
    char words[80];
    snprintf(words, sizeof words, "%s %s",
             route.kind == ROUTE_TUNNEL ? "tunnel" : "told by",
             route.name ? route.name : "");
    return route.kind != ROUTE_HERE && end - x > 4
               ? canvas_fit(canvas, x, 0, end - x, STYLE_DIM, words)
               : x;
}

static void draw_strip(const struct card *card, const struct scene *scene,
                       const struct light *light, struct canvas *canvas, bool focus)
{
    int title = canvas->width < 50 ? 12 : 14;
    canvas_format(canvas, 0, 0, focus ? STYLE_FOCUS : STYLE_DIM, "%s%d",
                  focus ? canvas_glyph(canvas, GLYPH_POINTER) : " ",
                  mark_number(card->pane));
    canvas_fit(canvas, 3, 0, title - 1, focus ? STYLE_FOCUS : STYLE_STRONG,
               card->pane->title);
    int x = 3 + title;
    mark_state(canvas, x, 0, scene, light);
    x += MARK_WIDTH + 1;
    char age[40];
    mark_age(age, sizeof age, canvas, scene, light);
    int end = canvas_right(canvas, x, canvas->width, 0, STYLE_DIM, age);
    end = end < canvas->width ? end - 1 : end;
    struct words words = card_words(card, light);
    int route = draw_route(canvas, x, end, light);
    x += route > x ? route - x + 2 : 0;
    if (words.style == STYLE_TEXT && card->figure[0]) {
        x = canvas_fit(canvas, x, 0, end - x, STYLE_STRONG, card->figure) + 2;
    }
    canvas_fit(canvas, x, 0, end - x, words.style, words.head);
}

/* The state, in the frame's upper right corner, kept clear of the title. Returns the
 * column where it begins. */
static int draw_corner(const struct scene *scene, struct canvas *canvas,
                       const struct light *light)
{
    const char *word = light->result    ? state_rows[light->result->state].shown
                       : light->running ? "asking"
                                        : "not yet";
    int start = canvas->width - text_width(word) - 5;
    canvas_text(canvas, start, 0, STYLE_TEXT, " ");
    int x = mark_state(canvas, start + 1, 0, scene, light);
    canvas_text(canvas, x, 0, STYLE_TEXT, " ");
    return start;
}

void card_draw(const void *self, const struct scene *scene, struct canvas *canvas,
               bool focus)
{
    const struct card *card = self;
    const struct light *light = card_worst(card, scene);
    if (!light) {
        canvas_format(canvas, 1, 0, STYLE_DIM, "%s: not on this board",
                      card->pane->title);
        return;
    }
    if (canvas->height < 4) {
        draw_strip(card, scene, light, canvas, focus);
        return;
    }
    bool bad = light->result && light->result->state != STATE_OK;
    canvas_box(canvas, focus,
               focus ? STYLE_FOCUS
               : bad ? mark_style(scene, light)
                     : STYLE_BORDER);
    int x = canvas_format(canvas, 1, 0, STYLE_DIM, " %d ", mark_number(card->pane));
    x = canvas_text(canvas, x, 0, focus ? STYLE_FOCUS : STYLE_STRONG, card->pane->title);
    x = canvas_text(canvas, x, 0, STYLE_TEXT, " ");
    int corner = draw_corner(scene, canvas, light);
    int route = draw_route(canvas, x, corner - 2, light);
    if (route > x) {
        canvas_text(canvas, route, 0, STYLE_TEXT, " ");
    }
    struct rect inside = {2, 1, canvas->width - 4, canvas->height - 2};
    struct canvas part = canvas_part(canvas, inside);
    draw_inside(card, scene, light, &part);
}

/* ClickHouse: is it usable, how fast does it answer, and how is it doing: in two lines
 * the figures by which it fails first, in a big pane a row for each. */
#include "ui/card.h"

#include "base/clock.h"
#include "base/text.h"

#include <stdio.h>
#include <string.h>

extern const struct pane pane_clickhouse;

static void add_row(struct card *card, const char *key, const char *after)
{
    const char *value = card_evidence(card, key);
    if (*value && card->row_count < CARD_ROWS) {
        struct card_row *row = &card->rows[card->row_count++];
        snprintf(row->key, sizeof row->key, "%s", key);
        snprintf(row->value, sizeof row->value, "%s%s", value, after);
        row->style = STYLE_TEXT;
    }
}

static void add_rows(struct card *card)
{
    char query[64] = "";
    const struct result *result = card->count ? card->lights[0]->result : NULL;
    if (result && result->has_figure) {
        char span[TEXT_SPAN];
        text_span(span, (int64_t)(result->figure * (double)CLOCK_MS));
        snprintf(query, sizeof query, ", a query %s", span);
    }
    add_row(card, "version", "");
    add_row(card, "uptime", "");
    add_row(card, "ping", query);
    add_row(card, "queries", "");
    add_row(card, "lag", "");
    add_row(card, "parts", "");
    add_row(card, "disk", "");
    add_row(card, "last error", "");
}

/* What an evidence begins with: "42 %" of "42 % free on default". */
static void add_piece(struct card *card, const char *before, const char *key,
                      const char *until)
{
    const char *value = card_evidence(card, key);
    const char *end = until ? strstr(value, until) : value + strlen(value);
    size_t used = strlen(card->head);
    if (end && end > value) {
        snprintf(card->head + used, sizeof card->head - used, "%s%s%.*s",
                 used ? ", " : "", before, (int)(end - value), value);
    }
}

static void clickhouse_update(void *self, const struct scene *scene)
{
    static const char *const names[] = {"clickhouse"};
    static const char *const first[] = {"tables",    "written", "replicas",
                                        "mutations", "merges",  NULL};
    struct card *card = self;
    card_take(card, &pane_clickhouse, scene, names, 1);
    card->first = first;
    card->remedy = true;
    add_rows(card);
    if (card_proven(card)) {
        const char *uptime = card_evidence(card, "uptime");
        card_latency(card);
        snprintf(card->detail, sizeof card->detail, "%s%s%s",
                 card_evidence(card, "version"), *uptime ? ", up " : "", uptime);
        add_piece(card, "lag ", "lag", ", queue");
        add_piece(card, "", "disk", " on ");
        add_piece(card, "parts ", "parts", " in a partition");
        add_piece(card, "queries ", "queries", " running");
        add_piece(card, "ping ", "ping", NULL);
    }
}

const struct pane pane_clickhouse = {
    .name = "clickhouse",
    .title = "ClickHouse",
    .place = PLACE_CARD,
    .context = CONTEXT_BOARD,
    .state_size = sizeof(struct card),
    .update = clickhouse_update,
    .draw = card_draw,
    .light = card_worst,
};

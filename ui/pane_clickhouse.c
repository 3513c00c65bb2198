/* ClickHouse: is it usable, how fast does it answer, which version is it. */
#include "ui/card.h"

#include <stdio.h>

extern const struct pane pane_clickhouse;

static void clickhouse_update(void *self, const struct scene *scene)
{
    static const char *const names[] = {"clickhouse"};
    static const char *const first[] = {"version", "uptime", "tables", "database", NULL};
    struct card *card = self;
    card_take(card, &pane_clickhouse, scene, names, 1);
    card->first = first;
    if (card_proven(card)) {
        card_latency(card);
        snprintf(card->detail, sizeof card->detail, "%s  %s",
                 card_evidence(card, "version"), card_evidence(card, "address"));
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

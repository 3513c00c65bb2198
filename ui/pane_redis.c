/* Redis: is it usable, how fast does it answer, which version is it. */
#include "ui/card.h"

#include <stdio.h>

extern const struct pane pane_redis;

static void redis_update(void *self, const struct scene *scene)
{
    static const char *const names[] = {"redis"};
    static const char *const first[] = {"redis_version", "role",   "memory",
                                        "clients",       "uptime", NULL};
    struct card *card = self;
    card_take(card, &pane_redis, scene, names, 1);
    card->first = first;
    if (card_proven(card)) {
        card_latency(card);
        snprintf(card->detail, sizeof card->detail, "%s  %s",
                 card_evidence(card, "redis_version"), card_evidence(card, "address"));
    }
}

const struct pane pane_redis = {
    .name = "redis",
    .title = "Redis",
    .place = PLACE_CARD,
    .context = CONTEXT_BOARD,
    .state_size = sizeof(struct card),
    .update = redis_update,
    .draw = card_draw,
    .light = card_worst,
};

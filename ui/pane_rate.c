/* Auth success: do our own logins succeed, and do users' stay above the objective. */
#include "ui/card.h"

#include <stdio.h>

extern const struct pane pane_rate;

static void rate_update(void *self, const struct scene *scene)
{
    static const char *const names[] = {"auth_rate", "auth_flow"};
    static const char *const first[] = {"probe", "users", "upper bound", "objective",
                                        NULL};
    struct card *card = self;
    card_take(card, &pane_rate, scene, names, 2);
    card->first = first;
    if (card_proven(card)) {
        snprintf(card->detail, sizeof card->detail, "objective %s",
                 card_evidence(card, "objective"));
    }
    card->high = 1;
}

const struct pane pane_rate = {
    .name = "rate",
    .title = "Auth success",
    .place = PLACE_CARD,
    .context = CONTEXT_BOARD,
    .state_size = sizeof(struct card),
    .update = rate_update,
    .draw = card_draw,
    .light = card_worst,
};

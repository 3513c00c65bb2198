/* JWT sync: do both services sign and verify with the one canonical secret. */
#include "ui/card.h"

#include <stdio.h>

extern const struct pane pane_jwt;

static void jwt_update(void *self, const struct scene *scene)
{
    static const char *const names[] = {"jwt_sync", "jwt_secret"};
    static const char *const first[] = {"canonical", "auth",    "backend",
                                        "proof",     "forgery", NULL};
    struct card *card = self;
    card_take(card, &pane_jwt, scene, names, 2);
    card->first = first;
    if (card_proven(card)) {
        snprintf(card->figure, sizeof card->figure, "%s",
                 card_evidence(card, "fingerprint"));
        snprintf(card->detail, sizeof card->detail, "%s", card_evidence(card, "source"));
    }
}

const struct pane pane_jwt = {
    .name = "jwt",
    .title = "JWT sync",
    .place = PLACE_CARD,
    .context = CONTEXT_BOARD,
    .state_size = sizeof(struct card),
    .update = jwt_update,
    .draw = card_draw,
    .light = card_worst,
};

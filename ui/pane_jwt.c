/* JWT sync: do all who hold the JWT secret hold the one canonical secret. Their
 * fingerprints side by side, where each comes from, when it was last rotated. */
#include "ui/card.h"

#include "base/clock.h"
#include "base/text.h"

#include <stdio.h>
#include <string.h>

extern const struct pane pane_jwt;

#define SOURCE " source" /* of a holder: the key of its evidence ends so */

/* "40 d", or "" where its place does not tell. */
static void tell_age(const struct card *card, const struct scene *scene,
                     char out[TEXT_SPAN])
{
    int64_t created = 0;
    *out = '\0';
    if (clock_parse(card_evidence(card, "created"), &created) && created <= scene->wall) {
        int64_t old = scene->wall - created;
        text_span(out, (old > 1000 ? old : 1000) * CLOCK_MS);
    }
}

static struct card_row *add_row(struct card *card, const char *key, size_t length)
{
    struct card_row *row = &card->rows[card->row_count++];
    snprintf(row->key, sizeof row->key, "%.*s", (int)length, key);
    row->style = STYLE_TEXT;
    return row;
}

static const char *canonical_of(const struct card *card)
{
    const char *canonical = card_evidence(card, "canonical");
    return *canonical ? canonical : card_evidence(card, "fingerprint");
}

static void add_canonical(struct card *card, const struct scene *scene)
{
    char age[TEXT_SPAN];
    const char *version = card_evidence(card, "version");
    if (!*canonical_of(card)) {
        return;
    }
    tell_age(card, scene, age);
    struct card_row *row = add_row(card, "canonical", strlen("canonical"));
    snprintf(row->value, sizeof row->value, "%s  %s%s%s%s%s%s", canonical_of(card),
             *version ? "version " : "", version, *version ? ", " : "",
             *age ? "rotated " : "", age, *age ? " ago, " : "");
    size_t used = strlen(row->value);
    snprintf(row->value + used, sizeof row->value - used, "%s",
             card_evidence(card, "source"));
}

static const char *of_holder(const struct result *result, const char *name, size_t length,
                             const char *what)
{
    char key[64];
    snprintf(key, sizeof key, "%.*s%s", (int)length, name, what);
    const char *value = result_evidence_of(result, key);
    return value ? value : "";
}

static void add_holder(struct card *card, const struct result *result, const char *name,
                       size_t length)
{
    const char *fingerprint = of_holder(result, name, length, "");
    const char *version = of_holder(result, name, length, " version");
    bool same = text_equal(fingerprint, canonical_of(card));
    struct card_row *row = add_row(card, name, length);
    snprintf(row->value, sizeof row->value, "%s  %s%s%s, %s", fingerprint,
             same ? "the same" : "ANOTHER", *version ? ", version " : "", version,
             of_holder(result, name, length, SOURCE));
    if (!same) {
        row->style = STYLE_FAIL;
        if (!card->wrong[0]) {
            snprintf(card->wrong, sizeof card->wrong, "%s / %.*s %s", canonical_of(card),
                     (int)length, name, fingerprint);
        }
    }
}

static void add_holders(struct card *card)
{
    const struct light *light = card->count ? card->lights[0] : NULL;
    const struct result *result = light ? light->result : NULL;
    for (size_t i = 0; result && i < result->evidence_count; i++) {
        const char *key = result->evidence[i].key;
        size_t length = strlen(key), tail = strlen(SOURCE);
        if (card->row_count < CARD_ROWS && length > tail &&
            text_equal(key + length - tail, SOURCE)) {
            add_holder(card, result, key, length - tail);
        }
    }
}

/* Nothing that is wrong with the secret itself is told by who else has it. */
static bool is_sync_worst(const struct card *card, const struct scene *scene)
{
    return card->count && card_worst(card, scene) == card->lights[0];
}

static void jwt_update(void *self, const struct scene *scene)
{
    static const char *const names[] = {"jwt_sync", "jwt_secret"};
    static const char *const first[] = {"proof", "forgery", NULL};
    struct card *card = self;
    char age[TEXT_SPAN];
    card_take(card, &pane_jwt, scene, names, 2);
    card->first = first;
    card->remedy = true;
    add_canonical(card, scene);
    add_holders(card);
    if (!is_sync_worst(card, scene)) {
        card->wrong[0] = '\0';
    }
    if (card_proven(card)) {
        const char *version = card_evidence(card, "version");
        tell_age(card, scene, age);
        snprintf(card->figure, sizeof card->figure, "%s", canonical_of(card));
        snprintf(card->detail, sizeof card->detail, "%s%s%s%s%s%s", *version ? "v" : "",
                 version, *version ? ", " : "", age, *age ? " old, " : "",
                 card_evidence(card, "source"));
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

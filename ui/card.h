/* One of the numbered panes: a service's state, the figure that matters, its trend and
 * its age.
 *
 * A pane's update() fills the card's words for a service that is fine; what it looks like
 * when it is not, when it runs or is stale, is the same for all and said here. */
#ifndef GREENBOARD_UI_CARD_H
#define GREENBOARD_UI_CARD_H

#include "ui/pane.h"

enum { CARD_LIGHTS = 3, CARD_ROWS = 8 };

/* A line of a big card that the pane makes itself, out of several pieces of evidence. */
struct card_row {
    char key[24];
    char value[200];
    uint8_t style;
    bool bar; /* before the value: how much of a whole `part` is, from 0 to 1 */
    double part;
};

struct card {
    const struct pane *pane;
    const struct light *lights[CARD_LIGHTS]; /* the first one has figure, trend and age */
    size_t count;
    char figure[48];  /* "4.1 ms": bold, before the trend */
    char head[200];   /* what is proven, in a line */
    char detail[200]; /* versions, numbers */
    /* Where the worst light is not OK and there are two lines to say so: in place of its
     * summary; and whether its remedy is below, instead of how far it came. */
    char wrong[200];
    bool remedy;
    struct card_row rows[CARD_ROWS]; /* before the evidence */
    size_t row_count;
    /* keys of the evidence that matters most, NULL-terminated */
    const char *const *first;
    const char *const *said; /* keys of evidence that the rows tell, likewise, or NULL */
    double low, high; /* what the trend is scaled to; both 0: from 0 to its own highest */
};

/* Finds the lights of these names and empties the words. */
void card_take(struct card *card, const struct pane *pane, const struct scene *scene,
               const char *const *names, size_t count);

/* True where the first light is OK: only then are the pane's own words shown. */
bool card_proven(const struct card *card);
const char *card_evidence(const struct card *card, const char *key); /* never NULL */
void card_latency(struct card *card); /* the figure is milliseconds */

/* `light` of the pane: the worst one. */
const struct light *card_worst(const void *self, const struct scene *scene);

/* `draw` of the pane: in a frame where the canvas is at least four rows high, else in a
 * line. */
void card_draw(const void *self, const struct scene *scene, struct canvas *canvas,
               bool focus);

/* How far a check of a service came: "reachable, not authenticated", or "". */
const char *card_rung(const struct result *result);

#endif

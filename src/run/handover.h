/* What a launcher hands to the supervisor that it started, as one JSON document: who
 * wants what, what was confirmed, and the variables that are secrets. Never by argv or
 * environment.
 *
 * Written by the launcher, read once by the supervisor, which puts the variables back
 * where source/capture finds them. */
#ifndef GREENBOARD_RUN_HANDOVER_H
#define GREENBOARD_RUN_HANDOVER_H

#include "base/buf.h"
#include "base/error.h"
#include "run/plan.h"

#include <jansson.h>
#include <stdbool.h>

/* Who wants it, and how. Texts are borrowed. */
struct order {
    const char *home; /* the state home */
    const char *operator_name;
    const char *reason; /* or NULL */
    bool headless;
    bool without_lease; /* it may go on where none can be had */
};

struct handover {
    json_t *document;
    const char *home, *system, *environment, *lock_dir; /* borrowed from it */
    const char *config, *run, *operator_name, *reason;
    const char *scope; /* that it was started in, or NULL */
    bool headless;     /* nobody watches who could decide anything */
    bool without_lease;
    struct intent intent;             /* its texts too */
    const json_t *confirmation, *who; /* who: NULL: not told */
};

/* `out` holds secrets: handover_cleanse() it. */
void handover_write(struct buf *out, const struct plan *plan, const struct order *order,
                    const char *run, const char *scope);
void handover_cleanse(struct buf *buf);

/* Reads to the end of the stream. */
bool handover_read(struct handover *handover, int fd, struct error *error);
void handover_finish(struct handover *handover);

#endif

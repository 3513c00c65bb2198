/* How far a Cloud Run service has rolled out: its newest revision, whether that is ready,
 * and where the traffic really goes. The caller owns a struct rollout and finishes it.
 * Reading blocks: for workers. */
#ifndef GREENBOARD_SOURCE_ROLLOUT_H
#define GREENBOARD_SOURCE_ROLLOUT_H

#include "base/error.h"
#include "source/cloud_run.h"

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

struct rollout {
    struct run_service service;
    const char *created; /* name of the newest revision, borrowed; NULL: not told */
    const char *ready;   /* of the newest that became ready */
};

/* What its traffic must be. */
struct rollout_wish {
    const json_t *traffic; /* {"REVISION": percent}, "latest" too; NULL: all at the
                            * newest, by whatever name that has next */
    bool pinned;           /* all at one revision, also an older one or by its name */
};

/* False where Cloud Run does not tell; to be finished either way. */
bool rollout_read(struct rollout *rollout, const char *name,
                  const struct source_context *context, struct error *error);
void rollout_finish(struct rollout *rollout);

/* It is there, and nothing is on its way any more. */
bool rollout_settled(const struct rollout *rollout, struct error *error);
/* The same, and its newest revision is ready. */
bool rollout_ready(const struct rollout *rollout, struct error *error);

/* Its traffic is where it is wished, else the command that moves it is the hint. */
bool rollout_serves(const struct rollout *rollout, const struct rollout_wish *wish,
                    struct error *error);

/* All of it goes to the newest revision, which was made at `since` (ms since 1970) or
 * later. Asks for that revision. */
bool rollout_shipped(const struct rollout *rollout, int64_t since, struct error *error);

/* What a rollback leaves: nothing is on its way, and all traffic goes to one revision,
 * whichever; the newest may be the broken one. */
bool rollout_went_back(const struct rollout *rollout, struct error *error);

/* "netra-backend-00042-abc 90 %, netra-backend-00041-wol 10 %"; the caller frees. */
char *rollout_words(const struct rollout *rollout);
/* Whether any traffic is bound to a revision by name. */
bool rollout_pinned(const struct rollout *rollout);

#endif

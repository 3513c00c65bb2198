/* What verification asks besides the checks: the commands and logs that the configuration
 * names, what runs, and the revisions that serve.
 *
 * Made from a configuration alone, as the steps are. The caller owns a struct inquiry;
 * immutable once made; any thread. witness.h asks. */
#ifndef GREENBOARD_RUN_INQUIRY_H
#define GREENBOARD_RUN_INQUIRY_H

#include "base/error.h"
#include "config/config.h"
#include "store/run.h"

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum inquiry_kind {
    INQUIRY_COMMAND,
    INQUIRY_LOG,
    INQUIRY_REVISION, /* of a service on Cloud Run: a new one serves */
    INQUIRY_SERVING,  /* the same after a rollback: one serves alone */
    INQUIRY_RUNNING,  /* what `release.running` prints */
};

struct inquired {
    enum inquiry_kind kind;
    char *name;            /* "smoke", "log errors", "revision backend" */
    char **argv;           /* argv[0] absolute; NULL: no command */
    const json_t *forbid;  /* INQUIRY_LOG: patterns, borrowed from the configuration */
    const char *cloud_run; /* of these two: its name there, borrowed alike */
    int64_t timeout;       /* ns */
};

struct inquiry {
    struct inquired *rows;
    size_t count;
};

/* `section` is what the configuration says of such a run. False: no such program. */
bool inquiry_create(struct inquiry *inquiry, const struct environment *environment,
                    const json_t *section, enum run_kind kind, struct error *error);
void inquiry_finish(struct inquiry *inquiry);

/* [{"name": …, "argv": […]}]: the part of what is confirmed; the caller's. */
json_t *inquiry_json(const struct inquiry *inquiry);

#endif

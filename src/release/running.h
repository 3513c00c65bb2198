/* What runs: asked of each service that `release.running` names, all at once.
 *
 * A release is known good only where what runs is what was shipped. The caller owns a
 * struct running. Waits for the commands: for a supervisor, a command line, a worker. */
#ifndef GREENBOARD_RELEASE_RUNNING_H
#define GREENBOARD_RELEASE_RUNNING_H

#include "base/error.h"
#include "config/config.h"

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

struct running_row {
    char *service;
    char *release;      /* what its command printed, NULL: it did not tell */
    struct error error; /* why not */
};

struct running {
    struct running_row *rows; /* in the order of the configuration */
    size_t count;             /* 0: nobody is to be asked */
};

/* Within `release.deadline`. */
void running_ask(struct running *running, const struct environment *environment);
void running_finish(struct running *running); /* a zeroed one is fine */

/* True where each told and all run this one (also where nobody is asked); else who does
 * not. */
bool running_agrees(const struct running *running, const char *release,
                    struct error *error);

/* The one that all told; NULL where nobody was asked or they differ. Borrowed. */
const char *running_release(const struct running *running);

/* {"backend": "3f2a91c", "auth": null} for a record. */
json_t *running_json(const struct running *running);

#endif

/* From where a deploy departs: the release that runs now, and what of the configuration
 * changed since the last known good one.
 *
 * For people, before they confirm; nothing is decided by it. Asks what runs and the
 * sources of secrets, and reads the disk: for a command line or a worker. The caller owns
 * a struct departure. */
#ifndef GREENBOARD_RELEASE_DEPARTURE_H
#define GREENBOARD_RELEASE_DEPARTURE_H

#include "config/config.h"
#include "store/statedir.h"

struct departure {
    char *from;  /* "3f2a91c, known good"; NULL: nothing was shipped, as far as known */
    char *since; /* the last known good release; NULL: there is none */
    char *
        *changes; /* a line for each, NULL-terminated; of secrets only that they differ */
    char *trouble; /* why that cannot be told, or NULL */
};

void departure_read(struct departure *departure, const struct statedir *dir,
                    const struct environment *environment);
void departure_finish(struct departure *departure); /* a zeroed one is fine */

/* What a person is shown of it, in order. */
void departure_show(const struct departure *departure,
                    void (*line)(void *self, const char *label, const char *text),
                    void *self);

#endif

/* What the secrets of an environment are just now.
 *
 * The caller owns a struct known and borrows it to others. Resolving waits for their
 * sources: for a supervisor, a command line, a worker. */
#ifndef GREENBOARD_RELEASE_KNOWN_H
#define GREENBOARD_RELEASE_KNOWN_H

#include "board/secrets.h"
#include "config/config.h"

struct known {
    const struct environment *environment; /* borrowed */
    const struct secrets *secrets;         /* ours */
};

/* Tells the mask of them. */
void known_begin(struct known *known, const struct environment *environment);
void known_finish(struct known *known);

#endif

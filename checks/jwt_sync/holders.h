/* Compares, by fingerprint, what each service is given with the canonical secret, for
 * those that say where their own is kept. For workers. */
#ifndef GREENBOARD_CHECKS_JWT_SYNC_HOLDERS_H
#define GREENBOARD_CHECKS_JWT_SYNC_HOLDERS_H

#include "board/check.h"
#include "source/source.h"

#include <stdbool.h>

struct holders {
    unsigned compared;
    unsigned
        others; /* of these, those that no behaviour can tell: not auth, not backend */
    unsigned differing;
};

/* Adds who holds what as evidence. The result is that of the first who differs, unless
 * `settled`: something worse is known. `canonical` was found. */
void holders_compare(const struct job *job, const struct resolved *canonical,
                     bool settled, struct result *result, struct holders *out);

/* Adds one to the evidence of who uses another secret than the canonical one; that raises
 * an alert. */
void holders_mismatch(struct result *result, const char *name);

/* Whether this service's own secret could be read, and is the canonical one. */
bool holders_same(const struct job *job, const char *service,
                  const struct resolved *canonical);

#endif

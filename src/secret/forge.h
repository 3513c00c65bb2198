/* Forgeries: tokens that no service may accept, each made of a genuine one. What a
 * verifier gets wrong in practice (RFC 8725 section 2) is THE table here; a check sends
 * each row and counts on a refusal. They are for asking services that are ours. Pure; any
 * thread. */
#ifndef GREENBOARD_SECRET_FORGE_H
#define GREENBOARD_SECRET_FORGE_H

#include "base/buf.h"
#include "base/error.h"
#include "secret/keep.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { FORGE_AGE = 3600 }; /* seconds since the expired one expired: past any leeway */

struct forge_source {
    const char *token;           /* genuine */
    const struct secret *secret; /* that it verifies under */
    const char *algorithm;
    int64_t now; /* seconds since 1970 */
};

struct forgery {
    const char *name;   /* "flipped": in evidence */
    const char *what;   /* "a token with one bit of its signature turned" */
    const char *remedy; /* where it is accepted */
    bool (*make)(const struct forge_source *source, struct buf *out, struct error *error);
};

extern const struct forgery forgeries[];
extern const size_t forgery_count;

#endif

/* Is a value fit to sign tokens with: long enough, clean, and not a placeholder. Pure. */
#ifndef GREENBOARD_SECRET_HYGIENE_H
#define GREENBOARD_SECRET_HYGIENE_H

#include "secret/keep.h"

#include <stdbool.h>
#include <stddef.h>

enum { HYGIENE_LEAST = 32 }; /* bytes: the hash of HS256 (RFC 7518 section 3.2) */

struct hygiene_rule {
    const char *name;
    bool fails;          /* false: a note */
    const char *finding; /* "is shorter than 32 bytes" */
    const char *remedy;
    /* NULL: the value alone does not tell */
    bool (*broken)(const char *data, size_t length);
};

extern const struct hygiene_rule hygiene_rules[]; /* THE table, in the order of asking */
extern const size_t hygiene_rule_count;

/* The first failing rule, or NULL. */
const struct hygiene_rule *hygiene_failure(const struct secret *secret);
bool hygiene_broken(const struct hygiene_rule *rule, const struct secret *secret);
/* The rule about the other secrets that are configured: board/twin.h compares them. */
const struct hygiene_rule *hygiene_shared(void);

#endif

/* What an object of the configuration must be beyond its rows of the field table, where
 * one key of it is to blame. Pure; any thread. */
#ifndef GREENBOARD_CONFIG_ENTRIES_H
#define GREENBOARD_CONFIG_ENTRIES_H

#include "base/error.h"

#include <jansson.h>
#include <stdbool.h>

struct entry {
    const char *path; /* of its row */
    const json_t *value;
    const json_t *root; /* the merged environment */
    const json_t *file; /* all of it */
    const char *environment;
};

/* True also where nothing more is wanted of such an object; else the key that is to
 * blame, with what is wrong. */
bool entries_check(const struct entry *entry, const char **key, struct error *error);

#endif

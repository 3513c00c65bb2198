/* Where the configuration is: what was said, else $GREENBOARD_CONFIG, else
 * ./greenboard.json, else the one in the XDG configuration directory. Reads the
 * environment: main thread, at the start. */
#ifndef GREENBOARD_CONFIG_LOCATE_H
#define GREENBOARD_CONFIG_LOCATE_H

#include "base/error.h"

#include <stdbool.h>

#define LOCATE_NAME "greenboard.json"

struct located {
    char *path; /* absolute; the caller frees */
    bool found; /* merely found in this directory: runs nothing until trusted (trust.h) */
};

/* `said` is what -c gave, or NULL. False where there is none at all. */
bool locate_config(const char *said, struct located *located, struct error *error);

#endif

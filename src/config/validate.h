/* An environment against itself, once merged: what is missing, and what does not fit
 * together. What only a class demands is no problem of the file but a red check
 * (demand.h). Main thread. */
#ifndef GREENBOARD_CONFIG_VALIDATE_H
#define GREENBOARD_CONFIG_VALIDATE_H

#include "config/problems.h"
#include "config/scan.h"

#include <jansson.h>

/* `node` is the environment's in the file, `root` what merge_environment() made of it. */
void validate_environment(const struct scan *scan, size_t node, const json_t *root,
                          struct problems *problems);

/* The class that an environment declares or is named like; false where it has none. */
bool validate_class(const char *name, const json_t *root, enum env_class *env_class);

/* A part that the file declares as not used may not be configured. */
void validate_not_used(const struct scan *scan, struct problems *problems);

#endif

/* A run as JSON: what its record on disk and `runs show -o json` hold.
 *
 * Texts that were said are masked on the way out. The caller owns what it gets. Any
 * thread. */
#ifndef GREENBOARD_STORE_RECORD_H
#define GREENBOARD_STORE_RECORD_H

#include "store/run.h"

#include <jansson.h>

json_t *run_json(const struct run *run);

/* NULL where it does not say for certain in which phase the run is. */
struct run *run_from_json(const json_t *object, struct error *error);

#endif

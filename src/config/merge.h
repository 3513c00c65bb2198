/* An environment as it is handed out: `defaults` below it, and every field's default
 * filled in, in the order of the field table. Tolerates values of a wrong type, which
 * shape.h has told. */
#ifndef GREENBOARD_CONFIG_MERGE_H
#define GREENBOARD_CONFIG_MERGE_H

#include <jansson.h>

/* Objects merge, arrays and everything else are replaced; a source is replaced as a
 * whole, since half of one and half of another would be neither. `defaults` may be NULL.
 * The caller owns it. */
json_t *merge_environment(const json_t *defaults, const json_t *environment);

#endif

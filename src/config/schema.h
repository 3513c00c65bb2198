/* The field table in two other tongues: JSON Schema (2020-12) for editors, and lists for
 * greenboard.json(5) in mdoc(7). Both know every row, so neither can be out of date. Any
 * thread. */
#ifndef GREENBOARD_CONFIG_SCHEMA_H
#define GREENBOARD_CONFIG_SCHEMA_H

#include "base/buf.h"

#include <jansson.h>

json_t *schema_create(void); /* the caller owns it */
void schema_manual_fields(struct buf *out);
void schema_manual_sources(struct buf *out);

#endif

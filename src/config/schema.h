/* The field table in another tongue: JSON Schema (2020-12), for editors. It knows every
 * row, so it cannot be out of date. Any thread. */
#ifndef GREENBOARD_CONFIG_SCHEMA_H
#define GREENBOARD_CONFIG_SCHEMA_H

#include <jansson.h>

json_t *schema_create(void); /* the caller owns it */

#endif

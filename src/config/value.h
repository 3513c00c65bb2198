/* Whether one JSON value is what its field wants: type, bounds, words, form. Looks at
 * that value alone, never at what is beside it (validate.h). Pure; any thread. */
#ifndef GREENBOARD_CONFIG_VALUE_H
#define GREENBOARD_CONFIG_VALUE_H

#include "base/error.h"
#include "config/fields.h"

#include <jansson.h>
#include <stdbool.h>

/* On false the error reads on after a path: "must be a whole number from 1 to 65535, not
 * 0". A text is never repeated where it may be a secret. */
bool value_check(const struct field *field, const json_t *value, struct error *error);

/* Whether a name fits a map of that kind. */
bool value_check_name(const struct field *map, const char *name, struct error *error);

/* Whether nobody keeps anything but a secret under such a key: "CLICKHOUSE_PASSWORD". */
bool value_secret_key(const char *key);
/* Whether a value carries one: "postgres://user:password@host/db", "host=h password=p".
 */
bool value_secret_text(const char *text);

/* "a whole number from 1 to 65535", "\"GET\" or \"POST\"", "a duration (250ms, 2s, 5m,
 * 1h, 7d)". */
struct buf;
void value_describe(const struct field *field, struct buf *out);

/* The host of a URL, without brackets; NULL where it is no URL that we would ask. Caller
 * frees. */
char *value_url_host(const char *url, bool *encrypted);

#endif

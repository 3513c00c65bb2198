/* Which values are secrets though nobody configured them as one: by the name that they
 * bear, or by their own look. What is taken for one is never kept, only its fingerprint.
 *
 * Pure; any thread. */
#ifndef GREENBOARD_RELEASE_SENSITIVE_H
#define GREENBOARD_RELEASE_SENSITIVE_H

#include <stdbool.h>

/* `name` without a path: DB_PASSWORD, apiKey, client-secret. */
bool sensitive_name(const char *name);
bool sensitive_value(const char *value);

#endif

/* What INFO tells of a Redis or Valkey, as evidence. Reads a text of lines
 * "key:value". */
#ifndef GREENBOARD_CHECKS_REDIS_INFO_H
#define GREENBOARD_CHECKS_REDIS_INFO_H

#include "board/result.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The value of a line, copied; false where there is none. */
bool info_find(const char *info, const char *key, char *out, size_t room);
bool info_number(const char *info, const char *key, int64_t *value); /* not negative */
bool info_mode(const char *info, char *out, size_t room); /* "standalone", "cluster" … */

/* What it is, as evidence: versions, mode, role, policy, how long it is up. */
void info_show(const char *info, struct result *result);

#endif

/* What INFO tells of a Redis, as evidence and advice. Reads a text of lines
 * "key:value". */
#ifndef GREENBOARD_CHECKS_REDIS_INFO_H
#define GREENBOARD_CHECKS_REDIS_INFO_H

#include "board/result.h"

#include <stdbool.h>
#include <stddef.h>

/* The value of a line, copied; false where there is none. */
bool info_find(const char *info, const char *key, char *out, size_t room);
void info_show(const char *info, struct result *result);
void info_advise(const char *info, struct result *result);

#endif

/* --since: "2h" ago, or a stamp like 2026-01-31T12:04:31.218Z or its beginning. */
#ifndef GREENBOARD_CLI_SINCE_H
#define GREENBOARD_CLI_SINCE_H

#include "base/error.h"

#include <stdbool.h>
#include <stdint.h>

/* ms since 1970; NULL text is 0. */
bool since_parse(const char *text, int64_t *wall, struct error *error);

#endif

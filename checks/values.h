/* Compares what a JSON reply holds with what the configuration expects of it, value by
 * value. For workers. */
#ifndef GREENBOARD_CHECKS_VALUES_H
#define GREENBOARD_CHECKS_VALUES_H

#include "base/buf.h"
#include "board/result.h"

#include <jansson.h>
#include <stdbool.h>

/* A scalar as a person would write it, cut short; the caller frees. */
char *values_show(const json_t *value);

/* Numbers by their size, everything else with its type; NULL equals nothing. */
bool values_equal(const json_t *is, const json_t *expected);

/* Every pointer of `expect` becomes evidence; each that differs adds "/a is 1, not 2" to
 * `differences`. */
void values_compare(const json_t *body, const json_t *expect, struct buf *differences,
                    struct result *result);

#endif

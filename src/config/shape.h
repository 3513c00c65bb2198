/* The file against the field table, value by value, as it is written: unknown and
 * duplicate keys, types, bounds, names. What needs more than one value is validate.h's.
 * Main thread. */
#ifndef GREENBOARD_CONFIG_SHAPE_H
#define GREENBOARD_CONFIG_SHAPE_H

#include "config/problems.h"
#include "config/scan.h"

void shape_check(const struct scan *scan, struct problems *problems);

#endif

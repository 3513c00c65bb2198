/* The proof that ClickHouse can be used as our user: one statement that brings a word of
 * ours back (no cache knows it) with version and uptime and reads the configured tables;
 * and, where the operator names a table for it, a row that is written and read back. For
 * workers. */
#ifndef GREENBOARD_CHECKS_CLICKHOUSE_USABLE_H
#define GREENBOARD_CHECKS_CLICKHOUSE_USABLE_H

#include "checks/clickhouse/line.h"

#include <stdbool.h>

/* On an open line. The result of the line ends in OK at "usable", or in what is wrong. */
bool usable_ask(struct line *line);

#endif

/* THE table of what is asked about a server's health: which columns of which system
 * table, with which statement, and what its answer means. A statement brings one column
 * of text and one row, whose first word is the name of the sign. */
#ifndef GREENBOARD_CHECKS_CLICKHOUSE_SIGNS_H
#define GREENBOARD_CHECKS_CLICKHOUSE_SIGNS_H

#include "checks/clickhouse/health.h"

#include <jansson.h>
#include <stddef.h>

enum { SIGNS_MAX = 16, SIGN_NUMBERS = 4 };

struct reading {
    struct result *result;
    struct health *health;
    const json_t *thresholds;
    double number[SIGN_NUMBERS];
    const char *text; /* behind the numbers */
};

struct sign {
    const char *name, *title;
    const char *table;   /* of the database system */
    const char *columns; /* that the statement uses, blanks between */
    size_t numbers;      /* that the answer begins with, SIGN_NUMBERS at most */
    void (*read)(struct reading *reading);
    const char *statement; /* TABLES stands for the configured ones */
};
extern const struct sign signs[];
extern const size_t sign_count;

/* An answer without its name; false where it has another shape. */
bool signs_read(const struct sign *sign, struct reading *reading, const char *answer);

#endif

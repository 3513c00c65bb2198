/* How the server is doing beyond our own query: replication, clusters, merges, mutations,
 * parts, disks, load, its last error, held against clickhouse.thresholds.*.
 *
 * Two statements, whatever the version: which columns it has, and one that joins what can
 * be asked of them. What it lacks is told as not offered, what our user may not read as a
 * note; neither is an error. For workers. */
#ifndef GREENBOARD_CHECKS_CLICKHOUSE_HEALTH_H
#define GREENBOARD_CHECKS_CLICKHOUSE_HEALTH_H

#include "checks/clickhouse/line.h"

#include <stdbool.h>
#include <stddef.h>

/* What is past its threshold: the worst of it in words. */
struct health {
    enum state state; /* OK, WARN, or FAIL where data cannot be used */
    char *summary, *remedy;
    size_t more; /* others past their thresholds, which are notes of the line's result */
};

/* On an open line. False where the line itself failed: its result says how. The caller
 * finishes `health`. */
bool health_ask(struct line *line, struct health *health);
void health_finish(struct health *health);

/* Something is wrong: the worst is the health's own, everything else a note. Takes both
 * texts. */
void health_tell(struct health *health, struct result *result, enum state state,
                 char *take_summary, char *take_remedy);

#endif

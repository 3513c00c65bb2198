#include "checks/clickhouse/signs.h"

#include "base/clock.h"
#include "base/mem.h"
#include "base/text.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* A threshold that the section does not have is none. */
static bool is_past(const struct reading *reading, const char *key, double figure)
{
    const json_t *most = json_object_get(reading->thresholds, key);
    return json_is_string(most)
               ? figure * (double)CLOCK_SECOND >
                     (double)config_span(reading->thresholds, key)
               : json_is_number(most) && figure > json_number_value(most);
}

static void warn(struct reading *reading, char *take_summary, const char *remedy)
{
    health_tell(reading->health, reading->result, STATE_WARN, take_summary,
                mem_text(remedy));
}

static char *span_of(double seconds, char out[TEXT_SPAN])
{
    static const double most = 3e9; /* seconds: a span of nanoseconds holds no more */
    seconds = seconds > most ? most : seconds;
    text_span(out, (int64_t)(seconds * (double)CLOCK_SECOND));
    return out;
}

/* Tables, read-only ones, configured ones of them; and the worst one's name. */
static void read_replicas(struct reading *reading)
{
    const double *number = reading->number;
    result_evidence(reading->result, "replicas", "%.0f, %.0f read-only", number[0],
                    number[1]);
    if (number[1] < 1) {
        return;
    }
    bool ours = number[2] > 0;
    health_tell(reading->health, reading->result, ours ? STATE_FAIL : STATE_WARN,
                mem_format("the replica of %s is read-only", reading->text),
                mem_text("see whether the server reaches its Keeper (system.zookeeper), "
                         "then SYSTEM RESTART REPLICA"));
}

/* Tables, the longest delay in seconds, the longest queue; and who has that delay. */
static void read_lag(struct reading *reading)
{
    char span[TEXT_SPAN];
    const double *number = reading->number;
    if (number[0] < 1) {
        result_evidence(reading->result, "lag", "nothing is replicated");
        return;
    }
    span_of(number[1], span);
    result_evidence(reading->result, "lag", "%s, queue %.0f", span, number[2]);
    if (is_past(reading, "lag", number[1])) {
        warn(reading, mem_format("replication of %s lags by %s", reading->text, span),
             "see system.replication_queue, or raise thresholds.lag");
    }
    if (is_past(reading, "queue", number[2])) {
        warn(reading, mem_format("%.0f entries wait in a replication queue", number[2]),
             "see system.replication_queue, or raise thresholds.queue");
    }
}

/* Replicas of all clusters, and the most errors of one; and its host. */
static void read_clusters(struct reading *reading)
{
    const double *number = reading->number;
    result_evidence(reading->result, "cluster errors", "%.0f", number[1]);
    if (is_past(reading, "cluster_errors", number[1])) {
        warn(reading,
             mem_format("%.0f errors of late in reaching %s of a cluster", number[1],
                        reading->text),
             "see system.clusters and whether that host runs, or raise "
             "thresholds.cluster_errors");
    }
}

/* How many run, and for how long the oldest in seconds; and of which table. */
static void read_merges(struct reading *reading)
{
    char span[TEXT_SPAN];
    const double *number = reading->number;
    if (number[0] < 1) {
        result_evidence(reading->result, "merges", "none runs");
        return;
    }
    span_of(number[1], span);
    result_evidence(reading->result, "merges", "%.0f, the oldest for %s", number[0],
                    span);
    if (is_past(reading, "merge_age", number[1])) {
        warn(reading, mem_format("a merge of %s runs for %s", reading->text, span),
             "see system.merges and the disk, or raise thresholds.merge_age");
    }
}

static void read_mutations(struct reading *reading)
{
    char span[TEXT_SPAN];
    const double *number = reading->number;
    if (number[0] < 1) {
        result_evidence(reading->result, "mutations", "none waits");
        return;
    }
    span_of(number[1], span);
    result_evidence(reading->result, "mutations", "%.0f undone, the oldest for %s",
                    number[0], span);
    if (is_past(reading, "mutation_age", number[1])) {
        warn(reading,
             mem_format("a mutation of %s is undone for %s", reading->text, span),
             "see system.mutations (KILL MUTATION ends one), or raise "
             "thresholds.mutation_age");
    }
}

/* How many undone ones failed; and one with its reason. */
static void read_failures(struct reading *reading)
{
    if (reading->number[0] >= 1) {
        warn(reading, mem_format("a mutation fails: %s", reading->text),
             "mend its cause, or end it: KILL MUTATION");
    }
}

static void read_parts(struct reading *reading)
{
    double most = reading->number[0];
    result_evidence(reading->result, "parts", "%.0f in a partition at most%s%s", most,
                    *reading->text ? ", " : "", reading->text);
    if (is_past(reading, "parts", most)) {
        warn(reading, mem_format("%.0f parts in a partition of %s", most, reading->text),
             "insert in larger batches and see system.merges, or raise thresholds.parts");
    }
}

/* Disks, and the smallest free share of one; and its name. */
static void read_disks(struct reading *reading)
{
    const double *number = reading->number;
    if (number[0] < 1) {
        return;
    }
    double percent = number[1] * 100;
    result_evidence(reading->result, "disk", "%.0f %% free on %s", percent,
                    reading->text);
    const json_t *least = json_object_get(reading->thresholds, "disk_free");
    if (json_is_number(least) && number[1] < json_number_value(least)) {
        warn(reading, mem_format("%.1f %% free on the disk %s", percent, reading->text),
             "free space on the ClickHouse host, or lower thresholds.disk_free");
    }
}

static void read_queries(struct reading *reading)
{
    /* Our own is one of them. */
    double others = reading->number[0] > 0 ? reading->number[0] - 1 : 0;
    result_evidence(reading->result, "queries", "%.0f running", others);
    if (is_past(reading, "queries", others)) {
        warn(reading, mem_format("%.0f queries are running", others),
             "see system.processes, or raise thresholds.queries");
    }
}

/* Whether there is one, its age in seconds; and what it was. */
static void read_errors(struct reading *reading)
{
    char span[TEXT_SPAN];
    double age = reading->number[1] > 0 ? reading->number[1] : 0;
    if (reading->number[0] >= 1) {
        result_evidence(reading->result, "last error", "%s ago: %s", span_of(age, span),
                        reading->text);
    }
}

#define NAMED   "concat(database, '.', table)"
#define SEP     ", ' ', "
#define WAITING "toInt64(toUnixTimestamp(now())) - toInt64(toUnixTimestamp(create_time))"

/* Columns and types: 18.16 as its system.columns has them, current releases as
 * clickhouse.com/docs/reference/system-tables tells them. */
const struct sign signs[] = {
    {"replicas", "replicas", "replicas", "database table is_readonly", 3, read_replicas,
     "SELECT concat('replicas ', toString(count())" SEP
     "toString(countIf(is_readonly = 1))" SEP
     "toString(countIf(is_readonly = 1 AND " NAMED " IN (TABLES)))" SEP "argMax(" NAMED
     ", is_readonly + is_readonly * (" NAMED " IN (TABLES)))) AS line FROM "
     "system.replicas"},
    {"lag", "replication lag", "replicas", "database table absolute_delay queue_size", 3,
     read_lag,
     "SELECT concat('lag ', toString(count())" SEP "toString(max(absolute_delay))" SEP
     "toString(max(queue_size))" SEP "argMax(" NAMED ", absolute_delay)) AS line FROM "
     "system.replicas"},
    {"clusters", "errors of clusters", "clusters", "host_name errors_count", 2,
     read_clusters,
     "SELECT concat('clusters ', toString(count())" SEP "toString(max(errors_count))" SEP
     "argMax(host_name, errors_count)) AS line FROM system.clusters"},
    {"merges", "merges", "merges", "database table elapsed", 2, read_merges,
     "SELECT concat('merges ', toString(count())" SEP "toString(max(elapsed))" SEP
     "argMax(" NAMED ", elapsed)) AS line FROM system.merges"},
    {"mutations", "mutations", "mutations", "database table create_time is_done", 2,
     read_mutations,
     "SELECT concat('mutations ', toString(count())" SEP "toString(max(" WAITING "))" SEP
     "argMin(" NAMED ", create_time)) AS line FROM system.mutations WHERE is_done = 0"},
    {"failures", "why a mutation fails", "mutations",
     "database table is_done latest_fail_reason", 1, read_failures,
     "SELECT concat('failures ', toString(count())" SEP "any(concat(" NAMED
     ", ': ', replaceRegexpAll(substring(latest_fail_reason, 1, 200), '[[:cntrl:]]', "
     "' ')))) AS line FROM system.mutations WHERE is_done = 0 AND latest_fail_reason != "
     "''"},
    {"parts", "parts", "parts", "database table partition active", 1, read_parts,
     "SELECT concat('parts ', toString(max(n))" SEP "argMax(named, n)) AS line FROM "
     "(SELECT " NAMED " AS named, count() AS n FROM system.parts WHERE active = 1 GROUP "
     "BY database, table, partition)"},
    {"disks", "disk space", "disks", "name free_space total_space", 2, read_disks,
     "SELECT concat('disks ', toString(count())" SEP
     "toString(min(free_space / total_space))" SEP
     "argMin(name, free_space / total_space)) AS line FROM system.disks WHERE "
     "total_space > 0"},
    {"queries", "running queries", "metrics", "metric value", 1, read_queries,
     "SELECT concat('queries ', toString(max(value))) AS line FROM system.metrics WHERE "
     "metric = 'Query'"},
    {"errors", "last error", "errors", "name last_error_time last_error_message", 2,
     read_errors,
     "SELECT concat('errors ', toString(count())" SEP "toString(max(age))" SEP
     "any(told)) AS line FROM (SELECT toInt64(toUnixTimestamp(now())) - "
     "toInt64(toUnixTimestamp(last_error_time)) AS age, concat(name, ': ', "
     "replaceRegexpAll(substring(last_error_message, 1, 200), '[[:cntrl:]]', ' ')) AS "
     "told FROM system.errors ORDER BY last_error_time DESC LIMIT 1)"},
};
const size_t sign_count = sizeof signs / sizeof signs[0];
_Static_assert(sizeof signs / sizeof signs[0] <= SIGNS_MAX, "more signs than room");

bool signs_read(const struct sign *sign, struct reading *reading, const char *answer)
{
    for (size_t i = 0; i < sign->numbers; i++) {
        char *end = NULL;
        reading->number[i] = strtod(answer, &end);
        bool number =
            end != answer && isfinite(reading->number[i]); /* "nan" is past none */
        if (!number || (*end && *end != ' ')) {
            return false;
        }
        answer = end + (*end == ' ');
    }
    reading->text = answer;
    sign->read(reading);
    return true;
}

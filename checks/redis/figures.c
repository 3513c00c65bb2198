#include "checks/redis/figures.h"

#include "base/clock.h"
#include "base/mem.h"
#include "base/text.h"
#include "checks/redis/info.h"
#include "checks/redis/replicas.h"
#include "config/config.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *const keys[FIGURE_COUNT] = {
#define FIGURES_KEY(id, info) [id] = info,
    FIGURES(FIGURES_KEY)
#undef FIGURES_KEY
};

void figures_read(struct figures *figures, const char *info)
{
    for (size_t i = 0; i < FIGURE_COUNT; i++) {
        if (!info_number(info, keys[i], &figures->value[i])) {
            figures->value[i] = -1;
        }
    }
}

void figures_add(struct figures *sum, const struct figures *one)
{
    for (size_t i = 0; i < FIGURE_COUNT; i++) {
        int64_t more = one->value[i];
        bool known = sum->value[i] >= 0 && more >= 0 && more <= INT64_MAX / 1024;
        sum->value[i] = known ? sum->value[i] + more : -1;
    }
}

/* ---- shown ---- */

void figures_bytes(char *out, size_t room, int64_t bytes)
{
    static const char *const units[] = {"B", "KiB", "MiB", "GiB", "TiB"};
    double value = (double)bytes;
    size_t unit = 0;
    for (; value >= 1024 && unit + 1 < sizeof units / sizeof units[0]; unit++) {
        value /= 1024;
    }
    snprintf(out, room, unit && value < 10 ? "%.1f %s" : "%.0f %s", value, units[unit]);
}

static void show_memory(const int64_t *value, struct result *result)
{
    char used[24], most[24];
    if (value[FIGURE_MEMORY] < 0) {
        return;
    }
    figures_bytes(used, sizeof used, value[FIGURE_MEMORY]);
    if (value[FIGURE_MEMORY_MOST] > 0) {
        figures_bytes(most, sizeof most, value[FIGURE_MEMORY_MOST]);
        result_evidence(result, "memory", "%s of %s", used, most);
        result_evidence(result, "memory_share", "%.0f %%",
                        100.0 * (double)value[FIGURE_MEMORY] /
                            (double)value[FIGURE_MEMORY_MOST]);
    } else {
        result_evidence(result, "memory", "%s, no limit", used);
    }
}

static void show_number(struct result *result, const char *key, int64_t value)
{
    if (value >= 0) {
        result_evidence(result, key, "%" PRId64, value);
    }
}

void figures_show(const struct figures *figures, struct result *result)
{
    const int64_t *value = figures->value;
    if (value[FIGURE_CLIENTS] >= 0 && value[FIGURE_CLIENTS_MOST] > 0) {
        result_evidence(result, "clients", "%" PRId64 " of %" PRId64,
                        value[FIGURE_CLIENTS], value[FIGURE_CLIENTS_MOST]);
    } else {
        show_number(result, "clients", value[FIGURE_CLIENTS]);
    }
    show_memory(value, result);
    show_number(result, "operations_per_second", value[FIGURE_OPERATIONS]);
    int64_t hits = value[FIGURE_HITS], misses = value[FIGURE_MISSES];
    if (hits >= 0 && misses >= 0 && (hits || misses)) {
        result_evidence(result, "hit_rate", "%.1f %%",
                        100.0 * (double)hits / ((double)hits + (double)misses));
    }
    show_number(result, "replicas", value[FIGURE_REPLICAS]);
    show_number(result, "blocked_clients", value[FIGURE_BLOCKED]);
    show_number(result, "rejected_connections", value[FIGURE_REJECTED]);
    show_number(result, "evicted_keys", value[FIGURE_EVICTED]);
}

/* ms since it saved, by its own clock where it tells that; -1: not told. */
static int64_t save_age(const char *info, int64_t wall)
{
    int64_t saved = 0, now = 0;
    if (!info_number(info, "rdb_last_save_time", &saved) || saved > INT64_MAX / 1000) {
        return -1;
    }
    now = info_number(info, "server_time_usec", &now) ? now / 1000 : wall;
    return now > saved * 1000 ? now - saved * 1000 : 0;
}

/* Of a span in ms; at least a second, since INFO counts in seconds. */
void figures_span(char out[TEXT_SPAN], int64_t ms)
{
    ms = ms > INT32_MAX * INT64_C(1000) ? INT32_MAX * INT64_C(1000) : ms;
    text_span(out, (ms > 1000 ? ms : 1000) * CLOCK_MS);
}

void figures_show_save(const char *info, int64_t wall, struct result *result)
{
    char span[TEXT_SPAN], status[32] = "";
    int64_t age = save_age(info, wall);
    info_find(info, "rdb_last_bgsave_status", status, sizeof status);
    if (age >= 0) {
        figures_span(span, age);
        result_evidence(result, "last_save", "%s ago%s%s", span, *status ? ", " : "",
                        status);
    } else if (*status) {
        result_evidence(result, "last_save", "%s", status);
    }
}

/* ---- judged ---- */

/* The first reason brings its remedy, each other one a note with its own. */
void figures_warn(struct result *result, const char *remedy, const char *format, ...)
{
    if (result->state != STATE_OK && result->state != STATE_WARN) {
        return;
    }
    va_list list;
    va_start(list, format);
    char *words = mem_format_list(format, list);
    va_end(list);
    if (result->state == STATE_WARN) {
        result_note(result, "%s: %s", words, remedy);
    } else {
        char *summary = mem_text(result->summary);
        result_set(result, STATE_WARN, remedy, "%s: %s", words, summary);
        free(summary);
    }
    free(words);
}

bool figures_threshold(const json_t *thresholds, const char *key, double *value)
{
    const json_t *threshold = json_object_get(thresholds, key);
    *value = json_number_value(threshold);
    return json_is_number(threshold);
}

static void judge_disk(const char *info, struct result *result)
{
    static const struct {
        const char *info, *words, *remedy;
    } rows[] = {
        {"aof_last_write_status", "the last append to disk failed",
         "see Redis's log, and free disk space: its writes may be lost"},
        {"rdb_last_bgsave_status", "the last save to disk failed",
         "see Redis's log, and free disk space or memory for the save"},
        {"aof_last_bgrewrite_status", "the last rewrite of the append log failed",
         "see Redis's log, and free disk space or memory for the rewrite"},
    };
    char status[32];
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        if (info_find(info, rows[i].info, status, sizeof status) &&
            strcmp(status, "ok") != 0) {
            figures_warn(result, rows[i].remedy, "%s", rows[i].words);
        }
    }
}

/* Where nothing is evicted a full memory refuses writes; else it is as it should be. */
static void judge_memory(const int64_t *value, const char *info, const json_t *thresholds,
                         struct result *result)
{
    double most = 0;
    char policy[32] = "";
    if (value[FIGURE_MEMORY_MOST] <= 0 ||
        !figures_threshold(thresholds, "memory", &most) ||
        (double)value[FIGURE_MEMORY] <= most * (double)value[FIGURE_MEMORY_MOST]) {
        return;
    }
    double share =
        100.0 * (double)value[FIGURE_MEMORY] / (double)value[FIGURE_MEMORY_MOST];
    info_find(info, "maxmemory_policy", policy, sizeof policy);
    if (strcmp(policy, "noeviction") == 0) {
        figures_warn(result, "raise maxmemory of Redis, or let it evict keys",
                     "memory is %.0f %% full, and noeviction refuses writes then", share);
    } else {
        result_note(result, "memory is %.0f %% full: Redis evicts keys (%s)", share,
                    policy);
    }
}

static void judge_load(const int64_t *value, const json_t *thresholds,
                       struct result *result)
{
    double most = 0;
    int64_t clients = value[FIGURE_CLIENTS], limit = value[FIGURE_CLIENTS_MOST];
    if (limit > 0 && figures_threshold(thresholds, "clients", &most) &&
        (double)clients > most * (double)limit) {
        figures_warn(result,
                     "raise maxclients of Redis, or find who holds the connections",
                     "%" PRId64 " of %" PRId64 " clients are connected", clients, limit);
    }
    if (figures_threshold(thresholds, "blocked_clients", &most) &&
        (double)value[FIGURE_BLOCKED] > most) {
        figures_warn(result,
                     "see who waits in BLPOP, WAIT and their kin, or raise "
                     "redis.thresholds.blocked_clients",
                     "%" PRId64 " clients are blocked, threshold %.0f",
                     value[FIGURE_BLOCKED], most);
    }
    if (figures_threshold(thresholds, "operations", &most) &&
        (double)value[FIGURE_OPERATIONS] > most) {
        figures_warn(result,
                     "see what asks so much, or raise redis.thresholds.operations",
                     "%" PRId64 " operations a second, threshold %.0f",
                     value[FIGURE_OPERATIONS], most);
    }
}

static void judge_hits(const int64_t *value, const json_t *thresholds,
                       struct result *result)
{
    double least = 0, all = (double)value[FIGURE_HITS] + (double)value[FIGURE_MISSES];
    if (value[FIGURE_HITS] < 0 || value[FIGURE_MISSES] < 0 || all <= 0 ||
        !figures_threshold(thresholds, "hit_rate", &least)) {
        return;
    }
    double rate = (double)value[FIGURE_HITS] / all;
    if (rate < least) {
        figures_warn(result,
                     "see what is asked for and not there, or lower "
                     "redis.thresholds.hit_rate",
                     "%.1f %% of what is asked for is there, threshold %.1f %%",
                     100 * rate, 100 * least);
    }
}

/* A save is owed only where something changed since the last one. */
static void judge_save(const char *info, const json_t *thresholds, int64_t wall,
                       struct result *result)
{
    char age_text[TEXT_SPAN];
    int64_t changes = 0, age = save_age(info, wall);
    int64_t most =
        json_object_get(thresholds, "save_age") ? config_span(thresholds, "save_age") : 0;
    if (most && age > most / CLOCK_MS &&
        info_number(info, "rdb_changes_since_last_save", &changes) && changes > 0) {
        figures_span(age_text, age);
        figures_warn(result,
                     "see why Redis does not save, or raise redis.thresholds.save_age",
                     "the last save is %s old, and %" PRId64 " changes are not in it",
                     age_text, changes);
    }
}

void figures_judge(const char *info, const json_t *thresholds, int64_t wall,
                   struct result *result)
{
    struct figures figures;
    figures_read(&figures, info);
    judge_disk(info, result);
    replicas_judge(info, thresholds, result);
    judge_memory(figures.value, info, thresholds, result);
    judge_load(figures.value, thresholds, result);
    judge_save(info, thresholds, wall, result);
    judge_hits(figures.value, thresholds, result);
}

/* ---- counted ---- */

struct counted figures_counted(const struct result *last)
{
    struct counted counted = {-1, -1};
    const char *rejected = last ? result_evidence_of(last, "rejected_connections") : NULL;
    const char *evicted = last ? result_evidence_of(last, "evicted_keys") : NULL;
    if (rejected) {
        text_integer(rejected, 0, INT64_MAX, &counted.rejected);
    }
    if (evicted) {
        text_integer(evicted, 0, INT64_MAX, &counted.evicted);
    }
    return counted;
}

void figures_judge_growth(const struct figures *now, const struct counted *before,
                          const json_t *thresholds, struct result *result)
{
    const struct {
        const char *key, *words, *remedy;
        int64_t now, before;
    } rows[] = {
        {"rejected_connections", "connections were rejected",
         "raise maxclients of Redis, or find who holds the connections",
         now->value[FIGURE_REJECTED], before->rejected},
        {"evicted_keys", "keys were evicted",
         "raise maxmemory of Redis, or redis.thresholds.evicted_keys",
         now->value[FIGURE_EVICTED], before->evicted},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        double most = 0;
        int64_t grown = rows[i].now - rows[i].before; /* less than before: a restart */
        if (rows[i].before >= 0 && rows[i].now >= 0 && grown > 0 &&
            figures_threshold(thresholds, rows[i].key, &most) && (double)grown > most) {
            figures_warn(result, rows[i].remedy, "%" PRId64 " %s since the last asking",
                         grown, rows[i].words);
        }
    }
}

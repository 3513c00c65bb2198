/* The figures of a Redis, read from INFO: shown as evidence, those of a cluster's masters
 * together, and held against `redis.thresholds`. Pure. */
#ifndef GREENBOARD_CHECKS_REDIS_FIGURES_H
#define GREENBOARD_CHECKS_REDIS_FIGURES_H

#include "base/text.h"
#include "board/result.h"

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

/* THE table of figures: id, key of INFO. Those of a cluster are added up. */
#define FIGURES(X)                                                                       \
    X(FIGURE_CLIENTS, "connected_clients")                                               \
    X(FIGURE_CLIENTS_MOST, "maxclients")                                                 \
    X(FIGURE_BLOCKED, "blocked_clients")                                                 \
    X(FIGURE_REJECTED, "rejected_connections")                                           \
    X(FIGURE_EVICTED, "evicted_keys")                                                    \
    X(FIGURE_MEMORY, "used_memory")                                                      \
    X(FIGURE_MEMORY_MOST, "maxmemory")                                                   \
    X(FIGURE_OPERATIONS, "instantaneous_ops_per_sec")                                    \
    X(FIGURE_HITS, "keyspace_hits")                                                      \
    X(FIGURE_MISSES, "keyspace_misses")                                                  \
    X(FIGURE_REPLICAS, "connected_slaves")

enum figure {
#define FIGURES_ENUM(id, info) id,
    FIGURES(FIGURES_ENUM)
#undef FIGURES_ENUM
        FIGURE_COUNT
};

struct figures {
    int64_t value[FIGURE_COUNT]; /* -1: not told */
};

void figures_read(struct figures *figures, const char *info);
void figures_add(struct figures *sum, const struct figures *one);
void figures_show(const struct figures *figures, struct result *result);

/* What the last asking counted, from its evidence; -1 where it tells nothing. */
struct counted {
    int64_t rejected, evicted;
};
struct counted figures_counted(const struct result *last);

/* Makes an OK a WARN, with each reason: of one server's INFO, of what was counted since.
 * `thresholds` may lack any of them, which is then not judged. `wall` is ms since
 * 1970. */
void figures_judge(const char *info, const json_t *thresholds, int64_t wall,
                   struct result *result);
void figures_judge_growth(const struct figures *now, const struct counted *before,
                          const json_t *thresholds, struct result *result);

/* What those who judge share: an OK becomes a WARN with this reason, a second reason a
 * note; whether there is a threshold; how bytes and a span in ms are said. */
void figures_warn(struct result *result, const char *remedy, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
bool figures_threshold(const json_t *thresholds, const char *key, double *value);
void figures_bytes(char *out, size_t room, int64_t bytes);
void figures_span(char out[TEXT_SPAN], int64_t ms);

/* How long ago it saved to disk, as evidence. */
void figures_show_save(const char *info, int64_t wall, struct result *result);

#endif

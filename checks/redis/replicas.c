#include "checks/redis/replicas.h"

#include "base/clock.h"
#include "base/text.h"
#include "checks/redis/figures.h"
#include "checks/redis/info.h"
#include "config/config.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum { REPLICAS_MOST = 100 };

struct replica {
    char name[96];
    bool online;
    int64_t lag, behind; /* seconds since it was heard, bytes that it does not have */
};

/* A number of "ip=10.0.0.4,port=6379,state=online,offset=84,lag=1"; -1: none. */
static int64_t number_in(const char *line, const char *key)
{
    const char *at = strstr(line, key);
    char digits[24];
    int64_t value = -1;
    if (at) {
        at += strlen(key);
        snprintf(digits, sizeof digits, "%.*s", (int)strcspn(at, ","), at);
        text_integer(digits, 0, INT64_MAX, &value);
    }
    return value;
}

/* Number `i` of a master's replicas; false where INFO has no line of it. */
static bool replica_read(struct replica *replica, const char *info, int i)
{
    char key[24], line[256];
    int64_t written = 0;
    snprintf(key, sizeof key, "slave%d", i);
    if (i >= REPLICAS_MOST || !info_find(info, key, line, sizeof line)) {
        return false;
    }
    const char *ip = strstr(line, "ip=");
    ip = ip ? ip + strlen("ip=") : "";
    snprintf(replica->name, sizeof replica->name, "%.*s:%" PRId64, (int)strcspn(ip, ","),
             ip, number_in(line, "port="));
    int64_t offset = number_in(line, "offset=");
    replica->online = strstr(line, "state=online") != NULL;
    replica->lag = number_in(line, "lag=");
    info_number(info, "master_repl_offset", &written);
    replica->behind = offset >= 0 && written > offset ? written - offset : 0;
    return true;
}

void replicas_show(const char *info, struct result *result)
{
    struct replica replica;
    int64_t lag = -1, behind = 0;
    char bytes[24];
    for (int i = 0; replica_read(&replica, info, i); i++) {
        lag = replica.lag > lag ? replica.lag : lag;
        behind = replica.behind > behind ? replica.behind : behind;
    }
    if (lag >= 0) {
        figures_bytes(bytes, sizeof bytes, behind);
        result_evidence(result, "replica_lag", "%" PRId64 " s, %s behind", lag, bytes);
    }
}

static void judge_one(const struct replica *replica, const json_t *thresholds,
                      struct result *result)
{
    char words[24];
    double most_bytes = 0;
    int64_t most = json_object_get(thresholds, "replica_lag")
                       ? config_span(thresholds, "replica_lag")
                       : 0;
    if (!replica->online) {
        figures_warn(result, "wait until it has the whole data set, or see its log",
                     "the replica %s is not in step", replica->name);
        return;
    }
    if (most && replica->lag > most / CLOCK_SECOND) {
        figures_warn(result,
                     "see the replica's load and its network, or raise "
                     "redis.thresholds.replica_lag",
                     "the replica %s is silent for %" PRId64 " s", replica->name,
                     replica->lag);
    }
    if (figures_threshold(thresholds, "replica_behind", &most_bytes) &&
        (double)replica->behind > most_bytes) {
        figures_bytes(words, sizeof words, replica->behind);
        figures_warn(result,
                     "see the replica's load and its network, or raise "
                     "redis.thresholds.replica_behind",
                     "the replica %s is %s behind", replica->name, words);
    }
}

void replicas_judge(const char *info, const json_t *thresholds, struct result *result)
{
    struct replica replica;
    int64_t count = 0;
    double least = 0;
    for (int i = 0; replica_read(&replica, info, i); i++) {
        judge_one(&replica, thresholds, result);
    }
    if (info_number(info, "connected_slaves", &count) &&
        figures_threshold(thresholds, "replicas", &least) && (double)count < least) {
        figures_warn(result,
                     "start the replicas that are missing, or lower "
                     "redis.thresholds.replicas",
                     "%" PRId64 " of %.0f replicas", count, least);
    }
}

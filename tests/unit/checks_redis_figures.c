/* What INFO tells of a Redis or Valkey: which lines are read, which make the answer a
 * WARN, and from what on. */
#include "tests/unit/checks_help.h"

#include "base/json.h"
#include "base/mem.h"
#include "board/board.h"
#include "checks/redis/figures.h"
#include "checks/redis/info.h"

#include <stdlib.h>
#include <string.h>

enum { WALL_S = 1700000000 };

struct figure_row {
    const char *info, *thresholds;
    const char *warning; /* a part of the summary, or NULL: it stays OK */
};

#define REPLICA(state, offset, lag)                                                      \
    "connected_slaves:1\r\nmaster_repl_offset:5000\r\nslave0:ip=10.0.0.4,port=6379,"     \
    "state=" state ",offset=" offset ",lag=" lag "\r\n"
#define MEMORY(used, policy)                                                             \
    "used_memory:" used "\r\nmaxmemory:1000\r\nmaxmemory_policy:" policy "\r\n"

static const struct figure_row rows[] = {
    {"", "{}", NULL},
    {"rdb_last_bgsave_status:err\r\n", "{}", "last save to disk failed"},
    {"rdb_last_bgsave_status:ok\r\naof_last_write_status:ok\r\n", "{}", NULL},
    {"aof_last_write_status:err\r\n", "{}", "last append to disk failed"},
    {"aof_last_bgrewrite_status:err\r\n", "{}", "rewrite of the append log failed"},
    {REPLICA("online", "5000", "1"), "{\"replica_lag\":\"10s\"}", NULL},
    {REPLICA("online", "5000", "10"), "{\"replica_lag\":\"10s\"}", NULL},
    {REPLICA("online", "5000", "11"), "{\"replica_lag\":\"10s\"}",
     "10.0.0.4:6379 is silent for 11 s"},
    {REPLICA("wait_bgsave", "0", "0"), "{}", "10.0.0.4:6379 is not in step"},
    {REPLICA("online", "3000", "1"), "{\"replica_behind\":2000}", NULL},
    {REPLICA("online", "2999", "1"), "{\"replica_behind\":2000}", "2.0 KiB behind"},
    {REPLICA("online", "5000", "1"), "{\"replicas\":1}", NULL},
    {REPLICA("online", "5000", "1"), "{\"replicas\":2}", "1 of 2 replicas"},
    {"connected_slaves:0\r\n", "{\"replicas\":1}", "0 of 1 replicas"},
    {MEMORY("900", "noeviction"), "{\"memory\":0.9}", NULL},
    {MEMORY("901", "noeviction"), "{\"memory\":0.9}", "memory is 90 % full"},
    {MEMORY("1000", "allkeys-lru"), "{\"memory\":0.9}", NULL},
    {"used_memory:1000\r\nmaxmemory:0\r\n", "{\"memory\":0.9}", NULL},
    {"connected_clients:91\r\nmaxclients:100\r\n", "{\"clients\":0.9}",
     "91 of 100 clients"},
    {"connected_clients:90\r\nmaxclients:100\r\n", "{\"clients\":0.9}", NULL},
    {"blocked_clients:3\r\n", "{\"blocked_clients\":2}", "3 clients are blocked"},
    {"blocked_clients:3\r\n", "{}", NULL},
    {"instantaneous_ops_per_sec:101\r\n", "{\"operations\":100}", "101 operations"},
    {"keyspace_hits:79\r\nkeyspace_misses:21\r\n", "{\"hit_rate\":0.8}", "79.0 %"},
    {"keyspace_hits:80\r\nkeyspace_misses:20\r\n", "{\"hit_rate\":0.8}", NULL},
    {"keyspace_hits:0\r\nkeyspace_misses:0\r\n", "{\"hit_rate\":0.8}", NULL},
    {"rdb_last_save_time:1699996399\r\nrdb_changes_since_last_save:1\r\n",
     "{\"save_age\":\"1h\"}", "1 changes are not in it"},
    {"rdb_last_save_time:1699996399\r\nrdb_changes_since_last_save:0\r\n",
     "{\"save_age\":\"1h\"}", NULL},
    {"rdb_last_save_time:1699996400\r\nrdb_changes_since_last_save:1\r\n",
     "{\"save_age\":\"1h\"}", NULL},
    {"server_time_usec:1699996400000000\r\nrdb_last_save_time:1699996399\r\n"
     "rdb_changes_since_last_save:1\r\n",
     "{\"save_age\":\"1h\"}", NULL},
};

static json_t *parse(const char *json)
{
    struct error error;
    json_t *value = json_parse(json, strlen(json), &error);
    assert_non_null(value);
    return value;
}

static void a_figure_past_its_threshold_is_a_warning_and_no_other(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        json_t *thresholds = parse(rows[i].thresholds);
        struct result *result = result_create();
        result_ok(result, "fine");
        figures_judge(rows[i].info, thresholds, WALL_S * INT64_C(1000), result);
        if (result->state != (rows[i].warning ? STATE_WARN : STATE_OK)) {
            fail_msg("row %zu: %s", i, result->summary);
        }
        assert_contains(result->summary, rows[i].warning ? rows[i].warning : "fine");
        assert_true(!rows[i].warning == !result->remedy);
        result_destroy(result);
        json_decref(thresholds);
    }
}

static void a_second_warning_is_a_note_and_what_failed_stays_so(void **state)
{
    (void)state;
    static const char info[] =
        "rdb_last_bgsave_status:err\r\naof_last_write_status:err\r\n";
    struct result *result = result_create();
    result_ok(result, "fine");
    figures_judge(info, NULL, 0, result);
    assert_contains(result->summary, "last append");
    assert_int_equal(result->note_count, 1);
    assert_contains(result->notes[0], "last save");
    result_destroy(result);
    result = result_create();
    result_set(result, STATE_FAIL, "mend it", "OOM");
    figures_judge(info, NULL, 0, result);
    assert_int_equal(result->state, STATE_FAIL);
    assert_string_equal(result->summary, "OOM");
    result_destroy(result);
}

/* As the scheduler does: from the light on the board into the job. */
static struct counted counted_before(const char *rejected)
{
    struct result *last = result_create();
    if (rejected) {
        result_evidence(last, "rejected_connections", "%s", rejected);
        result_evidence(last, "evicted_keys", "7");
    }
    const struct check *check = find_check("redis");
    char name[] = "redis";
    struct light light = {.check = check, .name = name, .result = last};
    struct board board = {.lights = &light, .count = 1};
    struct job job = {.check = check, .name = "redis"};
    check->prepare(&board, &job);
    struct counted counted = *(struct counted *)job.prepared;
    free(job.prepared);
    result_destroy(last);
    return counted;
}

static void counters_are_judged_by_what_they_grew_since_the_last_asking(void **state)
{
    (void)state;
    static const struct {
        const char *before, *info, *warning;
    } cases[] = {
        {NULL, "rejected_connections:5\r\nevicted_keys:9\r\n", NULL},
        {"5", "rejected_connections:5\r\nevicted_keys:7\r\n", NULL},
        {"5", "rejected_connections:7\r\nevicted_keys:7\r\n", "2 connections were rej"},
        {"5", "rejected_connections:5\r\nevicted_keys:17\r\n", NULL},
        {"5", "rejected_connections:5\r\nevicted_keys:18\r\n", "11 keys were evicted"},
        {"5", "rejected_connections:1\r\nevicted_keys:0\r\n", NULL},
        {"5", "", NULL},
        {"many", "rejected_connections:7\r\n", NULL},
    };
    json_t *thresholds = parse("{\"rejected_connections\":0,\"evicted_keys\":10}");
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct counted before = counted_before(cases[i].before);
        struct figures now;
        figures_read(&now, cases[i].info);
        struct result *result = result_create();
        result_ok(result, "fine");
        figures_judge_growth(&now, &before, thresholds, result);
        assert_int_equal(result->state, cases[i].warning ? STATE_WARN : STATE_OK);
        assert_contains(result->summary, cases[i].warning ? cases[i].warning : "fine");
        result_destroy(result);
    }
    json_decref(thresholds);
}

static void masters_are_added_up(void **state)
{
    (void)state;
    struct figures sum, one;
    figures_read(&sum, "connected_clients:3\r\nmaxclients:100\r\nused_memory:1024\r\n");
    figures_read(&one, "connected_clients:4\r\nmaxclients:100\r\nused_memory:2048\r\n");
    figures_add(&sum, &one);
    struct result *result = result_create();
    figures_show(&sum, result);
    assert_string_equal(result_evidence_of(result, "clients"), "7 of 200");
    assert_string_equal(result_evidence_of(result, "memory"), "3.0 KiB, no limit");
    assert_null(result_evidence_of(result, "evicted_keys"));
    result_destroy(result);
}

/* As Valkey 8.1 and Redis 8.0 begin. */
static void valkey_and_redis_are_told_apart(void **state)
{
    (void)state;
    static const char valkey[] =
        "# "
        "Server\r\nredis_version:7.2.4\r\nserver_name:valkey\r\nvalkey_version:8.1.1\r\n"
        "valkey_release_stage:ga\r\nserver_mode:standalone\r\nuptime_in_seconds:60\r\n";
    static const char redis[] =
        "# "
        "Server\r\nredis_version:8.0.0\r\nredis_mode:cluster\r\nuptime_in_seconds:60\r\n";
    char mode[16];
    struct result *result = result_create();
    info_show(valkey, result);
    assert_string_equal(result_evidence_of(result, "valkey_version"), "8.1.1");
    assert_string_equal(result_evidence_of(result, "mode"), "standalone");
    assert_true(info_mode(valkey, mode, sizeof mode));
    assert_string_equal(mode, "standalone");
    result_destroy(result);
    result = result_create();
    info_show(redis, result);
    assert_null(result_evidence_of(result, "valkey_version"));
    assert_string_equal(result_evidence_of(result, "redis_version"), "8.0.0");
    assert_true(info_mode(redis, mode, sizeof mode));
    assert_string_equal(mode, "cluster");
    result_destroy(result);
}

void add_redis_figures_tests(void)
{
    ADD(a_figure_past_its_threshold_is_a_warning_and_no_other);
    ADD(a_second_warning_is_a_note_and_what_failed_stays_so);
    ADD(counters_are_judged_by_what_they_grew_since_the_last_asking);
    ADD(masters_are_added_up);
    ADD(valkey_and_redis_are_told_apart);
}

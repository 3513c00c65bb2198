#include "tests/screens/boards.h"

#include "base/clock.h"
#include "base/mem.h"

#include <stdlib.h>
#include <string.h>

static const struct check checks[] = {
    {.name = "config",
     .help = "is everything that this class demands configured and well-formed"},
    {.name = "jwt_secret",
     .help = "does the canonical secret resolve, long enough and clean"},
    {.name = "jwt_sync", .help = "do both services use exactly that secret"},
    {.name = "clickhouse",
     .help = "is ClickHouse usable: authenticated, a query, the tables"},
    {.name = "redis",
     .help = "is Redis usable: authenticated, a write, a read, an expiry"},
    {.name = "auth_flow",
     .help = "does a login at auth work at the backend, as the same user"},
    {.name = "auth_rate",
     .help = "do our own logins succeed, and do users' stay above the objective"},
    {.name = "health_json", .help = "does the service say what is expected of it"},
};
enum {
    CHECKS = sizeof checks / sizeof checks[0],
    CLICKHOUSE = 3,
    REDIS = 4,
    BACKEND = 7
};

static struct environment environment = {
    .system = "netra", .name = "staging", .env_class = CLASS_STAGING, .references = 1};

static struct board *fresh(void)
{
    struct board *board = mem_alloc(sizeof *board);
    board->environment = &environment;
    board->release_wanted = true;
    board->release = mem_text("3f2a91c0d4e5b6a7988776655443322110ffeedd");
    board->max_age = 90 * CLOCK_SECOND;
    board->count = CHECKS;
    board->lights = mem_alloc(CHECKS * sizeof *board->lights);
    for (size_t i = 0; i < CHECKS; i++) {
        bool quick = i == 3 || i == REDIS;
        board->lights[i] = (struct light){
            .check = &checks[i],
            .name = mem_text(i == BACKEND ? "backend ready" : checks[i].name),
            .period = (quick ? 5 : 25) * CLOCK_SECOND,
            .deadline = 2 * CLOCK_SECOND};
    }
    return board;
}

/* A result that began `age` seconds ago and took `ms`. */
static struct result *answer(struct board *board, size_t i, int age, double ms)
{
    struct result *result = result_create();
    struct light *light = &board->lights[i];
    result->began = BOARDS_NOW - age * CLOCK_SECOND;
    result->ended = result->began + (int64_t)(ms * (double)CLOCK_MS);
    result->wall = BOARDS_WALL - age * 1000;
    light->result = result;
    light->since = BOARDS_NOW - 720 * CLOCK_SECOND;
    return result;
}

static void trend(struct light *light, double base, double step)
{
    for (size_t i = 0; i < 24; i++) {
        light->trend[light->trend_count++] = base + step * (double)((i * 7 + i * i) % 5);
    }
}

static void tell(struct board *board, int age, enum state state, const char *text)
{
    board_tell(board, state, "%s", text);
    board->moments[board->moment_count - 1].wall = BOARDS_WALL - age * 1000;
}

static void answer_redis(struct board *board)
{
    struct result *result = answer(board, REDIS, 1, 3.9);
    result_ok(result, "wrote, read back and expired a key");
    result_reach(result, RUNG_USABLE);
    result_evidence(result, "address", "127.0.0.1:6379");
    result_identity(result, "redis_version", "7.0.15");
    result_evidence(result, "mode", "standalone");
    result_evidence(result, "role", "master");
    result_evidence(result, "maxmemory_policy", "noeviction");
    result_evidence(result, "uptime", "12 d");
    result_evidence(result, "clients", "12 of 10000");
    result_evidence(result, "memory", "1.1 GiB of 4.0 GiB");
    result_evidence(result, "memory_share", "27 %%");
    result_evidence(result, "operations_per_second", "340");
    result_evidence(result, "hit_rate", "98.4 %%");
    result_evidence(result, "replicas", "2");
    result_evidence(result, "blocked_clients", "0");
    result_evidence(result, "rejected_connections", "0");
    result_evidence(result, "evicted_keys", "0");
    result_evidence(result, "last_save", "3 m ago, ok");
    result_phase(result, "resolve", 100000);
    result_phase(result, "connect", 200000);
    result_phase(result, "auth", 400000);
    result_phase(result, "write", 1900000);
    result_phase(result, "read", 1300000);
    result_note(result, "maxmemory_policy is noeviction: a full Redis refuses writes");
    result_figure(result, 3.9);
    trend(&board->lights[REDIS], 3, 0.7);
}

static void answer_clickhouse(struct board *board)
{
    struct result *result = answer(board, 3, 2, 4.1);
    result_ok(result, "queried in 4.1 ms, 2 tables readable, ClickHouse 24.8.4");
    result_reach(result, RUNG_USABLE);
    result_identity(result, "url", "https://127.0.0.1:8443/");
    result_identity(result, "native port", "127.0.0.1:9440 with TLS");
    result_evidence(result, "address", "127.0.0.1:8443");
    result_identity(result, "version", "24.8.4");
    result_evidence(result, "uptime", "12 d");
    result_evidence(result, "tables", "2 readable, 2 of them with rows");
    result_evidence(result, "replicas", "2, 0 read-only");
    result_evidence(result, "lag", "3 s, queue 1");
    result_evidence(result, "mutations", "none waits");
    result_evidence(result, "parts", "12 in a partition at most, shop.events");
    result_evidence(result, "disk", "42 %% free on default");
    result_evidence(result, "queries", "3 running");
    result_evidence(result, "last error",
                    "2 h ago: UNKNOWN_TABLE: Table shop.nothing does not exist");
    result_evidence(result, "ping", "0.2 ms");
    result_figure(result, 4.1);
    trend(&board->lights[3], 3.6, 0.6);
}

/* Who holds which JWT secret; `version` is what the backend mounts. */
static void hold(struct result *result, const char *backend, const char *version)
{
    result_evidence(result, "proof", "fingerprints and behaviour");
    result_evidence(result, "canonical", "a1b2c3d4e5f6");
    result_evidence(result, "auth", "a1b2c3d4e5f6");
    result_evidence(result, "auth source", "JWT_SECRET_KEY in Cloud Run netra-auth");
    result_identity(result, "auth version", "7");
    result_evidence(result, "backend", "%s", backend);
    result_evidence(result, "backend source",
                    "JWT_SECRET_KEY in Cloud Run netra-backend");
    result_identity(result, "backend version", "%s", version);
}

static void answer_all(struct board *board)
{
    result_ok(answer(board, 0, 12, 0.8), "everything that staging demands is configured");
    struct result *result = answer(board, 1, 3, 38.2);
    result_ok(result, "from Secret Manager jwt-secret-staging, version 7, 64 bytes");
    result_identity(result, "fingerprint", "a1b2c3d4e5f6");
    result_evidence(result, "source", "Secret Manager jwt-secret-staging");
    result_identity(result, "version", "7");
    result_evidence(result, "created", "2025-12-22T09:00:00.000Z");
    result = answer(board, 2, 3, 44.1);
    result_ok(result, "3 of 3 hold the same secret");
    hold(result, "a1b2c3d4e5f6", "7");
    result_figure(result, 44.1);
    trend(&board->lights[2], 40, 2);
    answer_clickhouse(board);
    answer_redis(board);
    result_ok(answer(board, 5, 3, 21), "probe@example.com logged in and was recognised");
    result = answer(board, 6, 4, 7.5);
    result_ok(result, "probe 5 of 5, users 11 of 12 in 5 m");
    result_evidence(result, "objective", "99 %%");
    result_figure(result, 1);
    for (size_t i = 0; i < 20; i++) {
        board->lights[6].trend[board->lights[6].trend_count++] = i == 5 ? 0.8 : 1;
    }
    result_ok(answer(board, BACKEND, 3, 12), "ready, redis connected");
    tell(board, 30, STATE_OK, "gate open: 8 of 8 green");
}

struct board *boards_waiting(void)
{
    struct board *board = fresh();
    free(board->release);
    board->release = NULL;
    for (size_t i = 0; i < CHECKS; i++) {
        board->lights[i].running = true;
    }
    board->verdict = gate_decide(board, BOARDS_NOW);
    return board;
}

struct board *boards_green(void)
{
    struct board *board = fresh();
    answer_all(board);
    board->verdict = gate_decide(board, BOARDS_NOW);
    return board;
}

static void replace(struct board *board, size_t i)
{
    result_destroy(board->lights[i].result);
    board->lights[i].result = NULL;
}

struct board *boards_red(void)
{
    struct board *board = fresh();
    answer_all(board);
    replace(board, REDIS);
    struct result *result = answer(board, REDIS, 1, 3.9);
    result_set(result, STATE_FAIL, "set environments.staging.redis.password",
               "NOAUTH Authentication required");
    result_reach(result, RUNG_REACHABLE);
    result_evidence(result, "address", "127.0.0.1:6379");
    result_phase(result, "resolve", 100000);
    result_phase(result, "connect", 200000);
    result_phase(result, "auth", 400000);
    replace(board, BACKEND);
    result = answer(board, BACKEND, 3, 12);
    result_set(result, STATE_FAIL, "see redis: it failed too",
               "/checks/redis/connected is false, expected true");
    result_blame(result, "redis");
    board->lights[5].running = true;
    tell(board, 1, STATE_FAIL,
         "redis went from OK to FAIL: NOAUTH Authentication required");
    tell(board, 1, STATE_FAIL, "gate closed: redis: NOAUTH Authentication required");
    board->verdict = gate_decide(board, BOARDS_NOW);
    return board;
}

struct board *boards_mismatch(void)
{
    struct board *board = fresh();
    answer_all(board);
    replace(board, 2);
    struct result *result = answer(board, 2, 2, 39.5);
    result_set(result, STATE_FAIL,
               "mount jwt-secret-staging, version 7, in backend and redeploy it",
               "backend holds another secret than the canonical one: it is given "
               "jwt-secret-key, version 1, not jwt-secret-staging, version 7");
    result_reach(result, RUNG_REACHABLE);
    hold(result, "0f1e2d3c4b5a", "1");
    result_evidence(result, "mismatch", "backend");
    tell(board, 3, STATE_FAIL,
         "alert jwt.mismatch raised: JWT secrets differ (backend): mount "
         "jwt-secret-staging, version 7, in backend and redeploy it");
    replace(board, 5);
    result = answer(board, 5, 2, 21);
    result_set(result, STATE_FAIL, "see jwt_sync: both services must use the same secret",
               "the backend rejected the token that auth issued (401)");
    result_blame(result, "jwt_sync");
    board->verdict = gate_decide(board, BOARDS_NOW);
    return board;
}

struct board *boards_unproven(void)
{
    struct board *board = fresh();
    answer_all(board);
    board->lights[3].result->began -= 100 * CLOCK_SECOND;
    board->lights[3].running = true;
    replace(board, 6);
    result_set(answer(board, 6, 4, 2000), STATE_UNKNOWN,
               "name the login's password under auth_flow.login.body",
               "no credentials to ask with");
    board->verdict = gate_decide(board, BOARDS_NOW);
    return board;
}

struct board *boards_foreign(void)
{
    struct board *board = fresh();
    answer_all(board);
    replace(board, REDIS);
    result_set(answer(board, REDIS, 1, 3.9), STATE_FAIL,
               "ask 山田 (ops) \xe2\x80\xae to mend it",
               "\x1b[2J\x1b]0;owned\x07-ERR 接続が拒否されました \xff\r\nfine now");
    board->verdict = gate_decide(board, BOARDS_NOW);
    return board;
}

struct board *boards_mixed(void)
{
    struct board *board = fresh();
    answer_all(board);
    static const enum state states[] = {STATE_SKIP, STATE_WARN, STATE_UNKNOWN,
                                        STATE_BLOCKED, STATE_FAIL};
    for (size_t i = 0; i < sizeof states / sizeof states[0]; i++) {
        replace(board, i + 1);
        struct result *result = answer(board, i + 1, 2, 5);
        result_set(result, states[i], "mend what the summary names", "this is %s",
                   state_rows[states[i]].shown);
    }
    result_blame(board->lights[4].result, "clickhouse");
    board->verdict = gate_decide(board, BOARDS_NOW);
    return board;
}

static void ask_from(struct board *board, size_t i, const char *via)
{
    board->lights[i].section = json_pack("{s:s}", "via", via);
}

struct board *boards_elsewhere(void)
{
    struct board *board = fresh();
    answer_all(board);
    ask_from(board, REDIS, "tunnel:bastion");
    result_identity(board->lights[REDIS].result, "via", "asked through tunnel bastion");
    ask_from(board, CLICKHOUSE, "service:backend");
    replace(board, CLICKHOUSE);
    struct result *result = answer(board, CLICKHOUSE, 9, 12);
    result_reach(result, RUNG_USABLE);
    result_identity(result, "via", "as told by backend");
    result_ok(result, "as told by backend: backend says all that is expected, 2 of 2");
    board->verdict = gate_decide(board, BOARDS_NOW);
    return board;
}

struct board *boards_without(void)
{
    struct board *board = fresh();
    answer_all(board);
    replace(board, REDIS);
    struct result *result = answer(board, REDIS, 2, 1);
    result_skip(result, "not used: no cache here");
    result->not_used = true;
    board->verdict = gate_decide(board, BOARDS_NOW);
    return board;
}

/* Adds lights that come from `checks`, up to so many. */
static void add_lights(struct board *board, size_t count, enum state state)
{
    static const char *const names[] = {"backend settings", "backend revision",
                                        "api certificate",  "worker ready",
                                        "mail relay",       "name of the api"};
    size_t before = board->count;
    board->lights = mem_resize(board->lights, count * sizeof *board->lights);
    for (; board->count < count; board->count++) {
        size_t i = board->count;
        board->lights[i] = (struct light){.check = &checks[BACKEND],
                                          .name = mem_text(names[i - before]),
                                          .period = 25 * CLOCK_SECOND,
                                          .deadline = 2 * CLOCK_SECOND};
        struct result *result = answer(board, i, 3, 15);
        state == STATE_OK ? result_ok(result, "says all that is expected, 5 of 5")
                          : result_set(result, state, "look at its log",
                                       "connection refused by 127.0.0.1:8443");
    }
    board->verdict = gate_decide(board, BOARDS_NOW);
}

struct board *boards_ten(void)
{
    struct board *board = boards_green();
    add_lights(board, 10, STATE_OK);
    return board;
}

struct board *boards_ten_red(void)
{
    struct board *board = boards_red();
    add_lights(board, 10, STATE_OK);
    return board;
}

struct board *boards_many(void)
{
    struct board *board = boards_red();
    add_lights(board, 14, STATE_OK);
    return board;
}

struct board *boards_storm(void)
{
    struct board *board = boards_mixed();
    add_lights(board, 14, STATE_FAIL);
    return board;
}

void boards_judge(const struct board *board, struct alerts *alerts)
{
    alerts_init(alerts, NULL, NULL, NULL);
    for (size_t i = 0; i < ALERT_COUNT; i++) {
        struct alert *alert = &alerts->rows[i];
        const struct light *light = board_find(board, alert->rule->check);
        if (light->result) {
            alert_judge(alert, light->result);
            alert->since -= 180000;
        }
    }
}

void boards_free(struct board *board)
{
    for (size_t i = 0; i < board->count; i++) {
        free(board->lights[i].name);
        result_destroy(board->lights[i].result);
        json_decref((json_t *)(uintptr_t)board->lights[i].section);
    }
    for (size_t i = 0; i < MOMENTS; i++) {
        free(board->moments[i].text);
    }
    free(board->lights);
    free(board->release);
    free(board);
}

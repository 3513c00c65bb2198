/* What the checks of Redis, ClickHouse and health endpoints promise: whatever a peer
 * does, they end at the deadline, in bounded memory, and are green only on a proof. */
#include "tests/unit/unit.h"

#include "base/clock.h"
#include "base/json.h"
#include "base/mem.h"
#include "board/check.h"
#include "checks/checks.h"
#include "net/http.h"
#include "secret/keep.h"
#include "tests/unit/peer.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

enum { LATE_MS = 250, GROWTH_KB = 64 * 1024 };
static const int64_t DEADLINE = 400 * CLOCK_MS;

#define READ(text)                                                                       \
    {                                                                                    \
        PEER_READ, text, 0, NULL                                                         \
    }
#define SEND(text)                                                                       \
    {                                                                                    \
        PEER_SEND, text, sizeof(text) - 1, NULL                                          \
    }
#define DRIP(text)                                                                       \
    {                                                                                    \
        PEER_DRIP, text, 0, NULL                                                         \
    }
#define FLOOD(text)                                                                      \
    {                                                                                    \
        PEER_FLOOD, text, 0, NULL                                                        \
    }
#define STALL                                                                            \
    {                                                                                    \
        PEER_STALL, NULL, 0, NULL                                                        \
    }
#define RESET                                                                            \
    {                                                                                    \
        PEER_RESET, NULL, 0, NULL                                                        \
    }
#define CALL(name)                                                                       \
    {                                                                                    \
        PEER_CALL, NULL, 0, name                                                         \
    }
#define CLOSE                                                                            \
    {                                                                                    \
        PEER_CLOSE, NULL, 0, NULL                                                        \
    }

enum { STEPS = 8 };

struct row {
    const char *name;  /* the promise */
    const char *extra; /* members of the section, each followed by a comma */
    struct peer_step steps[STEPS];
    struct peer_step
        second[STEPS]; /* of every connection after the first, where not empty */
    enum state state;
    enum rung rung;
    const char *summary; /* a part of it */
    const char *remedy;  /* a part of it */
};

static struct environment *make_environment(const char *json)
{
    struct error error = {0};
    json_t *root = json_parse(json, strlen(json), &error);
    if (!root) {
        fail_msg("%s: %s", error.message, json);
    }
    struct environment *environment = mem_alloc(sizeof *environment);
    *environment = (struct environment){.system = mem_text("netra"),
                                        .name = mem_text("staging"),
                                        .env_class = CLASS_STAGING,
                                        .file = mem_text("/nowhere/greenboard.json"),
                                        .directory = mem_text("/"),
                                        .root = root,
                                        .references = 1};
    return environment;
}

/* Every source of the environment is found, and is "open sesame". */
static struct secrets *make_secrets(const struct environment *environment)
{
    size_t count = 0;
    const json_t **sources = secrets_sources(environment, &count);
    struct resolved *resolved = mem_alloc((count + 1) * sizeof *resolved);
    for (size_t i = 0; i < count; i++) {
        resolved[i] = (struct resolved){.state = SOURCE_FOUND,
                                        .secret = secret_create("open sesame", 11, NULL),
                                        .label = mem_text("file /here")};
    }
    struct secrets *secrets = secrets_create(sources, resolved, count);
    free(sources);
    return secrets;
}

static struct result *ask(const struct check *check, const char *json,
                          const char *pointer, int64_t *elapsed)
{
    struct environment *environment = make_environment(json);
    struct secrets *secrets = make_secrets(environment);
    atomic_bool cancelled;
    atomic_init(&cancelled, false);
    struct job job = {.check = check,
                      .name = check->name,
                      .environment = environment,
                      .section = config_section(environment, pointer),
                      .secrets = secrets,
                      .cancelled = &cancelled};
    struct result *result = result_create();
    int64_t began = clock_now();
    job.deadline = began + DEADLINE;
    check->ask(&job, result);
    *elapsed = clock_now() - began;
    secrets_unref(secrets);
    environment_unref(environment);
    return result;
}

static long resident_peak(void)
{
    struct rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    return usage.ru_maxrss;
}

static void assert_contains(const char *text, const char *part)
{
    if (!text || !strstr(text, part)) {
        fail_msg("\"%s\" does not say \"%s\"", text ? text : "(nothing)", part);
    }
}

static void judge(const struct row *row, const struct result *result, int64_t elapsed)
{
    if (result->state != row->state || result->rung != row->rung) {
        fail_msg("%s at rung %d: %s", state_rows[result->state].word, (int)result->rung,
                 result->summary);
    }
    assert_contains(result->summary, row->summary);
    if (row->remedy) {
        assert_contains(result->remedy, row->remedy);
    }
    assert_true(elapsed <= DEADLINE + LATE_MS * CLOCK_MS);
}

static void play(const struct row *row, const struct check *check, const char *format,
                 const char *pointer)
{
    const struct peer_step *scripts[] = {row->steps, row->second};
    bool two = row->second[0].act != PEER_CLOSE;
    struct peer *peer = peer_start(scripts, two ? 2 : 1);
    char port[16];
    snprintf(port, sizeof port, "%d", peer_port(peer));
    struct buf json;
    buf_init(&json, 0);
    for (const char *at = format; *at; at++) { /* PORT and EXTRA are replaced */
        if (strncmp(at, "PORT", 4) == 0) {
            buf_text(&json, port);
            at += 3;
        } else if (strncmp(at, "EXTRA", 5) == 0) {
            buf_text(&json, row->extra ? row->extra : "");
            at += 4;
        } else {
            buf_add(&json, at, 1);
        }
    }
    int64_t elapsed = 0;
    long before = resident_peak();
    struct result *result = ask(check, buf_string(&json), pointer, &elapsed);
    assert_true(resident_peak() - before < GROWTH_KB);
    buf_finish(&json);
    peer_stop(peer);
    judge(row, result, elapsed);
    result_destroy(result);
}

/* ---- Redis
 * ------------------------------------------------------------------------------------ */

#define INFO_REPLY "$22\r\nredis_version:7.0.15\r\n\r\n"
#define GREETED    READ("INFO\r\n"), SEND("+PONG\r\n" INFO_REPLY), READ("DEL\r\n")
#define PASSWORD   "\"password\":{\"file\":\"/here\"},"

/* On a peer's thread, where cmocka's asserts do not work. */
static const char *find(const char *received, const char *text)
{
    const char *at = strstr(received, text);
    if (!at) {
        panic("a check did not send \"%s\": %s", text, received);
    }
    return at;
}

/* Gives back the value that SET carried: the fifth line after the word. */
static void keep_value(const char *received, struct buf *out)
{
    const char *at = find(received, "SET\r\n");
    for (int line = 0; line < 4; line++) {
        at = strchr(at, '\n') + 1;
    }
    buf_format(out, "+OK\r\n$32\r\n%.32s\r\n:29999\r\n:1\r\n", at);
}

static void keep_for_ever(const char *received, struct buf *out)
{
    struct buf honest;
    buf_init(&honest, 0);
    keep_value(received, &honest);
    buf_format(out, "%.*s:-1\r\n:1\r\n",
               (int)(strstr(buf_string(&honest), ":29999") - buf_string(&honest)),
               buf_string(&honest));
    buf_finish(&honest);
}

#define REFUSED_AT_ONCE(text)                                                            \
    {                                                                                    \
        READ("INFO\r\n"), SEND("-" text "\r\n-" text "\r\n"), STALL                      \
    }
#define REFUSED_AT_SET(text)                                                             \
    {                                                                                    \
        GREETED, SEND("-" text "\r\n$-1\r\n:-2\r\n:0\r\n"), STALL                        \
    }

static const struct row redis_rows[] = {
    {"redis that gives back what was written is green",
     NULL,
     {GREETED, CALL(keep_value), STALL},
     {{0}},
     STATE_OK,
     RUNG_USABLE,
     "7.0.15",
     NULL},
    {"redis silent after the connection is red at the deadline",
     NULL,
     {STALL},
     {{0}},
     STATE_FAIL,
     RUNG_REACHABLE,
     "no reply in 4",
     "hangs"},
    {"redis a byte at a time is red at the deadline",
     NULL,
     {READ("INFO"), DRIP("+PONGPONG")},
     {{0}},
     STATE_FAIL,
     RUNG_REACHABLE,
     "no whole reply in 4",
     "hangs"},
    {"redis +OK to everything is red",
     NULL,
     {READ("INFO"), FLOOD("+OK\r\n")},
     {{0}},
     STATE_FAIL,
     RUNG_REACHABLE,
     "answers PING in a way",
     "see what listens there"},
    {"redis +OK to everything is red with a password",
     PASSWORD,
     {READ("INFO"), SEND("+OK\r\n+PONG\r\n+OK\r\n"), STALL},
     {{0}},
     STATE_FAIL,
     RUNG_REACHABLE,
     "answers INFO in a way",
     "see what listens there"},
    {"redis PONG to everything is red",
     NULL,
     {READ("INFO"), FLOOD("+PONG\r\n")},
     {{0}},
     STATE_FAIL,
     RUNG_REACHABLE,
     "answers INFO in a way",
     "see what listens there"},
    {"redis PONG before AUTH is red",
     NULL,
     {READ("INFO"), SEND("+PONG\r\n-NOAUTH Authentication required.\r\n"), STALL},
     {{0}},
     STATE_FAIL,
     RUNG_REACHABLE,
     "NOAUTH Authentication required",
     "set environments.staging.redis.password"},
    {"redis in RESP3 is red",
     NULL,
     {READ("INFO"), SEND("%1\r\n+a\r\n+b\r\n"), STALL},
     {{0}},
     STATE_FAIL,
     RUNG_REACHABLE,
     "",
     "RESP3"},
    {"redis that is a web server is red",
     NULL,
     {READ("INFO"), SEND("HTTP/1.1 400 Bad Request\r\n\r\n"), STALL},
     {{0}},
     STATE_FAIL,
     RUNG_REACHABLE,
     "not as Redis does",
     "web server"},
    {"redis that is a web page is red",
     NULL,
     {READ("INFO"), SEND("<html></html>"), CLOSE},
     {{0}},
     STATE_FAIL,
     RUNG_REACHABLE,
     "not as Redis does",
     "web server"},
    {"redis that wants TLS is red",
     NULL,
     {READ("INFO"), SEND("\x15\x03\x01\x00\x02\x02\x46"), CLOSE},
     {{0}},
     STATE_FAIL,
     RUNG_REACHABLE,
     "not as Redis does",
     "redis.tls"},
    {"redis that closes at once is red",
     NULL,
     {CLOSE},
     {{0}},
     STATE_FAIL,
     RUNG_REACHABLE,
     "",
     NULL},
    {"redis that closes without a reply is red",
     NULL,
     {READ("INFO"), CLOSE},
     {{0}},
     STATE_FAIL,
     RUNG_REACHABLE,
     "",
     NULL},
    {"redis that resets is red",
     NULL,
     {READ("INFO"), RESET},
     {{0}},
     STATE_FAIL,
     RUNG_REACHABLE,
     "broke the connection",
     "see the log"},
    {"redis an enormous bulk is red in bounded memory",
     NULL,
     {READ("INFO"), SEND("$500000000\r\n"), FLOOD("xxxxxxxxxxxxxxxx")},
     {{0}},
     STATE_FAIL,
     RUNG_REACHABLE,
     "more than we take",
     NULL},
    {"redis an enormous array is red in bounded memory",
     NULL,
     {READ("INFO"), SEND("*1000000000\r\n"), STALL},
     {{0}},
     STATE_FAIL,
     RUNG_REACHABLE,
     "more than we take",
     NULL},
    {"redis many arrays are red in bounded memory",
     NULL,
     {READ("INFO"), SEND("*1000\r\n"), FLOOD("*1000\r\n")},
     {{0}},
     STATE_FAIL,
     RUNG_REACHABLE,
     "more than we take",
     NULL},
    {"redis deep arrays are red",
     NULL,
     {READ("INFO"), FLOOD("*1\r\n")},
     {{0}},
     STATE_FAIL,
     RUNG_REACHABLE,
     "",
     NULL},
    {"redis NOAUTH names the password",
     NULL,
     REFUSED_AT_ONCE("NOAUTH Authentication required."),
     {{0}},
     STATE_FAIL,
     RUNG_REACHABLE,
     "NOAUTH Authentication required",
     "set environments.staging.redis.password"},
    {"redis WRONGPASS names the password",
     PASSWORD,
     {READ("INFO"),
      SEND("-WRONGPASS invalid username-password pair or user is disabled.\r\n-NOAUTH "
           "x\r\n"
           "-NOAUTH x\r\n"),
      STALL},
     {{0}},
     STATE_FAIL,
     RUNG_REACHABLE,
     "WRONGPASS",
     "correct at its source: environments.staging.redis.password"},
    {"redis that asks for no password is red where one is configured",
     PASSWORD,
     {READ("INFO"),
      SEND("-ERR AUTH <password> called without any password configured for the default "
           "user. "
           "Are you sure your configuration is correct?\r\n+PONG\r\n" INFO_REPLY),
      STALL},
     {{0}},
     STATE_FAIL,
     RUNG_REACHABLE,
     "this Redis asks for none",
     "right Redis"},
    {"redis a database that is not there is red",
     "\"database\":99,",
     {READ("INFO"), SEND("-ERR DB index is out of range\r\n+PONG\r\n" INFO_REPLY), STALL},
     {{0}},
     STATE_FAIL,
     RUNG_REACHABLE,
     "DB index",
     "environments.staging.redis.database"},
    {"redis LOADING is red",
     NULL,
     REFUSED_AT_ONCE("LOADING Redis is loading the dataset in memory"),
     {{0}},
     STATE_FAIL,
     RUNG_REACHABLE,
     "LOADING",
     "wait until"},
    {"redis MASTERDOWN is red",
     NULL,
     REFUSED_AT_ONCE("MASTERDOWN Link with MASTER is down"),
     {{0}},
     STATE_FAIL,
     RUNG_REACHABLE,
     "MASTERDOWN",
     "mend replication"},
    {"redis NOPERM is red",
     NULL,
     REFUSED_AT_SET("NOPERM this user has no permissions"),
     {{0}},
     STATE_FAIL,
     RUNG_AUTHENTICATED,
     "NOPERM",
     "grant"},
    {"redis a read-only replica is red",
     NULL,
     REFUSED_AT_SET("READONLY You can't write against a read only replica."),
     {{0}},
     STATE_FAIL,
     RUNG_AUTHENTICATED,
     "READONLY",
     "at the primary"},
    {"redis CLUSTERDOWN is red though it says PONG",
     NULL,
     REFUSED_AT_SET("CLUSTERDOWN Hash slot not served"),
     {{0}},
     STATE_FAIL,
     RUNG_AUTHENTICATED,
     "CLUSTERDOWN",
     "mend the cluster"},
    {"redis MISCONF is red",
     NULL,
     REFUSED_AT_SET("MISCONF Redis is configured to save"),
     {{0}},
     STATE_FAIL,
     RUNG_AUTHENTICATED,
     "MISCONF",
     "disk space"},
    {"redis OOM is red",
     NULL,
     REFUSED_AT_SET("OOM command not allowed"),
     {{0}},
     STATE_FAIL,
     RUNG_AUTHENTICATED,
     "OOM",
     "maxmemory"},
    {"redis a node of a cluster is red",
     NULL,
     REFUSED_AT_SET("MOVED 1 10.0.0.1:6379"),
     {{0}},
     STATE_FAIL,
     RUNG_AUTHENTICATED,
     "Cluster",
     "holds all keys"},
    {"redis a sentinel is red",
     NULL,
     {READ("INFO"),
      SEND("+PONG\r\n$43\r\nredis_version:7.0.15\r\nredis_mode:sentinel\r\n\r\n"), STALL},
     {{0}},
     STATE_FAIL,
     RUNG_REACHABLE,
     "Sentinel",
     "primary"},
    {"redis another value than was written is red",
     NULL,
     {GREETED, SEND("+OK\r\n$5\r\nhello\r\n:29999\r\n:1\r\n"), STALL},
     {{0}},
     STATE_FAIL,
     RUNG_AUTHENTICATED,
     "read back something else",
     "see what listens there"},
    {"redis no value after the write is red",
     NULL,
     {GREETED, SEND("+OK\r\n$-1\r\n:29999\r\n:1\r\n"), STALL},
     {{0}},
     STATE_FAIL,
     RUNG_AUTHENTICATED,
     "answers GET in a way",
     "see what listens there"},
    {"redis a key that does not expire is red",
     NULL,
     {GREETED, CALL(keep_for_ever), STALL},
     {{0}},
     STATE_FAIL,
     RUNG_AUTHENTICATED,
     "answers PTTL in a way",
     "see what listens there"},
    {"redis silent after the greeting is red at the deadline",
     NULL,
     {GREETED, STALL},
     {{0}},
     STATE_FAIL,
     RUNG_AUTHENTICATED,
     "no whole reply in 4",
     "hangs"},
};

static const struct check *find_check(const char *name)
{
    for (size_t i = 0; checks_all[i]; i++) {
        if (strcmp(checks_all[i]->name, name) == 0) {
            return checks_all[i];
        }
    }
    fail_msg("no check %s", name);
    return NULL;
}

static void redis_row(void **state)
{
    play(*state, find_check("redis"),
         "{\"redis\":{EXTRA\"host\":\"127.0.0.1\",\"port\":PORT,\"tls\":false}}",
         "/redis");
}

/* ---- ClickHouse
 * ------------------------------------------------------------------------------- */

#define ASKED            READ("\r\n\r\n")
#define HTTP(head, body) "HTTP/1.1 " head "\r\nConnection: close\r\n\r\n" body
#define ONE                                                                              \
    {                                                                                    \
        ASKED, SEND(HTTP("200 OK", "1\n")), CLOSE                                        \
    }
#define SAYS(head, body)                                                                 \
    {                                                                                    \
        ASKED, SEND(HTTP(head, body)), CLOSE                                             \
    }
#define TABLES "\"tables\":[\"events\"],"

/* The query holds our word as its third column: %27WORD%27. */
static void tell_facts(const char *received, struct buf *out)
{
    const char *at = find(received, "%27");
    buf_format(out, HTTP("200 OK", "24.8.4.13\t1036800\t%.32s"), at + 3);
    buf_text(out, strstr(received, "count") ? "\t1\n" : "\n");
}

static const struct row clickhouse_rows[] = {
    {"clickhouse that gives back our word is green",
     NULL,
     ONE,
     {ASKED, CALL(tell_facts), CLOSE},
     STATE_OK,
     RUNG_USABLE,
     "24.8.4.13",
     NULL},
    {"clickhouse that reads its tables is green",
     TABLES,
     ONE,
     {ASKED, CALL(tell_facts), CLOSE},
     STATE_OK,
     RUNG_USABLE,
     "1 table readable",
     NULL},
    {"clickhouse silent after the connection is red at the deadline",
     NULL,
     {STALL},
     {{0}},
     STATE_FAIL,
     RUNG_REACHABLE,
     "no reply in 4",
     "hangs"},
    {"clickhouse a byte at a time is red at the deadline",
     NULL,
     {ASKED, DRIP("HTTP/1.1 200 OK\r\n")},
     {{0}},
     STATE_FAIL,
     RUNG_REACHABLE,
     "in 4",
     NULL},
    {"clickhouse that only answers pings is red",
     NULL,
     SAYS("200 OK", "Ok.\n"),
     {{0}},
     STATE_FAIL,
     RUNG_REACHABLE,
     "something else than its result",
     "see what listens there"},
    {"clickhouse a web page is red",
     NULL,
     SAYS("200 OK", "<html>log in</html>"),
     {{0}},
     STATE_FAIL,
     RUNG_REACHABLE,
     "web page",
     "see what listens there"},
    {"clickhouse nothing in a 200 is red",
     NULL,
     SAYS("200 OK", ""),
     {{0}},
     STATE_FAIL,
     RUNG_REACHABLE,
     "with nothing",
     NULL},
    {"clickhouse 1 to everything is red", NULL, ONE, ONE, STATE_FAIL, RUNG_AUTHENTICATED,
     "something else than its result", NULL},
    {"clickhouse somebody else's word from a cache is red", NULL, ONE,
     SAYS("200 OK", "24.8.4.13\t1036800\t00000000000000000000000000000000\n"), STATE_FAIL,
     RUNG_AUTHENTICATED, "something else than its result", NULL},
    {"clickhouse an error inside a 200 is red",
     NULL,
     SAYS("200 OK",
          "1\nCode: 241, e.displayText() = DB::Exception: Memory limit exceeded, "
          "e.what() = DB::Exception\n"),
     {{0}},
     STATE_FAIL,
     RUNG_AUTHENTICATED,
     "Memory limit exceeded (code 241)",
     "memory"},
    {"clickhouse a missing database names the field",
     NULL,
     SAYS("404 Not Found\r\nX-ClickHouse-Exception-Code: 81",
          "Code: 81. DB::Exception: Database x does not exist. (UNKNOWN_DATABASE) "
          "(version 24.8)"),
     {{0}},
     STATE_FAIL,
     RUNG_AUTHENTICATED,
     "Database x does not exist. (UNKNOWN_DATABASE) (code 81)",
     "environments.staging.clickhouse.database"},
    {"clickhouse 18.16 and a wrong password names the field",
     NULL,
     SAYS("401 Unauthorized",
          "Code: 193, e.displayText() = DB::Exception: Wrong password for "
          "user default, e.what() = DB::Exception\n"),
     {{0}},
     STATE_FAIL,
     RUNG_REACHABLE,
     "Wrong password for user default (code 193)",
     "environments.staging.clickhouse.password"},
    {"clickhouse an unknown user names the field",
     NULL,
     SAYS("401 Unauthorized",
          "Code: 192, e.displayText() = DB::Exception: Unknown user x"),
     {{0}},
     STATE_FAIL,
     RUNG_REACHABLE,
     "Unknown user x (code 192)",
     "environments.staging.clickhouse.user"},
    {"clickhouse a password that is required names the field",
     NULL,
     SAYS("401 Unauthorized",
          "Code: 194, e.displayText() = DB::Exception: Password required"),
     {{0}},
     STATE_FAIL,
     RUNG_REACHABLE,
     "(code 194)",
     "set environments.staging.clickhouse"},
    {"clickhouse newer and a wrong password names the field",
     NULL,
     SAYS("403 Forbidden\r\nX-ClickHouse-Exception-Code: 516",
          "Code: 516. DB::Exception: default: Authentication failed (version 24.8.4.13)"),
     {{0}},
     STATE_FAIL,
     RUNG_REACHABLE,
     "Authentication failed (code 516)",
     "environments.staging.clickhouse.password"},
    {"clickhouse a missing table names it", TABLES, ONE,
     SAYS("404 Not Found\r\nX-ClickHouse-Exception-Code: 60",
          "Code: 60. DB::Exception: Table default.events does not exist."),
     STATE_FAIL, RUNG_AUTHENTICATED, "Table default.events does not exist (code 60)",
     "environments.staging.clickhouse.tables"},
    {"clickhouse the native port names the right one",
     NULL,
     {ASKED,
      SEND("HTTP/1.0 400 Bad Request\r\n\r\nPort 9000 is for clickhouse-client "
           "program.\r\n"
           "You must use port 8123 for HTTP.\r\n"),
      CLOSE},
     {{0}},
     STATE_FAIL,
     RUNG_REACHABLE,
     "native port",
     "http_port to 8123"},
    {"clickhouse the words of the native protocol are red",
     NULL,
     {ASKED,
      SEND("\x02\x65\x00\x00\x00\x0d"
           "DB::Exception"),
      CLOSE},
     {{0}},
     STATE_FAIL,
     RUNG_REACHABLE,
     "not in HTTP",
     "correct the port"},
    {"clickhouse a redirect is red and not followed",
     NULL,
     SAYS("302 Found\r\nLocation: https://login.example/?state=secret", ""),
     {{0}},
     STATE_FAIL,
     RUNG_REACHABLE,
     "redirects to https://login.example/ (302)",
     "proxy"},
    {"clickhouse ten gigabytes are red at once",
     NULL,
     {ASKED, SEND("HTTP/1.1 200 OK\r\nContent-Length: 10737418240\r\n\r\n"),
      FLOOD("1\n")},
     {{0}},
     STATE_FAIL,
     RUNG_REACHABLE,
     "more than 65536 bytes",
     NULL},
    {"clickhouse a body without end is red in bounded memory",
     NULL,
     {ASKED, SEND("HTTP/1.1 200 OK\r\n\r\n"), FLOOD("1\n")},
     {{0}},
     STATE_FAIL,
     RUNG_REACHABLE,
     "more than 65536 bytes",
     NULL},
    {"clickhouse a bad gateway is red",
     NULL,
     SAYS("502 Bad Gateway\r\nContent-Type: text/html", "<html>"),
     {{0}},
     STATE_FAIL,
     RUNG_REACHABLE,
     "answered 502 with a web page",
     NULL},
    {"clickhouse that resets is red",
     NULL,
     {ASKED, RESET},
     {{0}},
     STATE_FAIL,
     RUNG_REACHABLE,
     "broke the connection",
     NULL},
    {"clickhouse silent at the second question is red at the deadline",
     NULL,
     ONE,
     {STALL},
     STATE_FAIL,
     RUNG_AUTHENTICATED,
     "no reply in",
     NULL},
};

static void clickhouse_row(void **state)
{
    play(*state, find_check("clickhouse"),
         "{\"clickhouse\":{EXTRA\"host\":\"127.0.0.1\",\"http_port\":PORT,\"native_"
         "port\":9000,"
         "\"tls\":false,\"user\":\"default\",\"database\":\"x\","
         "\"password\":{\"file\":\"/here\"}}}",
         "/clickhouse");
}

/* ---- health endpoints
 * ------------------------------------------------------------------------- */

#define EXPECTED "{\"status\":\"ready\",\"checks\":{\"redis\":{\"connected\":true}}}"
#define UNFIT                                                                            \
    "{\"status\":\"ready\",\"checks\":{\"redis\":{\"connected\":false,"                  \
    "\"status\":\"not_configured\"}}}"

static const struct row health_rows[] = {
    {"health with every expected value is green",
     NULL,
     SAYS("200 OK", EXPECTED),
     {{0}},
     STATE_OK,
     RUNG_USABLE,
     "2 of 2",
     NULL},
    {"health silent after the connection is red at the deadline",
     NULL,
     {STALL},
     {{0}},
     STATE_FAIL,
     RUNG_REACHABLE,
     "backend: connected to 127.0.0.1",
     "hangs"},
    {"health a byte of body at a time is red at the deadline",
     NULL,
     {ASKED, SEND("HTTP/1.1 200 OK\r\n\r\n"), DRIP("{\"status\":")},
     {{0}},
     STATE_FAIL,
     RUNG_REACHABLE,
     "bytes of a reply in 4",
     NULL},
    {"health headers without end are red",
     NULL,
     {ASKED, SEND("HTTP/1.1 200 OK\r\n"), FLOOD("X-More: and more\r\n")},
     {{0}},
     STATE_FAIL,
     RUNG_REACHABLE,
     "endless headers",
     NULL},
    {"health a 200 with nothing is red",
     NULL,
     SAYS("200 OK", ""),
     {{0}},
     STATE_FAIL,
     RUNG_REACHABLE,
     "with nothing in it",
     NULL},
    {"health a 200 with a web page is red",
     NULL,
     SAYS("200 OK\r\nContent-Type: text/html; charset=utf-8", "<!doctype html>"),
     {{0}},
     STATE_FAIL,
     RUNG_REACHABLE,
     "web page instead of JSON",
     "login page or a proxy"},
    {"health a redirect to a login is red",
     NULL,
     SAYS("302 Found\r\nLocation: https://accounts.example/login?continue=x", ""),
     {{0}},
     STATE_FAIL,
     RUNG_REACHABLE,
     "redirects to https://accounts.example/login (302)",
     NULL},
    {"health a 200 that says ok and nothing else is red",
     NULL,
     SAYS("200 OK", "{\"status\":\"ok\"}"),
     {{0}},
     STATE_FAIL,
     RUNG_REACHABLE,
     "/status is ok, not ready; /checks/redis/connected is nothing, not true",
     NULL},
    {"health not_configured is red and says so",
     NULL,
     SAYS("200 OK", UNFIT),
     {{0}},
     STATE_FAIL,
     RUNG_REACHABLE,
     "not_configured",
     "configure it in the service"},
    {"health a 503 is read below detail",
     NULL,
     SAYS("503 Service Unavailable", "{\"detail\":" UNFIT "}"),
     {{0}},
     STATE_FAIL,
     RUNG_REACHABLE,
     "answered 503, says /checks/redis/connected is false",
     NULL},
    {"health a 503 with every expected value is red",
     NULL,
     SAYS("503 Service Unavailable", "{\"detail\":" EXPECTED "}"),
     {{0}},
     STATE_FAIL,
     RUNG_REACHABLE,
     "answered 503",
     NULL},
    {"health a text that looks like a truth is red",
     NULL,
     SAYS("200 OK",
          "{\"status\":\"ready\",\"checks\":{\"redis\":{\"connected\":\"true\"}}}"),
     {{0}},
     STATE_FAIL,
     RUNG_REACHABLE,
     "/checks/redis/connected is true, not true",
     NULL},
    {"health a list is red",
     NULL,
     SAYS("200 OK", "[" EXPECTED "]"),
     {{0}},
     STATE_FAIL,
     RUNG_REACHABLE,
     "no object",
     NULL},
    {"health half a document is red",
     NULL,
     SAYS("200 OK", "{\"status\":\"ready\""),
     {{0}},
     STATE_FAIL,
     RUNG_REACHABLE,
     "not JSON",
     NULL},
    {"health two values for one key are red",
     NULL,
     SAYS("200 OK", "{\"status\":\"down\",\"status\":\"ready\"}"),
     {{0}},
     STATE_FAIL,
     RUNG_REACHABLE,
     "not JSON",
     NULL},
    {"health a 500 with words is red and gives them",
     NULL,
     SAYS("500 Internal Server Error", "\"out of tea\""),
     {{0}},
     STATE_FAIL,
     RUNG_REACHABLE,
     "answered 500",
     "log of the service"},
    {"health a document without end is red in bounded memory",
     NULL,
     {ASKED, SEND("HTTP/1.1 200 OK\r\n\r\n"), FLOOD("[")},
     {{0}},
     STATE_FAIL,
     RUNG_REACHABLE,
     "more than 1048576 bytes",
     NULL},
    {"health cut off is red",
     NULL,
     {ASKED, SEND("HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n{"), CLOSE},
     {{0}},
     STATE_FAIL,
     RUNG_REACHABLE,
     "cut off",
     NULL},
};

static void health_row(void **state)
{
    play(*state, find_check("health_json"),
         "{\"services\":{\"backend\":{\"url\":\"http://127.0.0.1:PORT/\"}},"
         "\"checks\":[{\"service\":\"backend\",\"path\":\"/ready?force=true\","
         "\"method\":\"GET\",\"expect\":{\"/status\":\"ready\","
         "\"/checks/redis/connected\":true}}]}",
         "/checks/0");
}

/* ---- what no script is for
 * -------------------------------------------------------------------- */

static void nobody_listening_is_red_at_once(void **state)
{
    (void)state;
    char *json =
        mem_format("{\"redis\":{\"host\":\"127.0.0.1\",\"port\":%d,\"tls\":false}}",
                   peer_free_port());
    int64_t elapsed = 0;
    struct result *result = ask(find_check("redis"), json, "/redis", &elapsed);
    assert_int_equal(result->state, STATE_FAIL);
    assert_int_equal(result->rung, RUNG_CONFIGURED);
    assert_contains(result->summary, "connection refused by 127.0.0.1:");
    assert_true(elapsed < DEADLINE);
    result_destroy(result);
    free(json);
}

static void a_peer_that_never_accepts_is_red_at_the_deadline(void **state)
{
    (void)state;
    struct deaf deaf;
    deaf_open(&deaf);
    char *json =
        mem_format("{\"redis\":{\"host\":\"127.0.0.1\",\"port\":%d,\"tls\":false},"
                   "\"services\":{\"backend\":{\"url\":\"http://127.0.0.1:%d\"}},"
                   "\"checks\":[{\"service\":\"backend\",\"path\":\"/\","
                   "\"method\":\"GET\",\"expect\":{\"/a\":1}}]}",
                   deaf.port, deaf.port);
    static const char *const asked[][2] = {{"redis", "/redis"},
                                           {"health_json", "/checks/0"}};
    for (size_t i = 0; i < 2; i++) {
        int64_t elapsed = 0;
        struct result *result = ask(find_check(asked[i][0]), json, asked[i][1], &elapsed);
        assert_int_equal(result->state, STATE_FAIL);
        assert_int_equal(result->rung, RUNG_CONFIGURED);
        assert_contains(result->summary, "no connection to 127.0.0.1:");
        assert_true(elapsed <= DEADLINE + LATE_MS * CLOCK_MS);
        result_destroy(result);
    }
    free(json);
    deaf_close(&deaf);
}

static void a_missing_section_is_never_green(void **state)
{
    (void)state;
    static const char *const names[] = {"redis", "clickhouse"};
    for (size_t i = 0; i < 2; i++) {
        int64_t elapsed = 0;
        struct result *result = ask(find_check(names[i]), "{}", "/nothing", &elapsed);
        assert_int_equal(result->state, STATE_BLOCKED);
        assert_string_equal(result->blames, "config");
        result_destroy(result);
        char *json = mem_format("{\"%s\":{\"host\":\"\"}}", names[i]);
        char *pointer = mem_format("/%s", names[i]);
        result = ask(find_check(names[i]), json, pointer, &elapsed);
        assert_int_equal(result->state, STATE_BLOCKED);
        result_destroy(result);
        free(json);
        free(pointer);
    }
}

static void the_password_travels_and_is_never_told(void **state)
{
    (void)state;
    static const struct peer_step steps[] = {
        READ("INFO\r\n"), SEND("-WRONGPASS no\r\n-NOAUTH no\r\n-NOAUTH no\r\n"), STALL};
    static const struct peer_step *const scripts[] = {steps};
    struct peer *peer = peer_start(scripts, 1);
    char *json =
        mem_format("{\"redis\":{\"host\":\"127.0.0.1\",\"port\":%d,\"tls\":false,"
                   "\"user\":\"probe\",\"password\":{\"file\":\"/here\"}}}",
                   peer_port(peer));
    int64_t elapsed = 0;
    struct result *result = ask(find_check("redis"), json, "/redis", &elapsed);
    peer_halt(peer);
    assert_contains(peer_received(peer), "AUTH\r\n$5\r\nprobe\r\n$11\r\nopen sesame\r\n");
    assert_null(strstr(result->summary, "sesame"));
    for (size_t i = 0; i < result->evidence_count; i++) {
        assert_null(strstr(result->evidence[i].value, "sesame"));
    }
    result_destroy(result);
    free(json);
    peer_stop(peer);
}

static void clickhouse_is_given_user_and_key_in_headers(void **state)
{
    (void)state;
    static const struct peer_step steps[] = {ASKED, SEND(HTTP("200 OK", "no")), STALL};
    static const struct peer_step *const scripts[] = {steps};
    struct peer *peer = peer_start(scripts, 1);
    char *json = mem_format("{\"clickhouse\":{\"host\":\"127.0.0.1\",\"http_port\":%d,"
                            "\"tls\":false,\"user\":\"probe\",\"database\":\"a b\","
                            "\"password\":{\"file\":\"/here\"}}}",
                            peer_port(peer));
    int64_t elapsed = 0;
    struct result *result = ask(find_check("clickhouse"), json, "/clickhouse", &elapsed);
    peer_halt(peer);
    const char *received = peer_received(peer);
    assert_contains(received,
                    "GET /?wait_end_of_query=1&database=a%20b&query=SELECT%201 ");
    assert_contains(received, "X-ClickHouse-User: probe\r\n");
    assert_contains(received, "X-ClickHouse-Key: open sesame\r\n");
    result_destroy(result);
    free(json);
    peer_stop(peer);
}

static void a_service_can_tell_our_probes(void **state)
{
    (void)state;
    static const struct peer_step steps[] = SAYS("200 OK", "{\"a\":1}");
    static const struct peer_step *const scripts[] = {steps};
    struct peer *peer = peer_start(scripts, 1);
    char *json =
        mem_format("{\"services\":{\"backend\":{\"url\":\"http://127.0.0.1:%d\"}},"
                   "\"checks\":[{\"service\":\"backend\",\"path\":\"/\","
                   "\"method\":\"GET\",\"expect\":{\"/a\":1.0}}]}",
                   peer_port(peer));
    int64_t elapsed = 0;
    struct result *result = ask(find_check("health_json"), json, "/checks/0", &elapsed);
    peer_halt(peer);
    assert_int_equal(result->state, STATE_OK);
    assert_contains(peer_received(peer), "X-Greenboard-Probe: 1\r\n");
    result_destroy(result);
    free(json);
    peer_stop(peer);
}

enum { MOST_TESTS = 160 };
static struct CMUnitTest tests[MOST_TESTS];
static size_t test_count;

static void add_test(const char *name, CMUnitTestFunction function, const struct row *row)
{
    tests[test_count++] =
        (struct CMUnitTest){name, function, NULL, NULL, (void *)(uintptr_t)row};
}

#define ADD_ROWS(rows, function)                                                         \
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {                          \
        add_test(rows[i].name, function, &rows[i]);                                      \
    }
#define ADD(function) add_test(#function, function, NULL)

int main(void)
{
    keep_begin();
    json_begin();
    http_begin();
    ADD_ROWS(redis_rows, redis_row)
    ADD_ROWS(clickhouse_rows, clickhouse_row)
    ADD_ROWS(health_rows, health_row)
    ADD(nobody_listening_is_red_at_once);
    ADD(a_peer_that_never_accepts_is_red_at_the_deadline);
    ADD(a_missing_section_is_never_green);
    ADD(the_password_travels_and_is_never_told);
    ADD(clickhouse_is_given_user_and_key_in_headers);
    ADD(a_service_can_tell_our_probes);
    setlocale(LC_CTYPE, "C.UTF-8");
    signal(SIGPIPE, SIG_IGN);
    cmocka_set_message_output(CM_OUTPUT_TAP);
    int failed = _cmocka_run_group_tests("checks_stores", tests, test_count, NULL, NULL);
    http_end();
    return failed;
}

/* What the check of Redis promises: whatever a peer does, it ends at the deadline, in
 * bounded memory, and is green only where a key was written, read back and deleted. */
#include "tests/unit/checks_help.h"

#include "base/mem.h"

#include <stdlib.h>
#include <string.h>

#define INFO_REPLY "$22\r\nredis_version:7.0.15\r\n\r\n"
#define VALKEY_OF(mode)                                                                  \
    "redis_version:7.2.4\r\nserver_name:valkey\r\nvalkey_version:8.1.1\r\nserver_"       \
    "mode:" mode "\r\n"
#define VALKEY_REPLY "$87\r\n" VALKEY_OF("standalone") "\r\n"
#define VALKEY_NODE  "$84\r\n" VALKEY_OF("cluster") "\r\n"
#define GREETED      READ("INFO\r\n"), SEND("+PONG\r\n" INFO_REPLY), READ("DEL\r\n")
#define PASSWORD     "\"password\":{\"file\":\"/here\"},"

/* Gives back the value that SET carried: the fifth line after the word. */
static void keep_value(const char *received, struct buf *out)
{
    const char *at = must_find(received, "SET\r\n");
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

/* clang-format off */
#define REFUSED_AT_ONCE(text) {READ("INFO\r\n"), SEND("-" text "\r\n-" text "\r\n"), STALL}
#define REFUSED_AT_SET(text)  {GREETED, SEND("-" text "\r\n$-1\r\n:-2\r\n:0\r\n"), STALL}

static const struct row redis_rows[] = {
    {"redis that gives back what was written is green", NULL,
     {GREETED, CALL(keep_value), STALL}, {{0}}, STATE_OK, RUNG_USABLE, "7.0.15", NULL},
    {"valkey 8.1 that gives back what was written is green", NULL,
     {READ("INFO\r\n"), SEND("+PONG\r\n" VALKEY_REPLY), READ("DEL\r\n"), CALL(keep_value),
      STALL}, {{0}}, STATE_OK, RUNG_USABLE, "Valkey 8.1.1", NULL},
    {"a node of a valkey 8.1 cluster is red where one server is expected", NULL,
     {READ("INFO\r\n"), SEND("+PONG\r\n" VALKEY_NODE), STALL}, {{0}}, STATE_FAIL,
     RUNG_REACHABLE, "one node of a Redis Cluster", "redis.mode to cluster"},
    {"redis silent after the connection is red at the deadline", NULL, {STALL}, {{0}},
     STATE_FAIL, RUNG_REACHABLE, "no reply in 4", "hangs"},
    {"redis a byte at a time is red at the deadline", NULL,
     {READ("INFO"), DRIP("+PONGPONG")}, {{0}}, STATE_FAIL, RUNG_REACHABLE,
     "no whole reply in 4", "hangs"},
    {"redis +OK to everything is red", NULL, {READ("INFO"), FLOOD("+OK\r\n")}, {{0}},
     STATE_FAIL, RUNG_REACHABLE, "answers PING in a way", "see what listens there"},
    {"redis +OK to everything is red with a password", PASSWORD,
     {READ("INFO"), SEND("+OK\r\n+PONG\r\n+OK\r\n"), STALL}, {{0}}, STATE_FAIL,
     RUNG_REACHABLE, "answers INFO in a way", "see what listens there"},
    {"redis PONG to everything is red", NULL, {READ("INFO"), FLOOD("+PONG\r\n")}, {{0}},
     STATE_FAIL, RUNG_REACHABLE, "answers INFO in a way", "see what listens there"},
    {"redis PONG before AUTH is red", NULL,
     {READ("INFO"), SEND("+PONG\r\n-NOAUTH Authentication required.\r\n"), STALL}, {{0}},
     STATE_FAIL, RUNG_REACHABLE, "NOAUTH Authentication required",
     "set environments.staging.redis.password"},
    {"redis in RESP3 is red", NULL, {READ("INFO"), SEND("%1\r\n+a\r\n+b\r\n"), STALL},
     {{0}}, STATE_FAIL, RUNG_REACHABLE, "", "RESP3"},
    {"redis a null of RESP3 is red", NULL, {READ("INFO"), SEND("_\r\n"), STALL}, {{0}},
     STATE_FAIL, RUNG_REACHABLE, "", "RESP3"},
    {"redis a push of RESP3 is red", NULL,
     {READ("INFO"), SEND(">2\r\n+a\r\n+b\r\n"), STALL}, {{0}}, STATE_FAIL, RUNG_REACHABLE,
     "", "RESP3"},
    {"redis that is a web server is red", NULL,
     {READ("INFO"), SEND("HTTP/1.1 400 Bad Request\r\n\r\n"), STALL}, {{0}}, STATE_FAIL,
     RUNG_REACHABLE, "not as Redis does", "web server"},
    {"redis that is a web page is red", NULL,
     {READ("INFO"), SEND("<html></html>"), CLOSE}, {{0}}, STATE_FAIL, RUNG_REACHABLE,
     "not as Redis does", "web server"},
    {"redis that wants TLS is red", NULL,
     {READ("INFO"), SEND("\x15\x03\x01\x00\x02\x02\x46"), CLOSE}, {{0}}, STATE_FAIL,
     RUNG_REACHABLE, "not as Redis does", "redis.tls"},
    {"redis that closes at once is red", NULL, {CLOSE}, {{0}}, STATE_FAIL, RUNG_REACHABLE,
     "", NULL},
    {"redis that closes without a reply is red", NULL, {READ("INFO"), CLOSE}, {{0}},
     STATE_FAIL, RUNG_REACHABLE, "", NULL},
    {"redis that resets is red", NULL, {READ("INFO"), RESET}, {{0}}, STATE_FAIL,
     RUNG_REACHABLE, "broke the connection", "may want TLS"},
    {"redis an enormous bulk is red in bounded memory", NULL,
     {READ("INFO"), SEND("$500000000\r\n"), FLOOD("xxxxxxxxxxxxxxxx")}, {{0}}, STATE_FAIL,
     RUNG_REACHABLE, "more than we take", NULL},
    {"redis an enormous array is red in bounded memory", NULL,
     {READ("INFO"), SEND("*1000000000\r\n"), STALL}, {{0}}, STATE_FAIL, RUNG_REACHABLE,
     "more than we take", NULL},
    {"redis many arrays are red in bounded memory", NULL,
     {READ("INFO"), SEND("*2000\r\n"), FLOOD("*2000\r\n")}, {{0}}, STATE_FAIL,
     RUNG_REACHABLE, "more than we take", NULL},
    {"redis deep arrays are red", NULL, {READ("INFO"), FLOOD("*1\r\n")}, {{0}},
     STATE_FAIL, RUNG_REACHABLE, "", NULL},
    {"redis NOAUTH names the password", NULL,
     REFUSED_AT_ONCE("NOAUTH Authentication required."), {{0}}, STATE_FAIL,
     RUNG_REACHABLE, "NOAUTH Authentication required",
     "set environments.staging.redis.password"},
    {"redis WRONGPASS names the password", PASSWORD,
     {READ("INFO"), SEND(
          "-WRONGPASS invalid username-password pair or user is disabled.\r\n-NOAUTH "
          "x\r\n" "-NOAUTH x\r\n"), STALL}, {{0}}, STATE_FAIL, RUNG_REACHABLE,
     "WRONGPASS", "correct at its source: environments.staging.redis.password"},
    {"redis that asks for no password is red where one is configured", PASSWORD,
     {READ("INFO"), SEND(
          "-ERR AUTH <password> called without any password configured for the default "
          "user. " "Are you sure your configuration is correct?\r\n+PONG\r\n" INFO_REPLY),
          STALL}, {{0}}, STATE_FAIL, RUNG_REACHABLE, "this Redis asks for none",
     "right Redis"},
    {"redis a database that is not there is red", "\"database\":99,",
     {READ("INFO"), SEND("-ERR DB index is out of range\r\n+PONG\r\n" INFO_REPLY), STALL},
     {{0}}, STATE_FAIL, RUNG_REACHABLE, "DB index", "environments.staging.redis.database"},
    {"redis LOADING is red", NULL,
     REFUSED_AT_ONCE("LOADING Redis is loading the dataset in memory"), {{0}}, STATE_FAIL,
     RUNG_REACHABLE, "LOADING", "wait until"},
    {"redis MASTERDOWN is red", NULL,
     REFUSED_AT_ONCE("MASTERDOWN Link with MASTER is down"), {{0}}, STATE_FAIL,
     RUNG_REACHABLE, "MASTERDOWN", "mend replication"},
    {"redis NOPERM is red", NULL, REFUSED_AT_SET("NOPERM this user has no permissions"),
     {{0}}, STATE_FAIL, RUNG_AUTHENTICATED, "NOPERM", "grant"},
    {"redis a read-only replica is red", NULL,
     REFUSED_AT_SET("READONLY You can't write against a read only replica."), {{0}},
     STATE_FAIL, RUNG_AUTHENTICATED, "READONLY", "at the primary"},
    {"redis CLUSTERDOWN is red though it says PONG", NULL,
     REFUSED_AT_SET("CLUSTERDOWN Hash slot not served"), {{0}}, STATE_FAIL,
     RUNG_AUTHENTICATED, "CLUSTERDOWN", "mend the cluster"},
    {"redis MISCONF is red", NULL, REFUSED_AT_SET("MISCONF Redis is configured to save"),
     {{0}}, STATE_FAIL, RUNG_AUTHENTICATED, "MISCONF", "disk space"},
    {"redis OOM is red", NULL, REFUSED_AT_SET("OOM command not allowed"), {{0}},
     STATE_FAIL, RUNG_AUTHENTICATED, "OOM", "maxmemory"},
    {"redis a node of a cluster is red", NULL, REFUSED_AT_SET("MOVED 1 10.0.0.1:6379"),
     {{0}}, STATE_FAIL, RUNG_AUTHENTICATED, "Cluster", "redis.mode"},
    {"redis a sentinel is red", NULL,
     {READ("INFO"), SEND(
          "+PONG\r\n$43\r\nredis_version:7.0.15\r\nredis_mode:sentinel\r\n\r\n"), STALL},
     {{0}}, STATE_FAIL, RUNG_REACHABLE, "Sentinel", "primary"},
    {"redis another value than was written is red", NULL,
     {GREETED, SEND("+OK\r\n$5\r\nhello\r\n:29999\r\n:1\r\n"), STALL}, {{0}}, STATE_FAIL,
     RUNG_AUTHENTICATED, "read back something else", "see what listens there"},
    {"redis no value after the write is red", NULL,
     {GREETED, SEND("+OK\r\n$-1\r\n:29999\r\n:1\r\n"), STALL}, {{0}}, STATE_FAIL,
     RUNG_AUTHENTICATED, "answers GET in a way", "see what listens there"},
    {"redis a key that does not expire is red", NULL,
     {GREETED, CALL(keep_for_ever), STALL}, {{0}}, STATE_FAIL, RUNG_AUTHENTICATED,
     "answers PTTL in a way", "see what listens there"},
    {"redis silent after the greeting is red at the deadline", NULL, {GREETED, STALL},
     {{0}}, STATE_FAIL, RUNG_AUTHENTICATED, "no whole reply in 4", "hangs"},
};
/* clang-format on */

static void redis_row(void **state)
{
    play(*state, find_check("redis"),
         "{\"redis\":{EXTRA\"host\":\"127.0.0.1\",\"port\":PORT,\"tls\":false}}",
         "/redis");
}

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

/* Connecting is one, and the handshake of TLS 1.3 another (RFC 8446, section 2). A user
 * or a database is one more: the key waits until neither was refused. */
static const struct trips {
    const char *extra;
    bool tls;
    int count;
} trips[] = {
    {"", false, 2},
    {"", true, 3},
    {PASSWORD, false, 2},
    {PASSWORD, true, 3},
    {PASSWORD "\"user\":\"probe\",", false, 3},
    {"\"database\":3,", true, 4},
};
static void count_trips(const struct trips *row)
{
    static const struct peer_step greeted[] = {GREETED, CALL(keep_value), STALL};
    static const struct peer_step known[] = {READ("INFO\r\n"),
                                             SEND("+OK\r\n+PONG\r\n" INFO_REPLY),
                                             READ("DEL\r\n"), CALL(keep_value), STALL};
    static const struct peer_step *const scripts[] = {greeted, known};
    const struct peer_step *const *script = &scripts[*row->extra ? 1 : 0];
    struct peer *peer =
        row->tls ? peer_start_tls(script, 1, "redis.internal", 1) : peer_start(script, 1);
    char *trust = row->tls
                      ? mem_format("{\"ca\":\"%s\",\"server_name\":\"redis.internal\"}",
                                   peer_authority(peer))
                      : mem_text("false");
    char *json =
        mem_format("{\"redis\":{%s\"host\":\"127.0.0.1\",\"port\":%d,\"tls\":%s}}",
                   row->extra, peer_port(peer), trust);
    int64_t elapsed = 0;
    struct result *result = ask(find_check("redis"), json, "/redis", &elapsed);
    peer_halt(peer);
    assert_int_equal(result->state, STATE_OK);
    assert_int_equal(1 + peer_turns(peer), row->count);
    assert_int_equal(peer_accepted(peer), 1);
    result_destroy(result);
    free(json);
    free(trust);
    peer_stop(peer);
}

static void a_check_takes_two_round_trips_and_over_tls_three(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof trips / sizeof trips[0]; i++) {
        count_trips(&trips[i]);
    }
}

/* What came of a server that refuses the login, and takes any key from strangers. */
static bool wrote_after_refusal(const char *extra)
{
    static const struct peer_step steps[] = {
        READ("INFO\r\n"),
        SEND("-ERR no\r\n+PONG\r\n" INFO_REPLY "+OK\r\n$1\r\nx\r\n:1\r\n:1\r\n"), STALL};
    static const struct peer_step *const scripts[] = {steps};
    struct peer *peer = peer_start(scripts, 1);
    char *json =
        mem_format("{\"redis\":{%s\"host\":\"127.0.0.1\",\"port\":%d,\"tls\":false}}",
                   extra, peer_port(peer));
    int64_t elapsed = 0;
    struct result *result = ask(find_check("redis"), json, "/redis", &elapsed);
    peer_halt(peer);
    assert_int_equal(result->state, STATE_FAIL);
    assert_int_equal(result->rung, RUNG_REACHABLE);
    assert_contains(result->summary, "was refused: ERR no");
    bool wrote = strstr(peer_received(peer), "SET\r\n");
    result_destroy(result);
    free(json);
    peer_stop(peer);
    return wrote;
}

static void nothing_is_written_where_a_user_or_a_database_is_refused(void **state)
{
    (void)state;
    assert_false(wrote_after_refusal(PASSWORD "\"user\":\"probe\","));
    assert_false(wrote_after_refusal("\"database\":3,"));
    assert_true(wrote_after_refusal(PASSWORD)); /* or the two above would prove nothing */
}

/* Only loopback and what `private` lists may be told a password in the clear. */
static void the_password_travels_to_no_stranger_in_plain_text(void **state)
{
    (void)state;
    int64_t elapsed = 0;
    struct result *result =
        ask(find_check("redis"),
            "{\"redis\":{\"host\":\"203.0.113.1\",\"port\":6379,\"tls\":false,"
            "\"password\":{\"file\":\"/here\"}}}",
            "/redis", &elapsed);
    assert_int_equal(result->state, STATE_FAIL);
    assert_contains(result->summary, "would travel in plain text to 203.0.113.1");
    assert_contains(result->remedy, "environments.staging.private");
    assert_null(result_evidence_of(result, "address"));
    result_destroy(result);
}

void add_redis_tests(void)
{
    ADD(a_check_takes_two_round_trips_and_over_tls_three);
    ADD(nothing_is_written_where_a_user_or_a_database_is_refused);
    ADD(the_password_travels_to_no_stranger_in_plain_text);
    ADD_ROWS(redis_rows, redis_row)
    ADD(nobody_listening_is_red_at_once);
    ADD(a_missing_section_is_never_green);
    ADD(the_password_travels_and_is_never_told);
}

/* What the check of ClickHouse promises of the server's health, and of its native port:
 * past a threshold it is a warning, what makes a table useless is red, what a version
 * lacks or our user may not read is neither. The columns are those that
 * clickhouse.com/docs/reference/system-tables names for 26.x, and those of 18.16. */
#include "tests/unit/checks_help.h"
#include "tests/unit/chnative_help.h"
#include "tests/unit/relay.h"

#include "base/mem.h"
#include "base/text.h"

#include <stdlib.h>
#include <string.h>

static const char columns_new[] =
    "clusters host_name\nclusters errors_count\ndisks name\ndisks free_space\n"
    "disks total_space\nerrors name\nerrors last_error_time\nerrors "
    "last_error_message\n"
    "merges database\nmerges table\nmerges elapsed\nmetrics metric\nmetrics value\n"
    "mutations database\nmutations table\nmutations create_time\nmutations is_done\n"
    "mutations latest_fail_reason\nparts database\nparts table\nparts partition\n"
    "parts name\nparts active\nreplicas database\nreplicas table\nreplicas "
    "is_readonly\n"
    "replicas absolute_delay\nreplicas queue_size\n";

/* A server that is well, a line for each sign. */
static const char *const well[] = {
    "replicas 2 0 0 x.events",
    "lag 2 3 1 x.events",
    "clusters 4 0 ch-2",
    "merges 1 12.5 x.events",
    "mutations 0 0 ",
    "failures 0 ",
    "parts 12 x.events",
    "disks 1 0.42 default",
    "queries 3",
    "errors 1 7200 UNKNOWN_TABLE: Table x.y does not exist",
};

/* Of two lines, the same sign's? */
static bool is_same(const char *a, const char *b)
{
    size_t length = strcspn(a, " ");
    return strncmp(a, b, length + 1) == 0;
}

/* The lines of a server that is well, but for `bad`. */
static char *lines_with(const char *bad)
{
    struct buf lines;
    buf_init(&lines, 0);
    for (size_t i = 0; i < sizeof well / sizeof well[0]; i++) {
        buf_format(&lines, "%s\n", bad && is_same(well[i], bad) ? bad : well[i]);
    }
    return buf_take(&lines);
}

static bool asks_offers(const char *received)
{
    return strstr(received, "system.columns") != NULL;
}

static void say(const char *received, struct buf *out, const char *bad)
{
    char *lines = asks_offers(received) ? mem_text(columns_new) : lines_with(bad);
    buf_format(out, HTTP("200 OK", "%s"), lines);
    free(lines);
}

#define SAY(name, line)                                                                  \
    static void name(const char *received, struct buf *out)                              \
    {                                                                                    \
        say(received, out, line);                                                        \
    }
SAY(say_well, NULL)
SAY(say_ours_readonly, "replicas 2 1 1 x.events")
SAY(say_other_readonly, "replicas 2 1 0 y.log")
SAY(say_lag, "lag 2 4000 1 x.events")
SAY(say_queue, "lag 2 3 101 x.events")
SAY(say_lag_and_queue, "lag 2 4000 101 x.events")
SAY(say_cluster, "clusters 4 6 ch-2")
SAY(say_merge, "merges 1 90000.25 x.events")
SAY(say_mutation, "mutations 2 7200 x.events")
SAY(say_failure, "failures 1 x.events: Cannot parse string 'a' as UInt8")
SAY(say_parts, "parts 301 x.events")
SAY(say_disk, "disks 2 0.0912 cold")
SAY(say_queries, "queries 82")
SAY(say_odd, "parts many")

/* Facts first; what is asked next is another connection. */
static void tell_facts(const char *received, struct buf *out)
{
    const char *at = must_find(received, "concat%28%27");
    buf_format(out, HTTP("200 OK", "%.32s 1 1036800 1 26.3.1.55\n"),
               at + strlen("concat%28%27"));
}

/* As the joined statement reads a table that our user may not. */
static void say_denied(const char *received, struct buf *out)
{
    if (asks_offers(received)) {
        say(received, out, NULL);
    } else if (strstr(received, "system.disks")) {
        buf_text(out, HTTP("403 Forbidden\r\nX-ClickHouse-Exception-Code: 497",
                           "Code: 497. DB::Exception: probe: Not enough privileges. "
                           "(ACCESS_DENIED)"));
    } else {
        say(received, out, "parts 301 x.events");
    }
}

/* Each of these was offered a moment ago. */
static void say_gone(const char *received, struct buf *out)
{
    if (asks_offers(received)) {
        say(received, out, NULL);
    } else if (strstr(received, "system.errors")) {
        buf_text(out,
                 HTTP("404 Not Found\r\nX-ClickHouse-Exception-Code: 60",
                      "Code: 60. DB::Exception: Table system.errors does not exist"));
    } else if (strstr(received, "errors_count")) {
        buf_text(out, HTTP("404 Not Found\r\nX-ClickHouse-Exception-Code: 47",
                           "Code: 47. DB::Exception: Missing columns: 'errors_count'"));
    } else {
        say(received, out, NULL);
    }
}

static void say_no_memory(const char *received, struct buf *out)
{
    (void)received;
    buf_text(out, HTTP("500 Internal Server Error\r\nX-ClickHouse-Exception-Code: 241",
                       "Code: 241. DB::Exception: Memory limit exceeded"));
}

/* clang-format off */
#define FACTS {ASKED, CALL(tell_facts), CLOSE}
#define THEN(name) {ASKED, CALL(name), CLOSE}
#define WARNS(name, summary, remedy)                                                     \
    NULL, FACTS, THEN(name), STATE_WARN, RUNG_USABLE, summary, remedy

static const struct row sign_rows[] = {
    {"a server of 26.x that is well is green", NULL, FACTS, THEN(say_well), STATE_OK,
     RUNG_USABLE, "1 table readable, ClickHouse 26.3.1.55", NULL},
    {"a configured table whose replica is read-only is red", NULL, FACTS,
     THEN(say_ours_readonly), STATE_FAIL, RUNG_AUTHENTICATED,
     "the replica of x.events is read-only", "Keeper"},
    {"another replica that is read-only is a warning",
     WARNS(say_other_readonly, "the replica of y.log is read-only", "Keeper")},
    {"a replica that lags is a warning",
     WARNS(say_lag, "replication of x.events lags by 66 m", "thresholds.lag")},
    {"a long queue is a warning", WARNS(say_queue, "101 entries", "thresholds.queue")},
    {"two things at once are counted", WARNS(say_lag_and_queue, "and 1 more", NULL)},
    {"a host of a cluster that is not reached is a warning",
     WARNS(say_cluster, "6 errors of late in reaching ch-2", "thresholds.cluster")},
    {"a merge that does not end is a warning",
     WARNS(say_merge, "a merge of x.events runs for", "thresholds.merge_age")},
    {"a mutation that is not done is a warning",
     WARNS(say_mutation, "a mutation of x.events is undone for 2 h", "KILL MUTATION")},
    {"a mutation that fails is told with its reason",
     WARNS(say_failure, "Cannot parse string 'a' as UInt8", "mend its cause")},
    {"too many parts are a warning",
     WARNS(say_parts, "301 parts in a partition of x.events", "larger batches")},
    {"a full disk is a warning", WARNS(say_disk, "9.1 % free on the disk cold", "free space")},
    {"too many queries are a warning",
     WARNS(say_queries, "81 queries are running", "thresholds.queries")},
    {"an answer that is none is a warning",
     WARNS(say_odd, "answered with something else than the parts", "proxy")},
    {"what our user may not read hides nothing else",
     WARNS(say_denied, "301 parts in a partition", NULL)},
    {"what a version does not offer is no error", NULL, FACTS, THEN(say_gone), STATE_OK,
     RUNG_USABLE, "1 table readable", NULL},
    {"a server without memory for our question is a warning",
     WARNS(say_no_memory, "system.columns cannot be asked: Memory limit", "log")},
};

#define SECTION(ports)                                                                   \
    "{\"clickhouse\":{EXTRA\"host\":\"127.0.0.1\"," ports                                \
    ",\"tls\":false,\"user\":\"probe\",\"database\":\"x\",\"tables\":[\"events\"],"      \
    "\"password\":{\"file\":\"/here\"},\"thresholds\":{\"lag\":\"5m\",\"queue\":100,"    \
    "\"cluster_errors\":5,\"merge_age\":\"6h\",\"mutation_age\":\"1h\",\"parts\":300,"   \
    "\"disk_free\":0.1,\"queries\":80}}}"
#define HTTP_ALONE   SECTION("\"http_port\":PORT,\"native_port\":0")
#define NATIVE_ALONE SECTION("\"http_port\":0,\"native_port\":PORT")
/* clang-format on */

static void sign_row(void **state)
{
    play(*state, find_check("clickhouse"), HTTP_ALONE, "/clickhouse");
}

/* ---- the native port ---- */

static void native_facts(const char *received, struct buf *out)
{
    char *line = mem_format("%.32s 1 1036800 1 26.3.1.55\n",
                            must_find(received, "concat('") + strlen("concat('"));
    buf_add(out, PONG, 1);
    add_answer(out, line);
    free(line);
}

static void native_offers(const char *received, struct buf *out)
{
    must_find(received, "system.columns");
    add_answer(out, columns_new);
}

static void native_well(const char *received, struct buf *out)
{
    must_find(received, "(SELECT concat('parts ");
    char *lines = lines_with(NULL);
    add_answer(out, lines);
    free(lines);
}

static void native_disk(const char *received, struct buf *out)
{
    must_find(received, "(SELECT concat('parts ");
    char *lines = lines_with("disks 2 0.0912 cold");
    add_answer(out, lines);
    free(lines);
}

static void native_no_table(const char *received, struct buf *out)
{
    must_find(received, "`events`");
    buf_add(out, PONG, 1);
    add_exception(out, 60, "DB::Exception: Table x.events doesn't exist.");
}

static void native_one(const char *received, struct buf *out)
{
    must_find(received, "SELECT");
    buf_add(out, PONG, 1);
    add_answer(out, "1\n");
}

/* clang-format off */
#define GREETED READ("open sesame")
#define LOGGED_IN GREETED, SEND(HELLO_NEW), READ("SELECT ")

static const struct row native_rows[] = {
    {"a native port alone proves the query", NULL,
     {LOGGED_IN, CALL(native_facts), READ("system.columns"), CALL(native_offers),
      READ("system.errors"), CALL(native_well), CLOSE}, {{0}}, STATE_OK, RUNG_USABLE,
     "1 table readable, ClickHouse 26.3.1.55", NULL},
    {"a native port tells how the server is doing", NULL,
     {LOGGED_IN, CALL(native_facts), READ("system.columns"), CALL(native_offers),
      READ("system.errors"), CALL(native_disk), CLOSE}, {{0}}, STATE_WARN, RUNG_USABLE,
     "9.1 % free on the disk cold", "free space"},
    {"a native port with a wrong password names the field", NULL,
     {GREETED, SEND(WRONG_PASSWORD), CLOSE}, {{0}}, STATE_FAIL, RUNG_REACHABLE,
     "Authentication failed (code 516)", "environments.staging.clickhouse.password"},
    {"a native port without the table names it", NULL,
     {LOGGED_IN, CALL(native_no_table), STALL}, {{0}}, STATE_FAIL, RUNG_AUTHENTICATED,
     "Table x.events doesn't exist (code 60)", "environments.staging.clickhouse.tables"},
    {"a native port that gives back another word is red", NULL,
     {LOGGED_IN, CALL(native_one), STALL}, {{0}}, STATE_FAIL, RUNG_AUTHENTICATED,
     "something else than its result", "see what listens there"},
    {"a native port that speaks HTTP is named", NULL,
     {GREETED, SEND("HTTP/1.1 400 Bad Request\r\n\r\n"), CLOSE}, {{0}}, STATE_FAIL,
     RUNG_REACHABLE, "native protocol", "speaks HTTP"},
    {"a native port that is silent is red at the deadline", NULL, {STALL}, {{0}},
     STATE_FAIL, RUNG_REACHABLE, "no reply in 4", "HTTP port"},
    {"a native port silent after the login is red at the deadline", NULL,
     {LOGGED_IN, STALL}, {{0}}, STATE_FAIL, RUNG_AUTHENTICATED, "no whole reply", NULL},
};
/* clang-format on */

static void native_row(void **state)
{
    play(*state, find_check("clickhouse"), NATIVE_ALONE, "/clickhouse");
}

/* Two peers: HTTP that is well, and a native port of the script. */
static struct result *ask_both(const struct peer_step *native)
{
    static const struct peer_step facts[] = FACTS;
    static const struct peer_step *const http[] = {facts};
    const struct peer_step *const scripts[] = {native};
    struct peer *one = peer_start(http, 1), *two = peer_start(scripts, 1);
    char *json = mem_format(
        "{\"clickhouse\":{\"host\":\"127.0.0.1\",\"http_port\":%d,\"native_port\":%d,"
        "\"tls\":false,\"user\":\"probe\",\"database\":\"x\",\"tables\":[\"events\"],"
        "\"password\":{\"file\":\"/here\"}}}",
        peer_port(one), peer_port(two));
    int64_t elapsed = 0;
    struct result *result = ask(find_check("clickhouse"), json, "/clickhouse", &elapsed);
    assert_true(elapsed <= DEADLINE + LATE_MS * CLOCK_MS);
    peer_stop(one);
    peer_stop(two);
    free(json);
    return result;
}

static void pong_and_offers(const char *received, struct buf *out)
{
    buf_add(out, PONG, 1);
    native_offers(received, out);
}

static const struct peer_step healthy[] = {GREETED,
                                           SEND(HELLO_NEW),
                                           READ("system.columns"),
                                           CALL(pong_and_offers),
                                           READ("system.errors"),
                                           CALL(native_well),
                                           CLOSE};

static void both_ports_are_asked_and_told(void **state)
{
    (void)state;
    struct result *result = ask_both(healthy);
    assert_int_equal(result->state, STATE_OK);
    assert_int_equal(result->rung, RUNG_USABLE);
    assert_contains(result_evidence_of(result, "native"), "revision 54483");
    assert_contains(result_evidence_of(result, "version"), "26.3.1.55");
    assert_contains(result_evidence_of(result, "disk"), "42 % free on default");
    assert_contains(result_evidence_of(result, "last error"), "2 h ago: UNKNOWN_TABLE");
    assert_non_null(result_evidence_of(result, "ping"));
    result_destroy(result);
}

/* What one port proves, the other one does not. */
static void a_native_port_that_fails_is_red_beside_http(void **state)
{
    (void)state;
    static const struct peer_step closing[] = {GREETED, CLOSE};
    static const struct peer_step silent[] = {STALL};
    const struct peer_step *const scripts[] = {closing, silent};
    for (size_t i = 0; i < 2; i++) {
        struct result *result = ask_both(scripts[i]);
        assert_int_equal(result->state, STATE_FAIL);
        assert_int_equal(result->rung, RUNG_REACHABLE);
        assert_contains(result->summary, "native port: ");
        result_destroy(result);
    }
}

static struct result *ask_json(const char *json)
{
    int64_t elapsed = 0;
    return ask(find_check("clickhouse"), json, "/clickhouse", &elapsed);
}

static void both_ports_turned_off_are_not_green(void **state)
{
    (void)state;
    struct result *result =
        ask_json("{\"clickhouse\":{\"host\":\"127.0.0.1\",\"http_port\":0,"
                 "\"native_port\":0,\"user\":\"u\",\"database\":\"x\"}}");
    assert_int_equal(result->state, STATE_BLOCKED);
    result_destroy(result);
}

/* ---- round trips ---- */

/* Of one port, while nobody listens at the other; in the clear, or over TLS. */
static int turns_of(const struct peer_step *steps, bool tls, const char *port,
                    const char *other)
{
    const struct peer_step *const scripts[] = {steps};
    struct peer *peer =
        tls ? peer_start_tls(scripts, 1, "localhost", 1) : peer_start(scripts, 1);
    const int to = peer_port(peer);
    struct relay *relay = relay_start(&to, 1);
    char *how =
        tls ? mem_format("{\"ca\":\"%s\"}", peer_authority(peer)) : mem_text("false");
    char *json = mem_format(
        "{\"clickhouse\":{\"host\":\"localhost\",\"%s\":%d,\"%s\":%d,\"tls\":%s,"
        "\"user\":\"probe\",\"database\":\"x\",\"tables\":[\"events\"],"
        "\"password\":{\"file\":\"/here\"}}}",
        port, relay_port(relay, 0), other, peer_free_port(), how);
    result_destroy(ask_json(json));
    int turns = relay_stop(relay);
    peer_stop(peer);
    free(json);
    free(how);
    return turns;
}

static void the_proof_takes_two_round_trips_and_three_with_tls(void **state)
{
    (void)state;
    static const struct peer_step facts[] = FACTS;
    assert_int_equal(turns_of(facts, false, "http_port", "native_port"), 2);
    assert_int_equal(turns_of(facts, true, "http_port", "native_port"), 3);
}

/* Connect, hello, ping with what is offered, health. */
static void the_native_port_takes_four_round_trips_and_five_with_tls(void **state)
{
    (void)state;
    assert_int_equal(turns_of(healthy, false, "native_port", "http_port"), 4);
    assert_int_equal(turns_of(healthy, true, "native_port", "http_port"), 5);
}

/* ---- writing ---- */

static void writing(void (*back)(const char *received, struct buf *out), enum state state,
                    const char *says)
{
    static const struct peer_step facts[] = FACTS, written[] = SAYS("200 OK", ""),
                                  well_then[] = THEN(say_well);
    const struct peer_step then[] = {ASKED, CALL(back), CLOSE};
    const struct peer_step *const scripts[] = {facts, written, then, well_then};
    struct peer *peer = peer_start(scripts, 4);
    char *json = mem_format(
        "{\"clickhouse\":{\"host\":\"127.0.0.1\",\"http_port\":%d,\"native_port\":0,"
        "\"tls\":false,\"user\":\"probe\",\"database\":\"x\",\"tables\":[\"events\"],"
        "\"write_table\":\"x.probe\"}}",
        peer_port(peer));
    struct result *result = ask_json(json);
    assert_int_equal(result->state, state);
    assert_contains(state == STATE_OK ? result_evidence_of(result, "written")
                                      : result->summary,
                    says);
    result_destroy(result);
    free(json);
    peer_stop(peer);
}

static void tell_one(const char *received, struct buf *out)
{
    must_find(received, "FROM%20%60x%60.%60probe%60%20WHERE%20word%20%3D%20%27");
    buf_text(out, HTTP("200 OK", "1\n"));
}

static void tell_none(const char *received, struct buf *out)
{
    must_find(received, "toString%28count%28%29%29");
    buf_text(out, HTTP("200 OK", "0\n"));
}

static void tell_readonly(const char *received, struct buf *out)
{
    (void)received;
    buf_text(out, HTTP("500 Error\r\nX-ClickHouse-Exception-Code: 242",
                       "Code: 242. DB::Exception: Table is in readonly mode"));
}

static void a_row_that_is_written_and_read_back_is_green(void **state)
{
    (void)state;
    writing(tell_one, STATE_OK, "a row of x.probe, read back");
    writing(tell_none, STATE_FAIL, "wrote a row to x.probe, and it is not there");
    writing(tell_readonly, STATE_FAIL, "cannot read back from x.probe: Table is in");
}

void add_clickhouse_sign_tests(void)
{
    ADD_ROWS(sign_rows, sign_row)
    ADD_ROWS(native_rows, native_row)
    ADD(both_ports_are_asked_and_told);
    ADD(a_native_port_that_fails_is_red_beside_http);
    ADD(the_proof_takes_two_round_trips_and_three_with_tls);
    ADD(the_native_port_takes_four_round_trips_and_five_with_tls);
    ADD(both_ports_turned_off_are_not_green);
    ADD(a_row_that_is_written_and_read_back_is_green);
}

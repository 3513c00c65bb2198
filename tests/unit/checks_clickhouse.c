/* What the check of ClickHouse promises: whatever a peer does, it ends at the deadline,
 * in bounded memory, and is green only where our word came back and the tables can be
 * read, over HTTP as over the native protocol. */
#include "tests/unit/checks_help.h"

#include "base/mem.h"

#include <stdlib.h>
#include <string.h>

#define TABLES "\"tables\":[\"events\"],"

/* Our word is the first text of the query: '%27WORD%27', or plain over the native
 * protocol. */
static void tell_facts(const char *received, struct buf *out)
{
    const char *at = must_find(received, "concat%28%27");
    buf_format(out, HTTP("200 OK", "%.32s 1 1036800%s 24.8.4.13\n"),
               at + strlen("concat%28%27"), strstr(received, "count") ? " 1" : "");
}

/* clang-format off */
#define ONE   SAYS("200 OK", "1\n")
#define FACTS {ASKED, CALL(tell_facts), CLOSE}
/* Of the health nothing is offered. */
#define NOTHING SAYS("200 OK", "")

static const struct row clickhouse_rows[] = {
    {"clickhouse that gives back our word is green", NULL, FACTS, NOTHING, STATE_OK,
     RUNG_USABLE, "24.8.4.13", NULL},
    {"clickhouse that reads its tables is green", TABLES, FACTS, NOTHING, STATE_OK,
     RUNG_USABLE, "1 table readable", NULL},
    {"clickhouse silent after the connection is red at the deadline", NULL, {STALL},
     {{0}}, STATE_FAIL, RUNG_REACHABLE, "no reply in 4", "hangs"},
    {"clickhouse a byte at a time is red at the deadline", NULL,
     {ASKED, DRIP("HTTP/1.1 200 OK\r\n")}, {{0}}, STATE_FAIL, RUNG_REACHABLE, "in 4", NULL},
    {"clickhouse that only answers pings is red", NULL, SAYS("200 OK", "Ok.\n"), {{0}},
     STATE_FAIL, RUNG_REACHABLE, "something else than its result",
     "see what listens there"},
    {"clickhouse a web page is red", NULL, SAYS("200 OK", "<html>log in</html>"), {{0}},
     STATE_FAIL, RUNG_REACHABLE, "web page", "see what listens there"},
    {"clickhouse nothing in a 200 is red", NULL, SAYS("200 OK", ""), {{0}}, STATE_FAIL,
     RUNG_REACHABLE, "with nothing", NULL},
    {"clickhouse 1 to everything is red", NULL, ONE, ONE, STATE_FAIL, RUNG_REACHABLE,
     "something else than its result", NULL},
    {"clickhouse somebody else's word from a cache is red", NULL,
     SAYS("200 OK", "00000000000000000000000000000000 1 1036800 24.8.4.13\n"), {{0}},
     STATE_FAIL, RUNG_REACHABLE, "something else than its result", NULL},
    {"clickhouse an error inside a 200 is red", NULL,
     SAYS("200 OK",
          "1\nCode: 241, e.displayText() = DB::Exception: Memory limit exceeded, "
          "e.what() = DB::Exception\n"), {{0}}, STATE_FAIL, RUNG_AUTHENTICATED,
     "Memory limit exceeded (code 241)", "memory"},
    {"clickhouse a missing database names the field", NULL,
     SAYS("404 Not Found\r\nX-ClickHouse-Exception-Code: 81",
          "Code: 81. DB::Exception: Database x does not exist. (UNKNOWN_DATABASE) "
          "(version 24.8)"), {{0}}, STATE_FAIL, RUNG_AUTHENTICATED,
     "Database x does not exist. (UNKNOWN_DATABASE) (code 81)",
     "environments.staging.clickhouse.database"},
    {"clickhouse 18.16 and a wrong password names the field", NULL,
     SAYS("401 Unauthorized",
          "Code: 193, e.displayText() = DB::Exception: Wrong password for "
          "user default, e.what() = DB::Exception\n"), {{0}}, STATE_FAIL, RUNG_REACHABLE,
     "Wrong password for user default (code 193)",
     "environments.staging.clickhouse.password"},
    {"clickhouse an unknown user names the field", NULL,
     SAYS("401 Unauthorized", "Code: 192, e.displayText() = DB::Exception: Unknown user x"
          ), {{0}}, STATE_FAIL, RUNG_REACHABLE, "Unknown user x (code 192)",
     "environments.staging.clickhouse.user"},
    {"clickhouse a password that is required names the field", NULL,
     SAYS("401 Unauthorized",
          "Code: 194, e.displayText() = DB::Exception: Password required"), {{0}},
     STATE_FAIL, RUNG_REACHABLE, "(code 194)", "set environments.staging.clickhouse"},
    {"clickhouse newer and a wrong password names the field", NULL,
     SAYS("403 Forbidden\r\nX-ClickHouse-Exception-Code: 516",
          "Code: 516. DB::Exception: default: Authentication failed (version 24.8.4.13)"),
     {{0}}, STATE_FAIL, RUNG_REACHABLE, "Authentication failed (code 516)",
     "environments.staging.clickhouse.password"},
    {"clickhouse a missing table names it", TABLES,
     SAYS("404 Not Found\r\nX-ClickHouse-Exception-Code: 60",
          "Code: 60. DB::Exception: Table default.events does not exist."), {{0}}, STATE_FAIL,
     RUNG_AUTHENTICATED, "Table default.events does not exist (code 60)",
     "environments.staging.clickhouse.tables"},
    {"clickhouse the native port names the right one", NULL,
     {ASKED, SEND("HTTP/1.0 400 Bad Request\r\n\r\nPort 9000 is for clickhouse-client "
          "program.\r\n" "You must use port 8123 for HTTP.\r\n"), CLOSE}, {{0}},
     STATE_FAIL, RUNG_REACHABLE, "native port", "http_port to 8123"},
    {"clickhouse the words of the native protocol are red", NULL,
     {ASKED, SEND("\x02\x65\x00\x00\x00\x0d" "DB::Exception"), CLOSE}, {{0}}, STATE_FAIL,
     RUNG_REACHABLE, "not in HTTP", "correct the port"},
    {"clickhouse a redirect is red and not followed", NULL,
     SAYS("302 Found\r\nLocation: https://login.example/?state=secret", ""), {{0}},
     STATE_FAIL, RUNG_REACHABLE, "redirects to https://login.example/ (302)", "proxy"},
    {"clickhouse ten gigabytes are red at once", NULL,
     {ASKED, SEND("HTTP/1.1 200 OK\r\nContent-Length: 10737418240\r\n\r\n"), FLOOD("1\n"
          )}, {{0}}, STATE_FAIL, RUNG_REACHABLE, "more than 65536 bytes", NULL},
    {"clickhouse a body without end is red in bounded memory", NULL,
     {ASKED, SEND("HTTP/1.1 200 OK\r\n\r\n"), FLOOD("1\n")}, {{0}}, STATE_FAIL,
     RUNG_REACHABLE, "more than 65536 bytes", NULL},
    {"clickhouse a bad gateway is red", NULL,
     SAYS("502 Bad Gateway\r\nContent-Type: text/html", "<html>"), {{0}}, STATE_FAIL,
     RUNG_REACHABLE, "answered 502 with a web page", NULL},
    {"clickhouse that resets is red", NULL, {ASKED, RESET}, {{0}}, STATE_FAIL,
     RUNG_REACHABLE, "broke the connection", NULL},
    {"clickhouse silent at the second question is red at the deadline", NULL, FACTS,
     {STALL}, STATE_FAIL, RUNG_AUTHENTICATED, "no reply in", NULL},
    {"clickhouse an exception's header inside a 200 is red", NULL,
     SAYS("200 OK\r\nX-ClickHouse-Exception-Code: 395", "Code: 395. DB::Exception: Oops"),
     {{0}}, STATE_FAIL, RUNG_AUTHENTICATED, "Oops (code 395)", "see the log"},
};
/* clang-format on */

static void clickhouse_row(void **state)
{
    play(*state, find_check("clickhouse"),
         "{\"clickhouse\":{EXTRA\"host\":\"127.0.0.1\",\"http_port\":PORT,"
         "\"native_port\":0,"
         "\"tls\":false,\"user\":\"default\",\"database\":\"x\","
         "\"password\":{\"file\":\"/here\"}}}",
         "/clickhouse");
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
    assert_contains(
        received, "GET /?wait_end_of_query=1&database=a%20b&query=SELECT%20concat%28%27");
    assert_contains(received, "X-ClickHouse-User: probe\r\n");
    assert_contains(received, "X-ClickHouse-Key: open sesame\r\n");
    result_destroy(result);
    free(json);
    peer_stop(peer);
}

void add_clickhouse_tests(void)
{
    ADD_ROWS(clickhouse_rows, clickhouse_row)
    ADD(clickhouse_is_given_user_and_key_in_headers);
}

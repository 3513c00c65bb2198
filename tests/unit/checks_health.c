/* What the check of health endpoints promises: a status proves nothing, every expected
 * value is compared, and whatever a peer does it ends at the deadline. */
#include "tests/unit/checks_help.h"

#include "base/mem.h"

#include <stdlib.h>
#include <string.h>

#define EXPECTED "{\"status\":\"ready\",\"checks\":{\"redis\":{\"connected\":true}}}"
#define UNFIT                                                                            \
    "{\"status\":\"ready\",\"checks\":{\"redis\":{\"connected\":false,"                  \
    "\"status\":\"not_configured\"}}}"

/* clang-format off */
static const struct row health_rows[] = {
    {"health with every expected value is green", NULL, SAYS("200 OK", EXPECTED), {{0}},
     STATE_OK, RUNG_USABLE, "2 of 2", NULL},
    {"health silent after the connection is red at the deadline", NULL, {STALL}, {{0}},
     STATE_FAIL, RUNG_REACHABLE, "backend: connected to 127.0.0.1", "hangs"},
    {"health a byte of body at a time is red at the deadline", NULL,
     {ASKED, SEND("HTTP/1.1 200 OK\r\n\r\n"), DRIP("{\"status\":")}, {{0}}, STATE_FAIL,
     RUNG_REACHABLE, "bytes of a reply in 4", NULL},
    {"health headers without end are red", NULL,
     {ASKED, SEND("HTTP/1.1 200 OK\r\n"), FLOOD("X-More: and more\r\n")}, {{0}},
     STATE_FAIL, RUNG_REACHABLE, "endless headers", NULL},
    {"health a 200 with nothing is red", NULL, SAYS("200 OK", ""), {{0}}, STATE_FAIL,
     RUNG_REACHABLE, "with nothing in it", NULL},
    {"health a 200 with a web page is red", NULL,
     SAYS("200 OK\r\nContent-Type: text/html; charset=utf-8", "<!doctype html>"), {{0}},
     STATE_FAIL, RUNG_REACHABLE, "web page instead of JSON", "login page or a proxy"},
    {"health a redirect to a login is red", NULL,
     SAYS("302 Found\r\nLocation: https://accounts.example/login?continue=x", ""), {{0}},
     STATE_FAIL, RUNG_REACHABLE, "redirects to https://accounts.example/login (302)", NULL},
    {"health a 200 that says ok and nothing else is red", NULL,
     SAYS("200 OK", "{\"status\":\"ok\"}"), {{0}}, STATE_FAIL, RUNG_REACHABLE,
     "/status is ok, not ready; /checks/redis/connected is nothing, not true", NULL},
    {"health not_configured is red and says so", NULL, SAYS("200 OK", UNFIT), {{0}},
     STATE_FAIL, RUNG_REACHABLE, "not_configured", "configure it in the service"},
    {"health a 503 is read below detail", NULL,
     SAYS("503 Service Unavailable", "{\"detail\":" UNFIT "}"), {{0}}, STATE_FAIL,
     RUNG_REACHABLE, "answered 503, says /checks/redis/connected is false", NULL},
    {"health a 503 with every expected value is red", NULL,
     SAYS("503 Service Unavailable", "{\"detail\":" EXPECTED "}"), {{0}}, STATE_FAIL,
     RUNG_REACHABLE, "answered 503", NULL},
    {"health a text that looks like a truth is red", NULL,
     SAYS("200 OK",
          "{\"status\":\"ready\",\"checks\":{\"redis\":{\"connected\":\"true\"}}}"),
     {{0}}, STATE_FAIL, RUNG_REACHABLE,
     "/checks/redis/connected is true (a text), not true", NULL},
    {"health a list is red", NULL, SAYS("200 OK", "[" EXPECTED "]"), {{0}}, STATE_FAIL,
     RUNG_REACHABLE, "no object", NULL},
    {"health half a document is red", NULL, SAYS("200 OK", "{\"status\":\"ready\""),
     {{0}}, STATE_FAIL, RUNG_REACHABLE, "not JSON", NULL},
    {"health two values for one key are red", NULL,
     SAYS("200 OK", "{\"status\":\"down\",\"status\":\"ready\"}"), {{0}}, STATE_FAIL,
     RUNG_REACHABLE, "not JSON", NULL},
    {"health a 500 with words is red and gives them", NULL,
     SAYS("500 Internal Server Error", "\"out of tea\""), {{0}}, STATE_FAIL,
     RUNG_REACHABLE, "answered 500", "log of the service"},
    {"health a document without end is red in bounded memory", NULL,
     {ASKED, SEND("HTTP/1.1 200 OK\r\n\r\n"), FLOOD("[")}, {{0}}, STATE_FAIL,
     RUNG_REACHABLE, "more than 262144 bytes", NULL},
    {"health cut off is red", NULL,
     {ASKED, SEND("HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n{"), CLOSE}, {{0}},
     STATE_FAIL, RUNG_REACHABLE, "cut off", NULL},
};
/* clang-format on */

static void health_row(void **state)
{
    play(*state, find_check("health_json"),
         "{\"services\":{\"backend\":{\"url\":\"http://127.0.0.1:PORT/\"}},"
         "\"checks\":[{\"service\":\"backend\",\"path\":\"/ready?force=true\","
         "\"method\":\"GET\",\"expect\":{\"/status\":\"ready\","
         "\"/checks/redis/connected\":true}}]}",
         "/checks/0");
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

void add_health_tests(void)
{
    ADD_ROWS(health_rows, health_row)
    ADD(a_peer_that_never_accepts_is_red_at_the_deadline);
    ADD(a_service_can_tell_our_probes);
}

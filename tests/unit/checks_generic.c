/* What the generic checks of a network promise: http, tcp, tls and dns are green only
 * where the answer is what the configuration says, never by a status or an open port. */
#include "tests/unit/checks_help.h"

#include "base/mem.h"
#include "base/text.h"
#include "tests/unit/names.h"

#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

#define GOOD   "\"status\":\"2xx\","
#define ECHOED "{\"version\":\"7\",\"ready\":true}"

/* clang-format off */
static const struct row http_rows[] = {
    {"http with all that is expected is green", GOOD,
     SAYS("200 OK\r\nX-Served-By: web-1", ECHOED), {{0}}, STATE_OK, RUNG_USABLE,
     "127.0.0.1 answered 200 with all that is expected", NULL},
    {"http a 200 without the text is red", GOOD "\"contains\":[\"ready\",\"Welcome\"],",
     SAYS("200 OK\r\nX-Served-By: web-1", ECHOED), {{0}}, STATE_FAIL, RUNG_REACHABLE,
     "answered 200, but nothing in it says \"Welcome\"", "see what answers there"},
    {"http a value that differs is red", GOOD,
     SAYS("200 OK\r\nX-Served-By: web-1", "{\"version\":\"7\",\"ready\":false}"), {{0}},
     STATE_FAIL, RUNG_REACHABLE, "/ready is false, not true", NULL},
    {"http a web page where JSON is expected is red", GOOD,
     SAYS("200 OK\r\nX-Served-By: web-1", "<html>ready</html>"), {{0}}, STATE_FAIL,
     RUNG_REACHABLE, "its body is not JSON", NULL},
    {"http a header that is missing is red", GOOD, SAYS("200 OK", ECHOED), {{0}},
     STATE_FAIL, RUNG_REACHABLE, "X-Served-By is not there", NULL},
    {"http a header of an interim reply is not one of the answer", GOOD,
     {ASKED, SEND("HTTP/1.1 103 Early Hints\r\nX-Served-By: web-1\r\n\r\n"
                  HTTP("200 OK", ECHOED)), CLOSE},
     {{0}}, STATE_FAIL, RUNG_REACHABLE, "X-Served-By is not there", NULL},
    {"http a header with another value is red", GOOD,
     SAYS("200 OK\r\nX-Served-By: db-1", ECHOED), {{0}}, STATE_FAIL, RUNG_REACHABLE,
     "X-Served-By is \"db-1\", not \"web-\"", NULL},
    {"http another status is red with what the service says", GOOD,
     SAYS("503 Service Unavailable", "{\"detail\":\"out of tea\"}"), {{0}}, STATE_FAIL,
     RUNG_REACHABLE, "answered 503 to /: out of tea", "log of the service"},
    {"http a redirect is red and says where to", GOOD,
     SAYS("302 Found\r\nLocation: https://login.example/?next=x", ""), {{0}}, STATE_FAIL,
     RUNG_REACHABLE, "redirects to https://login.example/ (302)", "login page"},
    {"http an expected class of status is green", "\"status\":[\"404\",\"5xx\"],",
     SAYS("503 Unavailable\r\nX-Served-By: web-1", ECHOED), {{0}}, STATE_OK, RUNG_USABLE,
     "answered 503", NULL},
    {"http a 200 where another status is expected is red", "\"status\":\"404\",",
     SAYS("200 OK\r\nX-Served-By: web-1", ECHOED), {{0}}, STATE_FAIL, RUNG_REACHABLE,
     "answered 200 to /", NULL},
    {"http silent is red at the deadline", GOOD, {STALL}, {{0}}, STATE_FAIL,
     RUNG_REACHABLE, "127.0.0.1: connected to", "hangs"},
    {"http a byte of body at a time is red at the deadline", GOOD,
     {ASKED, SEND("HTTP/1.1 200 OK\r\n\r\n"), DRIP("ready ")}, {{0}}, STATE_FAIL,
     RUNG_REACHABLE, "bytes of a reply in 4", NULL},
    {"http without end is red in bounded memory", GOOD,
     {ASKED, SEND("HTTP/1.1 200 OK\r\n\r\n"), FLOOD("ready")}, {{0}}, STATE_FAIL,
     RUNG_REACHABLE, "more than 262144 bytes", NULL},
    {"http cut off is red", GOOD,
     {ASKED, SEND("HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\nready"), CLOSE}, {{0}},
     STATE_FAIL, RUNG_REACHABLE, "cut off", NULL},
    {"http reset is red", GOOD, {ASKED, RESET}, {{0}}, STATE_FAIL, RUNG_REACHABLE,
     "broke the connection", NULL},
};

static const struct row tcp_rows[] = {
    {"tcp a banner as expected is green", NULL, {SEND("SSH-2.0-OpenSSH_9.2\r\n"), STALL},
     {{0}}, STATE_OK, RUNG_USABLE, "answers as expected", NULL},
    {"tcp a banner in pieces is green", NULL, {SEND("SS"), DRIP("H-2.0-x")}, {{0}},
     STATE_OK, RUNG_USABLE, "answers as expected", NULL},
    {"tcp another protocol is red and shown", NULL,
     {SEND("HTTP/1.1 400 Bad Request\r\n\r\n"), STALL}, {{0}}, STATE_FAIL,
     RUNG_REACHABLE, "says \"HTTP/1.1 400 Bad Request\\r\\n\\r\\n\", not \"SSH-2.0-\"",
     "whether the port is right"},
    {"tcp bytes that nobody can read are shown as escapes", NULL,
     {SEND("\x15\x03\x01\x00\x02"), STALL}, {{0}}, STATE_FAIL, RUNG_REACHABLE,
     "\\x15\\x03\\x01\\x00\\x02", NULL},
    {"tcp half of what is expected is red", NULL, {SEND("SSH-2"), CLOSE}, {{0}},
     STATE_FAIL, RUNG_REACHABLE, "says \"SSH-2\" and nothing more", NULL},
    {"tcp the expected words later are red", NULL, {SEND("no SSH-2.0-here"), STALL},
     {{0}}, STATE_FAIL, RUNG_REACHABLE, "says \"no SSH-2.0-here\"", NULL},
    {"tcp open and silent is red at the deadline", NULL, {STALL}, {{0}}, STATE_FAIL,
     RUNG_REACHABLE, ", no reply in 4", "hangs"},
    {"tcp open and closed is red", NULL, {CLOSE}, {{0}}, STATE_FAIL, RUNG_REACHABLE,
     "closed the connection without a word", "log"},
    {"tcp reset is red", NULL, {SEND("S"), READ("\n"), RESET}, {{0}}, STATE_FAIL,
     RUNG_REACHABLE, "no whole reply", NULL},
    {"tcp what is sent is answered", "\"send\":\"ruok\\\\x0a\",",
     {READ("ruok\n"), SEND("SSH-2.0-imok"), CLOSE}, {{0}}, STATE_OK, RUNG_USABLE,
     "answers as expected", NULL},
    {"tcp an endless answer that differs is red in bounded memory", NULL, {FLOOD("spam")},
     {{0}}, STATE_FAIL, RUNG_REACHABLE, "says \"spamspam", NULL},
};

/* RFC 8446 section 6: alert, fatal, 70 is protocol_version. */
static const struct row tls_rows[] = {
    {"tls a peer that speaks none is red", NULL, {SEND("220 hello\r\n"), STALL}, {{0}},
     STATE_FAIL, RUNG_REACHABLE, "no TLS spoken there", NULL},
    {"tls a peer with old versions alone is red", NULL,
     {SEND("\x15\x03\x01\x00\x02\x02\x46"), STALL}, {{0}}, STATE_FAIL, RUNG_REACHABLE,
     "speaks no TLS 1.2 or later", "turn on TLS 1.2"},
    {"tls a peer that is silent is red at the deadline", NULL, {STALL}, {{0}},
     STATE_FAIL, RUNG_REACHABLE, "TLS was not agreed on in 4", NULL},
    {"tls a peer that resets is red", NULL, {READ("\x16"), RESET}, {{0}}, STATE_FAIL,
     RUNG_REACHABLE, "", NULL},
};
/* clang-format on */

static void http_row(void **state)
{
    play(*state, find_check("http"),
         "{\"checks\":[{\"type\":\"http\",\"url\":\"http://127.0.0.1:PORT/\",\"path\":\"/"
         "\",\"method\":"
         "\"GET\",\"headers\":{\"X-Key\":{\"file\":\"k\"}},\"expect\":{EXTRA"
         "\"json\":{\"/ready\":true},\"headers\":{\"X-Served-By\":\"web-\"}}}]}",
         "/checks/0");
}

static void tcp_row(void **state)
{
    play(*state, find_check("tcp"),
         "{\"checks\":[{\"host\":\"127.0.0.1\",\"port\":PORT,\"tls\":false,EXTRA"
         "\"expect\":\"SSH-2.0-\"}]}",
         "/checks/0");
}

static void tls_row(void **state)
{
    play(*state, find_check("tls"),
         "{\"checks\":[{\"host\":\"127.0.0.1\",\"port\":PORT,"
         "\"thresholds\":{\"warn\":\"21d\",\"fail\":\"7d\"}}]}",
         "/checks/0");
}

static struct result *ask_one(const char *check, char *take_json)
{
    int64_t elapsed = 0;
    struct result *result = ask(find_check(check), take_json, "/checks/0", &elapsed);
    assert_true(elapsed <= DEADLINE + LATE_MS * CLOCK_MS);
    free(take_json);
    return result;
}

static void http_carries_secrets_and_a_body(void **state)
{
    (void)state;
    static const struct peer_step steps[] = {READ("}"), SEND(HTTP("201 Made", "welcome")),
                                             CLOSE};
    static const struct peer_step *const scripts[] = {steps};
    struct peer *peer = peer_start(scripts, 1);
    struct result *result = ask_one(
        "http",
        mem_format("{\"services\":{\"web\":{\"url\":\"http://127.0.0.1:%d/v1\"}},"
                   "\"checks\":[{\"type\":\"http\",\"service\":\"web\",\"path\":\"/"
                   "try?a=b\",\"method\":"
                   "\"POST\",\"headers\":{\"X-Key\":{\"file\":\"k\"}},\"body\":{\"word\":"
                   "{\"file\":\"w\"}},\"expect\":{\"status\":\"201\",\"contains\":"
                   "\"welcome\"}}]}",
                   peer_port(peer)));
    peer_halt(peer);
    assert_int_equal(result->state, STATE_OK);
    assert_contains(peer_received(peer), "POST /v1/try?a=b HTTP/1.1\r\n");
    assert_contains(peer_received(peer), "X-Key: open sesame\r\n");
    assert_contains(peer_received(peer), "{\"word\":\"open sesame\"}");
    result_destroy(result);
    peer_stop(peer);
}

static void http_asks_a_whole_url_as_it_is_written(void **state)
{
    (void)state;
    static const struct peer_step steps[] = SAYS("404 Not Found", "");
    static const struct peer_step *const scripts[] = {steps};
    struct peer *peer = peer_start(scripts, 1);
    struct result *result =
        ask_one("http", mem_format("{\"checks\":[{\"url\":\"http://127.0.0.1:%d/v1/up\","
                                   "\"method\":\"GET\",\"expect\":{\"status\":\"2xx\","
                                   "\"contains\":\"up\"}}]}",
                                   peer_port(peer)));
    peer_halt(peer);
    assert_string_equal(result->summary, "127.0.0.1 answered 404");
    assert_contains(peer_received(peer), "GET /v1/up HTTP/1.1\r\n");
    result_destroy(result);
    peer_stop(peer);
}

static void http_that_expects_a_status_alone_is_red(void **state)
{
    (void)state;
    struct result *result = ask_one(
        "http", mem_text("{\"checks\":[{\"url\":\"http://127.0.0.1:1\",\"path\":\"/\","
                         "\"method\":\"GET\",\"expect\":{\"status\":\"200\"}}]}"));
    assert_int_equal(result->state, STATE_FAIL);
    assert_contains(result->summary, "nothing but a status is expected");
    result_destroy(result);
}

/* ---- certificates ---- */

static struct peer *secured(int days)
{
    static const struct peer_step steps[] = {STALL};
    static const struct peer_step *const scripts[] = {steps};
    return peer_start_tls(scripts, 1, "peer.example", days);
}

static struct result *ask_certificate(const struct peer *peer, const char *name, bool ca)
{
    char *authority =
        ca ? mem_format("\"ca\":\"%s\",", peer_authority(peer)) : mem_text("");
    char *json = mem_format("{\"checks\":[{\"host\":\"127.0.0.1\",\"port\":%d,"
                            "\"server_name\":\"%s\",%s\"thresholds\":"
                            "{\"warn\":\"21d\",\"fail\":\"7d\"}}]}",
                            peer_port(peer), name, authority);
    free(authority);
    return ask_one("tls", json);
}

static void tls_judges_how_long_a_certificate_lasts(void **state)
{
    (void)state;
    static const struct {
        int days;
        enum state state;
        enum rung rung;
        const char *summary;
    } rows[] = {
        {60, STATE_OK, RUNG_USABLE, "certificate of peer.example is good for"},
        {22, STATE_OK, RUNG_USABLE, "is good for 2"},
        {20, STATE_WARN, RUNG_USABLE, "threshold 21d"},
        {6, STATE_FAIL, RUNG_AUTHENTICATED, "threshold 7d"},
        {-1, STATE_FAIL, RUNG_REACHABLE, "expired on 20"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct peer *peer = secured(rows[i].days);
        struct result *result = ask_certificate(peer, "peer.example", true);
        assert_contains(result->summary, rows[i].summary);
        assert_int_equal(result->state, rows[i].state);
        assert_int_equal(result->rung, rows[i].rung);
        assert_true(result->state == STATE_OK || result->remedy);
        result_destroy(result);
        peer_stop(peer);
    }
}

static void tls_shows_what_was_proven(void **state)
{
    (void)state;
    struct peer *peer = secured(60);
    struct result *result = ask_certificate(peer, "peer.example", true);
    assert_string_equal(result_evidence_of(result, "names"), "peer.example");
    assert_contains(result_evidence_of(result, "issuer"), "CN = peer.example");
    assert_contains(result_evidence_of(result, "ends"), "UTC");
    assert_string_equal(result_evidence_of(result, "days left"), "59");
    assert_string_equal(result_evidence_of(result, "protocol"), "TLSv1.3");
    assert_contains(result_evidence_of(result, "cipher"), "TLS_");
    result_destroy(result);
    peer_stop(peer);
}

static void tls_believes_nobody_without_proof(void **state)
{
    (void)state;
    struct peer *peer = secured(60);
    struct result *other = ask_certificate(peer, "other.example", true);
    struct result *unknown = ask_certificate(peer, "peer.example", false);
    assert_int_equal(other->state, STATE_FAIL);
    assert_contains(other->summary, "certificate is for peer.example, not other.example");
    assert_int_equal(unknown->state, STATE_FAIL);
    assert_contains(unknown->summary, "signed by nobody we believe");
    assert_null(result_evidence_of(unknown, "days left"));
    result_destroy(other);
    result_destroy(unknown);
    peer_stop(peer);
}

static struct peer *talking(const struct peer_step *const *scripts)
{
    return peer_start_tls(scripts, 1, "peer.example", 60);
}

static void http_shows_how_long_the_certificate_lasts(void **state)
{
    (void)state;
    static const struct peer_step steps[] = SAYS("200 OK", "ready");
    static const struct peer_step *const scripts[] = {steps};
    struct peer *peer = talking(scripts);
    struct result *result = ask_one(
        "http", mem_format("{\"checks\":[{\"url\":\"https://peer.example:%d\",\"path\":"
                           "\"/\",\"method\":\"GET\",\"ca\":\"%s\",\"expect\":"
                           "{\"status\":\"2xx\",\"contains\":\"ready\"}}]}",
                           peer_port(peer), peer_authority(peer)));
    assert_int_equal(result->state, STATE_OK);
    assert_contains(result_evidence_of(result, "certificate"), ", 59 days left");
    result_destroy(result);
    peer_stop(peer);
}

static void tcp_over_tls_proves_the_name_first(void **state)
{
    (void)state;
    static const struct peer_step steps[] = {SEND("220 mail ready\r\n"), STALL};
    static const struct peer_step *const scripts[] = {steps};
    static const char *const names[] = {"peer.example", "other.example"};
    struct peer *peer = talking(scripts);
    for (size_t i = 0; i < 2; i++) {
        struct result *result = ask_one(
            "tcp", mem_format("{\"checks\":[{\"host\":\"127.0.0.1\",\"port\":%d,\"tls\":"
                              "{\"ca\":\"%s\",\"server_name\":\"%s\"},\"expect\":"
                              "\"220 \"}]}",
                              peer_port(peer), peer_authority(peer), names[i]));
        assert_int_equal(result->state, i == 0 ? STATE_OK : STATE_FAIL);
        assert_contains(result->summary,
                        i == 0 ? "answers as expected" : "certificate is for peer");
        result_destroy(result);
    }
    peer_stop(peer);
}

/* ---- names ---- */

static void dns_compares_addresses_as_a_set(void **state)
{
    (void)state;
    static const struct {
        const char *host, *record, *lists;
        enum state state;
        const char *summary;
    } rows[] = {
        {"peer.example", "A", "", STATE_OK, "peer.example is 127.0.0.1"},
        {"peer.example", "A", ",\"expect\":[\"127.0.0.1\"]", STATE_OK, "is 127.0.0.1"},
        {"peer.example", "A", ",\"expect\":[\"127.0.0.1\",\"192.0.2.7\"]", STATE_FAIL,
         "peer.example is 127.0.0.1: no 192.0.2.7"},
        {"peer.example", "A", ",\"expect\":[\"192.0.2.7\"]", STATE_FAIL,
         "no 192.0.2.7, 127.0.0.1 is not expected"},
        {"peer.example", "A", ",\"contains\":[\"127.0.0.1\"]", STATE_OK, "is 127.0.0.1"},
        {"peer.example", "A", ",\"contains\":[\"192.0.2.7\"]", STATE_FAIL,
         "no 192.0.2.7"},
        {"peer.example", "AAAA", "", STATE_FAIL, "AAAA record: cannot resolve"},
        {"missing.example", "A", "", STATE_FAIL, "A record: cannot resolve missing"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct result *result = ask_one(
            "dns", mem_format("{\"checks\":[{\"host\":\"%s\",\"record\":\"%s\"%s}]}",
                              rows[i].host, rows[i].record, rows[i].lists));
        assert_contains(result->summary, rows[i].summary);
        assert_int_equal(result->state, rows[i].state);
        assert_true(result->state == STATE_OK || result->remedy);
        result_destroy(result);
    }
}

static void dns_that_hangs_is_red_at_the_deadline(void **state)
{
    (void)state;
    struct result *result = ask_one(
        "dns",
        mem_text("{\"checks\":[{\"host\":\"stalled.example\",\"record\":\"A\"}]}"));
    assert_int_equal(result->state, STATE_FAIL);
    assert_int_equal(result->rung, RUNG_CONFIGURED);
    assert_contains(result->summary, "the resolver said nothing in 4");
    names_release();
    result_destroy(result);
}

static void a_peer_that_never_accepts_is_red_for_every_kind(void **state)
{
    (void)state;
    static const char *const kinds[] = {"http", "tcp", "tls"};
    struct deaf deaf;
    deaf_open(&deaf);
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        struct result *result = ask_one(
            kinds[i],
            text_equal(kinds[i], "http")
                ? mem_format(
                      "{\"checks\":[{\"url\":\"http://127.0.0.1:%d\",\"path\":"
                      "\"/\",\"method\":\"GET\",\"expect\":{\"contains\":\"a\"}}]}",
                      deaf.port)
                : mem_format("{\"checks\":[{\"host\":\"127.0.0.1\",\"port\":%d,\"tls\":"
                             "false,\"expect\":\"a\"}]}",
                             deaf.port));
        assert_int_equal(result->state, STATE_FAIL);
        assert_int_equal(result->rung, RUNG_CONFIGURED);
        assert_contains(result->summary, "no connection to 127.0.0.1:");
        result_destroy(result);
    }
    deaf_close(&deaf);
}

void add_generic_tests(void)
{
    ADD_ROWS(http_rows, http_row)
    ADD(http_carries_secrets_and_a_body);
    ADD(http_asks_a_whole_url_as_it_is_written);
    ADD(http_that_expects_a_status_alone_is_red);
    ADD_ROWS(tcp_rows, tcp_row)
    ADD_ROWS(tls_rows, tls_row)
    ADD(tls_judges_how_long_a_certificate_lasts);
    ADD(tls_shows_what_was_proven);
    ADD(tls_believes_nobody_without_proof);
    ADD(http_shows_how_long_the_certificate_lasts);
    ADD(tcp_over_tls_proves_the_name_first);
    ADD(dns_compares_addresses_as_a_set);
    ADD(dns_that_hangs_is_red_at_the_deadline);
    ADD(a_peer_that_never_accepts_is_red_for_every_kind);
}

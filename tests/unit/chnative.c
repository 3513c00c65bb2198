/* What the native protocol's client promises: it understands an old and a new server,
 * tells an exception by its code, names what else listens there, and ends at the deadline
 * in bounded memory whatever a peer sends and wherever it stops. */
#include "tests/unit/unit.h"

#include "base/clock.h"
#include "net/chnative.h"
#include "tests/unit/chnative_help.h"
#include "tests/unit/peer.h"

#include <string.h>

#define SOON (400 * CLOCK_MS)
enum { LATE_MS = 250, STEPS = 6 };

/* A query came whole: it ends in an empty block. */
#define QUERIED READ("\x02\x00\x01\x00\x02\xff\xff\xff\xff\x00\x00\x00")
#define GREETED READ("open sesame")

static void tell_two(const char *received, struct buf *out)
{
    (void)received;
    add_answer(out, "one\ntwo\n");
}

static void denied(const char *received, struct buf *out)
{
    (void)received;
    add_exception(out, 60, "DB::Exception: Table x doesn't exist.");
}

static const struct row {
    const char *name;
    struct peer_step steps[STEPS];
    const char *lines; /* what the query brings, NULL: it comes to no answer */
    enum error_code error;
    int code; /* of an exception */
    const char *message, *hint;
} rows[] = {
    {"an old server answers a ping and a query",
     {GREETED, SEND(HELLO_OLD), QUERIED, SEND(PONG), CALL(tell_two), CLOSE},
     "one\ntwo\n",
     ERROR_NONE,
     0,
     NULL,
     NULL},
    {"a new server answers a ping and a query",
     {GREETED, SEND(HELLO_NEW), QUERIED, SEND(PONG), CALL(tell_two), CLOSE},
     "one\ntwo\n",
     ERROR_NONE,
     0,
     NULL,
     NULL},
    {"SELECT 1 brings a number of one byte",
     {GREETED, SEND(HELLO_OLD), QUERIED,
      SEND(PONG "\x01\x00" INFO "\x01\x01"
                "\x01"
                "1\x05UInt8\x01" END),
      CLOSE},
     "1\n",
     ERROR_NONE,
     0,
     NULL,
     NULL},
    {"a wrong password is an exception with its code",
     {GREETED, SEND(WRONG_PASSWORD), CLOSE},
     NULL,
     ERROR_DENIED,
     516,
     "Authentication failed",
     NULL},
    {"an exception whose end is cut off is told all the same",
     {GREETED,
      SEND("\x02\xc1\x00\x00\x00\x0d"
           "DB::Exception\x05Wrong\x80"),
      CLOSE},
     NULL,
     ERROR_DENIED,
     193,
     "Wrong",
     NULL},
    {"an exception in the place of a result is told",
     {GREETED, SEND(HELLO_NEW), QUERIED, SEND(PONG), CALL(denied), CLOSE},
     NULL,
     ERROR_DENIED,
     60,
     "Table x",
     NULL},
    {"HTTP on the port is named",
     {GREETED, SEND("HTTP/1.1 400 Bad Request\r\n\r\n"), CLOSE},
     NULL,
     ERROR_PROTOCOL,
     0,
     "not in ClickHouse's native protocol",
     "speaks HTTP"},
    {"a TLS alert is named",
     {GREETED, SEND("\x15\x03\x01\x00\x02\x02\x46"), CLOSE},
     NULL,
     ERROR_PROTOCOL,
     0,
     "its hello",
     "set clickhouse.tls"},
    {"an SSH server is named",
     {SEND("SSH-2.0-OpenSSH_9.2\r\n"), GREETED, CLOSE},
     NULL,
     ERROR_PROTOCOL,
     0,
     "its hello",
     "an SSH server"},
    {"Redis is named",
     {GREETED, SEND("-ERR unknown command\r\n"), CLOSE},
     NULL,
     ERROR_PROTOCOL,
     0,
     "its hello",
     "that is Redis"},
    {"MySQL is named",
     {SEND("\x4a\x00\x00\x00\x0a"
           "8.0.36"),
      GREETED, CLOSE},
     NULL,
     ERROR_PROTOCOL,
     0,
     "its hello",
     "MySQL"},
    {"silence ends at the deadline and names the HTTP port",
     {STALL},
     NULL,
     ERROR_TIMEOUT,
     0,
     "no reply in 4",
     "HTTP port"},
    {"a hello at a byte a time ends at the deadline",
     {GREETED, SEND("\x00\x40"), DRIP("a")},
     NULL,
     ERROR_TIMEOUT,
     0,
     "no whole reply",
     NULL},
    {"an end before the hello is told",
     {GREETED, CLOSE},
     NULL,
     ERROR_PROTOCOL,
     0,
     "closed the connection instead of its hello",
     "TLS"},
    {"an end within the hello is told",
     {GREETED,
      SEND("\x00\x0a"
           "Click"),
      CLOSE},
     NULL,
     ERROR_PROTOCOL,
     0,
     "in the middle of its hello",
     NULL},
    {"a reset is told", {GREETED, RESET}, NULL, ERROR_PROTOCOL, 0, "broke", NULL},
    {"a reset after the hello is told",
     {GREETED, SEND(HELLO_NEW), QUERIED, RESET},
     NULL,
     ERROR_PROTOCOL,
     0,
     "broke",
     NULL},
    {"silence after the hello ends at the deadline",
     {GREETED, SEND(HELLO_NEW), STALL},
     NULL,
     ERROR_TIMEOUT,
     0,
     "no whole reply",
     NULL},
    {"an end instead of a pong is told",
     {GREETED, SEND(HELLO_NEW), QUERIED, CLOSE},
     NULL,
     ERROR_PROTOCOL,
     0,
     "a pong",
     NULL},
    {"an end within the result is told",
     {GREETED, SEND(HELLO_NEW), QUERIED, SEND(PONG HEAD), CLOSE},
     NULL,
     ERROR_PROTOCOL,
     0,
     "in the middle of the result of a query",
     NULL},
    {"a text longer than it may be is refused",
     {GREETED, SEND("\x00\x81\x20"), FLOOD("a")},
     NULL,
     ERROR_PROTOCOL,
     0,
     "its hello",
     "something else"},
    {"a number that does not end is refused",
     {GREETED, SEND("\x00\x00"), FLOOD("\xff")},
     NULL,
     ERROR_PROTOCOL,
     0,
     "its hello",
     NULL},
    {"a result without end is refused",
     {GREETED, SEND(HELLO_NEW), QUERIED, SEND(PONG), FLOOD(PROGRESS)},
     NULL,
     ERROR_LIMIT,
     0,
     "more than we take (256 KiB)",
     NULL},
    {"more rows than we take are refused",
     {GREETED, SEND(HELLO_NEW), QUERIED,
      SEND(PONG "\x01\x00" INFO "\x01\x81\x08"
                "\x04line\x06String"),
      FLOOD("\x01"
            "a")},
     NULL,
     ERROR_PROTOCOL,
     0,
     "the result of a query",
     NULL},
    {"a column of another type is refused",
     {GREETED, SEND(HELLO_NEW), QUERIED,
      SEND(PONG "\x01\x00" INFO "\x01\x01\x04line\x07"
                "Float64"),
      STALL},
     NULL,
     ERROR_PROTOCOL,
     0,
     "the result of a query",
     NULL},
    {"a server of before 2017 is refused with its revision",
     {GREETED,
      SEND("\x00\x0a"
           "ClickHouse\x01\x01\xfd\xa5\x03"),
      STALL},
     NULL,
     ERROR_PROTOCOL,
     0,
     "revision 54013",
     NULL},
};

static bool converse(struct chnative *native, struct buf *lines, struct error *error)
{
    if (!chnative_hello(native, "probe", "open sesame", "shop", error)) {
        return false;
    }
    chnative_add_ping(native);
    chnative_add_query(native, "SELECT 1");
    return chnative_send(native, error) && chnative_pong(native, error) &&
           chnative_rows(native, lines, error);
}

static void assert_says(const char *text, const char *part)
{
    if (part && !strstr(text, part)) {
        fail_msg("\"%s\" does not say \"%s\"", text, part);
    }
}

static void a_row(void **state)
{
    const struct row *row = *state;
    const struct peer_step *scripts[] = {row->steps};
    struct peer *peer = peer_start(scripts, 1);
    struct dial dial;
    struct chnative native;
    struct error error = {0};
    struct buf lines;
    buf_init(&lines, 0);
    int64_t began = clock_now();
    chnative_begin(&native, &dial);
    bool done = dial_open(&dial, "127.0.0.1", peer_port(peer), NULL, began + SOON, NULL,
                          &error) &&
                converse(&native, &lines, &error);
    assert_true(clock_now() - began <= SOON + LATE_MS * CLOCK_MS);
    if (done != (row->lines != NULL)) {
        fail_msg("%s", error.message);
    }
    if (row->lines) {
        assert_string_equal(buf_string(&lines), row->lines);
    } else {
        assert_int_equal(error.code, row->error);
    }
    assert_int_equal(native.code, row->code);
    assert_says(error.message, row->message);
    assert_says(error.hint, row->hint);
    chnative_finish(&native);
    dial_close(&dial);
    buf_finish(&lines);
    peer_stop(peer);
}

static void the_hello_says_who_the_server_is(void **state)
{
    (void)state;
    static const struct peer_step steps[] = {GREETED, SEND(HELLO_OLD), STALL};
    static const struct peer_step *const scripts[] = {steps};
    struct peer *peer = peer_start(scripts, 1);
    struct dial dial;
    struct chnative native;
    struct error error;
    chnative_begin(&native, &dial);
    assert_true(dial_open(&dial, "127.0.0.1", peer_port(peer), NULL, clock_now() + SOON,
                          NULL, &error));
    assert_true(chnative_hello(&native, "probe", "open sesame", "shop", &error));
    assert_int_equal(native.revision, 54412);
    assert_string_equal(native.version, "18.16.1");
    assert_string_equal(native.zone, "UTC");
    assert_string_equal(native.display, "node");
    chnative_finish(&native);
    dial_close(&dial);
    peer_stop(peer);
}

/* Over TLS the host must be proven, as everywhere: "localhost" is not "elsewhere". */
static void tls_is_verified_and_carries_the_same(void **state)
{
    (void)state;
    static const struct peer_step steps[] = {GREETED,    SEND(HELLO_NEW), QUERIED,
                                             SEND(PONG), CALL(tell_two),  CLOSE};
    static const struct peer_step *const scripts[] = {steps};
    static const struct {
        const char *name;
        bool good;
    } names[] = {{"localhost", true}, {"elsewhere", false}};
    for (size_t i = 0; i < 2; i++) {
        struct peer *peer = peer_start_tls(scripts, 1, names[i].name, 1);
        struct tls_options tls = {.on = true, .ca = peer_authority(peer)};
        struct dial dial;
        struct chnative native;
        struct error error;
        struct buf lines;
        buf_init(&lines, 0);
        chnative_begin(&native, &dial);
        bool done = dial_open(&dial, "localhost", peer_port(peer), &tls,
                              clock_now() + CLOCK_SECOND, NULL, &error) &&
                    converse(&native, &lines, &error);
        assert_int_equal(done, names[i].good);
        assert_string_equal(buf_string(&lines), names[i].good ? "one\ntwo\n" : "");
        chnative_finish(&native);
        dial_close(&dial);
        buf_finish(&lines);
        peer_stop(peer);
    }
}

int main(void)
{
    enum { ROWS = sizeof rows / sizeof rows[0] };
    struct CMUnitTest tests[ROWS + 2] = {
        [ROWS] = cmocka_unit_test(the_hello_says_who_the_server_is),
        [ROWS + 1] = cmocka_unit_test(tls_is_verified_and_carries_the_same),
    };
    for (size_t i = 0; i < ROWS; i++) {
        tests[i] = (struct CMUnitTest){rows[i].name, a_row, NULL, NULL,
                                       (void *)(uintptr_t)&rows[i]};
    }
    return unit_run("chnative", tests);
}

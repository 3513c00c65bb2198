/* What the network room promises: the deadline holds whatever a peer, a resolver or a
 * server does, memory is bounded, nobody is believed without proof, and what went wrong
 * is said in words. */
#include "tests/unit/unit.h"

#include "base/clock.h"
#include "base/fs.h"
#include "base/mem.h"
#include "net/dial.h"
#include "net/http.h"
#include "net/resolve.h"
#include "net/resp.h"
#include "tests/unit/names.h"
#include "tests/unit/peer.h"

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/un.h>
#include <unistd.h>

enum { LATE_MS = 250, CAP = 64 * 1024 };
static const int64_t DEADLINE = 300 * CLOCK_MS;

/* clang-format off */
#define HELLO {ASKED, SEND("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"), CLOSE}
/* clang-format on */

static void assert_contains(const char *text, const char *part)
{
    if (!text || !part || !strstr(text, part)) {
        fail_msg("\"%s\" does not say \"%s\"", text ? text : "", part ? part : "");
    }
}

static bool get(const char *url, const struct tls_options *tls, struct http_reply *reply,
                struct error *error)
{
    struct http_request request = {
        .url = url, .tls = tls, .deadline = clock_now() + DEADLINE, .cap = CAP};
    bool done = http_ask(&request, reply, error);
    assert_true(reply->total <= DEADLINE + LATE_MS * CLOCK_MS);
    return done;
}

static void a_whole_reply_is_measured(void **state)
{
    (void)state;
    static const struct peer_step steps[] = {
        ASKED,
        SEND("HTTP/1.1 418 I'm a teapot\r\nContent-Type: text/plain\r\nX-Mine: yes \r\n"
             "Date: Sun, 06 Nov 1994 08:49:37 GMT\r\nContent-Length: 5\r\n\r\nhello"),
        CLOSE};
    static const struct peer_step *const scripts[] = {steps};
    struct peer *peer = peer_start(scripts, 1);
    char *url = mem_format("http://127.0.0.1:%d/a?b=c", peer_port(peer));
    const struct http_header headers[] = {{"X-Secret", "open sesame"}, {"X-Empty", ""}};
    struct http_request request = {.url = url,
                                   .headers = headers,
                                   .header_count = 2,
                                   .body = "{}",
                                   .body_length = 2,
                                   .wanted = "X-Mine",
                                   .deadline = clock_now() + 5 * CLOCK_SECOND};
    struct http_reply reply;
    struct error error = {0};
    if (!http_ask(&request, &reply, &error)) {
        fail_msg("%s", error.message);
    }
    peer_halt(peer);
    assert_int_equal(reply.status, 418);
    assert_string_equal(buf_string(&reply.body), "hello");
    assert_string_equal(reply.content_type, "text/plain");
    assert_string_equal(reply.wanted, "yes");
    assert_true(reply.date == INT64_C(784111777000));
    assert_true(reply.connected && reply.connect > 0 && reply.total >= reply.connect);
    char *address = mem_format("127.0.0.1:%d", peer_port(peer));
    assert_string_equal(reply.address, address);
    const char *sent = peer_received(peer);
    assert_contains(sent, "POST /a?b=c HTTP/1.1\r\n");
    assert_contains(sent, "X-Secret: open sesame\r\n");
    assert_contains(sent, "X-Empty:\r\n");
    assert_contains(sent, "Content-Type: application/json\r\n");
    assert_null(strstr(sent, "Accept-Encoding"));
    http_reply_finish(&reply);
    free(address);
    free(url);
    peer_stop(peer);
}

struct bad {
    const char *name;
    struct peer_step steps[4];
    enum error_code code;
    const char *message;
};

/* clang-format off */
static const struct bad bads[] = {
    {"http no reply ends at the deadline", {ASKED, STALL}, ERROR_TIMEOUT, "no reply in 3"},
    {"http a status line a byte at a time ends at the deadline",
     {ASKED, DRIP("HTTP/1.1 200 OK\r\n")}, ERROR_TIMEOUT, "in 3"},
    {"http a body a byte at a time ends at the deadline",
     {ASKED, SEND("HTTP/1.1 200 OK\r\n\r\n"), DRIP("x")}, ERROR_TIMEOUT, "bytes of a reply in 3"},
    {"http headers without end are refused",
     {ASKED, SEND("HTTP/1.1 200 OK\r\n"), FLOOD("A: b\r\n")}, ERROR_LIMIT, "endless headers"},
    {"http one header without end is refused",
     {ASKED, SEND("HTTP/1.1 200 OK\r\nA: "), FLOOD("bbbbbbbb")}, ERROR_LIMIT, "endless headers"},
    {"http 100 Continue without end is refused",
     {ASKED, FLOOD("HTTP/1.1 100 Continue\r\n\r\n")}, ERROR_LIMIT, "endless headers"},
    {"http a body without end is refused",
     {ASKED, SEND("HTTP/1.1 200 OK\r\n\r\n"), FLOOD("xxxxxxxx")}, ERROR_LIMIT, "more than"},
    {"http chunks without end are refused",
     {ASKED, SEND("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"),
      FLOOD("8\r\nxxxxxxxx\r\n")}, ERROR_LIMIT, "more than"},
    {"http a body announced as ten gigabytes is refused",
     {ASKED, SEND("HTTP/1.1 200 OK\r\nContent-Length: 10737418240\r\n\r\n"), STALL},
     ERROR_LIMIT, "more than"},
    {"http a body cut off is refused",
     {ASKED, SEND("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhello"), CLOSE},
     ERROR_PROTOCOL, "cut off after 5 bytes"},
    {"http a connection closed without a reply is refused", {ASKED, CLOSE}, ERROR_PROTOCOL,
     "without a reply"},
    {"http a reset is refused", {ASKED, RESET}, ERROR_PROTOCOL, "broke the connection"},
    {"http words of another protocol are refused", {ASKED, SEND("SSH-2.0-OpenSSH\r\n"), CLOSE},
     ERROR_PROTOCOL, "not in HTTP"},
};
/* clang-format on */

static void http_refuses(void **state)
{
    const struct bad *bad = *state;
    const struct peer_step *const scripts[] = {bad->steps};
    struct peer *peer = peer_start(scripts, 1);
    char *url = mem_format("http://127.0.0.1:%d/", peer_port(peer));
    struct http_reply reply;
    struct error error = {0};
    assert_false(get(url, NULL, &reply, &error));
    assert_contains(error.message, bad->message);
    assert_int_equal(error.code, bad->code);
    assert_true(error.hint[0]);
    assert_true(reply.connected);
    assert_true(reply.body.length <= CAP);
    http_reply_finish(&reply);
    free(url);
    peer_stop(peer);
}

static void redirects_are_not_followed(void **state)
{
    (void)state;
    static const struct peer_step steps[] = {
        ASKED,
        SEND("HTTP/1.1 302 Found\r\nLocation: /elsewhere\r\nContent-Length: 0\r\n\r\n"),
        CLOSE};
    static const struct peer_step *const scripts[] = {steps};
    struct peer *peer = peer_start(scripts, 1);
    char *url = mem_format("http://127.0.0.1:%d/", peer_port(peer));
    struct http_reply reply;
    struct error error = {0};
    assert_true(get(url, NULL, &reply, &error));
    assert_int_equal(reply.status, 302);
    assert_string_equal(reply.location, "/elsewhere");
    assert_int_equal(peer_accepted(peer), 1);
    http_reply_finish(&reply);
    free(url);
    peer_stop(peer);
}

static void assert_url_refused(const char *url, enum error_code code, const char *message)
{
    struct http_reply reply;
    struct error error = {0};
    assert_false(get(url, NULL, &reply, &error));
    assert_contains(error.message, message);
    assert_int_equal(error.code, code);
    http_reply_finish(&reply);
}

static void what_cannot_be_reached_is_said_with_its_phase(void **state)
{
    (void)state;
    char *url = mem_format("http://127.0.0.1:%d/", peer_free_port());
    assert_url_refused(url, ERROR_UNREACHABLE, "connection refused by 127.0.0.1:");
    free(url);
    assert_url_refused("http://missing.example/", ERROR_UNREACHABLE,
                       "cannot resolve missing.example");
    assert_url_refused("file:///etc/passwd", ERROR_CONFIG, "");
    assert_url_refused("gopher://127.0.0.1/", ERROR_CONFIG, "neither http nor https");
    assert_url_refused("", ERROR_CONFIG, "no URL");
    struct deaf deaf;
    deaf_open(&deaf);
    url = mem_format("http://127.0.0.1:%d/", deaf.port);
    assert_url_refused(url, ERROR_TIMEOUT, "no connection to 127.0.0.1:");
    free(url);
    deaf_close(&deaf);
}

static void a_resolver_that_hangs_is_left_behind(void **state)
{
    (void)state;
    assert_url_refused("http://stalled.example/", ERROR_TIMEOUT,
                       "cannot resolve stalled.example");
    struct dial dial;
    struct error error = {0};
    int64_t began = clock_now();
    assert_false(
        dial_open(&dial, "stalled.example", 1, NULL, began + DEADLINE, NULL, &error));
    assert_true(clock_now() - began <= DEADLINE + LATE_MS * CLOCK_MS);
    assert_int_equal(error.code, ERROR_TIMEOUT);
    dial_close(&dial);
}

static void only_so_many_resolvers_are_left_behind(void **state)
{
    (void)state;
    struct addresses found;
    struct error error = {0};
    for (int i = 0; i < RESOLVE_STUCK; i++) { /* some are left of the test before */
        struct wait wait = wait_begin(clock_now(), NULL);
        assert_false(resolve_host("stalled.example", 1, &wait, &found, &error));
    }
    struct wait wait = wait_begin(clock_now() + DEADLINE, NULL);
    assert_false(resolve_host("stalled.example", 1, &wait, &found, &error));
    assert_contains(error.message, "questions unanswered");
    assert_true(resolve_host("127.0.0.1", 1, &wait, &found, &error)); /* needs none */
    for (int i = 0; i < 2 * RESOLVE_STUCK; i++) {
        names_release();
    }
}

static void a_header_cannot_smuggle_another(void **state)
{
    (void)state;
    const struct http_header header = {"X-Token", "abc\r\nX-Other: def"};
    struct http_request request = {.url = "http://127.0.0.1:1/",
                                   .headers = &header,
                                   .header_count = 1,
                                   .deadline = clock_now() + DEADLINE};
    struct http_reply reply;
    struct error error = {0};
    assert_false(http_ask(&request, &reply, &error));
    assert_int_equal(error.code, ERROR_CONFIG);
    assert_contains(error.message, "X-Token");
    assert_null(strstr(error.message, "abc"));
    http_reply_finish(&reply);
}

static void *cancel(void *cancelled)
{
    atomic_store((atomic_bool *)cancelled, true);
    return NULL;
}

static void a_cancellation_is_seen_long_before_the_deadline(void **state)
{
    (void)state;
    static const struct peer_step steps[] = {ASKED, STALL};
    static const struct peer_step *const scripts[] = {steps};
    struct peer *peer = peer_start(scripts, 1);
    char *url = mem_format("http://127.0.0.1:%d/", peer_port(peer));
    atomic_bool cancelled;
    atomic_init(&cancelled, false);
    struct http_request request = {
        .url = url, .deadline = clock_now() + 60 * CLOCK_SECOND, .cancelled = &cancelled};
    pthread_t thread;
    assert_int_equal(pthread_create(&thread, NULL, cancel, &cancelled), 0);
    struct http_reply reply;
    struct error error = {0};
    assert_false(http_ask(&request, &reply, &error));
    assert_int_equal(error.code, ERROR_CANCELLED);
    assert_true(reply.total < CLOCK_SECOND);
    pthread_join(thread, NULL);
    http_reply_finish(&reply);
    free(url);
    peer_stop(peer);
}

static void *ask_often(void *url)
{
    intptr_t failed = 0;
    for (int i = 0; i < 10; i++) {
        struct http_reply reply;
        struct error error = {0};
        struct http_request request = {.url = url,
                                       .deadline = clock_now() + 20 * CLOCK_SECOND};
        failed += !http_ask(&request, &reply, &error) || reply.body.length != 5;
        http_reply_finish(&reply);
    }
    return (void *)failed;
}

static void many_threads_ask_at_once(void **state)
{
    (void)state;
    static const struct peer_step steps[] = HELLO;
    static const struct peer_step *const scripts[] = {steps};
    struct peer *peer = peer_start(scripts, 1);
    char *url = mem_format("http://peer.example:%d/", peer_port(peer));
    pthread_t threads[8];
    for (size_t i = 0; i < 8; i++) {
        assert_int_equal(pthread_create(&threads[i], NULL, ask_often, url), 0);
    }
    for (size_t i = 0; i < 8; i++) {
        void *failed = NULL;
        pthread_join(threads[i], &failed);
        assert_null(failed);
    }
    free(url);
    peer_stop(peer);
}

/* ---- dial and RESP ---- */

static void a_dialled_peer_that_is_silent_ends_at_the_deadline(void **state)
{
    (void)state;
    static const struct peer_step steps[] = {STALL};
    static const struct peer_step *const scripts[] = {steps};
    struct peer *peer = peer_start(scripts, 1);
    struct tls_options tls = {.on = true};
    static const char *const words[] = {", no reply in 3",
                                        ", TLS was not agreed on in 3"};
    for (int encrypted = 0; encrypted < 2; encrypted++) {
        struct dial dial;
        struct error error = {0};
        char byte;
        int64_t began = clock_now();
        bool open = dial_open(&dial, "127.0.0.1", peer_port(peer),
                              encrypted ? &tls : NULL, began + DEADLINE, NULL, &error);
        assert_true(encrypted || open);
        assert_true(!open || dial_read(&dial, &byte, 1, &error) == -1);
        assert_true(clock_now() - began <= DEADLINE + LATE_MS * CLOCK_MS);
        assert_int_equal(error.code, ERROR_TIMEOUT);
        assert_contains(error.message, words[encrypted]);
        dial_close(&dial);
    }
    peer_stop(peer);
}

static void a_peer_that_takes_nothing_ends_at_the_deadline(void **state)
{
    (void)state;
    struct deaf
        deaf; /* its first connection is complete, and never accepted: nobody reads */
    deaf_open(&deaf);
    close(deaf.fds[--deaf.count]);
    char *much = mem_alloc(64 * 1024 * 1024);
    struct dial dial = {.fd = deaf.fds[1],
                        .wait = wait_begin(clock_now() + DEADLINE, NULL)};
    struct error error = {0};
    assert_false(dial_write(&dial, much, 64 * 1024 * 1024, &error));
    assert_int_equal(error.code, ERROR_TIMEOUT);
    assert_contains(error.message, "it took no bytes");
    free(much);
    deaf_close(&deaf);
}

static void a_socket_in_the_file_system_is_dialled(void **state)
{
    (void)state;
    char directory[] = "/tmp/greenboard-unit-XXXXXX";
    assert_non_null(mkdtemp(directory));
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    snprintf(address.sun_path, sizeof address.sun_path, "%s/socket", directory);
    struct dial dial;
    struct error error = {0};
    assert_false(dial_open(&dial, address.sun_path, 0, NULL, clock_now() + DEADLINE, NULL,
                           &error));
    assert_int_equal(error.code, ERROR_UNREACHABLE);
    dial_close(&dial);
    int listener = socket(AF_UNIX, SOCK_STREAM, 0);
    assert_int_equal(bind(listener, (struct sockaddr *)&address, sizeof address), 0);
    assert_int_equal(listen(listener, 1), 0);
    assert_true(dial_open(&dial, address.sun_path, 0, NULL, clock_now() + DEADLINE, NULL,
                          &error));
    assert_string_equal(dial.address, address.sun_path);
    dial_close(&dial);
    close(listener);
    fs_remove_tree(directory);
}

static void replies_come_in_the_order_of_the_commands(void **state)
{
    (void)state;
    static const struct peer_step steps[] = {
        READ("*1\r\n$4\r\nPING\r\n*2\r\n$3\r\nGET\r\n$1\r\na\r\n"),
        SEND("+PONG\r\n$3\r\none\r\n*2\r\n:1\r\n$-1\r\n"), STALL};
    static const struct peer_step *const scripts[] = {steps};
    struct peer *peer = peer_start(scripts, 1);
    struct dial dial;
    struct resp resp;
    struct error error = {0};
    resp_begin(&resp, &dial);
    assert_true(dial_open(&dial, "127.0.0.1", peer_port(peer), NULL,
                          clock_now() + 5 * CLOCK_SECOND, NULL, &error));
    resp_add(&resp, (const char *[]){"PING", NULL});
    resp_add(&resp, (const char *[]){"GET", "a", NULL});
    assert_true(resp_send(&resp, &error));
    static const char *const texts[] = {"PONG", "one"};
    for (size_t i = 0; i < 2; i++) {
        redisReply *reply = resp_receive(&resp, &error);
        assert_non_null(reply);
        assert_string_equal(reply->str, texts[i]);
        freeReplyObject(reply);
    }
    redisReply *reply = resp_receive(&resp, &error);
    assert_non_null(reply);
    assert_int_equal(reply->elements, 2);
    assert_int_equal(reply->element[0]->integer, 1);
    freeReplyObject(reply);
    resp_finish(&resp);
    dial_close(&dial);
    peer_stop(peer);
}

static void arrays_are_counted_together(void **state)
{
    (void)state;
    static const struct peer_step steps[] = {FLOOD("*3\r\n:1\r\n:2\r\n:3\r\n")};
    static const struct peer_step *const scripts[] = {steps};
    struct peer *peer = peer_start(scripts, 1);
    struct dial dial;
    struct resp resp;
    struct error error = {0};
    resp_begin(&resp, &dial);
    assert_true(dial_open(&dial, "127.0.0.1", peer_port(peer), NULL,
                          clock_now() + 5 * CLOCK_SECOND, NULL, &error));
    redisReply *reply;
    int count = 0;
    while ((reply = resp_receive(&resp, &error))) {
        freeReplyObject(reply);
        count++;
    }
    assert_int_equal(count, RESP_ELEMENTS / 3);
    assert_int_equal(error.code, ERROR_LIMIT);
    resp_finish(&resp);
    dial_close(&dial);
    peer_stop(peer);
}

/* ---- connections that are kept ---- */

#define KEPT SEND("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello")

/* Asks over the lines until one fails, `most` times; how many did well. */
static int ask_over(struct http_lines *lines, const struct peer *peer, int most,
                    struct error *error)
{
    char *url = mem_format("http://127.0.0.1:%d/", peer_port(peer));
    char *address = mem_format("127.0.0.1:%d", peer_port(peer));
    struct http_request request = {.url = url, .lines = lines};
    bool done = true;
    int well = 0;
    for (int i = 0; i < most && done; i++) {
        struct http_reply reply;
        request.deadline = clock_now() + DEADLINE;
        done = http_ask(&request, &reply, error);
        assert_true(reply.connected);
        assert_string_equal(reply.address, address);
        well += done && strcmp(buf_string(&reply.body), "hello") == 0;
        http_reply_finish(&reply);
    }
    free(address);
    free(url);
    return well;
}

static void a_connection_is_kept_where_that_is_asked_for(void **state)
{
    (void)state;
    static const struct peer_step steps[] = {ASKED, KEPT, ASKED, KEPT, CLOSE};
    static const struct peer_step *const scripts[] = {steps};
    struct peer *peer = peer_start(scripts, 1);
    struct http_lines *lines = http_lines_create();
    struct error error = {0};
    assert_int_equal(ask_over(lines, peer, 2, &error), 2);
    assert_int_equal(peer_accepted(peer), 1);
    http_lines_destroy(lines);
    assert_int_equal(ask_over(NULL, peer, 2, &error), 2);
    peer_stop(peer);
}

static void a_kept_connection_that_was_closed_is_made_anew(void **state)
{
    (void)state;
    static const struct peer_step closing[] = {ASKED, KEPT, CLOSE};
    static const struct peer_step *const scripts[] = {closing};
    struct peer *peer = peer_start(scripts, 1);
    struct http_lines *lines = http_lines_create();
    struct error error = {0};
    assert_int_equal(ask_over(lines, peer, 3, &error), 3);
    assert_int_equal(peer_accepted(peer), 3);
    http_lines_destroy(lines);
    peer_stop(peer);
}

static void silence_on_a_kept_connection_ends_at_the_deadline(void **state)
{
    (void)state;
    static const struct peer_step silent[] = {ASKED, KEPT, ASKED, STALL};
    static const struct peer_step good[] = {ASKED, KEPT, CLOSE};
    static const struct peer_step *const scripts[] = {silent, good};
    struct peer *peer = peer_start(scripts, 2);
    struct http_lines *lines = http_lines_create();
    struct error error = {0};
    assert_int_equal(ask_over(lines, peer, 2, &error), 1);
    assert_int_equal(error.code, ERROR_TIMEOUT);
    assert_contains(error.message, "no reply in 3");
    assert_int_equal(ask_over(lines, peer, 1, &error), 1);
    assert_int_equal(peer_accepted(peer), 2);
    http_lines_destroy(lines);
    peer_stop(peer);
}

static void who_resets_a_connection_in_the_making_is_not_told_as_far_away(void **state)
{
    (void)state;
    struct error error;
    assert_false(dial_refused("127.0.0.1:6379", ECONNRESET, &error));
    assert_int_equal(error.code, ERROR_PROTOCOL);
    assert_contains(error.message, "127.0.0.1:6379 broke the connection");
    assert_contains(error.hint, "what stands before the service");
    assert_false(dial_refused("127.0.0.1:6379", EHOSTUNREACH, &error));
    assert_int_equal(error.code, ERROR_UNREACHABLE);
    assert_contains(error.hint, "a route to it");
}

enum { MOST_TESTS = 80 };
static struct CMUnitTest tests[MOST_TESTS];
static size_t test_count;

static void add_test(const char *name, CMUnitTestFunction function, const void *row)
{
    tests[test_count++] =
        (struct CMUnitTest){name, function, NULL, NULL, (void *)(uintptr_t)row};
}
#define ADD(function) add_test(#function, function, NULL)

int main(void)
{
    setlocale(LC_CTYPE, "C.UTF-8");
    signal(SIGPIPE, SIG_IGN);
    unsetenv("SSL_CERT_FILE"); /* a bundle takes long to read under a sanitizer */
    http_begin();
    ADD(a_whole_reply_is_measured);
    for (size_t i = 0; i < sizeof bads / sizeof bads[0]; i++) {
        add_test(bads[i].name, http_refuses, &bads[i]);
    }
    ADD(redirects_are_not_followed);
    ADD(what_cannot_be_reached_is_said_with_its_phase);
    ADD(who_resets_a_connection_in_the_making_is_not_told_as_far_away);
    ADD(a_resolver_that_hangs_is_left_behind);
    ADD(only_so_many_resolvers_are_left_behind);
    ADD(a_header_cannot_smuggle_another);
    ADD(a_cancellation_is_seen_long_before_the_deadline);
    ADD(many_threads_ask_at_once);
    ADD(a_connection_is_kept_where_that_is_asked_for);
    ADD(a_kept_connection_that_was_closed_is_made_anew);
    ADD(silence_on_a_kept_connection_ends_at_the_deadline);
    ADD(a_dialled_peer_that_is_silent_ends_at_the_deadline);
    ADD(a_peer_that_takes_nothing_ends_at_the_deadline);
    ADD(a_socket_in_the_file_system_is_dialled);
    ADD(replies_come_in_the_order_of_the_commands);
    ADD(arrays_are_counted_together);
    cmocka_set_message_output(CM_OUTPUT_TAP);
    int failed = _cmocka_run_group_tests("net", tests, test_count, NULL, NULL);
    http_end();
    return failed;
}

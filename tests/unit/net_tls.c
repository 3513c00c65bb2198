/* What the network room promises of TLS: nobody is believed without proof, over HTTP and
 * in a plain connection alike, and it is said whose certificate was refused and why. */
#include "tests/unit/unit.h"

#include "base/clock.h"
#include "base/fs.h"
#include "base/mem.h"
#include "net/dial.h"
#include "net/http.h"
#include "tests/unit/peer.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* clang-format off */
#define REPLY SEND("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello")
#define HELLO {ASKED, REPLY, CLOSE}
/* clang-format on */

static void assert_contains(const char *text, const char *part)
{
    if (!text || !part || !strstr(text, part)) {
        fail_msg("\"%s\" does not say \"%s\"", text ? text : "", part ? part : "");
    }
}

struct secured {
    const char *name;
    const char *certificate; /* the name it bears; NULL: the peer speaks no TLS */
    int days;
    bool authority; /* we are told whom to believe */
    const char *server_name;
    const char *message; /* NULL: it works */
    /* reached through a tunnel that ends at the peer; nobody resolves it. NULL: the peer
     */
    const char *behind;
};

static const char *host_of(const struct secured *row)
{
    return row->behind ? row->behind : "peer.example";
}

static const struct secured secured[] = {
    {"tls a certificate that proves the host is believed", "peer.example", 1, true, NULL,
     NULL, NULL},
    {"tls server_name is verified instead of the host", "redis.internal", 1, true,
     "redis.internal", NULL, NULL},
    {"tls a certificate of somebody else is refused", "other.example", 1, true, NULL,
     "certificate is for other.example, not peer.example", NULL},
    {"tls a host that matches does not save a wrong server_name", "peer.example", 1, true,
     "redis.internal", "certificate is for peer.example, not redis.internal", NULL},
    {"tls an authority that nobody knows is refused", "peer.example", 1, false, NULL,
     "signed by nobody we believe", NULL},
    {"tls an expired certificate is refused", "peer.example", -1, true, NULL,
     "expired on 20", NULL},
    {"tls a peer that does not speak it is refused", NULL, 0, false, NULL, "no TLS",
     NULL},
    {"tls through a tunnel the host behind it is verified", "ch.example", 1, true, NULL,
     NULL, "ch.example"},
    {"tls through a tunnel server_name is verified instead", "redis.internal", 1, true,
     "redis.internal", NULL, "10.0.0.3"},
    {"tls through a tunnel another host is refused", "localhost", 1, true, NULL,
     "certificate is for localhost, not ch.example", "ch.example"},
};

static struct peer *start_secured(const struct secured *row)
{
    static const struct peer_step steps[] = HELLO,
                                  plain[] = {READ("\x16"), SEND("what?\r\n"), STALL};
    static const struct peer_step *const scripts[] = {steps}, *const plain_scripts[] = {
                                                                  plain};
    return row->certificate ? peer_start_tls(scripts, 1, row->certificate, row->days)
                            : peer_start(plain_scripts, 1);
}

static void tls_over_http(void **state)
{
    const struct secured *row = *state;
    struct peer *peer = start_secured(row);
    struct tls_options tls = {.on = true,
                              .ca = row->authority ? peer_authority(peer) : NULL,
                              .server_name = row->server_name,
                              .through = row->behind ? peer_port(peer) : 0};
    char *url =
        mem_format("https://%s:%d/", host_of(row), row->behind ? 8443 : peer_port(peer));
    struct http_request request = {
        .url = url, .tls = &tls, .deadline = clock_now() + 5 * CLOCK_SECOND};
    struct http_reply reply;
    struct error error = {0};
    bool done = http_ask(&request, &reply, &error);
    if (row->message) {
        assert_false(done);
        assert_contains(error.message, row->message);
        assert_int_equal(error.code, ERROR_PROTOCOL);
        assert_true(error.hint[0]);
        assert_true(reply.connected);
    } else {
        assert_string_equal(error.message, "");
        assert_string_equal(buf_string(&reply.body), "hello");
        assert_true(reply.tls > 0);
    }
    http_reply_finish(&reply);
    free(url);
    peer_stop(peer);
}

static void tls_over_dial(void **state)
{
    const struct secured *row = *state;
    struct peer *peer = start_secured(row);
    struct tls_options tls = {.on = true,
                              .ca = row->authority ? peer_authority(peer) : NULL,
                              .server_name = row->server_name,
                              .through = row->behind ? peer_port(peer) : 0};
    struct dial dial;
    struct error error = {0};
    char bytes[64] = "";
    bool done = dial_open(&dial, host_of(row), row->behind ? 6379 : peer_port(peer), &tls,
                          clock_now() + 5 * CLOCK_SECOND, NULL, &error);
    assert_true(dial.connected);
    if (row->message) {
        assert_false(done);
        assert_contains(error.message, row->message);
    } else {
        assert_string_equal(error.message, "");
        assert_true(done && dial.tls > 0);
        assert_true(dial_write(&dial, "x\r\n\r\n", 5, &error));
        assert_true(dial_read(&dial, bytes, sizeof bytes - 1, &error) > 0);
        assert_contains(bytes, "200 OK");
    }
    dial_close(&dial);
    peer_stop(peer);
}

static void no_name_is_not_any_name(void **state)
{
    (void)state;
    static const struct secured row = {.certificate = "other.example", .days = 1};
    struct peer *peer = start_secured(&row);
    struct tls_options tls = {.on = true, .ca = peer_authority(peer), .server_name = ""};
    struct dial dial;
    struct error error = {0};
    assert_false(dial_open(&dial, "peer.example", peer_port(peer), &tls,
                           clock_now() + 5 * CLOCK_SECOND, NULL, &error));
    assert_int_equal(error.code, ERROR_CONFIG);
    dial_close(&dial);
    peer_stop(peer);
}

static void a_file_that_is_no_certificate_is_named(void **state)
{
    (void)state;
    struct tls_options tls = {.on = true, .directory = "/etc", .ca = "passwd"};
    struct error error = {0};
    assert_null(trust_store(&tls, &error));
    assert_int_equal(error.code, ERROR_CONFIG);
    assert_contains(error.message, "/etc/passwd");
    tls.ca = "no-such-file.pem";
    assert_null(trust_store(&tls, &error));
    assert_contains(error.message, "/etc/no-such-file.pem");
}

static void the_store_is_loaded_once(void **state)
{
    (void)state;
    struct error error = {0};
    X509_STORE *first = trust_store(NULL, &error), *second = trust_store(NULL, &error);
    assert_non_null(first);
    assert_ptr_equal(first, second);
    X509_STORE_free(first);
    X509_STORE_free(second);
}

/* Must come first: the store is loaded once. */
static void the_systems_authorities_are_believed_once_a_kept_connection(void **state)
{
    (void)state;
    static const struct peer_step steps[] = {ASKED, REPLY, ASKED, REPLY,
                                             ASKED, STALL, CLOSE};
    static const struct peer_step *const scripts[] = {steps};
    struct peer *peer = peer_start_tls(scripts, 1, "system.example", 1);
    char directory[] = "/tmp/greenboard-unit-XXXXXX";
    assert_non_null(mkdtemp(directory));
    X509_NAME *name = X509_NAME_new();
    X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC,
                               (const unsigned char *)"system.example", -1, -1, 0);
    char *hashed =
        mem_format("%s/%08lx.0", directory, X509_NAME_hash_ex(name, NULL, NULL, NULL));
    assert_int_equal(symlink(peer_authority(peer), hashed), 0);
    setenv("SSL_CERT_DIR", directory, 1);
    unsetenv("SSL_CERT_FILE");
    char *url = mem_format("https://system.example:%d/", peer_port(peer));
    struct http_lines *lines = http_lines_create();
    struct http_request request = {
        .url = url, .deadline = clock_now() + 5 * CLOCK_SECOND, .lines = lines};
    for (int i = 0; i < 2; i++) {
        struct http_reply reply;
        struct error error = {0};
        bool done = http_ask(&request, &reply, &error);
        assert_string_equal(error.message, "");
        assert_true(done);
        assert_int_equal(reply.certificate_ends != 0, i == 0);
        http_reply_finish(&reply);
    }
    struct http_reply late;
    struct error error = {0};
    request.deadline = clock_now() + 300 * CLOCK_MS;
    assert_false(http_ask(&request, &late, &error));
    assert_contains(error.message, "no reply in 3");
    http_reply_finish(&late);
    assert_int_equal(peer_accepted(peer), 1);
    http_lines_destroy(lines);
    X509_NAME_free(name);
    free(url);
    free(hashed);
    fs_remove_tree(directory);
    peer_stop(peer);
}

enum { MOST_TESTS = 40 };
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
    http_begin();
    ADD(the_systems_authorities_are_believed_once_a_kept_connection);
    for (size_t i = 0; i < sizeof secured / sizeof secured[0]; i++) {
        add_test(secured[i].name, tls_over_http, &secured[i]);
        add_test(secured[i].name, tls_over_dial, &secured[i]);
    }
    ADD(no_name_is_not_any_name);
    ADD(a_file_that_is_no_certificate_is_named);
    ADD(the_store_is_loaded_once);
    cmocka_set_message_output(CM_OUTPUT_TAP);
    int failed = _cmocka_run_group_tests("net_tls", tests, test_count, NULL, NULL);
    http_end();
    return failed;
}

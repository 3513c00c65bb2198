/* How long a login waits: the backend is connected while it runs, and asked nothing where
 * it fails. */
#include "tests/unit/checks_help.h"

#include "base/fs.h"
#include "base/mem.h"

#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const struct peer_step logs_in[] =
    SAYS("200 OK", "{\"access_token\":\"header.claims.signature\"}");
static const struct peer_step refuses[] = SAYS("401 Unauthorized", "{\"detail\":\"no\"}");
static const struct peer_step knows_user[] =
    SAYS("200 OK", "{\"email\":\"probe@example.com\"}");
struct pair {
    const struct peer_step *scripts[2]; /* what auth and backend play */
    struct peer *auth, *backend;
};

static void start(struct pair *pair, const struct peer_step *auth,
                  const struct peer_step *backend, bool tls)
{
    *pair = (struct pair){.scripts = {auth, backend}};
    pair->auth = tls ? peer_start_tls(&pair->scripts[0], 1, "localhost", 1)
                     : peer_start(&pair->scripts[0], 1);
    pair->backend = tls ? peer_start_tls(&pair->scripts[1], 1, "localhost", 1)
                        : peer_start(&pair->scripts[1], 1);
}

static void stop(struct pair *pair)
{
    peer_stop(pair->auth);
    peer_stop(pair->backend);
}

static struct result *log_in(int auth, int backend, bool tls, int64_t *elapsed)
{
    char *json = mem_format(
        "{\"services\":{\"auth\":{\"url\":\"http%s://localhost:%d\"},"
        "\"backend\":{\"url\":\"http%s://localhost:%d\"}},"
        "\"auth_flow\":{\"login\":{\"path\":\"/auth/login\",\"token\":\"/access_token\","
        "\"body\":{\"email\":\"probe@example.com\"}},"
        "\"user\":{\"path\":\"/api/v1/user/profile\",\"email\":\"/email\"}}}",
        tls ? "s" : "", auth, tls ? "s" : "", backend);
    struct result *result = ask(find_check("auth_flow"), json, "/auth_flow", elapsed);
    free(json);
    return result;
}

/* The two authorities become this system's, which a process loads once: so the test that
 * needs them goes first. The file is removed by the caller. */
static char *believe(const struct pair *pair)
{
    char *file = mem_text("/tmp/greenboard-believed-XXXXXX");
    close(mkstemp(file));
    const struct peer *peers[] = {pair->auth, pair->backend};
    struct error error;
    for (size_t i = 0; i < 2; i++) {
        struct buf pem;
        buf_init(&pem, 0);
        assert_true(fs_read(peer_authority(peers[i]), &pem, &error));
        assert_true(fs_append(file, buf_string(&pem), pem.length, &error));
        buf_finish(&pem);
    }
    setenv("SSL_CERT_FILE", file, 1);
    return file;
}

/* Of the test that runs: who must be connected before auth answers, and how far: a
 * connection, and over TLS the second of its flights, with which the handshake is over.
 */
static struct peer *awaited;
static size_t awaited_turns;

static void answer_late(const char *received, struct buf *out)
{
    (void)received;
    int64_t deadline = clock_now() + DEADLINE;
    while (clock_left(deadline) > 0 &&
           (peer_accepted(awaited) == 0 || peer_turns(awaited) < awaited_turns)) {
        poll(NULL, 0, 1);
    }
    buf_text(out, HTTP("200 OK", "{\"access_token\":\"header.claims.signature\"}"));
}

static const struct peer_step logs_in_late[] = {ASKED, CALL(answer_late), CLOSE};

static void connect_meanwhile(bool tls)
{
    struct pair pair;
    start(&pair, logs_in_late, knows_user, tls);
    awaited = pair.backend;
    awaited_turns = tls ? 2 : 0;
    char *believed = tls ? believe(&pair) : NULL;
    int64_t elapsed = 0;
    struct result *result =
        log_in(peer_port(pair.auth), peer_port(pair.backend), tls, &elapsed);
    if (result->state != STATE_OK) {
        fail_msg("%s", result->summary);
    }
    assert_int_equal(peer_accepted(pair.backend), 1);
    result_destroy(result);
    stop(&pair);
    if (believed) {
        unlink(believed);
    }
    free(believed);
}

static void the_backend_is_connected_over_tls_while_the_login_runs(void **state)
{
    (void)state;
    connect_meanwhile(true);
}

static void the_backend_is_connected_while_the_login_runs(void **state)
{
    (void)state;
    connect_meanwhile(false);
}

static void a_login_that_fails_asks_the_backend_nothing(void **state)
{
    (void)state;
    struct pair pair;
    int64_t elapsed = 0;
    start(&pair, refuses, knows_user, false);
    struct result *result =
        log_in(peer_port(pair.auth), peer_port(pair.backend), false, &elapsed);
    peer_halt(pair.backend);
    assert_int_equal(result->state, STATE_FAIL);
    assert_contains(result->summary, "auth rejected the login (401: no)");
    assert_string_equal(peer_received(pair.backend), "");
    assert_null(result_evidence_of(result, "user url"));
    result_destroy(result);
    stop(&pair);
}

/* Nobody takes the connection: it would last until the deadline. */
static void a_backend_that_hangs_does_not_hold_back_why_a_login_failed(void **state)
{
    (void)state;
    struct pair pair;
    struct deaf deaf;
    int64_t elapsed = 0;
    deaf_open(&deaf);
    start(&pair, refuses, knows_user, false);
    struct result *result = log_in(peer_port(pair.auth), deaf.port, false, &elapsed);
    assert_contains(result->summary, "auth rejected the login");
    assert_true(elapsed < DEADLINE);
    result_destroy(result);
    deaf_close(&deaf);
    stop(&pair);
}

static void a_backend_that_hangs_is_red_at_the_deadline(void **state)
{
    (void)state;
    static const struct peer_step hangs[] = {STALL};
    struct pair pair;
    int64_t elapsed = 0;
    start(&pair, logs_in, hangs, false);
    struct result *result =
        log_in(peer_port(pair.auth), peer_port(pair.backend), false, &elapsed);
    peer_halt(pair.backend);
    assert_int_equal(result->state, STATE_FAIL);
    assert_int_equal(result->rung, RUNG_AUTHENTICATED);
    assert_contains(result->summary, "backend: ");
    assert_contains(result->summary, "no reply in");
    assert_contains(peer_received(pair.backend),
                    "Authorization: Bearer header.claims.signature\r\n");
    assert_true(elapsed <= DEADLINE + LATE_MS * CLOCK_MS);
    result_destroy(result);
    stop(&pair);
}

void add_trip_tests(void)
{
    ADD(the_backend_is_connected_over_tls_while_the_login_runs);
    ADD(the_backend_is_connected_while_the_login_runs);
    ADD(a_login_that_fails_asks_the_backend_nothing);
    ADD(a_backend_that_hangs_does_not_hold_back_why_a_login_failed);
    ADD(a_backend_that_hangs_is_red_at_the_deadline);
}

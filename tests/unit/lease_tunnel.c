/* A lease in a Redis that is reached through a tunnel. */
#include "tests/unit/lease_help.h"

#include "base/fs.h"
#include "base/mem.h"

#include <stdlib.h>
#include <string.h>

/* A tunnel of which the other end is Redis itself: its command says its process in
 * `home`/tunnel, and is our Redis, which has to be stopped. */
static void configure_tunnel(const char *ttl)
{
    char *section = mem_format(
        "{\"host\": \"10.0.0.3\", \"via\": \"tunnel:bastion\"}, \"tunnels\": "
        "{\"bastion\": {\"command\": [\"sh\", \"-c\", \"echo $$ >%s/tunnel; exec %s "
        "--port $0 --bind 127.0.0.1 --unixsocket %s --save '' --dir %s\", \"{port}\"]}}",
        keeper.home, keeper.program, keeper.socket, keeper.home);
    char *coordination = mem_format("{\"redis\": \"environment\", \"ttl\": \"%s\"}", ttl);
    keeper_stop();
    keeper_place(section, coordination);
    free(section);
    free(coordination);
}

static pid_t tunnel_process(void)
{
    char *path = fs_join(keeper.home, "tunnel");
    struct buf text;
    buf_init(&text, 32);
    long pid = fs_read(path, &text, NULL) ? strtol(buf_string(&text), NULL, 10) : 0;
    buf_finish(&text);
    free(path);
    return (pid_t)pid;
}

static bool redis_has_it(void)
{
    redisReply *reply =
        keeper_ask((const char *[]){"GET", "greenboard:lease:{shop/test}", NULL});
    bool has = reply && reply->type == REDIS_REPLY_STRING;
    if (reply) {
        freeReplyObject(reply);
    }
    return has;
}

static void a_lease_has_a_tunnel_for_as_long_as_it_is_held(void **unused)
{
    (void)unused;
    needs_redis();
    configure_tunnel("60s");
    struct lease *lease = keeper_must_lend("ada@ops-1");
    pid_t pid = tunnel_process();
    assert_true(redis_has_it());
    assert_int_equal(kill(pid, 0), 0);
    keeper_release(lease);
    assert_int_not_equal(kill(pid, 0), 0);
}

static void a_lease_is_renewed_through_a_tunnel_that_was_started_again(void **unused)
{
    (void)unused;
    needs_redis();
    configure_tunnel("15s");
    struct lease *lease = keeper_must_lend("ada@ops-1");
    pid_t first = tunnel_process();
    int64_t deadline = clock_now() + PATIENCE;
    assert_int_equal(kill(first, SIGKILL), 0);
    while (clock_now() < deadline && (tunnel_process() == first || !redis_has_it())) {
        keeper_nap();
    }
    assert_true(redis_has_it()); /* which forgot it with the first process */
    assert_true(lease_still_held(lease, NULL));
    keeper_release(lease);
}

static void a_tunnel_that_ends_is_why_no_lease_is_had(void **unused)
{
    (void)unused;
    struct error error = {0};
    keeper_place("{\"host\": \"10.0.0.3\", \"via\": \"tunnel:bastion\"}, \"tunnels\": "
                 "{\"bastion\": {\"command\": [\"sh\", \"-c\", \"echo no route; exit "
                 "3\", \"{port}\"]}}",
                 LONG);
    assert_null(keeper_lend("ada@ops-1", 1, &error));
    assert_int_equal(error.code, ERROR_UNREACHABLE);
    assert_non_null(
        strstr(error.message, "tunnel bastion ended with status 3: no route"));
    assert_non_null(strstr(error.hint, "by hand"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        LEASE_TEST(a_lease_has_a_tunnel_for_as_long_as_it_is_held),
        LEASE_TEST(a_lease_is_renewed_through_a_tunnel_that_was_started_again),
        LEASE_TEST(a_tunnel_that_ends_is_why_no_lease_is_had),
    };
    return lease_run("lease through a tunnel", tests, sizeof tests / sizeof tests[0]);
}

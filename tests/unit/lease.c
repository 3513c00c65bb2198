/* What a lease promises, of a real Redis: one holder, who is told to all others; a number
 * that only grows; and a holder who slept past its end knows before it asks anybody. */
#include "tests/unit/unit.h"

#include "base/clock.h"
#include "base/fs.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/spawn.h"
#include "lock/coordinator.h"
#include "lock/lease.h"
#include "secret/keep.h"
#include "store/events.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static char home[] = "/tmp/gb-lease-XXXXXX";
static char *redis_program, *redis_socket;
static pid_t redis;
static struct statedir dir;
static struct config *config;
static const struct environment *environment;

static const int64_t PATIENCE = 20 * CLOCK_SECOND;

/* ---- a Redis of our own ---- */

static redisReply *ask(const char *const *arguments)
{
    const struct redis_place place = {.host = redis_socket, .section = "redis"};
    struct error error;
    return redis_ask(&place, arguments, clock_now() + CLOCK_SECOND, NULL, &error);
}

static bool tell(const char *a, const char *b, const char *c)
{
    redisReply *reply = ask((const char *[]){a, b, c, NULL});
    if (reply) {
        freeReplyObject(reply);
    }
    return reply != NULL;
}

static void nap(void)
{
    nanosleep(&(struct timespec){0, 5000000}, NULL);
}

static void start_redis(void)
{
    redis = fork();
    if (redis == 0) {
        int null = open("/dev/null", O_RDWR);
        dup2(null, 1);
        dup2(null, 2);
        execl(redis_program, "redis-server", "--port", "0", "--unixsocket", redis_socket,
              "--save", "", "--dir", home, (char *)NULL);
        _exit(127);
    }
    int64_t deadline = clock_now() + PATIENCE;
    while (!tell("PING", NULL, NULL) && clock_now() < deadline) {
        nap();
    }
    assert_true(tell("PING", NULL, NULL));
}

static void stop_redis(void)
{
    if (redis > 0) {
        kill(redis, SIGKILL);
        waitpid(redis, NULL, 0);
        redis = 0;
    }
}

/* ---- an environment ---- */

static void configure_redis(const char *section, const char *coordination)
{
    config_destroy(config);
    char *text = mem_format(
        "{\"version\": 1, \"system\": \"shop\", \"environments\": {\"test\": {\"redis\": "
        "%s, \"coordination\": %s}}}",
        section, coordination);
    char *path = fs_join(home, "greenboard.json");
    assert_true(fs_replace(path, text, strlen(text), 0600, NULL));
    config = config_load(path);
    if (!config_usable(config)) {
        fail_msg("%s", config_complaint(config));
    }
    environment = config->environments[0];
    free(path);
    free(text);
}

static void configure(const char *coordination)
{
    char *section = mem_format("{\"socket\": \"%s\"}", redis_socket);
    configure_redis(section, coordination);
    free(section);
}

static int begin(void **unused)
{
    (void)unused;
    struct error error;
    json_begin();
    keep_begin();
    redis_program = fs_executable("redis-server", NULL, &error);
    if (!mkdtemp(home)) {
        return -1;
    }
    redis_socket = fs_join(home, "redis");
    return statedir_open_named(&dir, home, "shop", "test", NULL, &error) ? 0 : -1;
}

static int end(void **unused)
{
    (void)unused;
    stop_redis();
    config_destroy(config);
    statedir_finish(&dir);
    free(redis_program);
    free(redis_socket);
    return fs_remove_tree(home) ? 0 : -1;
}

#define SHORT "{\"redis\": \"environment\", \"ttl\": \"1s\"}"
#define LONG  "{\"redis\": \"environment\", \"ttl\": \"60s\"}"

static int enter(void **unused)
{
    (void)unused;
    if (!redis_program) {
        return 0;
    }
    if (redis == 0) {
        start_redis();
    }
    tell("FLUSHALL", NULL, NULL);
    configure(SHORT);
    return 0;
}

#define needs_redis()                                                                    \
    do {                                                                                 \
        if (!redis_program) {                                                            \
            skip();                                                                      \
        }                                                                                \
    } while (0)

static struct lease *take_as(const char *who, int64_t least, struct error *error)
{
    return lease_take(environment, who, "20261123T151000Z-4f2a", "ship it", least,
                      clock_now() + 5 * CLOCK_SECOND, error);
}

static struct lease *must_take(const char *who)
{
    struct error error = {0};
    struct lease *lease = take_as(who, 1, &error);
    if (!lease) {
        fail_msg("%s", error.message);
    }
    return lease;
}

static void release(struct lease *lease)
{
    lease_release(lease, clock_now() + 5 * CLOCK_SECOND);
}

static void look(struct lease_view *view)
{
    struct coordinator at;
    struct error error;
    assert_true(
        coordinator_begin(&at, environment, clock_now() + CLOCK_SECOND, NULL, &error));
    assert_true(lease_look(&at, clock_now() + 5 * CLOCK_SECOND, view, &error));
    coordinator_finish(&at);
}

static bool is_held(void)
{
    struct lease_view view;
    look(&view);
    bool held = view.held;
    lease_view_finish(&view);
    return held;
}

/* Its ID, until it is asked for again. */
static const char *held_id(void)
{
    static char id[64];
    struct lease_view view;
    look(&view);
    assert_non_null(view.id);
    snprintf(id, sizeof id, "%s", view.id);
    lease_view_finish(&view);
    return id;
}

static void await_free(void)
{
    int64_t deadline = clock_now() + PATIENCE;
    while (is_held() && clock_now() < deadline) {
        nap();
    }
    assert_false(is_held());
}

static void await_loss(struct lease *lease, struct error *error)
{
    int64_t deadline = clock_now() + PATIENCE;
    while (lease_still_held(lease, error) && clock_now() < deadline) {
        nap();
    }
    assert_false(lease_still_held(lease, error));
}

static int64_t fence_in_redis(void)
{
    redisReply *reply =
        ask((const char *[]){"GET", "greenboard:lease:{shop/test}:fence", NULL});
    assert_non_null(reply);
    int64_t fence = reply->str ? strtoll(reply->str, NULL, 10) : 0;
    freeReplyObject(reply);
    return fence;
}

/* ---- taking and giving back ---- */

static void one_holds_it_and_the_other_is_told_who(void **unused)
{
    (void)unused;
    needs_redis();
    struct error error = {0};
    struct lease *lease = must_take("ada@ops-1");
    assert_null(take_as("bob@ops-2", 1, &error));
    assert_int_equal(error.code, ERROR_BUSY);
    assert_non_null(strstr(error.message, "ada@ops-1"));
    assert_non_null(strstr(error.message, "20261123T151000Z-4f2a"));
    assert_non_null(strstr(error.message, "ship it"));
    assert_non_null(strstr(error.hint, held_id()));
    assert_true(lease_still_held(lease, &error));
    release(lease);
    assert_false(is_held());
    lease = must_take("bob@ops-2");
    release(lease);
}

static void a_lease_outlives_its_time_while_it_is_renewed(void **unused)
{
    (void)unused;
    needs_redis();
    struct lease *lease = must_take("ada@ops-1");
    int64_t before = 0, deadline = clock_now() + PATIENCE;
    /* Five renewals take longer than it lasts by itself. */
    for (int renewals = 0; renewals < 5 && clock_now() < deadline;) {
        struct lease_view view;
        look(&view);
        assert_true(view.held);
        renewals += view.left > before;
        before = view.left;
        lease_view_finish(&view);
        nap();
    }
    assert_true(clock_now() < deadline);
    assert_true(lease_still_held(lease, NULL));
    release(lease);
}

static void a_name_of_its_own_excludes_others_of_that_name(void **unused)
{
    (void)unused;
    needs_redis();
    struct error error;
    struct lease *lease = must_take("ada@ops-1");
    configure("{\"redis\": \"environment\", \"name\": \"shared\"}");
    struct lease *other = must_take("bob@ops-2");
    assert_null(take_as("eve@ops-3", 1, &error));
    release(other);
    release(lease);
}

/* ---- the fence ---- */

static void the_fence_grows_with_each_taking(void **unused)
{
    (void)unused;
    needs_redis();
    int64_t last = 0;
    for (int i = 0; i < 4; i++) {
        struct lease *lease = must_take("ada@ops-1");
        assert_true(lease_fence(lease) > last);
        last = lease_fence(lease);
        release(lease);
    }
    struct error error;
    struct lease *lease = take_as("ada@ops-1", 1000, &error);
    assert_non_null(lease);
    assert_int_equal(lease_fence(lease), 1000); /* what this machine had given out */
    release(lease);
    lease = must_take("bob@ops-2");
    assert_int_equal(lease_fence(lease), 1001);
    release(lease);
}

static void a_redis_that_forgot_is_told_again_and_no_fence_goes_back(void **unused)
{
    (void)unused;
    needs_redis();
    struct error error;
    struct lease *lease = take_as("ada@ops-1", 700, &error);
    assert_non_null(lease);
    const char *id = held_id();
    assert_true(tell("FLUSHALL", NULL, NULL)); /* as a restart without its data */
    int64_t deadline = clock_now() + PATIENCE;
    while (!is_held() && clock_now() < deadline) {
        nap();
    }
    struct lease_view view;
    look(&view);
    assert_string_equal(view.id, id);
    lease_view_finish(&view);
    assert_int_equal(fence_in_redis(), 700);
    assert_true(lease_still_held(lease, &error));
    release(lease);
}

/* ---- losing it ---- */

/* A child holds it and says so; stopped until Redis knows of no lease any more, it is
 * asked what it knows. Its thread cannot have renewed: it was stopped as well. */
static void a_holder_that_slept_past_its_end_knows_before_it_asks(void **unused)
{
    (void)unused;
    needs_redis();
    int said[2], question[2];
    char byte = 0;
    assert_int_equal(pipe(said), 0);
    assert_int_equal(pipe(question), 0);
    pid_t child = fork();
    if (child == 0) {
        struct error error = {0};
        struct lease *lease = take_as("ada@ops-1", 1, &error);
        (void)!write(said[1], lease ? "t" : "f", 1);
        (void)!read(question[0], &byte, 1);
        bool held = !lease || lease_still_held(lease, &error);
        release(lease);
        _exit(!held && strstr(error.message, "ran out") ? 0 : 1);
    }
    assert_int_equal(read(said[0], &byte, 1), 1);
    assert_int_equal(byte, 't');
    assert_int_equal(kill(child, SIGSTOP), 0);
    await_free();
    assert_int_equal(write(question[1], "?", 1), 1);
    assert_int_equal(kill(child, SIGCONT), 0);
    int state = 0;
    assert_int_equal(waitpid(child, &state, 0), child);
    assert_true(WIFEXITED(state));
    assert_int_equal(WEXITSTATUS(state), 0);
    assert_false(is_held()); /* nor was it renewed */
    close(said[0]), close(said[1]), close(question[0]), close(question[1]);
}

static void what_cannot_be_renewed_is_lost_and_stays_so(void **unused)
{
    (void)unused;
    needs_redis();
    struct error error = {0};
    struct lease *lease = must_take("ada@ops-1");
    stop_redis();
    await_loss(lease, &error);
    assert_non_null(strstr(error.message, "could not be renewed"));
    start_redis();
    assert_false(lease_still_held(lease, &error));
    struct lease *other = must_take("bob@ops-2"); /* nothing was renewed since */
    assert_false(lease_still_held(lease, &error));
    release(lease);
    assert_true(is_held()); /* what is given back is one's own alone */
    release(other);
}

static void a_redis_that_hangs_holds_nobody_up(void **unused)
{
    (void)unused;
    needs_redis();
    struct error error = {0};
    struct lease *lease = must_take("ada@ops-1");
    assert_int_equal(kill(redis, SIGSTOP), 0);
    await_loss(lease, &error);
    int64_t asked = clock_now();
    lease_release(lease, asked + CLOCK_SECOND / 2);
    assert_true(clock_now() - asked < 5 * CLOCK_SECOND);
    assert_int_equal(kill(redis, SIGCONT), 0);
}

/* ---- stealing ---- */

static bool steal(const char *id, struct error *error)
{
    struct lease_view was;
    bool done = lease_steal(environment, &dir, "bob@ops-2", "its machine burns", id,
                            clock_now() + 5 * CLOCK_SECOND, &was, error);
    lease_view_finish(&was);
    return done;
}

static void a_lease_is_stolen_by_its_id_alone_and_its_holder_learns_by_whom(void **unused)
{
    (void)unused;
    needs_redis();
    struct error error = {0};
    struct lease *lease = must_take("ada@ops-1");
    assert_false(steal("0123456789abcdef", &error));
    assert_int_equal(error.code, ERROR_DENIED);
    assert_non_null(strstr(error.message, held_id()));
    assert_non_null(strstr(error.message, "ada@ops-1"));
    assert_true(steal(held_id(), &error));
    await_loss(lease, &error);
    assert_non_null(strstr(error.message, "taken away by bob@ops-2"));
    release(lease);
    await_free();
    struct events events;
    struct entries entries = {0};
    assert_true(events_open(&events, dir.events, DB_READ, &error));
    assert_true(
        events_list(&events, &(struct events_filter){.newest = 1}, &entries, &error));
    assert_int_equal(entries.count, 1);
    assert_string_equal(entries.rows[0].type, "lock.stolen");
    assert_string_equal(entries.rows[0].text, "its machine burns");
    entries_finish(&entries);
    events_close(&events);
}

static void a_stolen_lease_is_free_only_when_its_holder_has_none_any_more(void **unused)
{
    (void)unused;
    needs_redis();
    configure(LONG);
    struct error error = {0};
    struct lease *lease = must_take("ada@ops-1");
    assert_true(steal(held_id(), &error));
    assert_null(take_as("bob@ops-2", 1, &error));
    assert_int_equal(error.code, ERROR_BUSY);
    assert_non_null(strstr(error.hint, "free in"));
    assert_false(steal(held_id(), &error)); /* not a second time */
    assert_int_equal(error.code, ERROR_BUSY);
    release(lease);
}

static void nothing_is_stolen_where_nobody_holds_it(void **unused)
{
    (void)unused;
    needs_redis();
    struct error error = {0};
    assert_false(steal("0123456789abcdef", &error));
    assert_int_equal(error.code, ERROR_ABSENT);
}

/* ---- what cannot be known is not free ---- */

static void a_value_that_says_nothing_is_held(void **unused)
{
    (void)unused;
    needs_redis();
    static const char *const values[] = {"", "x", "[]", "{\"id\": 7}"};
    for (size_t i = 0; i < sizeof values / sizeof values[0]; i++) {
        struct error error = {0};
        assert_true(tell("SET", "greenboard:lease:{shop/test}", values[i]));
        assert_null(take_as("ada@ops-1", 1, &error));
        assert_int_equal(error.code, ERROR_BUSY);
        assert_non_null(strstr(error.message, "somebody"));
    }
}

static void without_redis_nothing_is_held_and_nobody_is_busy(void **unused)
{
    (void)unused;
    needs_redis();
    struct error error = {0};
    stop_redis();
    assert_null(take_as("ada@ops-1", 1, &error));
    assert_int_not_equal(error.code, ERROR_BUSY);
    assert_int_not_equal(error.code, ERROR_NONE);
    struct coordinator at;
    struct lease_view view;
    assert_true(
        coordinator_begin(&at, environment, clock_now() + CLOCK_SECOND, NULL, &error));
    assert_false(lease_look(&at, clock_now() + CLOCK_SECOND, &view, &error));
    coordinator_finish(&at);
}

static void a_fence_that_is_no_number_takes_no_lease(void **unused)
{
    (void)unused;
    needs_redis();
    struct error error = {0};
    assert_true(tell("SET", "greenboard:lease:{shop/test}:fence", "seven"));
    assert_null(take_as("ada@ops-1", 1, &error));
    assert_int_equal(error.code, ERROR_DENIED);
    assert_false(is_held());
}

static void the_password_does_not_travel_in_plain_text(void **unused)
{
    (void)unused;
    struct error error = {0};
    struct coordinator at;
    char *password = fs_join(home, "password");
    assert_true(fs_replace(password, "correct horse", 13, 0600, NULL));
    char *section = mem_format("{\"redis\": {\"host\": \"redis.example.com\", "
                               "\"password\": {\"file\": \"%s\"}}}",
                               password);
    configure(section);
    assert_false(
        coordinator_begin(&at, environment, clock_now() + CLOCK_SECOND, NULL, &error));
    assert_int_equal(error.code, ERROR_CONFIG);
    assert_non_null(strstr(error.message, "plain text"));
    coordinator_finish(&at);
    free(section);
    free(password);
}

/* ---- through a tunnel ---- */

/* A tunnel of which the other end is Redis itself: its command says its process in
 * `home`/tunnel, and is our Redis, which has to be stopped. */
static void configure_tunnel(const char *ttl)
{
    char *section = mem_format(
        "{\"host\": \"10.0.0.3\", \"via\": \"tunnel:bastion\"}, \"tunnels\": "
        "{\"bastion\": {\"command\": [\"sh\", \"-c\", \"echo $$ >%s/tunnel; exec %s "
        "--port $0 --bind 127.0.0.1 --unixsocket %s --save '' --dir %s\", \"{port}\"]}}",
        home, redis_program, redis_socket, home);
    char *coordination = mem_format("{\"redis\": \"environment\", \"ttl\": \"%s\"}", ttl);
    stop_redis();
    configure_redis(section, coordination);
    free(section);
    free(coordination);
}

static pid_t tunnel_process(void)
{
    char *path = fs_join(home, "tunnel");
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
        ask((const char *[]){"GET", "greenboard:lease:{shop/test}", NULL});
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
    struct lease *lease = must_take("ada@ops-1");
    pid_t pid = tunnel_process();
    assert_true(redis_has_it());
    assert_int_equal(kill(pid, 0), 0);
    release(lease);
    assert_int_not_equal(kill(pid, 0), 0);
}

static void a_lease_is_renewed_through_a_tunnel_that_was_started_again(void **unused)
{
    (void)unused;
    needs_redis();
    configure_tunnel("15s");
    struct lease *lease = must_take("ada@ops-1");
    pid_t first = tunnel_process();
    int64_t deadline = clock_now() + PATIENCE;
    assert_int_equal(kill(first, SIGKILL), 0);
    while (clock_now() < deadline && (tunnel_process() == first || !redis_has_it())) {
        nap();
    }
    assert_true(redis_has_it()); /* which forgot it with the first process */
    assert_true(lease_still_held(lease, NULL));
    release(lease);
}

static void a_tunnel_that_ends_is_why_no_lease_is_had(void **unused)
{
    (void)unused;
    struct error error = {0};
    configure_redis("{\"host\": \"10.0.0.3\", \"via\": \"tunnel:bastion\"}, \"tunnels\": "
                    "{\"bastion\": {\"command\": [\"sh\", \"-c\", \"echo no route; exit "
                    "3\", \"{port}\"]}}",
                    LONG);
    assert_null(take_as("ada@ops-1", 1, &error));
    assert_int_equal(error.code, ERROR_UNREACHABLE);
    assert_non_null(
        strstr(error.message, "tunnel bastion ended with status 3: no route"));
    assert_non_null(strstr(error.hint, "by hand"));
}

#define a_test(name) cmocka_unit_test_setup(name, enter)

int main(void)
{
    const struct CMUnitTest tests[] = {
        a_test(one_holds_it_and_the_other_is_told_who),
        a_test(a_lease_outlives_its_time_while_it_is_renewed),
        a_test(a_name_of_its_own_excludes_others_of_that_name),
        a_test(the_fence_grows_with_each_taking),
        a_test(a_redis_that_forgot_is_told_again_and_no_fence_goes_back),
        a_test(a_holder_that_slept_past_its_end_knows_before_it_asks),
        a_test(what_cannot_be_renewed_is_lost_and_stays_so),
        a_test(a_redis_that_hangs_holds_nobody_up),
        a_test(a_lease_is_stolen_by_its_id_alone_and_its_holder_learns_by_whom),
        a_test(a_stolen_lease_is_free_only_when_its_holder_has_none_any_more),
        a_test(nothing_is_stolen_where_nobody_holds_it),
        a_test(a_value_that_says_nothing_is_held),
        a_test(without_redis_nothing_is_held_and_nobody_is_busy),
        a_test(a_fence_that_is_no_number_takes_no_lease),
        a_test(the_password_does_not_travel_in_plain_text),
        a_test(a_lease_has_a_tunnel_for_as_long_as_it_is_held),
        a_test(a_lease_is_renewed_through_a_tunnel_that_was_started_again),
        a_test(a_tunnel_that_ends_is_why_no_lease_is_had),
    };
    setlocale(LC_CTYPE, "C.UTF-8");
    signal(SIGPIPE, SIG_IGN);
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("lease", tests, begin, end);
}

/* What tunnels promise: started, watched, heard, started again, and ended with us,
 * whatever ends us. The commands are this program again. */
#include "tests/unit/unit.h"

#include "base/clock.h"
#include "base/buf.h"
#include "base/fs.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/text.h"
#include "secret/mask.h"
#include "tunnel/tunnels.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

enum { PATIENCE_S = 20 };

static char program[4096];

/* ---- the commands ---- */

static int listen_at(const char *port)
{
    struct sockaddr_in address = {.sin_family = AF_INET,
                                  .sin_port = htons((uint16_t)strtol(port, NULL, 10)),
                                  .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    if (bind(fd, (struct sockaddr *)&address, sizeof address) != 0 ||
        listen(fd, 8) != 0) {
        perror("bind");
        return 1;
    }
    for (;;) {
        pause();
    }
}

/* Tells its own number and that of a child, which both ignore SIGTERM. */
static int listen_with_child(const char *port)
{
    signal(SIGTERM, SIG_IGN);
    pid_t child = fork();
    if (child == 0) {
        for (;;) {
            pause();
        }
    }
    printf("%d %d\n", (int)getpid(), (int)child);
    fflush(stdout);
    return listen_at(port);
}

/* The first time it tells its port, lets somebody else take that, and ends. */
static int yield_port(const char *port, const char *directory)
{
    char *told = fs_join(directory, "port"), *taken = fs_join(directory, "taken");
    bool first = !fs_exists(told);
    if (first) {
        fs_replace(told, port, strlen(port), 0600, NULL);
        while (!fs_exists(taken)) {
            poll(NULL, 0, 2);
        }
    }
    free(told);
    free(taken);
    return listen_at(port); /* which fails where somebody has it */
}

static int play(int argc, char **argv)
{
    const char *part = argv[1];
    if (strcmp(part, "listen") == 0) {
        return listen_at(argv[2]);
    }
    if (strcmp(part, "family") == 0) {
        return listen_with_child(argv[2]);
    }
    if (strcmp(part, "yield") == 0) {
        return yield_port(argv[2], argv[3]);
    }
    if (strcmp(part, "wait") == 0) {
        printf("password: ");
        fflush(stdout);
        pause();
    }
    for (int i = 2; i < argc; i++) {
        fprintf(stderr, "%s%s", i > 2 ? " " : "", argv[i]);
    }
    fputc('\n', stderr);
    return 3;
}

/* ---- the environment ---- */

static struct environment *make_environment(const char *stores, const char *command,
                                            const char *within)
{
    char *json = mem_format("{%s, \"tunnels\": {\"bastion\": {\"command\": [\"%s\", %s], "
                            "\"within\": \"%s\"}}}",
                            stores, program, command, within);
    struct environment *environment = mem_alloc(sizeof *environment);
    *environment = (struct environment){.system = mem_text("netra"),
                                        .name = mem_text("staging"),
                                        .file = mem_text("/nowhere/greenboard.json"),
                                        .directory = mem_text("/"),
                                        .root = json_parse(json, strlen(json), NULL),
                                        .references = 1};
    free(json);
    assert_non_null(environment->root);
    return environment;
}

#define REDIS                                                                            \
    "\"redis\": {\"host\": \"10.0.0.3\", \"port\": 6379, \"via\": \"tunnel:bastion\"}"
#define CLICKHOUSE                                                                       \
    "\"clickhouse\": {\"host\": \"10.0.0.4\", \"http_port\": 8123, \"native_port\": "    \
    "9000, \"via\": \"tunnel:bastion\"}"

struct stage {
    struct environment *environment;
    struct tunnels *tunnels;
    const json_t *redis;
};

static struct stage stage(const char *stores, const char *command, const char *within)
{
    struct stage stage = {.environment = make_environment(stores, command, within)};
    stage.tunnels = tunnels_create(stage.environment);
    stage.redis = json_object_get(stage.environment->root, "redis");
    assert_non_null(stage.tunnels);
    return stage;
}

static void strike(struct stage *stage)
{
    tunnels_destroy(stage->tunnels);
    environment_unref(stage->environment);
}

/* Waits until the first tunnel of Redis is so, and at least for the Nth time started. */
static struct tunnel_view wait_for(const struct stage *stage, enum tunnel_state state,
                                   unsigned starts)
{
    struct tunnel_view view = {0};
    int64_t deadline = clock_now() + PATIENCE_S * CLOCK_SECOND;
    while (clock_now() < deadline) {
        assert_true(tunnels_look(stage->tunnels, stage->redis, 0, &view));
        if (view.state == state && view.starts >= starts) {
            return view;
        }
        poll(NULL, 0, 5);
    }
    fail_msg("state %d, start %u: %s: %s", view.state, view.starts, view.why, view.last);
    return view;
}

static bool lives(pid_t pid)
{
    char *path = mem_format("/proc/%d/stat", (int)pid);
    struct buf text;
    buf_init(&text, 4096);
    bool there = fs_read(path, &text, NULL);
    const char *state = there ? strrchr(buf_string(&text), ')') : NULL;
    bool alive = state && state[2] != 'Z' && state[2] != 'X';
    buf_finish(&text);
    free(path);
    return alive;
}

static void wait_dead(pid_t pid)
{
    int64_t deadline = clock_now() + PATIENCE_S * CLOCK_SECOND;
    while (lives(pid)) {
        if (clock_now() > deadline) {
            fail_msg("%d still lives", (int)pid);
        }
        poll(NULL, 0, 5);
    }
}

/* ---- the promises ---- */

static void a_tunnel_is_up_once_its_port_answers(void **state)
{
    (void)state;
    struct stage it = stage(REDIS, "\"listen\", \"{port}\"", "10s");
    struct tunnel_view view = wait_for(&it, TUNNEL_UP, 1), same;
    assert_false(tunnels_coming(it.tunnels, it.redis));
    assert_true(tunnels_find(it.tunnels, it.redis, "port", &same));
    assert_int_equal(same.port, view.port);
    assert_int_equal(view.remote_port, 6379);
    assert_string_equal(view.host, "10.0.0.3");
    assert_string_equal(view.name, "bastion");
    strike(&it);
}

static void it_is_on_its_way_until_then(void **state)
{
    (void)state;
    struct stage it = stage(REDIS, "\"wait\", \"{port}\"", "300s");
    struct tunnel_view view;
    assert_true(tunnels_look(it.tunnels, it.redis, 0, &view));
    assert_int_equal(view.state, TUNNEL_COMING);
    assert_true(tunnels_coming(it.tunnels, it.redis));
    assert_false(tunnels_coming(it.tunnels, it.environment->root));
    strike(&it);
}

static void who_waits_for_one_is_given_its_port(void **state)
{
    (void)state;
    struct stage it = stage(REDIS, "\"listen\", \"{port}\"", "10s");
    struct error error = {0};
    int64_t deadline = clock_now() + PATIENCE_S * CLOCK_SECOND;
    int port = tunnels_await(it.tunnels, it.redis, "port", deadline, NULL, &error);
    assert_int_equal(port, wait_for(&it, TUNNEL_UP, 1).port);
    strike(&it);
}

static void who_waits_for_one_waits_no_longer_than_told(void **state)
{
    (void)state;
    struct stage it = stage(REDIS, "\"wait\", \"{port}\"", "300s");
    struct error error = {0};
    atomic_bool cancelled = true;
    int64_t soon = clock_now() + 50 * CLOCK_MS;
    assert_int_equal(tunnels_await(it.tunnels, it.redis, "port", soon, NULL, &error), 0);
    assert_int_equal(error.code, ERROR_TIMEOUT);
    assert_non_null(strstr(error.message, "tunnel bastion is not up yet"));
    assert_int_equal(
        tunnels_await(it.tunnels, it.redis, "port", INT64_MAX, &cancelled, &error), 0);
    strike(&it);
}

static void who_waits_for_one_that_ended_is_told_why(void **state)
{
    (void)state;
    struct stage it = stage(REDIS, "\"say\", \"no route\"", "300s");
    struct error error = {0};
    assert_int_equal(tunnels_await(it.tunnels, it.redis, "port", INT64_MAX, NULL, &error),
                     0);
    assert_int_equal(error.code, ERROR_UNREACHABLE);
    assert_string_equal(error.message, "tunnel bastion ended with status 3: no route");
    assert_non_null(strstr(error.hint, "by hand"));
    strike(&it);
}

static void one_store_s_may_be_started_alone(void **state)
{
    (void)state;
    struct environment *environment =
        make_environment(REDIS ", " CLICKHOUSE, "\"wait\", \"{remote_port}\"", "300s");
    const json_t *redis = json_object_get(environment->root, "redis");
    struct tunnels *tunnels = tunnels_create_for(environment, redis);
    struct tunnel_view view;
    assert_true(tunnels_look(tunnels, redis, 0, &view));
    assert_false(tunnels_look(tunnels, json_object_get(environment->root, "clickhouse"),
                              0, &view));
    tunnels_destroy(tunnels);
    assert_null(tunnels_create_for(environment, environment->root));
    environment_unref(environment);
}

static void its_command_is_told_where_to_listen_and_to_lead(void **state)
{
    (void)state;
    struct stage it = stage(
        REDIS, "\"say\", \"-L\", \"{port}:{host}:{remote_port}\", \"{other}\"", "10s");
    struct tunnel_view view = wait_for(&it, TUNNEL_DOWN, 1);
    char *said = mem_format("-L %d:10.0.0.3:6379 {other}", view.port);
    assert_string_equal(view.last, said);
    free(said);
    strike(&it);
}

static void one_that_ends_is_started_again_later_each_time(void **state)
{
    (void)state;
    struct stage it = stage(REDIS, "\"say\", \"no \\u001b[31mroute\\u202e\"", "10s");
    struct tunnel_view view = wait_for(&it, TUNNEL_DOWN, 1);
    assert_string_equal(view.why, "ended with status 3");
    assert_string_equal(view.last, "no [31mroute"); /* nothing that a terminal obeys */
    assert_int_equal(view.again - view.since, CLOCK_SECOND);
    int64_t first = view.since, deadline = clock_now() + PATIENCE_S * CLOCK_SECOND;
    while (view.since == first && clock_now() < deadline) { /* until the second end */
        poll(NULL, 0, 5);
        assert_true(tunnels_look(it.tunnels, it.redis, 0, &view));
    }
    assert_int_equal(view.starts, 2);
    assert_int_equal(view.again - view.since, 2 * CLOCK_SECOND);
    assert_false(tunnels_coming(it.tunnels, it.redis)); /* nobody waits for it again */
    strike(&it);
}

static void one_that_lost_its_port_takes_another_at_once(void **state)
{
    (void)state;
    char directory[] = "/tmp/greenboard-tunnel-XXXXXX";
    assert_non_null(mkdtemp(directory));
    char *command = mem_format("\"yield\", \"{port}\", \"%s\"", directory);
    char *told = fs_join(directory, "port"), *taken = fs_join(directory, "taken");
    struct stage it = stage(REDIS, command, "10s");
    int64_t deadline = clock_now() + PATIENCE_S * CLOCK_SECOND;
    while (!fs_exists(told) && clock_now() < deadline) {
        poll(NULL, 0, 2);
    }
    struct buf port;
    buf_init(&port, 16);
    assert_true(fs_read(told, &port, NULL));
    struct sockaddr_in address = {
        .sin_family = AF_INET,
        .sin_port = htons((uint16_t)strtol(buf_string(&port), NULL, 10)),
        .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int thief = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(bind(thief, (struct sockaddr *)&address, sizeof address), 0);
    assert_true(fs_replace(taken, "", 0, 0600, NULL));
    struct tunnel_view view = wait_for(&it, TUNNEL_UP, 1);
    assert_int_equal(view.starts, 2);
    assert_int_not_equal(view.port, ntohs(address.sin_port));
    assert_string_equal(view.why, ""); /* it was never down */
    strike(&it);
    close(thief);
    fs_remove_tree(directory);
    buf_finish(&port);
    free(command);
    free(told);
    free(taken);
}

static void one_that_does_not_listen_in_time_is_ended(void **state)
{
    (void)state;
    struct stage it = stage(REDIS, "\"wait\", \"{port}\"", "2s");
    struct tunnel_view view = wait_for(&it, TUNNEL_DOWN, 1);
    assert_non_null(strstr(view.why, "did not listen at 127.0.0.1:"));
    assert_non_null(strstr(view.why, "within 2 s"));
    assert_string_equal(view.last, "password:"); /* a line without an end counts too */
    strike(&it);
}

static void one_that_cannot_be_run_says_so(void **state)
{
    (void)state;
    char kept[sizeof program];
    memcpy(kept, program, sizeof kept);
    snprintf(program, sizeof program, "/nowhere/ssh");
    struct stage it = stage(REDIS, "\"{port}\"", "10s");
    struct tunnel_view view = wait_for(&it, TUNNEL_DOWN, 1);
    assert_non_null(strstr(view.why, "/nowhere/ssh"));
    strike(&it);
    memcpy(program, kept, sizeof kept);
}

static void a_secret_that_it_prints_is_masked(void **state)
{
    (void)state;
    struct error error;
    struct secret *secret = secret_create("correct horse", 13, &error);
    mask_publish(&secret, 1);
    struct stage it = stage(REDIS, "\"say\", \"it was correct horse\"", "10s");
    struct tunnel_view view = wait_for(&it, TUNNEL_DOWN, 1);
    assert_string_equal(view.last, "it was " MASK_TEXT);
    strike(&it);
    mask_forget();
    secret_unref(secret);
}

static void each_port_has_one_where_the_command_can_be_told(void **state)
{
    (void)state;
    struct stage it =
        stage(CLICKHOUSE ", " REDIS, "\"listen\", \"{port}\", \"{remote_port}\"", "10s");
    const json_t *clickhouse = json_object_get(it.environment->root, "clickhouse");
    const json_t *bastion =
        json_object_get(json_object_get(it.environment->root, "tunnels"), "bastion");
    struct tunnel_view http, native, view;
    assert_true(tunnels_find(it.tunnels, clickhouse, "http_port", &http));
    assert_true(tunnels_find(it.tunnels, clickhouse, "native_port", &native));
    assert_int_equal(http.remote_port, 8123);
    assert_int_equal(native.remote_port, 9000);
    assert_false(tunnels_find(it.tunnels, clickhouse, "port", &view));
    assert_true(tunnels_look(it.tunnels, bastion, 2, &view));
    assert_false(tunnels_look(it.tunnels, bastion, 3, &view));
    wait_for(&it, TUNNEL_UP, 1);
    strike(&it);
    struct stage alone =
        stage(CLICKHOUSE ", \"redis\": {}", "\"listen\", \"{port}\"", "10s");
    clickhouse = json_object_get(alone.environment->root, "clickhouse");
    assert_true(tunnels_find(alone.tunnels, clickhouse, "native_port", &view));
    assert_int_equal(view.remote_port, 8123); /* the one that there is */
    assert_false(tunnels_look(alone.tunnels, clickhouse, 1, &view));
    strike(&alone);
}

static void without_a_store_that_uses_it_none_is_started(void **state)
{
    (void)state;
    struct environment *environment =
        make_environment("\"redis\": {\"port\": 1, \"via\": \"here\"}", "\"x\"", "10s");
    assert_null(tunnels_create(environment));
    environment_unref(environment);
    struct tunnel_view view;
    assert_false(tunnels_look(NULL, NULL, 0, &view));
    assert_false(tunnels_coming(NULL, NULL));
    tunnels_destroy(NULL);
}

static void two_pids(const struct tunnel_view *view, int pids[2])
{
    assert_int_equal(sscanf(view->last, "%d %d", &pids[0], &pids[1]), 2);
    assert_true(lives(pids[0]) && lives(pids[1]));
}

static void its_whole_group_is_ended_also_where_it_ignores_signals(void **state)
{
    (void)state;
    int pids[2] = {0};
    struct stage it = stage(REDIS, "\"family\", \"{port}\"", "10s");
    struct tunnel_view view = wait_for(&it, TUNNEL_UP, 1);
    two_pids(&view, pids);
    int64_t began = clock_now();
    strike(&it);
    assert_true(clock_now() - began < 4 * CLOCK_SECOND);
    wait_dead(pids[0]);
    wait_dead(pids[1]);
}

/* Owns a tunnel, says whose numbers it is made of, and waits to be killed. */
static int own(void)
{
    struct stage it = stage(REDIS, "\"family\", \"{port}\"", "10s");
    struct tunnel_view view = wait_for(&it, TUNNEL_UP, 1);
    if (write(STDOUT_FILENO, &view, sizeof view) == (ssize_t)sizeof view) {
        pause();
    }
    return 1;
}

static void nothing_of_it_outlives_an_owner_that_is_killed(void **state)
{
    (void)state;
    int fds[2], pids[2] = {0};
    struct tunnel_view view;
    assert_int_equal(pipe(fds), 0);
    pid_t owner = fork();
    if (owner == 0) {
        dup2(fds[1], STDOUT_FILENO);
        execl(program, program, "own", NULL);
        _exit(127);
    }
    close(fds[1]);
    assert_int_equal(read(fds[0], &view, sizeof view), sizeof view);
    close(fds[0]);
    two_pids(&view, pids);
    kill(owner, SIGKILL);
    waitpid(owner, NULL, 0);
    wait_dead(pids[0]);
    wait_dead(pids[1]);
}

int main(int argc, char **argv)
{
    json_begin();
    keep_begin();
    ssize_t length = readlink("/proc/self/exe", program, sizeof program - 1);
    if (length <= 0) {
        return 1;
    }
    if (argc > 1) {
        return strcmp(argv[1], "own") == 0 ? own() : play(argc, argv);
    }
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_tunnel_is_up_once_its_port_answers),
        cmocka_unit_test(it_is_on_its_way_until_then),
        cmocka_unit_test(who_waits_for_one_is_given_its_port),
        cmocka_unit_test(who_waits_for_one_waits_no_longer_than_told),
        cmocka_unit_test(who_waits_for_one_that_ended_is_told_why),
        cmocka_unit_test(one_store_s_may_be_started_alone),
        cmocka_unit_test(its_command_is_told_where_to_listen_and_to_lead),
        cmocka_unit_test(one_that_ends_is_started_again_later_each_time),
        cmocka_unit_test(one_that_lost_its_port_takes_another_at_once),
        cmocka_unit_test(one_that_does_not_listen_in_time_is_ended),
        cmocka_unit_test(one_that_cannot_be_run_says_so),
        cmocka_unit_test(a_secret_that_it_prints_is_masked),
        cmocka_unit_test(each_port_has_one_where_the_command_can_be_told),
        cmocka_unit_test(without_a_store_that_uses_it_none_is_started),
        cmocka_unit_test(its_whole_group_is_ended_also_where_it_ignores_signals),
        cmocka_unit_test(nothing_of_it_outlives_an_owner_that_is_killed),
    };
    return unit_run("tunnel", tests);
}

#include "tests/unit/lease_help.h"

#include "base/fs.h"
#include "base/json.h"
#include "base/mem.h"
#include "secret/keep.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

struct keeper keeper = {.home = "/tmp/gb-lease-XXXXXX"};

/* ---- a Redis of our own ---- */

redisReply *keeper_ask(const char *const *arguments)
{
    const struct redis_place place = {.host = keeper.socket, .section = "redis"};
    struct error error;
    return redis_ask(&place, arguments, clock_now() + CLOCK_SECOND, NULL, &error);
}

bool keeper_tell(const char *a, const char *b, const char *c)
{
    redisReply *reply = keeper_ask((const char *[]){a, b, c, NULL});
    if (reply) {
        freeReplyObject(reply);
    }
    return reply != NULL;
}

void keeper_nap(void)
{
    nanosleep(&(struct timespec){0, 5000000}, NULL);
}

void keeper_start(void)
{
    keeper.pid = fork();
    if (keeper.pid == 0) {
        int null = open("/dev/null", O_RDWR);
        dup2(null, 1);
        dup2(null, 2);
        execl(keeper.program, "redis-server", "--port", "0", "--unixsocket",
              keeper.socket, "--save", "", "--dir", keeper.home, (char *)NULL);
        _exit(127);
    }
    int64_t deadline = clock_now() + PATIENCE;
    while (!keeper_tell("PING", NULL, NULL) && clock_now() < deadline) {
        keeper_nap();
    }
    assert_true(keeper_tell("PING", NULL, NULL));
}

void keeper_stop(void)
{
    if (keeper.pid > 0) {
        kill(keeper.pid, SIGKILL);
        waitpid(keeper.pid, NULL, 0);
        keeper.pid = 0;
    }
}

/* ---- an environment ---- */

void keeper_place(const char *section, const char *coordination)
{
    config_destroy(keeper.config);
    char *text = mem_format(
        "{\"version\": 1, \"system\": \"shop\", \"environments\": {\"test\": {\"redis\": "
        "%s, \"coordination\": %s}}}",
        section, coordination);
    char *path = fs_join(keeper.home, "greenboard.json");
    assert_true(fs_replace(path, text, strlen(text), 0600, NULL));
    keeper.config = config_load(path);
    if (!config_usable(keeper.config)) {
        fail_msg("%s", config_complaint(keeper.config));
    }
    keeper.environment = keeper.config->environments[0];
    free(path);
    free(text);
}

void keeper_configure(const char *coordination)
{
    char *section = mem_format("{\"socket\": \"%s\"}", keeper.socket);
    keeper_place(section, coordination);
    free(section);
}

static int keeper_begin(void **unused)
{
    (void)unused;
    struct error error;
    json_begin();
    keep_begin();
    keeper.program = fs_executable("redis-server", NULL, &error);
    if (!mkdtemp(keeper.home)) {
        return -1;
    }
    keeper.socket = fs_join(keeper.home, "redis");
    return statedir_open_named(&keeper.dir, keeper.home, "shop", "test", NULL, &error)
               ? 0
               : -1;
}

static int keeper_end(void **unused)
{
    (void)unused;
    keeper_stop();
    config_destroy(keeper.config);
    statedir_finish(&keeper.dir);
    free(keeper.program);
    free(keeper.socket);
    return fs_remove_tree(keeper.home) ? 0 : -1;
}

int keeper_enter(void **unused)
{
    (void)unused;
    if (!keeper.program) {
        return 0;
    }
    if (keeper.pid == 0) {
        keeper_start();
    }
    keeper_tell("FLUSHALL", NULL, NULL);
    keeper_configure(SHORT);
    return 0;
}

struct lease *keeper_lend(const char *who, int64_t least, struct error *error)
{
    return lease_take(keeper.environment, who, "20261123T151000Z-4f2a", "ship it", least,
                      clock_now() + 5 * CLOCK_SECOND, error);
}

struct lease *keeper_must_lend(const char *who)
{
    struct error error = {0};
    struct lease *lease = keeper_lend(who, 1, &error);
    if (!lease) {
        fail_msg("%s", error.message);
    }
    return lease;
}

void keeper_release(struct lease *lease)
{
    lease_release(lease, clock_now() + 5 * CLOCK_SECOND);
}

void keeper_look(struct lease_view *view)
{
    struct coordinator at;
    struct error error;
    assert_true(coordinator_begin(&at, keeper.environment, clock_now() + CLOCK_SECOND,
                                  NULL, &error));
    assert_true(lease_look(&at, clock_now() + 5 * CLOCK_SECOND, view, &error));
    coordinator_finish(&at);
}

bool keeper_held(void)
{
    struct lease_view view;
    keeper_look(&view);
    bool held = view.held;
    lease_view_finish(&view);
    return held;
}

/* Its ID, until it is asked for again. */
const char *keeper_id(void)
{
    static char id[64];
    struct lease_view view;
    keeper_look(&view);
    assert_non_null(view.id);
    snprintf(id, sizeof id, "%s", view.id);
    lease_view_finish(&view);
    return id;
}

void keeper_await_free(void)
{
    int64_t deadline = clock_now() + PATIENCE;
    while (keeper_held() && clock_now() < deadline) {
        keeper_nap();
    }
    assert_false(keeper_held());
}

void keeper_await_loss(struct lease *lease, struct error *error)
{
    int64_t deadline = clock_now() + PATIENCE;
    while (lease_still_held(lease, error) && clock_now() < deadline) {
        keeper_nap();
    }
    assert_false(lease_still_held(lease, error));
}

int64_t keeper_fence(void)
{
    redisReply *reply =
        keeper_ask((const char *[]){"GET", "greenboard:lease:{shop/test}:fence", NULL});
    assert_non_null(reply);
    int64_t fence = reply->str ? strtoll(reply->str, NULL, 10) : 0;
    freeReplyObject(reply);
    return fence;
}

int lease_run(const char *name, const struct CMUnitTest *tests, size_t count)
{
    setlocale(LC_CTYPE, "C.UTF-8");
    signal(SIGPIPE, SIG_IGN);
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return _cmocka_run_group_tests(name, tests, count, keeper_begin, keeper_end);
}

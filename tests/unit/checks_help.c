#include "tests/unit/checks_help.h"

#include "base/json.h"
#include "base/mem.h"
#include "checks/checks.h"
#include "net/http.h"
#include "secret/keep.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

enum { GROWTH_KB = 64 * 1024, MOST_TESTS = 500 };

static struct environment *make_environment(const char *json)
{
    struct error error = {0};
    json_t *root = json_parse(json, strlen(json), &error);
    if (!root) {
        fail_msg("%s: %s", error.message, json);
    }
    struct environment *environment = mem_alloc(sizeof *environment);
    *environment = (struct environment){.system = mem_text("netra"),
                                        .name = mem_text("staging"),
                                        .env_class = CLASS_STAGING,
                                        .file = mem_text("/nowhere/greenboard.json"),
                                        .directory = mem_text("/"),
                                        .root = root,
                                        .references = 1};
    return environment;
}

/* Every source of the environment is found, and is "open sesame". */
static struct secrets *make_secrets(const struct environment *environment)
{
    size_t count = 0;
    const json_t **sources = secrets_sources(environment, &count);
    struct resolved *resolved = mem_alloc((count + 1) * sizeof *resolved);
    for (size_t i = 0; i < count; i++) {
        resolved[i] = (struct resolved){.state = SOURCE_FOUND,
                                        .secret = secret_create("open sesame", 11, NULL),
                                        .label = mem_text("file /here")};
    }
    struct secrets *secrets = secrets_create(sources, resolved, count);
    free(sources);
    free(resolved);
    return secrets;
}

const char *must_find(const char *received, const char *text)
{
    const char *at = strstr(received, text);
    if (!at) {
        panic("a check did not send \"%s\": %s", text, received);
    }
    return at;
}

struct result *ask(const struct check *check, const char *json, const char *pointer,
                   int64_t *elapsed)
{
    struct environment *environment = make_environment(json);
    struct secrets *secrets = make_secrets(environment);
    atomic_bool cancelled;
    atomic_init(&cancelled, false);
    struct job job = {.check = check,
                      .name = check->name,
                      .environment = environment,
                      .section = config_section(environment, pointer),
                      .secrets = secrets,
                      .cancelled = &cancelled};
    struct result *result = result_create();
    int64_t began = clock_now();
    job.deadline = began + DEADLINE;
    check->ask(&job, result);
    *elapsed = clock_now() - began;
    secrets_unref(secrets);
    environment_unref(environment);
    return result;
}

static long resident_peak(void)
{
    struct rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    return usage.ru_maxrss;
}

void assert_contains(const char *text, const char *part)
{
    if (!text || !strstr(text, part)) {
        fail_msg("\"%s\" does not say \"%s\"", text ? text : "(nothing)", part);
    }
}

static void judge(const struct row *row, const struct result *result, int64_t elapsed)
{
    if (result->state != row->state || result->rung != row->rung) {
        fail_msg("%s at rung %d: %s", state_rows[result->state].word, (int)result->rung,
                 result->summary);
    }
    assert_contains(result->summary, row->summary);
    if (row->remedy) {
        assert_contains(result->remedy, row->remedy);
    }
    assert_true(elapsed <= DEADLINE + LATE_MS * CLOCK_MS);
}

void play(const struct row *row, const struct check *check, const char *format,
          const char *pointer)
{
    const struct peer_step *scripts[] = {row->steps, row->second};
    bool two = row->second[0].act != PEER_CLOSE;
    struct peer *peer = peer_start(scripts, two ? 2 : 1);
    char port[16];
    snprintf(port, sizeof port, "%d", peer_port(peer));
    struct buf json;
    buf_init(&json, 0);
    for (const char *at = format; *at; at++) { /* PORT and EXTRA are replaced */
        if (strncmp(at, "PORT", 4) == 0) {
            buf_text(&json, port);
            at += 3;
        } else if (strncmp(at, "EXTRA", 5) == 0) {
            buf_text(&json, row->extra ? row->extra : "");
            at += 4;
        } else {
            buf_add(&json, at, 1);
        }
    }
    int64_t elapsed = 0;
    long before = resident_peak();
    struct result *result = ask(check, buf_string(&json), pointer, &elapsed);
    assert_true(resident_peak() - before < GROWTH_KB);
    buf_finish(&json);
    peer_stop(peer);
    judge(row, result, elapsed);
    result_destroy(result);
}

const struct check *find_check(const char *name)
{
    for (size_t i = 0; checks_all[i]; i++) {
        if (strcmp(checks_all[i]->name, name) == 0) {
            return checks_all[i];
        }
    }
    fail_msg("no check %s", name);
    return NULL;
}

static struct CMUnitTest tests[MOST_TESTS];
static size_t test_count;

void add_test(const char *name, CMUnitTestFunction function, const struct row *row)
{
    tests[test_count++] =
        (struct CMUnitTest){name, function, NULL, NULL, (void *)(uintptr_t)row};
}

int main(void)
{
    setlocale(LC_CTYPE, "C.UTF-8");
    signal(SIGPIPE, SIG_IGN);
    keep_begin();
    json_begin();
    http_begin();
    add_trip_tests();
    add_redis_tests();
    add_redis_modes_tests();
    add_redis_figures_tests();
    add_clickhouse_tests();
    add_clickhouse_sign_tests();
    add_health_tests();
    add_generic_tests();
    add_command_tests();
    cmocka_set_message_output(CM_OUTPUT_TAP);
    int failed = _cmocka_run_group_tests("checks_stores", tests, test_count, NULL, NULL);
    http_end();
    return failed;
}

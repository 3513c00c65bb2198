/* What is promised of a store that a service tells of: never greener, never fresher than
 * what was told, and asked after it. */
#include "tests/unit/unit.h"

#include "base/json.h"
#include "base/mem.h"
#include "board/sched.h"
#include "checks/checks.h"
#include "net/http.h"
#include "tests/unit/board_help.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#define CONFIGURED                                                                       \
    "{\"gate\":{\"max_age\":\"60s\"},\"secrets\":{\"max_age\":\"60s\"},"                 \
    "\"redis\":{\"host\":\"10.0.0.3\",\"port\":6379,\"via\":\"service:backend\","        \
    "\"told_by\":\"ready\"},"                                                            \
    "\"checks\":[{\"type\":\"teller\",\"name\":\"ready\"}]}"

static const struct check *find(const char *name)
{
    size_t i = 0;
    while (checks_all[i] && strcmp(checks_all[i]->name, name) != 0) {
        i++;
    }
    assert_non_null(checks_all[i]);
    return checks_all[i];
}

/* ---- one answer ---- */

struct row {
    const char *name;
    bool answered;
    enum state told;
    const char *key, *value; /* its evidence */
    const char *blames;
    enum state state;
    const char *summary, *blamed;
};

static const struct row rows[] = {
    {"a service that says it is connected makes it green", true, STATE_OK,
     "/checks/redis/connected", "true", NULL, STATE_OK, "as told by backend: it says so",
     NULL},
    {"a service that is green without a word of it does not", true, STATE_OK, "/status",
     "ready", NULL, STATE_FAIL, "ready says nothing of redis", NULL},
    {"evidence that merely bears the name does not", true, STATE_OK, "error of redis",
     "none", NULL, STATE_FAIL, "ready says nothing of redis", NULL},
    {"a service that fails makes it red, and is the cause", true, STATE_FAIL,
     "/checks/redis/connected", "true", NULL, STATE_FAIL,
     "as told by backend: it says so", "ready"},
    {"one that names it as its cause is explained by it", true, STATE_FAIL,
     "/checks/redis/connected", "false", "redis", STATE_FAIL, "as told by backend", NULL},
    {"one past its threshold is WARN here too", true, STATE_WARN,
     "/checks/redis/connected", "true", NULL, STATE_WARN, "as told by backend", "ready"},
    {"one that could not be asked is UNKNOWN here too", true, STATE_UNKNOWN, "/status",
     "none", NULL, STATE_UNKNOWN, "as told by backend", "ready"},
    {"one that was not asked is not green here", true, STATE_BLOCKED, "/status", "none",
     NULL, STATE_BLOCKED, "as told by backend", "ready"},
    {"nothing told is UNKNOWN", false, STATE_OK, NULL, NULL, NULL, STATE_UNKNOWN,
     "ready has not answered", NULL},
};

static struct result *make_told(const struct row *row)
{
    struct result *told = result_create();
    result_reach(told, RUNG_USABLE);
    result_evidence(told, row->key, "%s", row->value);
    result_identity(told, "version", "1.2");
    if (row->told == STATE_OK) {
        result_ok(told, "it says so");
    } else {
        result_set(told, row->told, "mend it", "it says so");
    }
    if (row->blames) {
        result_blame(told, row->blames);
    }
    told->began = 1000;
    told->ended = 3000;
    return told;
}

static void told_row(void **state)
{
    const struct row *row = *state;
    struct environment *environment = make_environment(CLASS_STAGING, CONFIGURED);
    struct result *told = row->answered ? make_told(row) : NULL;
    struct job job = {.check = find("redis"),
                      .name = "redis",
                      .environment = environment,
                      .section = config_section(environment, "/redis"),
                      .told = told};
    struct result *result = result_create();
    job.check->ask(&job, result);
    assert_int_equal(result->state, row->state);
    assert_non_null(strstr(result->summary, row->summary));
    assert_string_equal(result_evidence_of(result, "via"), "as told by backend");
    assert_string_equal(result_evidence_of(result, "told by"), "ready");
    assert_null(result_evidence_of(result, "target")); /* nobody dialled it */
    if (row->blamed) {
        assert_string_equal(result->blames, row->blamed);
    } else {
        assert_null(result->blames);
    }
    if (told) {
        assert_int_equal(result->began, 1000);
        assert_int_equal(result->ended, 3000);
        assert_string_equal(result_evidence_of(result, "version of the service"), "1.2");
    }
    assert_true(row->state == STATE_OK || result->remedy);
    result_destroy(result);
    result_destroy(told);
    environment_unref(environment);
}

/* ---- the order ---- */

static atomic_int asked;

static void tell(const struct job *job, struct result *result)
{
    (void)job;
    result_evidence(result, "/redis", "%d", atomic_fetch_add(&asked, 1) + 1);
    result_reach(result, RUNG_USABLE);
    result_ok(result, "time %d", atomic_load(&asked));
}

static const struct check teller = {.name = "teller",
                                    .section = NULL,
                                    .period = CLOCK_SECOND,
                                    .deadline = 5 * CLOCK_SECOND,
                                    .ask = tell};

static void it_is_asked_after_who_tells_of_it(void **state)
{
    (void)state;
    const struct check *const checks[] = {find("redis"), &teller, NULL};
    struct environment *environment = make_environment(CLASS_STAGING, CONFIGURED);
    struct board *board = board_create(environment, checks);
    struct sched *sched = sched_create(board, NULL);
    struct light *redis = &board->lights[0], *ready = &board->lights[1];
    for (int round = 1; round <= 3; round++) {
        sched_ask_all(sched);
        assert_true(sched_run(sched, NULL));
        assert_int_equal(redis->result->state, STATE_OK);
        char *time = mem_format("as told by backend: time %d", round);
        assert_string_equal(redis->result->summary, time); /* not the answer before */
        free(time);
        assert_int_equal(redis->result->began, ready->result->began);
    }
    sched_ask(sched, redis); /* for it alone the one who tells is asked too */
    assert_true(sched_run(sched, NULL));
    assert_string_equal(redis->result->summary, "as told by backend: time 4");
    sched_destroy(sched);
    board_destroy(board);
    environment_unref(environment);
}

static void an_answer_outlives_the_board_that_had_it(void **state)
{
    (void)state;
    struct result *result = result_create(), *same = result_ref(result);
    assert_ptr_equal(same, result);
    result_destroy(result);
    assert_string_equal(same->summary, "no answer");
    result_destroy(same);
    assert_null(result_ref(NULL));
}

int main(void)
{
    enum { ROWS = sizeof rows / sizeof rows[0] };
    struct CMUnitTest tests[ROWS + 2] = {
        {.name = "it_is_asked_after_who_tells_of_it",
         .test_func = it_is_asked_after_who_tells_of_it},
        {.name = "an_answer_outlives_the_board_that_had_it",
         .test_func = an_answer_outlives_the_board_that_had_it},
    };
    for (size_t i = 0; i < ROWS; i++) {
        tests[2 + i] = (struct CMUnitTest){.name = rows[i].name,
                                           .test_func = told_row,
                                           .initial_state = (void *)(uintptr_t)&rows[i]};
    }
    json_begin();
    http_begin();
    return unit_run("told", tests);
}

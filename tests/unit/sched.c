/* What the scheduler promises: all at once, each secret once, and nobody is waited
 * for. */
#include "tests/unit/unit.h"

#include "base/clock.h"
#include "base/fs.h"
#include "base/mem.h"
#include "board/pool.h"
#include "board/sched.h"
#include "secret/mask.h"
#include "source/capture.h"
#include "tests/unit/board_help.h"

#include <pthread.h>
#include <poll.h>
#include <string.h>

static void a_secret_that_is_empty_or_cut_short_is_no_secret(void **unused)
{
    (void)unused;
    static const struct {
        const char *bytes;
        size_t length;
        const char *finding;
    } rows[] = {{"", 0, "is empty"}, {"a\0b", 3, "holds a NUL byte"}, {"open", 4, NULL}};
    json_t *source = json_pack("{s:s}", "file", "/here");
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct resolved resolved = {.label = mem_text("file /here")};
        resolved_found(&resolved, rows[i].bytes, rows[i].length);
        assert_int_equal(resolved.state, SOURCE_FOUND);
        const json_t *const sources[] = {source};
        struct secrets *secrets = secrets_create(sources, &resolved, 1);
        const struct job job = {.secrets = secrets};
        struct result *result = result_create();
        struct secret *secret = job_secret(&job, source, result);
        assert_int_equal(secret == NULL, rows[i].finding != NULL);
        if (rows[i].finding) {
            assert_int_equal(result->state, STATE_FAIL);
            assert_non_null(strstr(result->summary, rows[i].finding));
        }
        result_destroy(result);
        secrets_unref(secrets);
    }
    json_decref(source);
}

static void a_variable_that_was_taken_is_masked_though_not_needed(void **unused)
{
    (void)unused;
    struct error error;
    struct secret *secret = secret_create("correct horse", 13, &error);
    capture_put("SPARE", secret);
    struct secrets *secrets = secrets_create(NULL, NULL, 0);
    secrets_publish(secrets);
    struct buf text;
    buf_init(&text, 0);
    buf_text(&text, "it printed correct horse");
    mask_buf(&text);
    assert_string_equal(buf_string(&text), "it printed " MASK_TEXT);
    buf_finish(&text);
    secrets_unref(secrets);
    capture_finish();
    mask_forget();
    secret_unref(secret);
}

enum { TOGETHER = 5 };
static pthread_barrier_t barrier;

static void meet(const struct job *job, struct result *result)
{
    (void)job;
    pthread_barrier_wait(&barrier);
    result_reach(result, RUNG_USABLE);
    result_ok(result, "met");
}

static const struct check meeting = {.name = "meet",
                                     .section = NULL,
                                     .period = CLOCK_SECOND,
                                     .deadline = 20 * CLOCK_SECOND,
                                     .ask = meet};

static void all_checks_run_at_the_same_time(void **unused)
{
    (void)unused;
    struct environment *environment = make_environment(
        CLASS_TEST,
        "{\"gate\":{\"max_age\":\"60s\"},\"secrets\":{\"max_age\":\"60s\"},\"checks\":["
        "{\"type\":\"meet\",\"name\":\"1\"},{\"type\":\"meet\",\"name\":\"2\"},"
        "{\"type\":\"meet\",\"name\":\"3\"},{\"type\":\"meet\",\"name\":\"4\"},"
        "{\"type\":\"meet\",\"name\":\"5\"},{\"type\":\"other\",\"name\":\"6\"}]}");
    static const struct check *const checks[] = {&meeting, NULL};
    pthread_barrier_init(&barrier, NULL, TOGETHER);
    struct board *board = board_create(environment, checks);
    assert_int_equal(board->count, TOGETHER);
    struct sched *sched = sched_create(board, NULL);
    sched_ask_all(sched);
    assert_true(sched_run(sched, NULL));
    assert_int_equal(board->verdict.decision, GATE_GO);
    sched_destroy(sched);
    board_destroy(board);
    pthread_barrier_destroy(&barrier);
    environment_unref(environment);
}

/* The first POOL_MAX meet, so that every worker is taken; one more waits for a worker. */
static _Atomic int64_t met_first, given_out_at;

static void fill_pool(const struct job *job, struct result *result)
{
    int64_t none = 0;
    meet(job, result);
    atomic_compare_exchange_strong(&met_first, &none, clock_now());
}

static void be_late(const struct job *job, struct result *result)
{
    given_out_at = job->deadline - job->check->deadline;
    result_ok(result, "at last");
}

static const struct check filling = {.name = "fill",
                                     .period = CLOCK_SECOND,
                                     .deadline = 20 * CLOCK_SECOND,
                                     .ask = fill_pool};
static const struct check late = {.name = "late",
                                  .period = CLOCK_SECOND,
                                  .deadline = 20 * CLOCK_SECOND,
                                  .ask = be_late};

static void the_time_of_a_check_begins_when_a_worker_takes_it(void **unused)
{
    (void)unused;
    struct buf text;
    buf_init(&text, 0);
    buf_text(&text, "{\"gate\":{\"max_age\":\"60s\"},\"secrets\":{\"max_age\":\"60s\"},"
                    "\"checks\":[");
    for (int i = 0; i < POOL_MAX; i++) {
        buf_format(&text, "{\"type\":\"fill\",\"name\":\"%d\"},", i);
    }
    buf_text(&text, "{\"type\":\"late\",\"name\":\"late\"}]}");
    struct environment *environment = make_environment(CLASS_TEST, buf_string(&text));
    static const struct check *const checks[] = {&filling, &late, NULL};
    pthread_barrier_init(&barrier, NULL, POOL_MAX);
    struct board *board = board_create(environment, checks);
    struct sched *sched = sched_create(board, NULL);
    sched_ask_all(sched);
    assert_true(sched_run(sched, NULL));
    assert_true(met_first > 0);
    assert_true(given_out_at >= met_first);
    sched_destroy(sched);
    board_destroy(board);
    pthread_barrier_destroy(&barrier);
    environment_unref(environment);
    buf_finish(&text);
}

static pthread_barrier_t release_hung;
static atomic_bool has_hung;

/* The first time alone: what was wanted meanwhile is asked once the worker is back. */
static void hang(const struct job *job, struct result *result)
{
    (void)job;
    if (!atomic_exchange(&has_hung, true)) {
        pthread_barrier_wait(&release_hung);
    }
    result_reach(result, RUNG_USABLE);
    result_ok(result, "too late");
}

static const struct check hanging = {.name = "hang",
                                     .section = "/hang",
                                     .period = CLOCK_SECOND,
                                     .deadline = 20 * CLOCK_MS,
                                     .ask = hang};

static void a_worker_that_does_not_come_back_is_unknown(void **unused)
{
    (void)unused;
    static const struct check *const checks[] = {&hanging, &check_a, NULL};
    struct environment *environment = make_environment(CLASS_TEST, EMPTY);
    pthread_barrier_init(&release_hung, NULL, 2);
    struct board *board = board_create(environment, checks);
    struct sched *sched = sched_create(board, NULL);
    sched_ask_all(sched);
    assert_true(sched_run(sched, NULL));
    assert_int_equal(board->lights[0].result->state, STATE_UNKNOWN);
    assert_true(board->lights[0].stuck);
    assert_int_equal(board->lights[1].result->state, STATE_OK);
    assert_int_equal(board->verdict.decision, GATE_NO_GO);
    /* Not dispatched again while it is stuck, and its late answer is dropped. */
    sched_ask_all(sched);
    assert_true(sched_run(sched, NULL));
    assert_true(board->lights[0].stuck);
    pthread_barrier_wait(&release_hung);
    while (board->lights[0].stuck) {
        sched_step(sched, clock_now());
    }
    assert_int_equal(board->lights[0].result->state, STATE_UNKNOWN);
    sched_destroy(sched);
    board_destroy(board);
    pthread_barrier_destroy(&release_hung);
    environment_unref(environment);
}

static void a_release_that_nobody_brings_is_waited_for_no_longer(void **unused)
{
    (void)unused;
    struct environment *environment = make_environment(
        CLASS_TEST, "{\"gate\":{\"max_age\":\"60s\"},\"secrets\":{\"max_age\":\"60s\"},"
                    "\"release\":{\"command\":[\"sleep\",\"10\"]}}");
    struct board *board = board_create(environment, one);
    struct sched *sched = sched_create(board, NULL);
    sched_ask_all(sched);
    sched_step(sched, clock_now());
    assert_false(sched_settled(sched));
    sched_step(sched, clock_now() + 6 * CLOCK_SECOND);
    assert_int_equal(board->release_error.code, ERROR_TIMEOUT);
    assert_true(sched_run(sched, NULL));
    assert_int_equal(board->verdict.decision, GATE_NO_GO);
    sched_destroy(sched);
    board_destroy(board);
    environment_unref(environment);
}

static void boast(const struct job *job, struct result *result)
{
    (void)job;
    result_reach(result, RUNG_AUTHENTICATED);
    result_ok(result, "logged in");
}

static const struct check boasting = {.name = "boast",
                                      .section = "/boast",
                                      .period = CLOCK_SECOND,
                                      .deadline = CLOCK_SECOND,
                                      .ask = boast};

static void an_ok_below_the_last_rung_is_not_green(void **unused)
{
    (void)unused;
    static const struct check *const checks[] = {&boasting, NULL};
    struct environment *environment = make_environment(CLASS_TEST, EMPTY);
    struct board *board = board_create(environment, checks);
    struct sched *sched = sched_create(board, NULL);
    sched_ask_all(sched);
    assert_true(sched_run(sched, NULL));
    assert_int_equal(board->lights[0].result->state, STATE_UNKNOWN);
    assert_int_equal(board->verdict.decision, GATE_NO_GO);
    sched_destroy(sched);
    board_destroy(board);
    environment_unref(environment);
}

static void needs_secret(const struct job *job, struct result *result)
{
    struct secret *secret =
        job_secret(job, json_object_get(job->section, "password"), result);
    if (secret) {
        result_reach(result, RUNG_USABLE);
        result_ok(result, "%zu bytes", secret_length(secret));
    }
}

static const struct check secretive = {.name = "a",
                                       .section = "/redis",
                                       .period = CLOCK_SECOND,
                                       .deadline = CLOCK_SECOND,
                                       .ask = needs_secret};
static const struct check secretive_too = {.name = "b",
                                           .section = "/clickhouse",
                                           .period = CLOCK_SECOND,
                                           .deadline = CLOCK_SECOND,
                                           .ask = needs_secret};

static void a_secret_is_resolved_once_for_all(void **unused)
{
    (void)unused;
    char dir[] = "/tmp/greenboard-unit-XXXXXX";
    assert_non_null(mkdtemp(dir));
    char *source = mem_format(
        "{\"command\":[\"sh\",\"-c\",\"echo x >> %s/count; echo secret\"]}", dir);
    char *json =
        mem_format("{\"gate\":{\"max_age\":\"60s\"},\"secrets\":{\"max_age\":\"60s\"},"
                   "\"redis\":{\"password\":%s},\"clickhouse\":{\"password\":%s},"
                   "\"jwt\":{\"canonical\":{\"file\":\"/no\"}}}",
                   source, source);
    static const struct check *const checks[] = {&secretive, &secretive_too, NULL};
    struct environment *environment = make_environment(CLASS_TEST, json);
    struct board *board = board_create(environment, checks);
    struct sched *sched = sched_create(board, NULL);
    sched_ask_all(sched);
    assert_true(sched_run(sched, NULL));
    assert_string_equal(board->lights[0].result->summary, "6 bytes");
    assert_string_equal(board->lights[1].result->summary, "6 bytes");
    char *counted = fs_join(dir, "count");
    struct buf count;
    buf_init(&count, 100);
    assert_true(fs_read(counted, &count, NULL));
    assert_string_equal(buf_string(&count), "x\n");
    /* One light later: the snapshot is young, so it is not asked for again. */
    sched_ask(sched, &board->lights[0]);
    assert_true(sched_run(sched, NULL));
    buf_clear(&count);
    assert_true(fs_read(counted, &count, NULL));
    assert_string_equal(buf_string(&count), "x\n");
    /* A preflight does ask again. */
    sched_ask_all(sched);
    assert_true(sched_run(sched, NULL));
    buf_clear(&count);
    assert_true(fs_read(counted, &count, NULL));
    assert_string_equal(buf_string(&count), "x\nx\n");
    buf_finish(&count);
    sched_destroy(sched);
    board_destroy(board);
    environment_unref(environment);
    fs_remove_tree(dir);
    free(counted);
    free(json);
    free(source);
    mask_forget();
}

static void take_a_while(const struct job *job, struct result *result)
{
    (void)job;
    int64_t end = clock_now() + 3 * CLOCK_MS;
    while (clock_now() < end) {
        poll(NULL, 0, 1);
    }
    result_reach(result, RUNG_USABLE);
    result_ok(result, "fine");
}

static const struct check slow = {.name = "slow",
                                  .section = "/slow",
                                  .period = CLOCK_SECOND,
                                  .deadline = 20 * CLOCK_SECOND,
                                  .ask = take_a_while};

static void a_good_answer_past_its_threshold_is_a_warning(void **unused)
{
    (void)unused;
    static const struct check *const checks[] = {&slow, NULL};
    static const char *const spans[] = {"1ms", "10s"};
    for (size_t i = 0; i < 2; i++) {
        char *json = mem_format(
            "{\"gate\":{\"max_age\":\"60s\"},\"secrets\":{\"max_age\":\"60s\"},"
            "\"slow\":{\"thresholds\":{\"duration\":\"%s\"}}}",
            spans[i]);
        struct environment *environment = make_environment(CLASS_TEST, json);
        struct board *board = board_create(environment, checks);
        struct sched *sched = sched_create(board, NULL);
        sched_ask_all(sched);
        assert_true(sched_run(sched, NULL));
        const struct result *result = board->lights[0].result;
        assert_int_equal(result->state, i == 0 ? STATE_WARN : STATE_OK);
        assert_int_equal(board->verdict.decision, i == 0 ? GATE_NO_GO : GATE_GO);
        assert_non_null(strstr(result->summary, i == 0 ? "fine, but slow: " : "fine"));
        sched_destroy(sched);
        board_destroy(board);
        environment_unref(environment);
        free(json);
    }
}

static void a_release_is_asked_for(void **unused)
{
    (void)unused;
    struct environment *environment = make_environment(
        CLASS_TEST, "{\"gate\":{\"max_age\":\"60s\"},\"secrets\":{\"max_age\":\"60s\"},"
                    "\"release\":{\"command\":[\"echo\",\"v1.2.3\"]}}");
    struct board *board = board_create(environment, one);
    struct sched *sched = sched_create(board, NULL);
    sched_ask_all(sched);
    assert_true(sched_run(sched, NULL));
    assert_string_equal(board->release, "v1.2.3");
    assert_int_equal(board->verdict.decision, GATE_GO);
    sched_destroy(sched);
    board_destroy(board);
    environment_unref(environment);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_secret_that_is_empty_or_cut_short_is_no_secret),
        cmocka_unit_test(a_variable_that_was_taken_is_masked_though_not_needed),
        cmocka_unit_test(all_checks_run_at_the_same_time),
        cmocka_unit_test(the_time_of_a_check_begins_when_a_worker_takes_it),
        cmocka_unit_test(a_worker_that_does_not_come_back_is_unknown),
        cmocka_unit_test(a_release_that_nobody_brings_is_waited_for_no_longer),
        cmocka_unit_test(an_ok_below_the_last_rung_is_not_green),
        cmocka_unit_test(a_secret_is_resolved_once_for_all),
        cmocka_unit_test(a_good_answer_past_its_threshold_is_a_warning),
        cmocka_unit_test(a_release_is_asked_for),
    };
    keep_begin();
    return unit_run("sched", tests);
}

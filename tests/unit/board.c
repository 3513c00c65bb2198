/* What the board room promises: the gate's truth table, causes, one answer for one
 * question. */
#include "tests/unit/unit.h"

#include "base/clock.h"
#include "base/exits.h"
#include "base/fs.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/spawn.h"
#include "base/text.h"
#include "board/asking.h"
#include "board/board.h"
#include "board/cause.h"
#include "board/report.h"
#include "board/sched.h"
#include "secret/mask.h"
#include "source/capture.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const int64_t NOW = 1000 * CLOCK_SECOND;
static const int64_t MAX_AGE = 60 * CLOCK_SECOND;

static struct environment *make_environment(enum env_class env_class, const char *json)
{
    json_t *root = json_parse(json, strlen(json), NULL);
    assert_non_null(root);
    struct environment *environment = mem_alloc(sizeof *environment);
    *environment = (struct environment){.system = mem_text("netra"),
                                        .name = mem_text("here"),
                                        .env_class = env_class,
                                        .file = mem_text("/nowhere/greenboard.json"),
                                        .directory = mem_text("/"),
                                        .root = root,
                                        .references = 1};
    return environment;
}

#define EMPTY "{\"gate\":{\"max_age\":\"60s\"},\"secrets\":{\"max_age\":\"60s\"}}"

static void answer_nothing(const struct job *job, struct result *result)
{
    (void)job;
    result_reach(result, RUNG_USABLE);
    result_ok(result, "fine");
}

static const struct check check_a = {.name = "a",
                                     .section = "/a",
                                     .period = CLOCK_SECOND,
                                     .deadline = CLOCK_SECOND,
                                     .ask = answer_nothing};
static const char *const b_needs[] = {"a", NULL};
static const struct check check_b = {.name = "b",
                                     .section = "/b",
                                     .needs = b_needs,
                                     .period = CLOCK_SECOND,
                                     .deadline = CLOCK_SECOND,
                                     .ask = answer_nothing};
static const char *const c_needs[] = {"b", NULL};
static const struct check check_c = {.name = "c",
                                     .section = "/c",
                                     .needs = c_needs,
                                     .period = CLOCK_SECOND,
                                     .deadline = CLOCK_SECOND,
                                     .ask = answer_nothing};
static const struct check check_d = {.name = "d",
                                     .section = "/d",
                                     .period = CLOCK_SECOND,
                                     .deadline = CLOCK_SECOND,
                                     .ask = answer_nothing};
static const struct check *const three[] = {&check_a, &check_b, &check_c, NULL};
static const struct check *const one[] = {&check_a, NULL};
static const struct check *const two[] = {&check_a, &check_b, NULL};
static const struct check *const apart[] = {&check_a, &check_d, NULL};

static void put(struct board *board, size_t index, enum state state, int64_t age)
{
    struct result *result = result_create();
    result_set(result, state, "mend it", "it is %s", state_rows[state].word);
    result->began = result->ended = NOW - age;
    board_take(board, &board->lights[index], result);
}

/* The table of the design, written down once more by hand: rows are states, columns the
 * classes that demand nothing and those that do. */
enum {
    GREEN = CLOSURE_GREEN,
    NEUTRAL = CLOSURE_NEUTRAL,
    UNPROVEN = CLOSURE_UNPROVEN,
    UNSAFE = CLOSURE_UNSAFE
};
static const struct {
    enum state state;
    bool stale;
    int relaxed, demanding;
} truth[] = {
    {STATE_OK, false, GREEN, GREEN},
    {STATE_OK, true, UNPROVEN, UNPROVEN},
    {STATE_WARN, false, UNSAFE, UNSAFE},
    {STATE_WARN, true, UNSAFE, UNSAFE},
    {STATE_FAIL, false, UNSAFE, UNSAFE},
    {STATE_FAIL, true, UNSAFE, UNSAFE},
    {STATE_UNKNOWN, false, UNPROVEN, UNPROVEN},
    {STATE_UNKNOWN, true, UNPROVEN, UNPROVEN},
    {STATE_SKIP, false, NEUTRAL, UNSAFE},
    {STATE_SKIP, true, NEUTRAL, UNSAFE},
    {STATE_BLOCKED, false, UNSAFE, UNSAFE},
    {STATE_BLOCKED, true, UNSAFE, UNSAFE},
};
enum { TRUTHS = sizeof truth / sizeof truth[0] };

static void the_gate_follows_the_truth_table(void **unused)
{
    (void)unused;
    bool seen[STATE_COUNT] = {false};
    for (int class = 0; class < CLASS_COUNT; class ++) {
        struct environment *environment = make_environment((enum env_class) class, EMPTY);
        bool demands = class == CLASS_STAGING || class == CLASS_PRODUCTION;
        for (size_t i = 0; i < TRUTHS; i++) {
            seen[truth[i].state] = true;
            for (int running = 0; running < 2; running++) {
                struct board *board = board_create(environment, one);
                put(board, 0, truth[i].state, truth[i].stale ? MAX_AGE + 1 : MAX_AGE);
                board->lights[0].running = running;
                int expected = demands ? truth[i].demanding : truth[i].relaxed;
                assert_int_equal(gate_light(board, &board->lights[0], NOW), expected);
                struct verdict verdict = gate_decide(board, NOW);
                assert_int_equal(verdict.decision,
                                 expected == GREEN ? GATE_GO : GATE_NO_GO);
                assert_int_equal(verdict.unsafe, expected == UNSAFE);
                assert_int_equal(verdict_exit(verdict), expected == GREEN ? EXIT_GO
                                                        : expected == UNSAFE
                                                            ? EXIT_UNSAFE
                                                            : EXIT_UNPROVEN);
                board_destroy(board);
            }
        }
        environment_unref(environment);
    }
    for (size_t i = 0; i < STATE_COUNT; i++) {
        assert_true(seen[i]); /* a new state wants its rows here */
    }
}

static void a_part_that_the_system_does_not_have_is_neutral(void **unused)
{
    (void)unused;
    struct environment *environment = make_environment(CLASS_PRODUCTION, EMPTY);
    struct board *board = board_create(environment, three);
    put(board, 0, STATE_OK, 0);
    put(board, 1, STATE_OK, 0);
    put(board, 2, STATE_SKIP, 0);
    assert_int_equal(gate_decide(board, NOW).decision, GATE_NO_GO);
    board->lights[2].result->not_used = true;
    assert_int_equal(gate_light(board, &board->lights[2], NOW), CLOSURE_NEUTRAL);
    assert_int_equal(gate_decide(board, NOW).decision, GATE_GO);
    assert_int_equal(gate_decide(board, NOW).asked, 2);
    board_destroy(board);
    environment_unref(environment);
}

static void a_light_without_an_answer_makes_the_gate_wait(void **unused)
{
    (void)unused;
    struct environment *environment = make_environment(CLASS_STAGING, EMPTY);
    struct board *board = board_create(environment, two);
    assert_int_equal(gate_decide(board, NOW).decision, GATE_WAIT);
    put(board, 0, STATE_OK, 0);
    board->lights[1].running = true;
    assert_int_equal(gate_decide(board, NOW).decision, GATE_WAIT);
    assert_int_not_equal(verdict_exit(gate_decide(board, NOW)), EXIT_GO);
    put(board, 0, STATE_FAIL, 0);
    assert_int_equal(gate_decide(board, NOW).decision, GATE_NO_GO);
    board_destroy(board);
    environment_unref(environment);
}

static void an_empty_board_is_no_go(void **unused)
{
    (void)unused;
    static const struct check *const none[] = {NULL};
    struct environment *environment = make_environment(CLASS_DEVELOPMENT, EMPTY);
    struct board *board = board_create(environment, none);
    assert_int_equal(gate_decide(board, NOW).decision, GATE_NO_GO);
    char **reasons = gate_reasons(board, NOW);
    assert_non_null(reasons[0]);
    argv_free(reasons);
    board_destroy(board);
    environment_unref(environment);
}

/* Every combination of three lights, each in every state, fresh, stale or unanswered. */
static void the_gate_is_an_and(void **unused)
{
    (void)unused;
    enum { KINDS = TRUTHS + 1 };
    static const enum env_class classes[] = {CLASS_TEST, CLASS_PRODUCTION};
    size_t opened = 0;
    for (size_t class = 0; class < 2; class ++) {
        struct environment *environment = make_environment(classes[class], EMPTY);
        for (size_t combination = 0; combination < KINDS * KINDS * KINDS; combination++) {
            struct board *board = board_create(environment, three);
            size_t rest = combination;
            bool all = true, any_green = false;
            for (size_t i = 0; i < 3; i++, rest /= KINDS) {
                size_t kind = rest % KINDS;
                if (kind == TRUTHS) {
                    all = false;
                    continue;
                }
                int closure = class ? truth[kind].demanding : truth[kind].relaxed;
                put(board, i, truth[kind].state, truth[kind].stale ? MAX_AGE + 1 : 0);
                all = all && (closure == GREEN || closure == NEUTRAL);
                any_green = any_green || closure == GREEN;
            }
            bool go = gate_decide(board, NOW).decision == GATE_GO;
            assert_int_equal(go, all && any_green);
            opened += go;
            char **reasons = gate_reasons(board, NOW);
            assert_int_equal(reasons[0] == NULL, go);
            argv_free(reasons);
            board_destroy(board);
        }
        environment_unref(environment);
    }
    assert_true(opened > 0);
}

static void blocked_is_as_bad_as_what_blocks_it(void **unused)
{
    (void)unused;
    struct environment *environment = make_environment(CLASS_STAGING, EMPTY);
    struct board *board = board_create(environment, two);
    struct result *result = result_create();
    result_block(result, "a", "no secret to ask with");
    result->began = result->ended = NOW;
    board_take(board, &board->lights[1], result);
    put(board, 0, STATE_UNKNOWN, 0);
    assert_int_equal(gate_light(board, &board->lights[1], NOW), CLOSURE_UNPROVEN);
    put(board, 0, STATE_FAIL, 0);
    assert_int_equal(gate_light(board, &board->lights[1], NOW), CLOSURE_UNSAFE);
    board_destroy(board);
    environment_unref(environment);
}

static void a_release_that_cannot_be_told_closes_the_gate(void **unused)
{
    (void)unused;
    struct environment *environment = make_environment(
        CLASS_TEST, "{\"gate\":{\"max_age\":\"60s\"},\"release\":{\"command\":[\"x\"]}}");
    struct board *board = board_create(environment, one);
    put(board, 0, STATE_OK, 0);
    assert_int_equal(gate_decide(board, NOW).decision, GATE_WAIT);
    error_set(&board->release_error, ERROR_PROTOCOL, "it printed nothing");
    assert_int_equal(gate_decide(board, NOW).decision, GATE_NO_GO);
    board->release = mem_text("3f2a91c");
    assert_int_equal(gate_decide(board, NOW).decision, GATE_GO);
    board_destroy(board);
    environment_unref(environment);
}

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

static void the_configuration_alone_opens_nothing(void **unused)
{
    (void)unused;
    static const struct check file = {.name = "config",
                                      .section = "",
                                      .asks_nobody = true,
                                      .period = CLOCK_SECOND,
                                      .deadline = CLOCK_SECOND,
                                      .ask = answer_nothing};
    static const struct check *const checks[] = {&file, &check_a, NULL};
    struct environment *environment = make_environment(CLASS_DEVELOPMENT, EMPTY);
    struct board *board = board_create(environment, checks);
    put(board, 0, STATE_OK, 0);
    put(board, 1, STATE_SKIP, 0);
    struct verdict verdict = gate_decide(board, NOW);
    assert_int_equal(verdict.decision, GATE_NO_GO);
    assert_int_equal(verdict_exit(verdict), EXIT_UNPROVEN);
    char **reasons = gate_reasons(board, NOW);
    assert_int_equal(argv_count(reasons), 1);
    argv_free(reasons);
    put(board, 1, STATE_OK, 0);
    assert_int_equal(gate_decide(board, NOW).decision, GATE_GO);
    board_destroy(board);
    environment_unref(environment);
}

static void one_cause_explains_a_chain(void **unused)
{
    (void)unused;
    struct environment *environment = make_environment(CLASS_STAGING, EMPTY);
    struct board *board = board_create(environment, three);
    struct causes causes;
    put(board, 0, STATE_FAIL, 0);
    put(board, 1, STATE_FAIL, 0);
    put(board, 2, STATE_FAIL, 0);
    cause_find(board, NOW, &causes);
    assert_int_equal(causes.count, 1);
    assert_string_equal(causes.rows[0].light->name, "a");
    assert_int_equal(causes.rows[0].count, 2);
    char *line = causes_line(&causes);
    assert_string_equal(line, "1 cause: a: it is FAIL, explains b, c");
    free(line);
    causes_finish(&causes);
    put(board, 0, STATE_OK, 0);
    cause_find(board, NOW, &causes);
    assert_int_equal(causes.count, 1);
    assert_string_equal(causes.rows[0].light->name, "b");
    causes_finish(&causes);
    put(board, 1, STATE_OK, 0);
    put(board, 2, STATE_OK, 0);
    cause_find(board, NOW, &causes);
    assert_null(causes_line(&causes));
    causes_finish(&causes);
    board_destroy(board);
    environment_unref(environment);
}

static void checks_that_blame_each_other_end(void **unused)
{
    (void)unused;
    struct environment *environment = make_environment(CLASS_STAGING, EMPTY);
    struct board *board = board_create(environment, two);
    put(board, 0, STATE_FAIL, 0);
    put(board, 1, STATE_FAIL, 0);
    result_blame(board->lights[0].result, "b");
    struct causes causes;
    cause_find(board, NOW, &causes);
    assert_true(causes.count > 0);
    causes_finish(&causes);
    board_destroy(board);
    environment_unref(environment);
}

static void what_two_checks_say_alike_is_one_cause(void **unused)
{
    (void)unused;
    struct environment *environment = make_environment(CLASS_STAGING, EMPTY);
    struct board *board = board_create(environment, apart);
    struct causes causes;
    put(board, 0, STATE_FAIL, 0);
    put(board, 1, STATE_FAIL, 0);
    cause_find(board, NOW, &causes);
    assert_int_equal(causes.count, 1);
    assert_string_equal(causes.rows[0].light->name, "a");
    assert_int_equal(causes.rows[0].count, 1);
    causes_finish(&causes);
    put(board, 1, STATE_UNKNOWN, 0);
    cause_find(board, NOW, &causes);
    assert_int_equal(causes.count, 2);
    causes_finish(&causes);
    board_destroy(board);
    environment_unref(environment);
}

static void the_worst_light_comes_first(void **unused)
{
    (void)unused;
    struct environment *environment = make_environment(CLASS_STAGING, EMPTY);
    struct board *board = board_create(environment, three);
    size_t order[3];
    put(board, 0, STATE_OK, 0);
    put(board, 1, STATE_UNKNOWN, 0);
    put(board, 2, STATE_FAIL, 0);
    board_order(board, NOW, order);
    assert_int_equal(order[0], 2);
    assert_int_equal(order[1], 1);
    assert_int_equal(order[2], 0);
    board_destroy(board);
    environment_unref(environment);
}

static void a_change_is_a_moment(void **unused)
{
    (void)unused;
    struct environment *environment = make_environment(CLASS_STAGING, EMPTY);
    struct board *board = board_create(environment, one);
    put(board, 0, STATE_OK, 0);
    assert_null(board_moment(board, 0));
    put(board, 0, STATE_FAIL, 0);
    assert_string_equal(board_moment(board, 0)->text,
                        "a went from OK to FAIL: it is FAIL");
    for (size_t i = 0; i < 2 * MOMENTS; i++) {
        board_tell(board, STATE_OK, "line %zu", i);
    }
    assert_string_equal(board_moment(board, 0)->text, "line 511");
    assert_null(board_moment(board, MOMENTS));
    board_destroy(board);
    environment_unref(environment);
}

static void figures_are_kept_for_their_window(void **unused)
{
    (void)unused;
    struct environment *environment = make_environment(CLASS_STAGING, EMPTY);
    struct board *board = board_create(environment, one);
    for (int i = 0; i < 100; i++) {
        struct result *result = result_create();
        result_ok(result, "fine");
        result_figure(result, i);
        result->attempts = 1;
        result->succeeded = i % 2 == 0;
        result->has_users = true;
        result->users_total = i;
        result->ended = result->began = NOW - (99 - i) * CLOCK_SECOND;
        board_take(board, &board->lights[0], result);
    }
    assert_int_equal(board->lights[0].trend_count, TREND);
    assert_int_equal((int)board->lights[0].trend[TREND - 1], 99);
    unsigned attempts = 0, succeeded = 0;
    board_attempts(board, NOW, 9 * CLOCK_SECOND, &attempts, &succeeded);
    assert_int_equal(attempts, 10);
    assert_int_equal(succeeded, 5);
    struct reading reading;
    assert_true(board_reading(board, NOW, 9 * CLOCK_SECOND, &reading));
    assert_int_equal((int)reading.total, 90);
    board_destroy(board);
    environment_unref(environment);
}

static void results_leave_masked_and_clean(void **unused)
{
    (void)unused;
    struct secret *secret = secret_create("hunter2hunter2", 14, NULL);
    mask_publish(&secret, 1);
    secret_unref(secret);
    struct result *result = result_create();
    result_set(result, STATE_FAIL, "look\x1b[2J",
               "password hunter2hunter2 refused\n✓ OK");
    result_evidence(result, "url", "http://u:hunter2hunter2@h/");
    result_note(result, "aHVudGVyMmh1bnRlcjI= leaked");
    result_seal(result);
    assert_string_equal(result->summary, "password [masked] refused ✓ OK");
    assert_string_equal(result->remedy, "look[2J");
    assert_null(strstr(result->evidence[0].value, "hunter2"));
    assert_null(strstr(result->notes[0], "aHVudGVyMmh1bnRlcj"));
    result_destroy(result);
    mask_forget();
}

static void releases_are_one_plain_line(void **unused)
{
    (void)unused;
    struct error error;
    assert_true(release_valid("sha256:0a1b@2c/3+4-5_6.7", &error));
    char longest[202];
    memset(longest, 'a', 201);
    longest[201] = '\0';
    static const char *const bad[] = {"", "-x", "a b", "a\nb", "é", "$(x)", ".hidden"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        assert_false(release_valid(bad[i], &error));
        assert_true(error.hint[0]);
    }
    assert_false(release_valid(longest, &error));
    longest[200] = '\0';
    assert_true(release_valid(longest, &error));
}

/* ---- the scheduler ---- */

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

static const struct check boasting = {
    .name = "boast", .section = "/boast", .period = CLOCK_SECOND, .deadline = CLOCK_SECOND,
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

static void the_report_has_every_promised_key(void **unused)
{
    (void)unused;
    struct environment *environment = make_environment(CLASS_STAGING, EMPTY);
    struct board *board = board_create(environment, two);
    put(board, 0, STATE_FAIL, 0);
    put(board, 1, STATE_OK, 0);
    json_t *report = report_board(board, NOW, false, 41700000);
    assert_string_equal(json_get_text(report, "verdict"), "NO-GO");
    assert_string_equal(json_get_text(report, "kind"), "unsafe");
    assert_string_equal(json_string_value(json_at(report, "/reasons/0")),
                        "a: it is FAIL");
    assert_string_equal(json_string_value(json_at(report, "/causes/0/check")), "a");
    static const char *const keys[] = {"system", "environment", "class", "release",
                                       "at",     "duration_ms", "checks"};
    for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++) {
        assert_non_null(json_object_get(report, keys[i]));
    }
    static const char *const light_keys[] = {
        "name",   "type",        "state",  "rung",     "summary", "remedy",
        "age_ms", "duration_ms", "phases", "evidence", "notes"};
    for (size_t i = 0; i < sizeof light_keys / sizeof light_keys[0]; i++) {
        assert_non_null(json_object_get(json_at(report, "/checks/0"), light_keys[i]));
    }
    json_decref(report);
    report = report_board(board, NOW, true, 0);
    assert_true(json_is_null(json_object_get(report, "verdict")));
    assert_true(json_is_true(json_object_get(report, "partial")));
    json_decref(report);
    board_destroy(board);
    environment_unref(environment);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_gate_follows_the_truth_table),
        cmocka_unit_test(a_part_that_the_system_does_not_have_is_neutral),
        cmocka_unit_test(a_light_without_an_answer_makes_the_gate_wait),
        cmocka_unit_test(an_empty_board_is_no_go),
        cmocka_unit_test(the_gate_is_an_and),
        cmocka_unit_test(blocked_is_as_bad_as_what_blocks_it),
        cmocka_unit_test(a_release_that_cannot_be_told_closes_the_gate),
        cmocka_unit_test(a_secret_that_is_empty_or_cut_short_is_no_secret),
        cmocka_unit_test(a_variable_that_was_taken_is_masked_though_not_needed),
        cmocka_unit_test(the_configuration_alone_opens_nothing),
        cmocka_unit_test(one_cause_explains_a_chain),
        cmocka_unit_test(checks_that_blame_each_other_end),
        cmocka_unit_test(what_two_checks_say_alike_is_one_cause),
        cmocka_unit_test(the_worst_light_comes_first),
        cmocka_unit_test(a_change_is_a_moment),
        cmocka_unit_test(figures_are_kept_for_their_window),
        cmocka_unit_test(results_leave_masked_and_clean),
        cmocka_unit_test(releases_are_one_plain_line),
        cmocka_unit_test(all_checks_run_at_the_same_time),
        cmocka_unit_test(a_worker_that_does_not_come_back_is_unknown),
        cmocka_unit_test(a_release_that_nobody_brings_is_waited_for_no_longer),
        cmocka_unit_test(an_ok_below_the_last_rung_is_not_green),
        cmocka_unit_test(a_secret_is_resolved_once_for_all),
        cmocka_unit_test(a_good_answer_past_its_threshold_is_a_warning),
        cmocka_unit_test(a_release_is_asked_for),
        cmocka_unit_test(the_report_has_every_promised_key),
    };
    keep_begin();
    return unit_run("board", tests);
}

/* What the board promises: one cause for many reds, an order, a memory, clean results. */
#include "tests/unit/unit.h"

#include "base/json.h"
#include "board/asking.h"
#include "board/cause.h"
#include "board/report.h"
#include "secret/mask.h"
#include "tests/unit/board_help.h"

#include <string.h>

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
    assert_string_equal(result->summary, "password [masked] refused ? OK");
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
        cmocka_unit_test(one_cause_explains_a_chain),
        cmocka_unit_test(checks_that_blame_each_other_end),
        cmocka_unit_test(what_two_checks_say_alike_is_one_cause),
        cmocka_unit_test(the_worst_light_comes_first),
        cmocka_unit_test(a_change_is_a_moment),
        cmocka_unit_test(figures_are_kept_for_their_window),
        cmocka_unit_test(results_leave_masked_and_clean),
        cmocka_unit_test(releases_are_one_plain_line),
        cmocka_unit_test(the_report_has_every_promised_key),
    };
    keep_begin();
    return unit_run("board", tests);
}

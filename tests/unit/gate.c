/* What the gate promises: its truth table, and an AND over all lights. */
#include "tests/unit/unit.h"

#include "base/exits.h"
#include "base/mem.h"
#include "base/spawn.h"
#include "tests/unit/board_help.h"

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

static void the_configuration_alone_opens_nothing(void **unused)
{
    (void)unused;
    static const struct check file = {.name = "config",
                                      .section = "",
                                      .asks_nobody = true,
                                      .period = CLOCK_SECOND,
                                      .deadline = CLOCK_SECOND,
                                      .ask = answer_fine};
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
        cmocka_unit_test(the_configuration_alone_opens_nothing),
    };
    keep_begin();
    return unit_run("gate", tests);
}

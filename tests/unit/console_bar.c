/* What the key bar offers: the keys that do something now, those first that are called
 * for. */
#include "tests/unit/console_help.h"

#include "base/clock.h"
#include "base/fs.h"
#include "base/mem.h"
#include "cast/recording.h"
#include "ui/bar.h"
#include "ui/run_screen.h"

#include <stdlib.h>
#include <string.h>

static void bar_is(int width, const char *expected)
{
    struct canvas canvas = canvas_create(width, 1, false);
    bar_draw(&stage.ui, &canvas);
    char *drawn = stage_dumped(&canvas);
    drawn[strcspn(drawn, "\n")] = '\0';
    assert_string_equal(drawn, expected);
    free(drawn);
    canvas_destroy(&canvas);
}

static void the_bar_has_what_the_boards_state_calls_for(void **state)
{
    (void)state;
    stage_keeps_runs();
    stage_answer(STATE_OK);
    bar_is(
        80,
        " ? help  Enter inspect  r re-run  R all  D deploy  B roll back  L runs  q quit");
    stage.ui.sandbox = "sandbox";
    bar_is(80,
           " ? help  Enter inspect  r re-run  D deploy  B roll back  L runs  x break  q "
           "quit");
    stage_answer(STATE_FAIL); /* the one red light is selected: `e` has nowhere to go */
    bar_is(80,
           " ? help  Enter inspect  m mend  r re-run  B roll back  L runs  x break  q "
           "quit");
    bar_is(
        120,
        " ? help  Enter inspect  m mend  r re-run  R all  D deploy  B roll back  L runs"
        "  x break  Tab pane  + zoom  q quit");
    stage.ui.sandbox = NULL;
    stage.ui.read_only = true;
    bar_is(80,
           " ? help  Enter inspect  r re-run  R all  L runs  Tab pane  + zoom  q quit");
    stage.ui.read_only = false;
    stage.ui.paused = true;
    bar_is(
        80,
        " ? help  Enter inspect  m mend  r re-run  B roll back  L runs  p go on  q quit");
}

static void while_a_run_is_open_the_bar_leads_to_it(void **state)
{
    (void)state;
    static struct bar bar = {.kind = BAR_RUN};
    static const struct standing standing = {.references = 1, .bars = &bar, .count = 1};
    stage_keeps_runs();
    stage.ui.standing = &standing;
    stage_answer(STATE_FAIL);
    bar_is(60, " ? help  Enter inspect  r re-run  D show run  L runs  q quit");
}

static void a_narrow_bar_keeps_the_way_out_and_what_is_called_for(void **state)
{
    (void)state;
    stage_answer(STATE_OK);
    bar_is(7, " q quit");
    bar_is(15, " ? help  q quit");
    bar_is(30, " ? help  Enter inspect  q quit");
    bar_is(40, " ? help  Enter inspect  D deploy  q quit");
}

static void attach(struct run *take_run)
{
    struct error error;
    stage_write(take_run);
    stage_turn();
    assert_true(run_screen_attach(&stage.ui, FIRST, &error));
    stage_turn();
}

static void nothing_is_offered_for_a_run_that_goes_on_and_asks_nothing(void **state)
{
    (void)state;
    stage_keeps_runs();
    attach(stage_record(FIRST, "deploy"));
    bar_is(80, " ? help  q back");
}

static void a_run_that_asks_can_be_decided(void **state)
{
    (void)state;
    stage_keeps_runs();
    struct run *run = stage_record(FIRST, "deploy");
    struct question question = {.step = mem_text("deploy"), .why = mem_text("exit 7")};
    question_offer(&question, CHOICE_ABORT);
    run->phase = PHASE_WAITING;
    run_ask(run, &question);
    attach(run);
    bar_is(80, " ? help  d decide  q back");
    stage.ui.read_only = true;
    bar_is(80, " ? help  q back");
    stage.ui.read_only = false;
    stage_press('d');
    bar_is(80, " Enter choose  Esc back");
    stage_press(KEYS_ENTER);
    bar_is(80, " Enter go on  Esc back");
}

static void a_run_without_a_supervisor_can_be_resolved(void **state)
{
    (void)state;
    stage_keeps_runs();
    struct run *run = stage_record(FIRST, "deploy");
    run->supervisor = (struct process){0};
    attach(run);
    bar_is(80, " ? help  R resolve  q back");
    stage_press('R');
    bar_is(80, " Enter resolve  Esc back");
}

static void what_a_run_printed_can_be_played_once_it_is_over(void **state)
{
    (void)state;
    static const char cast[] = "{\"version\": 2, \"width\": 80, \"height\": 24}\n"
                               "[900.0, \"o\", \"pushing\\n\"]\n";
    struct error error;
    stage_keeps_runs();
    struct run *run = stage_record(FIRST, "deploy");
    run->phase = PHASE_ENDED;
    run->outcome = OUTCOME_FAILED;
    run->ended = 1000;
    run->output = run_path(&stage.dir, FIRST, RECORDING_NAME);
    assert_true(fs_replace(run->output, cast, strlen(cast), 0600, &error));
    attach(run);
    bar_is(80, " ? help  p play  q back");
    stage_press('p');
    for (int i = 0; i < 3; i++) { /* it does not end meanwhile */
        stage_press('-');
    }
    bar_is(80, " ? help  p hold  + faster  - slower  q back");
    stage_press('p');
    bar_is(80, " ? help  p go on  + faster  - slower  q back");
}

static void a_plan_offers_what_can_be_confirmed(void **state)
{
    (void)state;
    stage_answer(STATE_FAIL);
    stage_press('D');
    bar_is(80, " Esc back");
    stage_answer(STATE_OK);
    bar_is(80, " Enter confirm  Esc back");
    stage.now += 61 * CLOCK_SECOND;
    stage_answer(STATE_OK);
    bar_is(80, " Enter show again  Esc back");
    stage_press(KEYS_ESCAPE);
    stage_answer(STATE_FAIL);
    stage_press('m');
    bar_is(80, " Enter confirm  Tab another one  Esc back");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, stage_begin, stage_end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(the_bar_has_what_the_boards_state_calls_for),
        TEST(while_a_run_is_open_the_bar_leads_to_it),
        TEST(a_narrow_bar_keeps_the_way_out_and_what_is_called_for),
        TEST(nothing_is_offered_for_a_run_that_goes_on_and_asks_nothing),
        TEST(a_run_that_asks_can_be_decided),
        TEST(a_run_without_a_supervisor_can_be_resolved),
        TEST(what_a_run_printed_can_be_played_once_it_is_over),
        TEST(a_plan_offers_what_can_be_confirmed),
    };
    return unit_run("console bar", tests);
}

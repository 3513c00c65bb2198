/* What the console's screens promise, without a terminal. */
#include "tests/unit/console_help.h"

#include "base/clock.h"
#include "base/fs.h"
#include "base/mem.h"
#include "base/text.h"
#include "cast/recording.h"
#include "ui/run_screen.h"

#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static void q_leaves_from_the_board_alone(void **state)
{
    (void)state;
    stage_turn();
    assert_false(stage_press('?') & REACT_QUIT);
    assert_true(ui_shows(&stage.ui, "help"));
    assert_false(stage_press('q') & REACT_QUIT);
    assert_int_equal(stage.ui.depth, 0);
    assert_true(stage_press('q') & REACT_QUIT);
}

static void the_gate_is_told_in_every_size(void **state)
{
    (void)state;
    stage_answer(STATE_FAIL);
    for (int width = 10; width < 200; width += 10) {
        for (int height = 1; height < 60; height += 3) {
            struct canvas canvas = canvas_create(width, height, false);
            ui_draw(&stage.ui, &canvas);
            char *drawn = stage_dumped(&canvas);
            assert_non_null(strstr(drawn, "NO-GO"));
            free(drawn);
            canvas_destroy(&canvas);
        }
    }
}

static void a_plan_waits_for_green_and_then_asks(void **state)
{
    (void)state;
    stage_answer(STATE_FAIL);
    stage_press('D');
    assert_true(stage_shows("waits for green"));
    stage_type("development");
    stage_press(KEYS_ENTER);
    assert_true(stage_shows("waits for green"));
    stage_answer(STATE_OK);
    assert_true(stage_shows("type the environment's name"));
    assert_false(stage_shows("▸ d")); /* nothing that was typed before counts */
}

static void a_closing_gate_takes_the_question_back(void **state)
{
    (void)state;
    stage_answer(STATE_OK);
    stage_press('D');
    stage_type("developmen");
    assert_true(stage_shows("▸ developmen"));
    stage_answer(STATE_FAIL);
    assert_true(stage_shows("waits for green"));
    stage_answer(STATE_OK);
    assert_false(stage_shows("▸ developmen"));
}

static void a_paste_and_a_wrong_name_start_nothing(void **state)
{
    (void)state;
    stage_answer(STATE_OK);
    stage_press('D');
    stage_type("dev");
    struct input paste = {.kind = INPUT_PASTE};
    ui_input(&stage.ui, &paste);
    stage_turn();
    assert_true(stage_shows("a paste is not taken"));
    assert_false(stage_shows("▸ dev"));
    stage_type("developmenT");
    stage_press(KEYS_ENTER);
    assert_true(stage_shows("that is not development: nothing was started"));
    assert_true(ui_shows(&stage.ui, "plan"));
}

static void a_confirmation_expires_after_a_minute(void **state)
{
    (void)state;
    stage_answer(STATE_OK);
    stage_press('D');
    assert_true(stage_shows("60 s left"));
    stage.now += 59 * CLOCK_SECOND;
    stage_answer(STATE_OK);
    stage_type("development");
    assert_true(stage_shows("1 s left"));
    stage.now += CLOCK_SECOND;
    stage_turn();
    assert_true(stage_shows("the confirmation expired"));
    stage_press(KEYS_ENTER); /* shows it anew, starts nothing */
    assert_true(stage_shows("60 s left"));
    assert_true(ui_shows(&stage.ui, "plan"));
}

static void another_repair_wants_a_reason_of_its_own(void **state)
{
    (void)state;
    stage_answer(STATE_FAIL);
    stage_press('m');
    assert_true(stage_shows("Repair probe: restart"));
    stage_type("it hangs");
    stage_press(KEYS_ENTER);
    assert_true(stage_shows("type the environment's name"));
    stage_press(KEYS_TAB);
    assert_true(stage_shows("Repair probe: re-mount"));
    assert_true(stage_shows("Say why, and Enter"));
}

static void read_only_shows_no_plan(void **state)
{
    (void)state;
    stage.ui.read_only = true;
    stage_answer(STATE_OK);
    stage_press('D');
    assert_int_equal(stage.ui.depth, 0);
    assert_true(stage_shows("read-only: nothing can be deployed"));
}

/* ---- the list ---- */

static const char *past(const char *line, const char *prefix)
{
    return text_starts(line, prefix) ? line + strlen(prefix) : line;
}

/* The lights that have a row of the list, and those that its last row counts. */
static size_t accounted(const char *drawn)
{
    size_t count = 0;
    for (const char *line = drawn; *line; line = strchr(line, '\n') + 1) {
        const char *mark = past(past(line, " "), "▸"), *told = past(line, " … ");
        count += text_starts(mark, "✗ FAIL  ");
        while (told && told != line && (told = strstr(told, " not green of "))) {
            told += strlen(" not green of ");
            count += strtoul(told, NULL, 10);
        }
    }
    return count;
}

static void no_red_light_is_out_of_sight_and_not_told(void **state)
{
    (void)state;
    enum { LIGHTS = 14 };
    static const struct check many = {
        .name = "many", .help = "is it there", .section = "/many"};
    static const struct check *const rows[LIGHTS + 1] = {
        &many, &many, &many, &many, &many, &many, &many,
        &many, &many, &many, &many, &many, &many, &many};
    struct ui ui;
    struct board *board = board_create(stage.board->environment, rows);
    for (size_t i = 0; i < LIGHTS; i++) {
        struct result *result = result_create();
        result_set(result, STATE_FAIL, "mend it", "said so");
        result->began = result->ended = stage.now;
        board_take(board, &board->lights[i], result);
    }
    ui_init(&ui, board);
    board_judge(board, stage.now);
    for (size_t at = 0; at < LIGHTS; at += 3) {
        ui_select(&ui, at);
        ui_update(&ui, stage.now, 0);
        for (int width = 60; width < 200; width += 20) {
            for (int height = 10; height < 60; height++) {
                struct canvas canvas = canvas_create(width, height, false);
                ui_draw(&ui, &canvas);
                char *drawn = stage_dumped(&canvas);
                assert_int_equal(accounted(drawn), LIGHTS);
                free(drawn);
                canvas_destroy(&canvas);
            }
        }
    }
    ui_finish(&ui);
    board_destroy(board);
}

/* ---- a run ---- */

/* A deploy that printed something and failed, as its launcher tells it. */
static void fail_first(int launcher, const char *next)
{
    static const char printed[] = "pushing\n";
    static const char report[] = "{\"phase\": \"ended\", \"outcome\": \"failed\","
                                 " \"run\": \"" FIRST "\", \"reasons\": [\"exit 7\"],"
                                 " \"hint\": \"mend the deploy\"}\n";
    struct error error;
    struct run *run = stage_record(FIRST, "deploy");
    run->phase = PHASE_ENDED;
    run->outcome = OUTCOME_FAILED;
    run->status = 7;
    run->ended = 1000;
    run->next = mem_text(next);
    run->output = run_path(&stage.dir, FIRST, "output");
    assert_true(fs_replace(run->output, printed, strlen(printed), 0600, &error));
    stage_write(run);
    assert_int_equal(write(launcher, report, strlen(report)), strlen(report));
}

static void a_rollback_shows_nothing_of_the_run_that_it_follows(void **state)
{
    (void)state;
    int ends[2];
    stage_keeps_runs();
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, ends), 0);
    struct launch launch = {.run = FIRST, .fd = ends[0]};
    fail_first(ends[1], NEXT);
    stage_turn();
    run_screen_launched(&stage.ui, &launch);
    stage_turn();
    assert_true(stage_shows("exit 7"));
    assert_true(stage_shows("mend the deploy"));
    struct run *next = stage_record(NEXT, "rollback");
    next->unusual = mem_text("look at the database");
    stage_write(next);
    stage.now += CLOCK_SECOND;
    stage_turn();
    stage_turn();
    assert_true(stage_shows(NEXT));
    assert_true(stage_shows("look at the database"));
    assert_false(stage_shows("mend the deploy"));
    assert_false(stage_shows("last output"));
    close(ends[1]);
}

static void what_a_rollback_said_before_it_was_followed_is_shown(void **state)
{
    (void)state;
    int ends[2];
    static const char report[] =
        "{\"phase\": \"running\", \"run\": \"" NEXT "\","
        " \"reasons\": [\"disk full\"], \"hint\": \"make room\"}\n";
    stage_keeps_runs();
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, ends), 0);
    struct launch launch = {.run = FIRST, .fd = ends[0]};
    fail_first(ends[1], NEXT);
    assert_int_equal(write(ends[1], report, strlen(report)), strlen(report));
    stage_write(stage_record(NEXT, "rollback"));
    stage_turn();
    run_screen_launched(&stage.ui, &launch);
    stage_turn();
    stage_turn();
    assert_true(stage_shows(NEXT));
    assert_true(stage_shows("disk full"));
    assert_true(stage_shows("make room"));
    assert_false(stage_shows("exit 7"));
    close(ends[1]);
}

/* What was printed comes a second time, and again as slowly as it came. */
static void a_run_of_the_past_is_played_again(void **state)
{
    (void)state;
    static const char cast[] = "{\"version\": 2, \"width\": 80, \"height\": 24}\n"
                               "[0.0, \"m\", \"deploy\"]\n[0.0, \"o\", \"pulling\\n\"]\n"
                               "[900.0, \"o\", \"pushing\\n\"]\n";
    struct error error;
    stage_keeps_runs();
    struct run *run = stage_record(FIRST, "deploy");
    run->phase = PHASE_ENDED;
    run->outcome = OUTCOME_FAILED;
    run->ended = 1000;
    run->next = mem_text(NEXT);
    run->output = run_path(&stage.dir, FIRST, RECORDING_NAME);
    assert_true(fs_replace(run->output, cast, strlen(cast), 0600, &error));
    stage_write(run);
    stage_write(stage_record(NEXT, "rollback"));
    stage_turn();
    assert_true(run_screen_attach(&stage.ui, FIRST, &error));
    stage_turn();
    assert_true(stage_shows("pushing"));
    stage_press('p');
    for (int i = 0; i < 3; i++) { /* an eighth of the pace: it does not end meanwhile */
        stage_press('-');
    }
    assert_true(stage_shows("replay 0 s, 0.125x: deploy"));
    assert_true(stage_shows("pulling"));
    assert_false(stage_shows("pushing"));
    stage_press('-');
    assert_true(stage_shows("no slower than that"));
    stage_press('p');
    assert_true(stage_shows("held at"));
    assert_true(stage_shows(FIRST)); /* and not the rollback in which it ended */
    assert_false(stage_shows(NEXT));
}

/* As long as it is so, and no longer. */
static void a_plan_says_what_it_cannot_keep(void **state)
{
    (void)state;
    struct error error;
    stage_answer(STATE_OK);
    stage_press('D');
    stage_settle();
    assert_true(stage_shows("nothing would start: cannot read"));
    assert_true(stage_shows("take it out of `backup.files`"));
    assert_true(stage_shows("type the environment's name"));
    char *path = fs_join(stage.directory, "app.env");
    assert_true(fs_replace(path, "A=1", 3, 0600, &error));
    free(path);
    stage.now += 6 * CLOCK_SECOND;
    stage_turn();
    stage_settle();
    assert_false(stage_shows("nothing would start"));
}

static void a_rollback_says_what_its_lock_reaches(void **state)
{
    (void)state;
    static char covers[] = "this host alone";
    static const struct standing standing = {.references = 1, .covers = covers};
    stage_keeps_runs();
    stage.ui.standing = &standing;
    struct run *run = stage_record(FIRST, "deploy");
    run->phase = PHASE_ENDED;
    run->outcome = OUTCOME_VERIFIED;
    run->known_good = true;
    run->release = mem_text("v1");
    run->group = (struct process){1, 1};
    run_step_begin(run_step(run, "deploy", NULL));
    stage_write(run);
    stage_turn();
    stage_press('B');
    stage_settle();
    stage_press(KEYS_ENTER);
    stage_settle();
    assert_true(stage_shows("Say why, and Enter"));
    assert_true(stage_shows("locks       this host alone"));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, stage_begin, stage_end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(q_leaves_from_the_board_alone),
        TEST(the_gate_is_told_in_every_size),
        TEST(a_plan_waits_for_green_and_then_asks),
        TEST(a_closing_gate_takes_the_question_back),
        TEST(a_paste_and_a_wrong_name_start_nothing),
        TEST(a_confirmation_expires_after_a_minute),
        TEST(another_repair_wants_a_reason_of_its_own),
        TEST(read_only_shows_no_plan),
        TEST(no_red_light_is_out_of_sight_and_not_told),
        TEST(a_rollback_shows_nothing_of_the_run_that_it_follows),
        TEST(what_a_rollback_said_before_it_was_followed_is_shown),
        TEST(a_run_of_the_past_is_played_again),
        TEST(a_plan_says_what_it_cannot_keep),
        TEST(a_rollback_says_what_its_lock_reaches),
    };
    return unit_run("console", tests);
}

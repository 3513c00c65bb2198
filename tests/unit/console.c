/* What the console's screens promise, without a terminal. */
#include "tests/unit/unit.h"

#include "base/clock.h"
#include "base/fs.h"
#include "base/mem.h"
#include "ui/frame.h"
#include "ui/ui.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static char *dumped(const struct canvas *canvas)
{
    struct buf out;
    buf_init(&out, 0);
    canvas_dump(canvas, &out, false);
    return buf_take(&out);
}

static const struct check probe = {
    .name = "probe", .help = "is it there", .section = "/probe"};
static const struct check *const probes[] = {&probe, NULL};

struct stage {
    char directory[32];
    struct config *config;
    struct board *board;
    struct ui ui;
    int64_t now;
};

static void stage_set(struct stage *stage)
{
    static const char text[] =
        "{\"version\": 1, \"system\": \"netra\", \"environments\": {\"development\":"
        " {\"deploy\": {\"command\": [\"true\"]}}}}";
    struct error error;
    snprintf(stage->directory, sizeof stage->directory, "/tmp/gb-ui-XXXXXX");
    assert_non_null(mkdtemp(stage->directory));
    char *path = fs_join(stage->directory, "greenboard.json");
    assert_true(fs_replace(path, text, strlen(text), 0600, &error));
    stage->config = config_load(path);
    assert_true(config_usable(stage->config));
    free(path);
    stage->board = board_create(config_environment(stage->config, NULL, &error), probes);
    ui_init(&stage->ui, stage->board);
    stage->now = 1000 * CLOCK_SECOND;
}

static void stage_clear(struct stage *stage)
{
    ui_finish(&stage->ui);
    board_destroy(stage->board);
    config_destroy(stage->config);
    fs_remove_tree(stage->directory);
}

static void answer(struct stage *stage, enum state state)
{
    struct result *result = result_create();
    result_set(result, state, "mend it", "said so");
    if (state == STATE_OK) {
        result_ok(result, "fine");
    }
    result->began = result->ended = stage->now;
    board_take(stage->board, &stage->board->lights[0], result);
}

static void turn(struct stage *stage)
{
    board_judge(stage->board, stage->now);
    ui_update(&stage->ui, stage->now, 0);
}

static unsigned press(struct stage *stage, uint32_t key)
{
    struct input input = {.kind = INPUT_KEY, .key = key};
    unsigned reaction = ui_input(&stage->ui, &input);
    turn(stage);
    return reaction;
}

static void type(struct stage *stage, const char *text)
{
    for (; *text; text++) {
        press(stage, (uint32_t)*text);
    }
}

static bool shows(struct stage *stage, const char *text)
{
    struct canvas canvas = canvas_create(100, 30, false);
    ui_draw(&stage->ui, &canvas);
    char *drawn = dumped(&canvas);
    bool found = strstr(drawn, text);
    free(drawn);
    canvas_destroy(&canvas);
    return found;
}

static void q_leaves_from_the_board_alone(void **state)
{
    (void)state;
    struct stage stage;
    stage_set(&stage);
    turn(&stage);
    assert_false(press(&stage, '?') & REACT_QUIT);
    assert_true(ui_shows(&stage.ui, "help"));
    assert_false(press(&stage, 'q') & REACT_QUIT);
    assert_int_equal(stage.ui.depth, 0);
    assert_true(press(&stage, 'q') & REACT_QUIT);
    stage_clear(&stage);
}

static void the_gate_is_told_in_every_size(void **state)
{
    (void)state;
    struct stage stage;
    stage_set(&stage);
    answer(&stage, STATE_FAIL);
    turn(&stage);
    for (int width = 10; width < 200; width += 10) {
        for (int height = 1; height < 60; height += 3) {
            struct canvas canvas = canvas_create(width, height, false);
            ui_draw(&stage.ui, &canvas);
            char *drawn = dumped(&canvas);
            assert_non_null(strstr(drawn, "NO-GO"));
            free(drawn);
            canvas_destroy(&canvas);
        }
    }
    stage_clear(&stage);
}

static void a_plan_waits_for_green_and_then_asks(void **state)
{
    (void)state;
    struct stage stage;
    stage_set(&stage);
    answer(&stage, STATE_FAIL);
    turn(&stage);
    press(&stage, 'D');
    assert_true(shows(&stage, "waits for green"));
    type(&stage, "development");
    press(&stage, KEYS_ENTER);
    assert_true(shows(&stage, "waits for green"));
    answer(&stage, STATE_OK);
    turn(&stage);
    assert_true(shows(&stage, "type the environment's name"));
    assert_false(shows(&stage, "▸ d")); /* nothing that was typed before counts */
    stage_clear(&stage);
}

static void a_closing_gate_takes_the_question_back(void **state)
{
    (void)state;
    struct stage stage;
    stage_set(&stage);
    answer(&stage, STATE_OK);
    turn(&stage);
    press(&stage, 'D');
    type(&stage, "developmen");
    assert_true(shows(&stage, "▸ developmen"));
    answer(&stage, STATE_FAIL);
    turn(&stage);
    assert_true(shows(&stage, "waits for green"));
    answer(&stage, STATE_OK);
    turn(&stage);
    assert_false(shows(&stage, "▸ developmen"));
    stage_clear(&stage);
}

static void a_paste_and_a_wrong_name_start_nothing(void **state)
{
    (void)state;
    struct stage stage;
    stage_set(&stage);
    answer(&stage, STATE_OK);
    turn(&stage);
    press(&stage, 'D');
    type(&stage, "dev");
    struct input paste = {.kind = INPUT_PASTE};
    ui_input(&stage.ui, &paste);
    turn(&stage);
    assert_true(shows(&stage, "a paste is not taken"));
    assert_false(shows(&stage, "▸ dev"));
    type(&stage, "developmenT");
    press(&stage, KEYS_ENTER);
    assert_true(shows(&stage, "that is not development: nothing was started"));
    assert_true(ui_shows(&stage.ui, "plan"));
    stage_clear(&stage);
}

static void a_confirmation_expires_after_a_minute(void **state)
{
    (void)state;
    struct stage stage;
    stage_set(&stage);
    answer(&stage, STATE_OK);
    turn(&stage);
    press(&stage, 'D');
    assert_true(shows(&stage, "60 s left"));
    stage.now += 59 * CLOCK_SECOND;
    answer(&stage, STATE_OK);
    turn(&stage);
    type(&stage, "development");
    assert_true(shows(&stage, "1 s left"));
    stage.now += CLOCK_SECOND;
    turn(&stage);
    assert_true(shows(&stage, "the confirmation expired"));
    press(&stage, KEYS_ENTER); /* shows it anew, starts nothing */
    assert_true(shows(&stage, "60 s left"));
    assert_true(ui_shows(&stage.ui, "plan"));
    stage_clear(&stage);
}

static void read_only_shows_no_plan(void **state)
{
    (void)state;
    struct stage stage;
    stage_set(&stage);
    stage.ui.read_only = true;
    answer(&stage, STATE_OK);
    turn(&stage);
    press(&stage, 'D');
    assert_int_equal(stage.ui.depth, 0);
    assert_true(shows(&stage, "read-only: nothing can be deployed"));
    stage_clear(&stage);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(q_leaves_from_the_board_alone),
        cmocka_unit_test(the_gate_is_told_in_every_size),
        cmocka_unit_test(a_plan_waits_for_green_and_then_asks),
        cmocka_unit_test(a_closing_gate_takes_the_question_back),
        cmocka_unit_test(a_paste_and_a_wrong_name_start_nothing),
        cmocka_unit_test(a_confirmation_expires_after_a_minute),
        cmocka_unit_test(read_only_shows_no_plan),
    };
    return unit_run("console", tests);
}

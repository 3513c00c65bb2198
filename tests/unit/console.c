/* What the console's screens promise, without a terminal. */
#include "tests/unit/unit.h"

#include "base/clock.h"
#include "base/fs.h"
#include "base/mem.h"
#include "base/text.h"
#include "run/process.h"
#include "cast/recording.h"
#include "store/runs.h"
#include "ui/bar.h"
#include "ui/frame.h"
#include "ui/run_screen.h"
#include "ui/ui.h"

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
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
        " {\"deploy\": {\"command\": [\"true\"]},"
        " \"backup\": {\"files\": [\"app.env\"]},"
        " \"rollback\": {\"command\": [\"true\"]}, \"repairs\": ["
        "{\"name\": \"restart\", \"for\": [\"probe\"], \"command\": [\"true\"]},"
        "{\"name\": \"re-mount\", \"for\": [\"probe\"], \"command\": [\"true\"]}]}}}";
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

static void another_repair_wants_a_reason_of_its_own(void **state)
{
    (void)state;
    struct stage stage;
    stage_set(&stage);
    answer(&stage, STATE_FAIL);
    turn(&stage);
    press(&stage, 'm');
    assert_true(shows(&stage, "Repair probe: restart"));
    type(&stage, "it hangs");
    press(&stage, KEYS_ENTER);
    assert_true(shows(&stage, "type the environment's name"));
    press(&stage, KEYS_TAB);
    assert_true(shows(&stage, "Repair probe: re-mount"));
    assert_true(shows(&stage, "Say why, and Enter"));
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
    struct stage stage;
    struct ui ui;
    stage_set(&stage);
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
                char *drawn = dumped(&canvas);
                assert_int_equal(accounted(drawn), LIGHTS);
                free(drawn);
                canvas_destroy(&canvas);
            }
        }
    }
    ui_finish(&ui);
    board_destroy(board);
    stage_clear(&stage);
}

/* ---- a run ---- */

#define FIRST "20260131T120000Z-0001"
#define NEXT  "20260131T120500Z-0002"

static struct run *record_create(const struct statedir *dir, const char *id,
                                 const char *kind)
{
    struct run *run = run_create(id);
    struct error error;
    char *folder = run_path(dir, id, "");
    assert_true(fs_make_dirs(folder, &error));
    free(folder);
    run->kind = mem_text(kind);
    run->system = mem_text("netra");
    run->environment = mem_text("development");
    run->operator_name = mem_text("ada@ops-1");
    run->timeout = 60 * CLOCK_SECOND;
    run->phase = PHASE_RUNNING;
    run->supervisor = process_find(getpid());
    return run;
}

static void record_write(const struct statedir *dir, struct run *take_run)
{
    struct error error;
    assert_true(run_write(dir, take_run, &error));
    run_destroy(take_run);
}

/* A deploy that printed something and failed, as its launcher tells it. */
static void fail_first(struct stage *stage, int launcher, const char *next)
{
    static const char printed[] = "pushing\n";
    static const char report[] = "{\"phase\": \"ended\", \"outcome\": \"failed\","
                                 " \"run\": \"" FIRST "\", \"reasons\": [\"exit 7\"],"
                                 " \"hint\": \"mend the deploy\"}\n";
    struct error error;
    struct run *run = record_create(stage->ui.dir, FIRST, "deploy");
    run->phase = PHASE_ENDED;
    run->outcome = OUTCOME_FAILED;
    run->status = 7;
    run->ended = 1000;
    run->next = mem_text(next);
    run->output = run_path(stage->ui.dir, FIRST, "output");
    assert_true(fs_replace(run->output, printed, strlen(printed), 0600, &error));
    record_write(stage->ui.dir, run);
    assert_int_equal(write(launcher, report, strlen(report)), strlen(report));
}

static void a_rollback_shows_nothing_of_the_run_that_it_follows(void **state)
{
    (void)state;
    struct stage stage;
    int ends[2];
    stage_set(&stage);
    struct statedir dir = {.runs = stage.directory};
    stage.ui.dir = &dir;
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, ends), 0);
    struct launch launch = {.run = FIRST, .fd = ends[0]};
    fail_first(&stage, ends[1], NEXT);
    turn(&stage);
    run_screen_launched(&stage.ui, &launch);
    turn(&stage);
    assert_true(shows(&stage, "exit 7"));
    assert_true(shows(&stage, "mend the deploy"));
    struct run *next = record_create(&dir, NEXT, "rollback");
    next->unusual = mem_text("look at the database");
    record_write(&dir, next);
    stage.now += CLOCK_SECOND;
    turn(&stage);
    turn(&stage);
    assert_true(shows(&stage, NEXT));
    assert_true(shows(&stage, "look at the database"));
    assert_false(shows(&stage, "mend the deploy"));
    assert_false(shows(&stage, "last output"));
    stage_clear(&stage);
    close(ends[1]);
}

static void what_a_rollback_said_before_it_was_followed_is_shown(void **state)
{
    (void)state;
    struct stage stage;
    int ends[2];
    static const char report[] =
        "{\"phase\": \"running\", \"run\": \"" NEXT "\","
        " \"reasons\": [\"disk full\"], \"hint\": \"make room\"}\n";
    stage_set(&stage);
    struct statedir dir = {.runs = stage.directory};
    stage.ui.dir = &dir;
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, ends), 0);
    struct launch launch = {.run = FIRST, .fd = ends[0]};
    fail_first(&stage, ends[1], NEXT);
    assert_int_equal(write(ends[1], report, strlen(report)), strlen(report));
    record_write(&dir, record_create(&dir, NEXT, "rollback"));
    turn(&stage);
    run_screen_launched(&stage.ui, &launch);
    turn(&stage);
    turn(&stage);
    assert_true(shows(&stage, NEXT));
    assert_true(shows(&stage, "disk full"));
    assert_true(shows(&stage, "make room"));
    assert_false(shows(&stage, "exit 7"));
    stage_clear(&stage);
    close(ends[1]);
}

/* What was printed comes a second time, and again as slowly as it came. */
static void a_run_of_the_past_is_played_again(void **state)
{
    (void)state;
    static const char cast[] = "{\"version\": 2, \"width\": 80, \"height\": 24}\n"
                               "[0.0, \"m\", \"deploy\"]\n[0.0, \"o\", \"pulling\\n\"]\n"
                               "[900.0, \"o\", \"pushing\\n\"]\n";
    struct stage stage;
    struct error error;
    stage_set(&stage);
    struct statedir dir = {.runs = stage.directory};
    stage.ui.dir = &dir;
    struct run *run = record_create(&dir, FIRST, "deploy");
    run->phase = PHASE_ENDED;
    run->outcome = OUTCOME_FAILED;
    run->ended = 1000;
    run->next = mem_text(NEXT);
    run->output = run_path(&dir, FIRST, RECORDING_NAME);
    assert_true(fs_replace(run->output, cast, strlen(cast), 0600, &error));
    record_write(&dir, run);
    record_write(&dir, record_create(&dir, NEXT, "rollback"));
    turn(&stage);
    assert_true(run_screen_attach(&stage.ui, FIRST, &error));
    turn(&stage);
    assert_true(shows(&stage, "pushing"));
    press(&stage, 'p');
    for (int i = 0; i < 3; i++) { /* an eighth of the pace: it does not end meanwhile */
        press(&stage, '-');
    }
    assert_true(shows(&stage, "replay 0 s, 0.125x: deploy"));
    assert_true(shows(&stage, "pulling"));
    assert_false(shows(&stage, "pushing"));
    press(&stage, '-');
    assert_true(shows(&stage, "no slower than that"));
    press(&stage, 'p');
    assert_true(shows(&stage, "held at"));
    assert_true(shows(&stage, FIRST)); /* and not the rollback in which it ended */
    assert_false(shows(&stage, NEXT));
    stage_clear(&stage);
}

/* Until the workers of the open screens are done. */
static void settle(struct stage *stage)
{
    int fds[UI_FDS];
    while (ui_wait(&stage->ui, fds) > 0) {
        struct pollfd ready = {fds[0], POLLIN, 0};
        assert_int_equal(poll(&ready, 1, 30000), 1);
        turn(stage);
    }
}

/* As long as it is so, and no longer. */
static void a_plan_says_what_it_cannot_keep(void **state)
{
    (void)state;
    struct stage stage;
    struct error error;
    stage_set(&stage);
    answer(&stage, STATE_OK);
    turn(&stage);
    press(&stage, 'D');
    settle(&stage);
    assert_true(shows(&stage, "nothing would start: cannot read"));
    assert_true(shows(&stage, "take it out of `backup.files`"));
    assert_true(shows(&stage, "type the environment's name"));
    char *path = fs_join(stage.directory, "app.env");
    assert_true(fs_replace(path, "A=1", 3, 0600, &error));
    free(path);
    stage.now += 6 * CLOCK_SECOND;
    turn(&stage);
    settle(&stage);
    assert_false(shows(&stage, "nothing would start"));
    stage_clear(&stage);
}

static void a_rollback_says_what_its_lock_reaches(void **state)
{
    (void)state;
    struct stage stage;
    static char covers[] = "this host alone";
    static const struct standing standing = {.references = 1, .covers = covers};
    stage_set(&stage);
    struct statedir dir = {.runs = stage.directory};
    stage.ui.dir = &dir;
    stage.ui.standing = &standing;
    struct run *run = record_create(&dir, FIRST, "deploy");
    run->phase = PHASE_ENDED;
    run->outcome = OUTCOME_VERIFIED;
    run->known_good = true;
    run->release = mem_text("v1");
    run->group = (struct process){1, 1};
    run_step_begin(run_step(run, "deploy", NULL));
    record_write(&dir, run);
    turn(&stage);
    press(&stage, 'B');
    settle(&stage);
    press(&stage, KEYS_ENTER);
    settle(&stage);
    assert_true(shows(&stage, "Say why, and Enter"));
    assert_true(shows(&stage, "locks       this host alone"));
    stage_clear(&stage);
}

/* ---- the key bar ---- */

static void bar_is(const struct stage *stage, int width, const char *expected)
{
    struct canvas canvas = canvas_create(width, 1, false);
    bar_draw(&stage->ui, &canvas);
    char *drawn = dumped(&canvas);
    drawn[strcspn(drawn, "\n")] = '\0';
    assert_string_equal(drawn, expected);
    free(drawn);
    canvas_destroy(&canvas);
}

static void the_bar_has_what_the_boards_state_calls_for(void **state)
{
    (void)state;
    struct stage stage;
    struct statedir dir = {.runs = stage.directory};
    stage_set(&stage);
    stage.ui.dir = &dir;
    answer(&stage, STATE_OK);
    turn(&stage);
    bar_is(
        &stage, 80,
        " ? help  Enter inspect  r re-run  R all  D deploy  B roll back  L runs  q quit");
    stage.ui.sandbox = "sandbox";
    bar_is(&stage, 80,
           " ? help  Enter inspect  r re-run  D deploy  B roll back  L runs  x break  q "
           "quit");
    answer(&stage, STATE_FAIL);
    turn(&stage); /* the one red light is selected: `e` has nowhere to go */
    bar_is(&stage, 80,
           " ? help  Enter inspect  m mend  r re-run  B roll back  L runs  x break  q "
           "quit");
    bar_is(
        &stage, 120,
        " ? help  Enter inspect  m mend  r re-run  R all  D deploy  B roll back  L runs"
        "  x break  Tab pane  + zoom  q quit");
    stage.ui.sandbox = NULL;
    stage.ui.read_only = true;
    bar_is(&stage, 80,
           " ? help  Enter inspect  r re-run  R all  L runs  Tab pane  + zoom  q quit");
    stage.ui.read_only = false;
    stage.ui.paused = true;
    bar_is(
        &stage, 80,
        " ? help  Enter inspect  m mend  r re-run  B roll back  L runs  p go on  q quit");
    stage_clear(&stage);
}

static void while_a_run_is_open_the_bar_leads_to_it(void **state)
{
    (void)state;
    struct stage stage;
    struct statedir dir = {.runs = stage.directory};
    static struct bar bar = {.kind = BAR_RUN};
    static const struct standing standing = {.references = 1, .bars = &bar, .count = 1};
    stage_set(&stage);
    stage.ui.dir = &dir;
    stage.ui.standing = &standing;
    answer(&stage, STATE_FAIL);
    turn(&stage);
    bar_is(&stage, 60, " ? help  Enter inspect  r re-run  D show run  L runs  q quit");
    stage_clear(&stage);
}

static void a_narrow_bar_keeps_the_way_out_and_what_is_called_for(void **state)
{
    (void)state;
    struct stage stage;
    stage_set(&stage);
    answer(&stage, STATE_OK);
    turn(&stage);
    bar_is(&stage, 7, " q quit");
    bar_is(&stage, 15, " ? help  q quit");
    bar_is(&stage, 30, " ? help  Enter inspect  q quit");
    bar_is(&stage, 40, " ? help  Enter inspect  D deploy  q quit");
    stage_clear(&stage);
}

static void attach(struct stage *stage, struct run *take_run)
{
    struct error error;
    record_write(stage->ui.dir, take_run);
    turn(stage);
    assert_true(run_screen_attach(&stage->ui, FIRST, &error));
    turn(stage);
}

static void nothing_is_offered_for_a_run_that_goes_on_and_asks_nothing(void **state)
{
    (void)state;
    struct stage stage;
    struct statedir dir = {.runs = stage.directory};
    stage_set(&stage);
    stage.ui.dir = &dir;
    attach(&stage, record_create(&dir, FIRST, "deploy"));
    bar_is(&stage, 80, " ? help  q back");
    stage_clear(&stage);
}

static void a_run_that_asks_can_be_decided(void **state)
{
    (void)state;
    struct stage stage;
    struct statedir dir = {.runs = stage.directory};
    stage_set(&stage);
    stage.ui.dir = &dir;
    struct run *run = record_create(&dir, FIRST, "deploy");
    struct question question = {.step = mem_text("deploy"), .why = mem_text("exit 7")};
    question_offer(&question, CHOICE_ABORT);
    run->phase = PHASE_WAITING;
    run_ask(run, &question);
    attach(&stage, run);
    bar_is(&stage, 80, " ? help  d decide  q back");
    stage.ui.read_only = true;
    bar_is(&stage, 80, " ? help  q back");
    stage.ui.read_only = false;
    press(&stage, 'd');
    bar_is(&stage, 80, " Enter choose  Esc back");
    press(&stage, KEYS_ENTER);
    bar_is(&stage, 80, " Enter go on  Esc back");
    stage_clear(&stage);
}

static void a_run_without_a_supervisor_can_be_resolved(void **state)
{
    (void)state;
    struct stage stage;
    struct statedir dir = {.runs = stage.directory};
    stage_set(&stage);
    stage.ui.dir = &dir;
    struct run *run = record_create(&dir, FIRST, "deploy");
    run->supervisor = (struct process){0};
    attach(&stage, run);
    bar_is(&stage, 80, " ? help  R resolve  q back");
    press(&stage, 'R');
    bar_is(&stage, 80, " Enter resolve  Esc back");
    stage_clear(&stage);
}

static void what_a_run_printed_can_be_played_once_it_is_over(void **state)
{
    (void)state;
    static const char cast[] = "{\"version\": 2, \"width\": 80, \"height\": 24}\n"
                               "[900.0, \"o\", \"pushing\\n\"]\n";
    struct stage stage;
    struct statedir dir = {.runs = stage.directory};
    struct error error;
    stage_set(&stage);
    stage.ui.dir = &dir;
    struct run *run = record_create(&dir, FIRST, "deploy");
    run->phase = PHASE_ENDED;
    run->outcome = OUTCOME_FAILED;
    run->ended = 1000;
    run->output = run_path(&dir, FIRST, RECORDING_NAME);
    assert_true(fs_replace(run->output, cast, strlen(cast), 0600, &error));
    attach(&stage, run);
    bar_is(&stage, 80, " ? help  p play  q back");
    press(&stage, 'p');
    for (int i = 0; i < 3; i++) { /* it does not end meanwhile */
        press(&stage, '-');
    }
    bar_is(&stage, 80, " ? help  p hold  + faster  - slower  q back");
    press(&stage, 'p');
    bar_is(&stage, 80, " ? help  p go on  + faster  - slower  q back");
    stage_clear(&stage);
}

static void a_plan_offers_what_can_be_confirmed(void **state)
{
    (void)state;
    struct stage stage;
    stage_set(&stage);
    answer(&stage, STATE_FAIL);
    turn(&stage);
    press(&stage, 'D');
    bar_is(&stage, 80, " Esc back");
    answer(&stage, STATE_OK);
    turn(&stage);
    bar_is(&stage, 80, " Enter confirm  Esc back");
    stage.now += 61 * CLOCK_SECOND;
    answer(&stage, STATE_OK);
    turn(&stage);
    bar_is(&stage, 80, " Enter show again  Esc back");
    press(&stage, KEYS_ESCAPE);
    answer(&stage, STATE_FAIL);
    turn(&stage);
    press(&stage, 'm');
    bar_is(&stage, 80, " Enter confirm  Tab another one  Esc back");
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
        cmocka_unit_test(another_repair_wants_a_reason_of_its_own),
        cmocka_unit_test(read_only_shows_no_plan),
        cmocka_unit_test(no_red_light_is_out_of_sight_and_not_told),
        cmocka_unit_test(a_rollback_shows_nothing_of_the_run_that_it_follows),
        cmocka_unit_test(what_a_rollback_said_before_it_was_followed_is_shown),
        cmocka_unit_test(a_run_of_the_past_is_played_again),
        cmocka_unit_test(a_plan_says_what_it_cannot_keep),
        cmocka_unit_test(a_rollback_says_what_its_lock_reaches),
        cmocka_unit_test(the_bar_has_what_the_boards_state_calls_for),
        cmocka_unit_test(while_a_run_is_open_the_bar_leads_to_it),
        cmocka_unit_test(a_narrow_bar_keeps_the_way_out_and_what_is_called_for),
        cmocka_unit_test(nothing_is_offered_for_a_run_that_goes_on_and_asks_nothing),
        cmocka_unit_test(a_run_that_asks_can_be_decided),
        cmocka_unit_test(a_run_without_a_supervisor_can_be_resolved),
        cmocka_unit_test(what_a_run_printed_can_be_played_once_it_is_over),
        cmocka_unit_test(a_plan_offers_what_can_be_confirmed),
    };
    return unit_run("console", tests);
}

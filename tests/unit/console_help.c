#include "tests/unit/console_help.h"

#include "base/clock.h"
#include "base/fs.h"
#include "base/mem.h"
#include "run/process.h"

#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct stage stage;

static const struct check probe = {
    .name = "probe", .help = "is it there", .section = "/probe"};
static const struct check *const probes[] = {&probe, NULL};

int stage_begin(void **state)
{
    (void)state;
    static const char text[] =
        "{\"version\": 1, \"system\": \"netra\", \"environments\": {\"development\":"
        " {\"deploy\": {\"command\": [\"true\"]},"
        " \"backup\": {\"files\": [\"app.env\"]},"
        " \"rollback\": {\"command\": [\"true\"]}, \"repairs\": ["
        "{\"name\": \"restart\", \"for\": [\"probe\"], \"command\": [\"true\"]},"
        "{\"name\": \"re-mount\", \"for\": [\"probe\"], \"command\": [\"true\"]}]}}}";
    struct error error;
    stage = (struct stage){.directory = "/tmp/gb-ui-XXXXXX", .now = 1000 * CLOCK_SECOND};
    assert_non_null(mkdtemp(stage.directory));
    stage.dir.runs = stage.directory;
    char *path = fs_join(stage.directory, "greenboard.json");
    assert_true(fs_replace(path, text, strlen(text), 0600, &error));
    stage.config = config_load(path);
    assert_true(config_usable(stage.config));
    free(path);
    stage.board = board_create(config_environment(stage.config, NULL, &error), probes);
    ui_init(&stage.ui, stage.board);
    return 0;
}

int stage_end(void **state)
{
    (void)state;
    ui_finish(&stage.ui);
    board_destroy(stage.board);
    config_destroy(stage.config);
    return fs_remove_tree(stage.directory) ? 0 : -1;
}

void stage_answer(enum state state)
{
    struct result *result = result_create();
    result_set(result, state, "mend it", "said so");
    if (state == STATE_OK) {
        result_ok(result, "fine");
    }
    result->began = result->ended = stage.now;
    board_take(stage.board, &stage.board->lights[0], result);
    stage_turn();
}

void stage_turn(void)
{
    board_judge(stage.board, stage.now);
    ui_update(&stage.ui, stage.now, 0);
}

unsigned stage_press(uint32_t key)
{
    struct input input = {.kind = INPUT_KEY, .key = key};
    unsigned reaction = ui_input(&stage.ui, &input);
    stage_turn();
    return reaction;
}

void stage_type(const char *text)
{
    for (; *text; text++) {
        stage_press((uint32_t)*text);
    }
}

void stage_settle(void)
{
    int fds[UI_FDS];
    while (ui_wait(&stage.ui, fds) > 0) {
        struct pollfd ready = {fds[0], POLLIN, 0};
        assert_int_equal(poll(&ready, 1, 30000), 1);
        stage_turn();
    }
}

bool stage_shows(const char *text)
{
    struct canvas canvas = canvas_create(100, 30, false);
    ui_draw(&stage.ui, &canvas);
    char *drawn = stage_dumped(&canvas);
    bool found = strstr(drawn, text);
    free(drawn);
    canvas_destroy(&canvas);
    return found;
}

char *stage_dumped(const struct canvas *canvas)
{
    struct buf out;
    buf_init(&out, 0);
    canvas_dump(canvas, &out, false);
    return buf_take(&out);
}

/* ---- runs ---- */

void stage_keeps_runs(void)
{
    stage.ui.dir = &stage.dir;
}

struct run *stage_record(const char *id, const char *kind)
{
    struct run *run = run_create(id);
    struct error error;
    char *folder = run_path(&stage.dir, id, "");
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

void stage_write(struct run *take_run)
{
    struct error error;
    assert_true(run_write(&stage.dir, take_run, &error));
    run_destroy(take_run);
}

/* Golden screens: the real panes drawn on boards made by hand, in every size that
 * matters, compared cell by cell and style by style. `make update-golden` rewrites them;
 * look at the difference. */
#include "tests/unit/unit.h"

#include "base/fs.h"
#include "base/mem.h"
#include "base/text.h"
#include "tests/screens/boards.h"
#include "base/spawn.h"
#include "run/process.h"
#include "store/runs.h"
#include "ui/run_screen.h"
#include "ui/ui.h"

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct screen {
    const char *name;
    struct board *(*make)(void);
    int width, height;
    bool ascii;
    const char *keys;              /* pressed before it is drawn; ^ is Enter, > is Tab */
    void (*fill)(struct run *run); /* of a run that is shown, or NULL */
};

/* ---- runs ---- */

#define RUN "20260131T120400Z-4f2a"

static void plan_steps(struct run *run)
{
    static const char *const names[] = {"lock", "backup", "re-read", "checks",
                                        "gate", "deploy", "verify",  "unlock"};
    char program[] = "./ship";
    char *const argv[] = {program, NULL};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        run_step(run, names[i], strcmp(names[i], "deploy") == 0 ? argv : NULL);
    }
}

/* The steps before the command took 100 ms each, the command until `end`. */
static void reach_command(struct run *run, int64_t end, int status)
{
    int64_t at = run->started;
    plan_steps(run);
    for (size_t i = 0; i < run->step_count; i++, at += 100) {
        struct step *step = &run->steps[i];
        step->started = at;
        step->attempts = 1;
        if (step->argv) {
            step->ended = end;
            step->status = status;
            return;
        }
        step->ended = at + 100;
        step->status = 0;
    }
}

static void run_fails(struct run *run)
{
    run->phase = PHASE_ENDED;
    run->outcome = OUTCOME_FAILED;
    run->status = 3;
    run->ended = run->started + 9000;
    reach_command(run, run->ended, 7);
}

static void run_goes_on(struct run *run)
{
    run->phase = PHASE_RUNNING;
    run->usual = 42000;
    run->supervisor = process_find(getpid());
    reach_command(run, 0, -1);
}

static void run_waits(struct run *run)
{
    struct question question = {
        .step = mem_text("deploy"),
        .attempt = 1,
        .why = mem_text("the command ended with status 7; left running: kubectl (4711)"),
        .release = mem_text("1b0c2d3e4f5a69788776655443322110ffeeddcc"),
        .since = BOARDS_WALL - 5000};
    question_offer(&question, CHOICE_RETRY);
    question_offer(&question, CHOICE_ABORT);
    question_offer(&question, CHOICE_ROLLBACK);
    run->phase = PHASE_WAITING;
    run->supervisor = process_find(getpid());
    reach_command(run, BOARDS_WALL - 5000, 7);
    run_ask(run, &question);
}

static void run_is_orphaned(struct run *run)
{
    run_goes_on(run);
    run->supervisor = (struct process){0};
}

static void run_is_refused(struct run *run)
{
    run->phase = PHASE_ENDED;
    run->outcome = OUTCOME_REFUSED;
    run->status = 1;
    run->ended = run->started + 300;
    run->before.decision = mem_text("NO-GO");
    run->before.reasons = mem_alloc(sizeof *run->before.reasons);
    argv_add(&run->before.reasons, "redis: NOAUTH Authentication required");
}

/* ---- releases ---- */

struct shipped {
    const char *id, *release, *reason;
    enum run_outcome outcome;
    bool kept;
};
static const struct shipped shipped[] = {
    {"20260131T090000Z-0001", "1f00aa94be5d6a7988776655443322110ffeedd0", "the first",
     OUTCOME_VERIFIED, false},
    {"20260131T100000Z-0002", "2026.1.30", "payments by invoice", OUTCOME_VERIFIED, true},
    {"20260131T110000Z-0003", "sha256:9e107d9d372bb6826bd81d3542a419d6", NULL,
     OUTCOME_FAILED, false},
    {RUN, "3f2a91c0d4e5b6a7988776655443322110ffeedd", "newsletter", OUTCOME_UNVERIFIED,
     true}};

/* Marks the screens that show the list of them. */
static void run_is_past(struct run *run)
{
    (void)run;
}

static void make_past(const struct statedir *dir)
{
    for (size_t i = 0; i < sizeof shipped / sizeof shipped[0]; i++) {
        struct error error;
        struct run *run = run_create(shipped[i].id);
        run->kind = mem_text("deploy");
        run->release = mem_text(shipped[i].release);
        run->reason = mem_text(shipped[i].reason);
        run->operator_name = mem_text("ada@ops-1");
        run->started = BOARDS_WALL - (int64_t)(4 - i) * 3600000;
        run->phase = PHASE_ENDED;
        run->outcome = shipped[i].outcome;
        run->known_good = run->outcome == OUTCOME_VERIFIED;
        run->shipped = shipped[i].kept ? mem_text("0") : NULL;
        run->group = (struct process){1, 1};
        run_step_begin(run_step(run, "deploy", NULL));
        char *folder = run_path(dir, run->id, "");
        assert_true(fs_make_dirs(folder, &error));
        assert_true(run_write(dir, run, &error));
        free(folder);
        run_destroy(run);
    }
}

/* Until the worker has read them. */
static void settle(struct ui *ui)
{
    struct pollfd ready = {.events = POLLIN};
    int fds[UI_FDS];
    while (ui_wait(ui, fds) > 0) {
        ready.fd = fds[0];
        assert_int_equal(poll(&ready, 1, 30000), 1);
        ui_update(ui, BOARDS_NOW, BOARDS_WALL);
    }
}

/* A record and what the command printed, in a state directory of its own. */
static void make_run(const struct statedir *dir, void (*fill)(struct run *run))
{
    static const char printed[] =
        "\x1b[1mdeploying 3f2a91c\x1b[0m\r\n"
        "\x1b[32m==>\x1b[0m building\r\n 10 %\r100 %\r\n"
        "\x1b]0;title\a\x1b[2J\x1b[31merror:\x1b[0m 日本 quota\r\n";
    struct error error;
    struct run *run = run_create(RUN);
    run->kind = mem_text("deploy");
    run->system = mem_text("netra");
    run->environment = mem_text("staging");
    run->release = mem_text("3f2a91c0d4e5b6a7988776655443322110ffeedd");
    run->operator_name = mem_text("ada@ops-1");
    run->started = BOARDS_WALL - 31218;
    run->timeout = INT64_C(1800) * 1000000000;
    run->output = run_path(dir, RUN, "output");
    fill(run);
    char *folder = run_path(dir, RUN, "");
    assert_true(fs_make_dirs(folder, &error));
    assert_true(fs_replace(run->output, printed, sizeof printed - 1, 0600, &error));
    assert_true(run_write(dir, run, &error));
    free(folder);
    run_destroy(run);
}

static const struct screen screens[] = {
    {"waiting-80x24", boards_waiting, 80, 24, false, "", NULL},
    {"green-80x24", boards_green, 80, 24, false, "", NULL},
    {"red-80x24", boards_red, 80, 24, false, "e", NULL},
    {"red-80x24-ascii", boards_red, 80, 24, true, "e", NULL},
    {"mismatch-80x24", boards_mismatch, 80, 24, false, "e", NULL},
    {"mismatch-200x50", boards_mismatch, 200, 50, false, "e", NULL},
    {"mismatch-zoom-80x24-ascii", boards_mismatch, 80, 24, true, "1+", NULL},
    {"unproven-80x24", boards_unproven, 80, 24, false, "1", NULL},
    {"foreign-80x24", boards_foreign, 80, 24, false, "e", NULL},
    {"elsewhere-80x24", boards_elsewhere, 80, 24, false, "", NULL},
    {"elsewhere-60x20", boards_elsewhere, 60, 20, false, "", NULL},
    {"elsewhere-zoom-80x24", boards_elsewhere, 80, 24, false, "3+", NULL},
    {"without-80x24", boards_without, 80, 24, false, "", NULL},
    {"mixed-80x24", boards_mixed, 80, 24, false, "", NULL},
    {"mixed-120x30-ascii", boards_mixed, 120, 30, true, "2", NULL},
    {"green-120x40", boards_green, 120, 40, false, "3", NULL},
    {"red-120x40", boards_red, 120, 40, false, "e", NULL},
    {"red-200x50", boards_red, 200, 50, false, "e", NULL},
    {"green-200x50", boards_green, 200, 50, false, "2", NULL},
    {"ten-80x24", boards_ten, 80, 24, false, "", NULL},
    {"ten-red-80x24", boards_ten_red, 80, 24, false, "", NULL},
    {"ten-red-80x24-ascii", boards_ten_red, 80, 24, true, "", NULL},
    {"ten-red-200x50", boards_ten_red, 200, 50, false, "", NULL},
    {"many-80x24", boards_many, 80, 24, false, "", NULL},
    {"many-last-80x24", boards_many, 80, 24, false, "G", NULL},
    {"storm-80x24", boards_storm, 80, 24, false, "", NULL},
    {"storm-200x50", boards_storm, 200, 50, false, "", NULL},
    {"red-60x20", boards_red, 60, 20, false, "e", NULL},
    {"red-40x10", boards_red, 40, 10, false, "", NULL},
    {"red-20x5", boards_red, 20, 5, false, "", NULL},
    {"red-1x1", boards_red, 1, 1, false, "", NULL},
    {"inspect-80x24", boards_red, 80, 24, false, "e^", NULL},
    {"inspect-green-120x40", boards_green, 120, 40, false, "3^", NULL},
    {"help-80x24", boards_green, 80, 24, false, "?", NULL},
    {"help-120x60", boards_green, 120, 60, false, "?", NULL},
    {"zoom-80x24", boards_green, 80, 24, false, "3+", NULL},
    {"events-80x24", boards_red, 80, 24, false, ">", NULL},
    {"mismatch-120x40-ascii", boards_mismatch, 120, 40, true, "", NULL},
    {"mismatch-30x24", boards_mismatch, 30, 24, false, "", NULL},
    {"locked-80x24", boards_green, 80, 24, false, "", NULL},
    {"locked-red-120x40", boards_red, 120, 40, false, "", NULL},
    {"run-80x24", boards_green, 80, 24, false, "", run_goes_on},
    {"run-waits-80x24", boards_green, 80, 24, false, "", run_waits},
    {"decide-80x24", boards_green, 80, 24, false, "d", run_waits},
    {"decide-why-80x24-ascii", boards_green, 80, 24, true, "d^it", run_waits},
    {"run-failed-80x24", boards_green, 80, 24, false, "", run_fails},
    {"run-refused-80x24", boards_red, 80, 24, true, "", run_is_refused},
    {"run-orphaned-120x40", boards_green, 120, 40, false, "", run_is_orphaned},
    {"runs-80x24", boards_red, 80, 24, false, "L", run_is_past},
    {"runs-80x24-ascii", boards_red, 80, 24, true, "L", run_is_past},
    {"runs-120x40", boards_red, 120, 40, false, "Lj", run_is_past},
    {"runs-40x10", boards_red, 40, 10, false, "L", run_is_past},
    {"releases-80x24", boards_red, 80, 24, false, "B", run_is_past},
    {"releases-80x24-ascii", boards_red, 80, 24, true, "B", run_is_past},
    {"releases-120x40", boards_red, 120, 40, false, "B", run_is_past},
    {"releases-40x10", boards_red, 40, 10, false, "B", run_is_past},
    {"run-40x10", boards_green, 40, 10, false, "", run_goes_on},
};

/* What stops a deploy on the screens named after it. */
static const struct standing *standing_of(const struct screen *screen)
{
    static char message[] =
        "locked by eve@ops-2 since 2026-01-31 11:58Z: the database is being migrated";
    static struct bar bar = {.kind = BAR_HOLD, .message = message};
    static const struct standing locked = {.references = 1, .bars = &bar, .count = 1};
    return text_starts(screen->name, "locked-") ? &locked : NULL;
}

static void press(struct ui *ui, const char *keys)
{
    for (const char *key = keys; *key; key++) {
        struct input input = {.kind = INPUT_KEY,
                              .key = *key == '^'   ? (uint32_t)KEYS_ENTER
                                     : *key == '>' ? (uint32_t)KEYS_TAB
                                                   : (uint32_t)*key};
        ui_input(ui, &input);
        ui_update(ui, BOARDS_NOW, BOARDS_WALL);
    }
}

static void render(const struct screen *screen, struct buf *out)
{
    struct board *board = screen->make();
    struct ui ui;
    ui_init(&ui, board);
    ui.operator_name = "ada@ops-1";
    struct alerts alerts;
    boards_judge(board, &alerts);
    ui.alerts = &alerts;
    ui.standing = standing_of(screen);
    ui_update(&ui, BOARDS_NOW, BOARDS_WALL);
    char place[] = "/tmp/gb-screens-XXXXXX";
    struct statedir dir = {.runs = place};
    ui.dir = &dir;
    if (screen->fill) {
        struct error error;
        assert_non_null(mkdtemp(place));
        bool past = screen->fill == run_is_past;
        past ? make_past(&dir) : make_run(&dir, screen->fill);
        assert_true(past || run_screen_attach(&ui, RUN, &error));
        ui_update(&ui, BOARDS_NOW, BOARDS_WALL);
    }
    press(&ui, screen->keys);
    if (screen->fill == run_is_past) {
        settle(&ui);
    }
    struct canvas canvas = canvas_create(screen->width, screen->height, screen->ascii);
    ui_draw(&ui, &canvas);
    canvas_dump(&canvas, out, true);
    canvas_destroy(&canvas);
    ui_finish(&ui);
    alerts_finish(&alerts);
    boards_free(board);
    if (screen->fill) {
        fs_remove_tree(place);
    }
}

static void screen_is_as_recorded(void **state)
{
    const struct screen *screen = *state;
    struct buf drawn, golden;
    buf_init(&drawn, 0);
    buf_init(&golden, 1 << 20);
    render(screen, &drawn);
    char *path = mem_format("%s/golden/%s", GOLDEN, screen->name);
    struct error error;
    if (getenv("UPDATE_GOLDEN")) {
        assert_true(fs_replace(path, drawn.data, drawn.length, 0644, &error));
    }
    if (!fs_read(path, &golden, &error)) {
        fail_msg("%s: %s; 'make update-golden' writes it", path, error.message);
    }
    if (strcmp(buf_string(&golden), buf_string(&drawn)) != 0) {
        fail_msg("%s is drawn as\n%s\nand was recorded as\n%s", screen->name,
                 buf_string(&drawn), buf_string(&golden));
    }
    free(path);
    buf_finish(&drawn);
    buf_finish(&golden);
}

int main(void)
{
    enum { COUNT = sizeof screens / sizeof screens[0] };
    struct CMUnitTest tests[COUNT];
    for (size_t i = 0; i < COUNT; i++) {
        tests[i] = (struct CMUnitTest){.name = screens[i].name,
                                       .test_func = screen_is_as_recorded,
                                       .initial_state = (void *)(uintptr_t)&screens[i]};
    }
    return unit_run("screens", tests);
}

#include "tests/unit/run_help.h"

#include "base/clock.h"
#include "base/fs.h"
#include "base/json.h"
#include "base/mem.h"
#include "board/sched.h"
#include "cast/playback.h"
#include "run/supervisor.h"
#include "secret/keep.h"
#include "store/events.h"

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const int64_t PATIENCE = 30 * CLOCK_SECOND;

struct place place;

/* ---- the lamp ---- */

static void ask_lamp(const struct job *job, struct result *result)
{
    struct buf text;
    char word[16] = "", identity[32] = "", figure[32] = "";
    buf_init(&text, 0);
    char *path = fs_join(job->environment->directory, "lamp");
    enum state state = STATE_UNKNOWN;
    fs_read(path, &text, NULL);
    sscanf(buf_string(&text), "%15s %31s %31s", word, identity, figure);
    const char *next = strchr(buf_string(&text), '\n');
    if (next && next[1]) {
        fs_replace(path, next + 1, strlen(next + 1), 0600, NULL);
    }
    if (!state_from_word(word, &state)) {
        result_set(result, STATE_UNKNOWN, "write a lamp", "no lamp");
    } else if (state == STATE_OK) {
        result_reach(result, RUNG_USABLE);
        result_ok(result, "it burns");
    } else {
        result_set(result, state, "change the bulb", "it is dark");
    }
    result_identity(result, "maker", "%s", identity);
    result_evidence(result, "address", "127.0.0.1:%s", identity);
    result_evidence(result, "volts", "%s", figure);
    result_figure(result, (double)clock_now());
    free(path);
    buf_finish(&text);
}

static const struct check lamp = {.name = "lamp",
                                  .title = "lamp",
                                  .help = "does it burn",
                                  .section = "/deploy",
                                  .period = CLOCK_SECOND / 10,
                                  .deadline = 2 * CLOCK_SECOND,
                                  .ask = ask_lamp};
const struct check *const place_checks[] = {&lamp, NULL};

/* ---- the place ---- */

int place_begin(void **state)
{
    (void)state;
    char template[] = "/tmp/greenboard-run-XXXXXX";
    place = (struct place){.directory = mem_text(mkdtemp(template))};
    place.home = fs_join(place.directory, "state");
    char *runtime = fs_join(place.directory, "runtime");
    setenv("XDG_RUNTIME_DIR", runtime, 1);
    free(runtime);
    place_lamp("OK osram 12\n");
    place_configure("touch shipped", "", "");
    return 0;
}

static void forget(void)
{
    statedir_finish(&place.dir);
    board_destroy(place.board);
    config_destroy(place.config);
    place.board = NULL;
    place.config = NULL;
}

int place_end(void **state)
{
    (void)state;
    forget();
    fs_remove_tree(place.directory);
    free(place.directory);
    free(place.home);
    return 0;
}

/* As the file has it now. */
static void load(void)
{
    struct error error;
    forget();
    char *path = fs_join(place.directory, "greenboard.json");
    place.config = config_load(path);
    free(path);
    char *complaint = config_complaint(place.config);
    assert_string_equal(complaint, "");
    free(complaint);
    place.environment = config_environment(place.config, "test", &error);
    assert_non_null(place.environment);
    assert_true(statedir_open(&place.dir, place.home, place.environment, &error));
}

void place_configure(const char *script, const char *deploy, const char *extra)
{
    char *text = mem_format(
        "{\"version\": 1, \"system\": \"netra\", \"environments\": {\"test\": {"
        "\"deploy\": {\"command\": [\"sh\", \"-c\", \"%s\", \"run\"],"
        " \"verify\": {%s}%s}%s}}}",
        script, place.verify ? place.verify : "\"within\": \"3s\", \"hold\": \"0s\"",
        deploy, extra);
    place_write("greenboard.json", text);
    free(text);
    load();
}

void place_enter(const char *directory)
{
    place = (struct place){.directory = mem_text(directory)};
    place.home = fs_join(directory, "state");
    load();
}

void place_write(const char *name, const char *text)
{
    char *path = fs_join(place.directory, name);
    assert_true(fs_replace(path, text, strlen(text), 0700, NULL));
    free(path);
}

bool place_has(const char *name)
{
    char *path = fs_join(place.directory, name);
    bool there = fs_exists(path);
    free(path);
    return there;
}

char *place_read(const char *name)
{
    struct buf text;
    buf_init(&text, 0);
    char *path = fs_join(place.directory, name);
    fs_read(path, &text, NULL);
    free(path);
    return text.data ? buf_take(&text) : mem_text("");
}

void place_lamp(const char *lines)
{
    place_write("lamp", lines);
}

struct plan *place_plan(void)
{
    struct error error = {0};
    board_destroy(place.board);
    place.board = board_create(place.environment, place_checks);
    struct sched *sched = sched_create(place.board, NULL);
    sched_ask_all(sched);
    assert_true(sched_run(sched, NULL));
    sched_destroy(sched);
    struct plan *plan =
        plan_create(place.board, &(struct intent){.kind = KIND_DEPLOY}, &error);
    if (!plan) {
        fail_msg("%s", error.message);
    }
    return plan;
}

/* ---- runs ---- */

void place_launch(struct launch *launch, const struct plan *plan)
{
    struct error error;
    const struct order order = {.home = place.home,
                                .operator_name = "ada@ops-1",
                                .reason = "because",
                                .headless = !place.watched};
    assert_true(run_launch(plan, &order, launch, &error));
}

int place_finish_run(struct launch *launch, struct run **run)
{
    struct report report;
    int status = -1;
    int64_t until = clock_now() + PATIENCE;
    for (enum heard heard; (heard = launch_hear(launch, &report)) != HEARD_END;) {
        if (heard == HEARD_REPORT) {
            bool ended = report.phase == PHASE_ENDED && !strcmp(report.run, launch->run);
            status = ended ? report.status : status;
            report_finish(&report);
            continue;
        }
        struct pollfd ready = {launch->fd, POLLIN, 0};
        assert_true(clock_now() < until);
        poll(&ready, 1, clock_left(until));
    }
    if (run) {
        *run = run_read(&place.dir, launch->run, NULL);
    }
    return status;
}

int place_deploy(struct run **run)
{
    struct launch launch;
    struct plan *plan = place_plan();
    place_launch(&launch, plan);
    plan_destroy(plan);
    return place_finish_run(&launch, run);
}

char *place_output(const struct run *run)
{
    struct played event;
    struct buf output;
    buf_init(&output, 0);
    struct playback *playback = playback_create(run->output);
    assert_non_null(playback);
    while (playback_next(playback, &event)) {
        if (event.code == 'o') {
            buf_add(&output, event.text, event.length);
        }
    }
    playback_destroy(playback);
    return output.data ? buf_take(&output) : mem_text("");
}

void place_await(const char *name)
{
    int64_t until = clock_now() + PATIENCE;
    while (!place_has(name)) {
        assert_true(clock_now() < until);
        poll(NULL, 0, 2);
    }
}

bool place_event(const char *type, const char *run)
{
    struct events events;
    struct entries entries;
    bool found = false;
    assert_true(events_open(&events, place.dir.events, DB_READ, NULL));
    assert_true(
        events_list(&events, &(struct events_filter){.run = run}, &entries, NULL));
    for (size_t i = 0; i < entries.count; i++) {
        found = found || strcmp(entries.rows[i].type, type) == 0;
    }
    entries_finish(&entries);
    events_close(&events);
    return found;
}

/* The test is its own supervisor: run_launch() executes /proc/self/exe, which beneath
 * valgrind is valgrind, though it makes readlink(2) tell another story. */
static bool beneath_valgrind(void)
{
    char path[4096] = "";
    struct stat running, named;
    ssize_t length = readlink("/proc/self/exe", path, sizeof path - 1);
    return length > 0 && stat("/proc/self/exe", &running) == 0 &&
           stat(path, &named) == 0 && running.st_ino != named.st_ino;
}

bool place_ready(int argc, char **argv)
{
    json_begin();
    keep_begin();
    if (argc > 1 && strcmp(argv[1], SUPERVISOR_ORDER) == 0) {
        _exit(supervisor_main(place_checks));
    }
    if (beneath_valgrind()) {
        puts("1..0 # SKIP beneath valgrind a program cannot start itself anew");
        return false;
    }
    return true;
}

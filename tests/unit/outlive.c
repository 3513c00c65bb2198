/* Consoles and supervisors that are killed at random points of a run: what was begun goes
 * on or is UNKNOWN, nothing is started twice, and nothing that was said is lost.
 *
 * `outlive full` does as many rounds as the promise names, within SOAK_SECONDS; without a
 * word it does some of each. SEED names another order of moments. */
#include "tests/unit/run_help.h"

#include "base/clock.h"
#include "base/exits.h"
#include "base/fs.h"
#include "base/mem.h"
#include "base/spawn.h"
#include "base/text.h"
#include "lock/lock.h"
#include "run/control.h"
#include "run/fate.h"
#include "run/follow.h"
#include "run/process.h"
#include "run/resolve.h"
#include "store/events.h"

#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

extern char **environ;

static const int64_t PATIENCE = 60 * CLOCK_SECOND;
enum { LINES = 40, SEED = 20261125 };

/* How often: in full, and in `make check`. */
static bool full;
static int64_t soak_span = INT64_MAX; /* ns that each of the long tests has */
static int64_t soak_until = INT64_MAX;
enum { LONG_TESTS = 3 };

static size_t rounds(size_t all, size_t some)
{
    return full ? all : some;
}

static bool time_is_up(void)
{
    return clock_now() > soak_until;
}

static int64_t random_below(int64_t limit)
{
    return limit > 0 ? (int64_t)((uint64_t)random() % (uint64_t)limit) : 0;
}

/* What a command of these tests does: its start is counted, it cannot be hung up, and it
 * takes a while in which it prints. */
#define SCRIPT                                                                           \
    "trap '' HUP PIPE; echo $GREENBOARD_RUN >>shipped; i=0; "                            \
    "while [ $i -lt 40 ]; do echo line $i; i=$((i+1)); "                                 \
    "[ $((i%10)) != 0 ] || sleep 0.005; done"

static size_t starts_of(const char *run)
{
    size_t count = 0;
    char *shipped = place_read("shipped");
    for (const char *at = shipped; (at = strstr(at, run)); at++) {
        count++;
    }
    free(shipped);
    return count;
}

/* ---- what a run left ---- */

static size_t events_of(const char *run, const char *type)
{
    struct events events;
    struct entries entries;
    size_t count = 0;
    assert_true(events_open(&events, place.dir.events, DB_READ, NULL));
    assert_true(
        events_list(&events, &(struct events_filter){.run = run}, &entries, NULL));
    for (size_t i = 0; i < entries.count; i++) {
        count += strcmp(entries.rows[i].type, type) == 0;
    }
    entries_finish(&entries);
    events_close(&events);
    return count;
}

static void assert_whole_trail(void)
{
    struct events events;
    struct error error = {0};
    int64_t count = 0;
    assert_true(events_open(&events, place.dir.events, DB_READ, &error));
    if (!events_verify(&events, &count, &error)) {
        fail_msg("%s", error.message);
    }
    events_close(&events);
}

/* As a console does that attaches to it. */
static void assert_every_byte(const char *run)
{
    struct buf shown, expected;
    buf_init(&shown, 0);
    buf_init(&expected, 0);
    struct follow *follow = follow_create(&place.dir, run, NULL);
    assert_non_null(follow);
    while (follow_output(follow, &shown)) {
    }
    for (int i = 0; i < LINES; i++) {
        buf_format(&expected, "line %d\r\n", i);
    }
    assert_string_equal(buf_string(&shown), buf_string(&expected));
    follow_destroy(follow);
    buf_finish(&shown);
    buf_finish(&expected);
}

static void assert_unharmed(const struct run *run)
{
    assert_int_equal(run->phase, PHASE_ENDED);
    assert_string_equal(run_word(run), "verified");
    assert_int_equal(starts_of(run->id), 1);
    size_t attempts =
        (size_t)run_step_main(run)->attempts; /* more where it was too late */
    assert_int_equal(events_of(run->id, "run.started"), attempts);
    assert_int_equal(events_of(run->id, "run.step"), attempts);
    assert_int_equal(events_of(run->id, "run.ended"), 1);
    assert_every_byte(run->id);
}

/* What was looked at goes, so that the next round does not read it again. */
static void forget_run(const char *run)
{
    char *path = run_path(&place.dir, run, "");
    fs_remove_tree(path);
    free(path);
    place_write("shipped", "");
}

/* ---- consoles ---- */

static int be_console(const char *directory)
{
    struct launch launch;
    place_enter(directory);
    struct plan *plan = place_plan();
    place_launch(&launch, plan);
    return place_finish_run(&launch, NULL);
}

static pid_t start_console(void)
{
    pid_t pid = 0;
    char name[] = "outlive", role[] = "__console";
    char *const argv[] = {name, role, place.directory, NULL};
    assert_int_equal(posix_spawn(&pid, "/proc/self/exe", NULL, NULL, argv, environ), 0);
    return pid;
}

/* Whoever loses its parent becomes our child: until nobody is left. */
static void await_everybody(void)
{
    int64_t until = clock_now() + PATIENCE;
    for (pid_t got; (got = waitpid(-1, NULL, WNOHANG)) >= 0;) {
        assert_true(clock_now() < until);
        if (got == 0) {
            poll(NULL, 0, 1);
        }
    }
}

static void wait_for(int64_t span)
{
    struct timespec time = {.tv_sec = span / CLOCK_SECOND,
                            .tv_nsec = span % CLOCK_SECOND};
    nanosleep(&time, NULL);
}

/* How long a console takes that nobody kills. */
static int64_t undisturbed(void)
{
    struct runs runs;
    int64_t begun = clock_now();
    start_console();
    await_everybody();
    int64_t span = clock_now() - begun;
    assert_true(run_list(&place.dir, &runs, NULL));
    assert_int_equal(runs.count, 1);
    assert_unharmed(runs.rows[0]);
    forget_run(runs.rows[0]->id);
    runs_finish(&runs);
    return span;
}

/* One or no run, depending on how far the console came. */
static size_t look_at_runs(void)
{
    struct runs runs;
    assert_true(run_list(&place.dir, &runs, NULL));
    size_t count = runs.count;
    assert_true(count <= 1);
    for (size_t i = 0; i < count; i++) {
        assert_unharmed(runs.rows[i]);
        forget_run(runs.rows[i]->id);
    }
    char *shipped = place_read("shipped");
    assert_string_equal(shipped, ""); /* no start that no record knows of */
    free(shipped);
    runs_finish(&runs);
    return count;
}

static void a_console_that_is_killed_harms_no_run(void **state)
{
    (void)state;
    size_t killed = 0, ran = 0, wanted = rounds(1000, 12);
    place_configure(SCRIPT, "", "");
    int64_t span = undisturbed();
    for (; killed < wanted && !time_is_up(); killed++) {
        pid_t console = start_console();
        wait_for(random_below(span + span / 8));
        kill(console, SIGKILL);
        await_everybody();
        ran += look_at_runs();
    }
    assert_whole_trail();
    assert_true(ran > 0);
    printf("# %zu consoles killed within %lld ms each: %zu runs, all of them unharmed\n",
           killed, (long long)(span / CLOCK_MS), ran);
}

/* ---- supervisors ---- */

static void await_end_of(const struct process *group)
{
    int64_t until = clock_now() + PATIENCE;
    process_group_signal(group, SIGKILL);
    while (process_group_lives(group)) {
        assert_true(clock_now() < until);
        while (waitpid(-1, NULL, WNOHANG) > 0) {
        }
        poll(NULL, 0, 1);
    }
}

static void assert_locked(void)
{
    struct lock lock;
    struct error error = {0};
    assert_false(lock_take(&lock, &place.dir, &error));
    assert_int_equal(error.code, ERROR_BUSY);
}

/* It has no end: it locks the environment, and is resolved once nothing of it is left. */
static void assert_unknown(struct run **run)
{
    struct error error = {0};
    assert_true(fate_unknown(&place.dir, run));
    assert_string_equal(fate_word(*run, true), FATE_UNKNOWN);
    assert_false((*run)->known_good);
    char **facts = fate_facts(*run);
    assert_non_null(facts[0]);
    assert_non_null(strstr(facts[0], "is gone"));
    argv_free(facts);
    assert_locked();
    process_group_signal(&(*run)->group, SIGSTOP); /* so that it does not end meanwhile */
    if (fate_leftovers(*run)) {
        assert_false(
            run_resolve(&place.dir, (*run)->id, "ada@ops-1", "too early", &error));
        assert_int_equal(error.code, ERROR_BUSY);
        await_end_of(&(*run)->group);
    }
    assert_locked();
    assert_true(run_resolve(&place.dir, (*run)->id, "ada@ops-1", "I looked", &error));
    assert_true(starts_of((*run)->id) <= 1);
    /* It may have died between the event of its end and the record of it. */
    assert_true(events_of((*run)->id, "run.ended") <= 1);
}

/* Success is what the trail and the record say, and the status of the command. */
static void assert_success(const struct run *run)
{
    assert_unharmed(run);
    assert_int_equal(run_step_main(run)->status, 0);
    assert_string_equal(run->after.decision, "GO");
}

/* What became of it; true where it is UNKNOWN. */
static bool look_at_killed(const char *id)
{
    struct run *run = run_read(&place.dir, id, NULL);
    if (!run) { /* it had not come to the lock */
        assert_int_equal(starts_of(id), 0);
        return false;
    }
    bool unknown = run->phase != PHASE_ENDED;
    if (unknown) {
        assert_unknown(&run);
    } else {
        assert_success(run);
    }
    run_destroy(run);
    return unknown;
}

static void a_supervisor_that_is_killed_is_never_a_success(void **state)
{
    (void)state;
    struct launch launch;
    size_t killed = 0, unknown = 0, wanted = rounds(200, 12);
    place_configure(SCRIPT, "", "");
    int64_t begun = clock_now();
    assert_int_equal(place_deploy(NULL), EXIT_GO);
    int64_t span = clock_now() - begun;
    struct plan *plan = place_plan();
    for (; killed < wanted && !time_is_up(); killed++) {
        char id[RUN_ID];
        place_launch(&launch, plan);
        snprintf(id, sizeof id, "%s", launch.run);
        wait_for(random_below(span));
        kill(launch.pid, SIGKILL);
        place_finish_run(&launch, NULL);
        unknown += look_at_killed(id);
        await_everybody();
        forget_run(id);
    }
    plan_destroy(plan);
    assert_whole_trail();
    place_launch(&launch, plan = place_plan());
    plan_destroy(plan);
    assert_int_equal(place_finish_run(&launch, NULL), EXIT_GO); /* all were resolved */
    printf("# %zu supervisors killed within %lld ms each: %zu UNKNOWN, none restarted\n",
           killed, (long long)(span / CLOCK_MS), unknown);
}

/* ---- in each phase, by the words of the record ---- */

static struct run *await_phase(const char *id, enum run_phase phase)
{
    int64_t until = clock_now() + PATIENCE;
    for (;;) {
        struct run *run = run_read(&place.dir, id, NULL);
        if (run && run->phase == phase) {
            return run;
        }
        assert_true(!run || run->phase != PHASE_ENDED);
        run_destroy(run);
        assert_true(clock_now() < until);
        poll(NULL, 0, 1);
    }
}

#define WAITS "until test -e go; do sleep 0.01; done"
#define STEP(list, name)                                                                 \
    ", \"" list "\": [{\"name\": \"" name "\", \"command\": [\"sh\", \"-c\", \"trap '' " \
    "HUP; " WAITS "\"]}]"
#define RELEASE                                                                          \
    ", \"release\": {\"command\": [\"sh\", \"-c\", \"until test -e open; do sleep "      \
    "0.01; done; echo v1\"]}"

/* Where each phase lasts until somebody ends it. */
static const struct held {
    enum run_phase phase;
    const char *script, *deploy, *extra;
    bool shipped;
} held[] = {
    {PHASE_PREPARING, SCRIPT, STEP("before", "early"), "", false},
    {PHASE_CHECKING, SCRIPT, "", RELEASE, false},
    {PHASE_RUNNING, SCRIPT "; " WAITS, "", "", true},
    {PHASE_STOPPING, "trap '' HUP INT; echo $GREENBOARD_RUN >>shipped; " WAITS, "", "",
     true},
    {PHASE_FINISHING, SCRIPT, STEP("after", "late"), "", true},
    {PHASE_VERIFYING, SCRIPT "; echo FAIL osram 12 >lamp", "", "", true},
    {PHASE_WAITING, SCRIPT "; exit 5", "", "", true},
};

static void kill_in(const struct held *row)
{
    struct launch launch;
    char id[RUN_ID];
    place_lamp("OK osram 12\n");
    place_write("open", "");
    place_configure(row->script, row->deploy, row->extra);
    place.watched = row->phase == PHASE_WAITING;
    struct plan *plan = place_plan();
    place_write("open", "");
    char *open = fs_join(place.directory, "open");
    assert_int_equal(unlink(open), 0);
    free(open);
    place_launch(&launch, plan);
    plan_destroy(plan);
    snprintf(id, sizeof id, "%s", launch.run);
    if (row->phase == PHASE_STOPPING) {
        run_destroy(await_phase(id, PHASE_RUNNING));
        place_await("shipped");
        assert_true(control_cancel(&place.dir, id, "ada@ops-1", "enough", NULL));
    }
    struct run *run = await_phase(id, row->phase);
    if (row->phase == PHASE_RUNNING) {
        place_await("shipped");
    }
    kill(run->supervisor.pid, SIGKILL);
    assert_int_equal(place_finish_run(&launch, NULL), -1);
    assert_int_equal(starts_of(id), row->shipped ? 1 : 0);
    assert_unknown(&run);
    run_destroy(run);
    place_write("open", ""); /* a command that asked for the release waits for it still */
    await_everybody();
    forget_run(id);
}

static void in_each_phase_its_end_is_unknown(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof held / sizeof *held; i++) {
        place_end(NULL);
        place_begin(NULL);
        kill_in(&held[i]);
    }
    assert_whole_trail();
}

static void after_a_reboot_nobody_works_on_a_run(void **state)
{
    (void)state;
    struct run *run = NULL;
    assert_int_equal(place_deploy(&run), EXIT_GO);
    run->phase = PHASE_RUNNING;
    run->outcome = OUTCOME_NONE;
    run->supervisor = run->group = process_find(getpid()); /* that number is in use */
    assert_true(run_write(&place.dir, run, NULL));
    assert_false(fate_unknown(&place.dir, &run));
    free(run->boot);
    run->boot = mem_text("00000000-0000-4000-8000-000000000000");
    assert_true(run_write(&place.dir, run, NULL));
    assert_true(fate_unknown(&place.dir, &run));
    char **facts = fate_facts(run);
    assert_non_null(strstr(facts[0], "started anew"));
    argv_free(facts);
    assert_locked();
    assert_true(run_resolve(&place.dir, run->id, "ada@ops-1", "power cut", NULL));
    run_destroy(run);
}

/* ---- between the last green and the supervisor ---- */

static void what_turns_red_after_the_last_green_is_refused(void **state)
{
    (void)state;
    size_t refused = 0, wanted = rounds(1000, 20);
    static const char *const answers[] = {"FAIL osram 12\n", "UNKNOWN osram 12\n",
                                          "WARN osram 12\n", "gone\n"};
    for (; refused < wanted && !time_is_up(); refused++) {
        struct launch launch;
        struct run *run = NULL;
        place_lamp("OK osram 12\n");
        struct plan *plan = place_plan();
        place_lamp(answers[refused % 4]);
        place_launch(&launch, plan);
        plan_destroy(plan);
        int status = place_finish_run(&launch, &run);
        assert_true(status == EXIT_UNSAFE || status == EXIT_UNPROVEN);
        assert_int_equal(run->outcome, OUTCOME_REFUSED);
        assert_int_equal(run_step_main(run)->attempts, 0);
        assert_int_equal(events_of(run->id, "deploy.refused"), 1);
        assert_false(place_has("shipped"));
        char *path = run_path(&place.dir, run->id, "");
        fs_remove_tree(path);
        free(path);
        run_destroy(run);
    }
    assert_whole_trail();
    printf("# %zu refusals of %zu\n", refused, refused);
}

/* ---- a scope of its own ---- */

/* A user session: a socket where systemd would listen, and `script` as systemd-run. */
static int begin_session(const char *script)
{
    char *runtime = fs_join(place.directory, "runtime");
    char *systemd = fs_join(runtime, "systemd");
    char *bin = fs_join(place.directory, "bin");
    char *path = mem_format("%s:%s", bin, getenv("PATH"));
    struct sockaddr_un where = {.sun_family = AF_UNIX};
    assert_true(fs_make_dirs(systemd, NULL) && fs_make_dirs(bin, NULL));
    snprintf(where.sun_path, sizeof where.sun_path, "%s/private", systemd);
    int listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(bind(listener, (struct sockaddr *)&where, sizeof where), 0);
    place_write("bin/systemd-run", script);
    setenv("PATH", path, 1);
    free(path);
    free(bin);
    free(systemd);
    free(runtime);
    return listener;
}

static void end_session(int listener, const char *path)
{
    setenv("PATH", path, 1);
    close(listener);
}

/* Deploys within such a session; the caller's. */
static struct run *deploy_in_session(const char *script)
{
    struct run *run = NULL;
    char *path = mem_text(getenv("PATH"));
    int listener = begin_session(script);
    place_configure("echo $GREENBOARD_RUN >>shipped", "", "");
    assert_int_equal(place_deploy(&run), EXIT_GO);
    assert_int_equal(starts_of(run->id), 1);
    end_session(listener, path);
    free(path);
    return run;
}

static void a_supervisor_gets_a_scope_where_systemd_gives_one(void **state)
{
    (void)state;
    setenv("PLACE", place.directory, 1);
    struct run *run = deploy_in_session("#!/bin/sh\necho \"$@\" >\"$PLACE/asked\"\n"
                                        "echo $$ >\"$PLACE/number\"\n"
                                        "while [ \"$1\" != -- ]; do shift; done\n"
                                        "shift\nexec \"$@\"\n");
    char *scope = mem_format("greenboard-%s.scope", run->id);
    char *unit =
        mem_format("--user --scope --quiet --collect --unit=greenboard-%s -- /", run->id);
    char *number = mem_format("%d\n", (int)run->supervisor.pid);
    char *asked = place_read("asked"), *was = place_read("number");
    assert_string_equal(run->scope, scope);
    assert_true(text_starts(asked, unit));
    assert_string_equal(was, number); /* executed in place: it is our child still */
    free(was);
    free(asked);
    free(number);
    free(unit);
    free(scope);
    run_destroy(run);
}

static void where_systemd_gives_none_it_is_started_all_the_same(void **state)
{
    (void)state;
    static const char *const scripts[] = {
        "#!/bin/sh\necho Failed to connect to bus >&2\nexit 1\n",
        "#!/bin/sh\nexec sleep 600\n", /* a bus that hangs */
        "not even a program\n"};
    for (size_t i = 0; i < sizeof scripts / sizeof *scripts; i++) {
        place_end(NULL);
        place_begin(NULL);
        struct run *run = deploy_in_session(scripts[i]);
        assert_null(run->scope);
        assert_true(events_of(run->id, "run.started") >= 1);
        run_destroy(run);
        await_everybody();
    }
}

static int begin_one(void **state)
{
    soak_until = full ? clock_now() + soak_span : INT64_MAX;
    return place_begin(state);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, begin_one, place_end)

static void begin(int argc, char **argv)
{
    const char *seconds = getenv("SOAK_SECONDS"), *seed = getenv("SEED");
    int64_t limit = 3600, number = SEED;
    full = argc > 1 && strcmp(argv[1], "full") == 0;
    text_integer(seconds ? seconds : "", 1, INT32_MAX, &limit);
    text_integer(seed ? seed : "", 0, INT32_MAX, &number);
    soak_span = full ? limit * CLOCK_SECOND / LONG_TESTS : INT64_MAX;
    srandom((unsigned)number);
    prctl(PR_SET_CHILD_SUBREAPER, 1);
    printf("# SEED=%lld\n", (long long)number);
    fflush(stdout);
}

int main(int argc, char **argv)
{
    if (!place_ready(argc, argv)) {
        return 0;
    }
    if (argc > 2 && strcmp(argv[1], "__console") == 0) {
        _exit(be_console(argv[2]));
    }
    begin(argc, argv);
    const struct CMUnitTest tests[] = {
        TEST(a_console_that_is_killed_harms_no_run),
        TEST(a_supervisor_that_is_killed_is_never_a_success),
        TEST(in_each_phase_its_end_is_unknown),
        TEST(after_a_reboot_nobody_works_on_a_run),
        TEST(what_turns_red_after_the_last_green_is_refused),
        TEST(a_supervisor_gets_a_scope_where_systemd_gives_one),
        TEST(where_systemd_gives_none_it_is_started_all_the_same),
    };
    return unit_run("outlive", tests);
}

/* Consoles that are killed at random points of a run, and sessions that end: what was
 * begun goes on, is whole, and is started once. `full` as in outlive_help.h. */
#include "tests/unit/outlive_help.h"

#include "base/clock.h"
#include "base/exits.h"
#include "base/fs.h"
#include "base/mem.h"
#include "base/text.h"

#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

extern char **environ;

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

int main(int argc, char **argv)
{
    if (!place_ready(argc, argv)) {
        return 0;
    }
    if (argc > 2 && strcmp(argv[1], "__console") == 0) {
        _exit(be_console(argv[2]));
    }
    outlive_begin(argc, argv);
    const struct CMUnitTest tests[] = {
        OUTLIVE_TEST(a_console_that_is_killed_harms_no_run),
        OUTLIVE_TEST(a_supervisor_gets_a_scope_where_systemd_gives_one),
        OUTLIVE_TEST(where_systemd_gives_none_it_is_started_all_the_same),
    };
    return unit_run("outlive_console", tests);
}

/* Supervisors that are killed at random points of a run and in each of its phases: it is
 * UNKNOWN until somebody resolves it, never a success, and nothing is started twice. Nor
 * is anything started that turned red. `full` as in outlive_help.h. */
#include "tests/unit/outlive_help.h"

#include "base/clock.h"
#include "base/exits.h"
#include "base/fs.h"
#include "base/mem.h"
#include "base/spawn.h"
#include "lock/lock.h"
#include "run/control.h"
#include "run/fate.h"
#include "run/process.h"
#include "run/resolve.h"

#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

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
        assert_false(run_resolve(&place.dir, (*run)->id, place.environment, "ada@ops-1",
                                 "too early", &error));
        assert_int_equal(error.code, ERROR_BUSY);
        await_end_of(&(*run)->group);
    }
    assert_locked();
    assert_true(run_resolve(&place.dir, (*run)->id, place.environment, "ada@ops-1",
                            "I looked", &error));
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
    assert_true(run_resolve(&place.dir, run->id, place.environment, "ada@ops-1",
                            "power cut", NULL));
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

int main(int argc, char **argv)
{
    if (!place_ready(argc, argv)) {
        return 0;
    }
    outlive_begin(argc, argv);
    const struct CMUnitTest tests[] = {
        OUTLIVE_TEST(a_supervisor_that_is_killed_is_never_a_success),
        OUTLIVE_TEST(in_each_phase_its_end_is_unknown),
        OUTLIVE_TEST(after_a_reboot_nobody_works_on_a_run),
        OUTLIVE_TEST(what_turns_red_after_the_last_green_is_refused),
    };
    return unit_run("outlive_supervisor", tests);
}

#include "tests/unit/run_help.h"

#include "base/clock.h"
#include "base/exits.h"
#include "base/fs.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/spawn.h"
#include "run/control.h"
#include "run/follow.h"
#include "lock/lock.h"
#include "run/process.h"
#include "run/resolve.h"
#include "source/capture.h"
#include "store/events.h"

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

/* ---- behind the gate ---- */

static void a_green_board_lets_the_command_run(void **state)
{
    (void)state;
    struct run *run = NULL;
    place_configure("echo hello; touch shipped", "", "");
    assert_int_equal(place_deploy(&run), EXIT_GO);
    assert_true(place_has("shipped"));
    assert_int_equal(run->outcome, OUTCOME_VERIFIED);
    assert_false(run->known_good); /* nobody named a release */
    assert_string_equal(run->before.decision, "GO");
    assert_string_equal(run->after.decision, "GO");
    assert_string_equal(run->operator_name, "ada@ops-1");
    assert_int_equal(run->fence, 1);
    assert_true(place_event("run.started", run->id));
    assert_true(place_event("run.ended", run->id));
    char *output = place_output(run);
    assert_string_equal(output, "hello\r\n");
    free(output);
    run_destroy(run);
}

static void a_release_that_was_verified_is_known_good(void **state)
{
    (void)state;
    struct run *run = NULL;
    place_configure("test $GREENBOARD_RELEASE = v1.2", "",
                    ", \"release\": {\"command\": [\"echo\", \"v1.2\"]}");
    assert_int_equal(place_deploy(&run), EXIT_GO);
    assert_string_equal(run->release, "v1.2");
    assert_true(run->known_good);
    run_destroy(run);
}

/* Plans at green, makes it so that `change` holds, and runs: it must be refused. */
static void assert_refused(void (*change)(void), int status)
{
    struct launch launch;
    struct run *run = NULL;
    struct plan *plan = place_plan();
    change();
    place_launch(&launch, plan);
    plan_destroy(plan);
    assert_int_equal(place_finish_run(&launch, &run), status);
    assert_false(place_has("shipped"));
    assert_int_equal(run->outcome, OUTCOME_REFUSED);
    assert_int_equal(run->phase, PHASE_ENDED);
    assert_true(place_event("deploy.refused", run->id));
    assert_false(place_event("run.started", run->id));
    run_destroy(run);
}

static void fail_lamp(void)
{
    place_lamp("FAIL osram 12\n");
}

static void lose_lamp(void)
{
    place_lamp("");
}

static void other_lamp(void)
{
    place_lamp("OK philips 12\n");
}

static void other_file(void)
{
    place_configure("touch shipped; true", "", "");
}

static void broken_file(void)
{
    place_write("greenboard.json", "{");
}

static void a_red_check_refuses(void **state)
{
    (void)state;
    assert_refused(fail_lamp, EXIT_UNSAFE);
}

/* The supervisor lingers to tell people; nobody waits for that, nor does what it had made
 * ready. */
static void who_is_refused_hears_of_it_before_people_are_told(void **state)
{
    (void)state;
    struct launch launch;
    struct report report;
    place_configure("touch shipped", "",
                    ", \"notify\": {\"command\": [\"sh\", \"-c\", \"touch telling; "
                    "until test -e told; do sleep 0.01; done\"]}");
    struct plan *plan = place_plan();
    fail_lamp();
    place_launch(&launch, plan);
    plan_destroy(plan);
    place_await("telling");
    int64_t until = clock_now() + 3 * CLOCK_SECOND; /* sooner than it gives up telling */
    for (enum heard heard; (heard = launch_hear(&launch, &report)) != HEARD_END;) {
        if (heard == HEARD_REPORT) {
            report_finish(&report);
            continue;
        }
        struct pollfd ready = {launch.fd, POLLIN, 0};
        assert_true(clock_now() < until);
        poll(&ready, 1, clock_left(until));
    }
    place_write("told", "");
}

static void an_unknown_check_refuses(void **state)
{
    (void)state;
    assert_refused(lose_lamp, EXIT_UNPROVEN);
}

static void another_identity_than_confirmed_refuses(void **state)
{
    (void)state;
    assert_refused(other_lamp, EXIT_USAGE);
}

static void another_configuration_than_confirmed_refuses(void **state)
{
    (void)state;
    assert_refused(other_file, EXIT_USAGE);
}

static void curious_file(void)
{
    place_configure("touch shipped", "",
                    ", \"release\": {\"command\": [\"touch\", \"asked\"]}");
}

static void what_was_not_confirmed_is_not_even_asked(void **state)
{
    (void)state;
    assert_refused(curious_file, EXIT_USAGE);
    assert_false(place_has("asked"));
}

static void a_configuration_that_broke_refuses(void **state)
{
    (void)state;
    assert_refused(broken_file, EXIT_CONFIG);
}

static void another_figure_is_no_other_plan(void **state)
{
    (void)state;
    struct launch launch;
    struct plan *plan = place_plan();
    place_lamp("OK osram 13\n");
    place_launch(&launch, plan);
    plan_destroy(plan);
    assert_int_equal(place_finish_run(&launch, NULL), EXIT_GO);
}

static void a_reason_in_another_encoding_is_recorded(void **state)
{
    (void)state;
    struct launch launch;
    struct error error;
    struct run *run = NULL;
    struct plan *plan = place_plan();
    const struct order order = {.home = place.home,
                                .operator_name = "ada@ops-1",
                                .reason = "caf\xe9",
                                .headless = true};
    assert_true(run_launch(plan, &order, &launch, &error));
    plan_destroy(plan);
    assert_int_equal(place_finish_run(&launch, &run), EXIT_GO);
    assert_string_equal(run->reason, "caf?");
    run_destroy(run);
}

static void without_a_trail_nothing_starts(void **state)
{
    (void)state;
    struct run *run = NULL;
    struct plan *plan = place_plan();
    struct launch launch;
    place_write("not-a-database", "this is not a database, and long enough to be one");
    char *from = fs_join(place.directory, "not-a-database");
    assert_int_equal(rename(from, place.dir.events), 0);
    free(from);
    place_launch(&launch, plan);
    plan_destroy(plan);
    assert_int_equal(place_finish_run(&launch, &run), EXIT_INTERNAL);
    assert_false(place_has("shipped"));
    assert_null(run);
}

/* ---- how it ends ---- */

static void a_command_that_fails_is_told_by_its_status(void **state)
{
    (void)state;
    struct run *run = NULL;
    place_configure("exit 7", "", "");
    assert_int_equal(place_deploy(&run), EXIT_COMMAND);
    assert_int_equal(run->outcome, OUTCOME_FAILED);
    assert_int_equal(run_step_main(run)->status, 7);
    assert_null(run->after.decision);
    run_destroy(run);
}

static void a_command_that_cannot_be_executed_failed(void **state)
{
    (void)state;
    struct run *run = NULL;
    place_write("ship", "#!/no/such/interpreter\n");
    place_configure("", ", \"timeout\": \"5s\"", "");
    place_write("greenboard.json",
                "{\"version\": 1, \"system\": \"netra\", \"environments\": {\"test\": "
                "{\"deploy\": {\"command\": [\"./ship\"]}}}}");
    char *path = fs_join(place.directory, "greenboard.json");
    config_destroy(place.config);
    place.config = config_load(path);
    free(path);
    place.environment = config_environment(place.config, "test", NULL);
    assert_int_equal(place_deploy(&run), EXIT_COMMAND);
    assert_int_equal(run->outcome, OUTCOME_FAILED);
    run_destroy(run);
}

static void red_afterwards_is_not_verified(void **state)
{
    (void)state;
    struct run *run = NULL;
    place_configure("echo FAIL osram 12 >lamp", "", "");
    assert_int_equal(place_deploy(&run), EXIT_UNVERIFIED);
    assert_int_equal(run->outcome, OUTCOME_UNVERIFIED);
    assert_string_equal(run->after.decision, "NO-GO");
    run_destroy(run);
}

static void verification_waits_for_green(void **state)
{
    (void)state;
    struct run *run = NULL;
    place_configure("printf 'FAIL a 1\\\\nFAIL a 1\\\\nOK osram 12\\\\n' >lamp", "", "");
    assert_int_equal(place_deploy(&run), EXIT_GO);
    assert_int_equal(run->outcome, OUTCOME_VERIFIED);
    run_destroy(run);
}

static void a_command_is_ended_at_its_timeout(void **state)
{
    (void)state;
    struct run *run = NULL;
    place_configure("sleep 600", ", \"timeout\": \"1s\"", "");
    assert_int_equal(place_deploy(&run), EXIT_COMMAND);
    assert_int_equal(run->outcome, OUTCOME_TIMED_OUT);
    assert_false(process_group_lives(&run->group));
    run_destroy(run);
}

static void a_cancelled_command_ends_with_its_whole_group(void **state)
{
    (void)state;
    struct launch launch;
    struct error error;
    struct run *run = NULL;
    place_configure("sleep 600 & touch running; wait", "", "");
    struct plan *plan = place_plan();
    place_launch(&launch, plan);
    plan_destroy(plan);
    place_await("running");
    json_t *status = control_status(&place.dir, launch.run, &error);
    assert_string_equal(json_get_text(status, "phase"), "running");
    json_decref(status);
    assert_true(control_cancel(&place.dir, launch.run, "bob@ops-2", "enough", &error));
    assert_int_equal(place_finish_run(&launch, &run), EXIT_COMMAND);
    assert_int_equal(run->outcome, OUTCOME_CANCELLED);
    assert_string_equal(run->cancelled_by, "bob@ops-2");
    assert_string_equal(run->cancel_reason, "enough");
    assert_false(process_group_lives(&run->group));
    assert_true(place_event("run.cancelled", run->id));
    assert_false(control_cancel(&place.dir, run->id, "bob@ops-2", "again", &error));
    run_destroy(run);
}

/* ---- nobody has to stay ---- */

static void killing_the_launcher_harms_nothing(void **state)
{
    (void)state;
    int told[2], life[2];
    char id[RUN_ID] = "";
    place_configure("touch running; until test -e go; do sleep 0.01; done; echo end", "",
                    "");
    assert_int_equal(pipe(told), 0);
    assert_int_equal(pipe(life), 0);
    pid_t pid = fork();
    if (pid == 0) {
        struct launch launch;
        struct plan *plan = place_plan();
        place_launch(&launch, plan);
        assert_int_equal(write(told[1], launch.run, RUN_ID), RUN_ID);
        close(life[1]);
        _exit((int)read(life[0], id, 1)); /* for ever, unless the test itself is gone */
    }
    assert_int_equal(read(told[0], id, RUN_ID), RUN_ID);
    place_await("running");
    kill(pid, SIGKILL);
    waitpid(pid, NULL, 0);
    for (int i = 0; i < 2; i++) {
        close(told[i]);
        close(life[i]);
    }
    struct error error;
    struct follow *follow = follow_create(&place.dir, id, &error);
    assert_non_null(follow);
    assert_true(follow_alive(follow));
    place_write("go", "");
    struct buf output;
    buf_init(&output, 0);
    int64_t until = clock_now() + 30 * CLOCK_SECOND;
    while (follow_run(follow)->phase != PHASE_ENDED) {
        struct pollfd ready = {follow_fd(follow), POLLIN, 0};
        assert_true(clock_now() < until);
        poll(&ready, 1, clock_left(until));
    }
    assert_int_equal(follow_run(follow)->outcome, OUTCOME_VERIFIED);
    assert_true(follow_output(follow, &output));
    assert_string_equal(buf_string(&output), "end\r\n");
    buf_finish(&output);
    follow_destroy(follow);
}

static void a_dead_supervisor_blocks_until_it_is_resolved(void **state)
{
    (void)state;
    struct launch launch;
    struct error error;
    struct run *run = NULL;
    place_configure("trap '' HUP; touch running; until test -e go; do sleep 0.01; done",
                    "", "");
    struct plan *plan = place_plan();
    place_launch(&launch, plan);
    place_await("running");
    run = run_read(&place.dir, launch.run, &error);
    assert_false(run_resolve(&place.dir, run->id, place.environment, "ada@ops-1", "no",
                             &error)); /* it lives */
    assert_int_equal(error.code, ERROR_BUSY);
    kill(run->supervisor.pid, SIGKILL);
    assert_int_equal(place_finish_run(&launch, NULL), -1);

    place_launch(&launch, plan);
    assert_int_equal(place_finish_run(&launch, NULL), EXIT_BUSY);
    assert_false(run_resolve(&place.dir, run->id, place.environment, "ada@ops-1", "no",
                             &error)); /* its command does */
    assert_int_equal(error.code, ERROR_BUSY);
    assert_non_null(strstr(error.message, "still runs"));
    place_write("go", "");
    int64_t until = clock_now() + 30 * CLOCK_SECOND;
    while (process_group_lives(&run->group)) {
        assert_true(clock_now() < until);
        poll(NULL, 0, 5);
    }
    assert_true(run_resolve(&place.dir, run->id, place.environment, "ada@ops-1",
                            "looked at it", &error));
    assert_true(place_event("run.resolved", run->id));
    assert_false(run_resolve(&place.dir, run->id, place.environment, "ada@ops-1", "twice",
                             &error));
    place_launch(&launch, plan);
    assert_int_equal(place_finish_run(&launch, NULL), EXIT_GO);
    plan_destroy(plan);
    run_destroy(run);
}

static void of_two_at_once_one_runs(void **state)
{
    (void)state;
    struct launch first, second;
    place_configure(
        "echo once >>ran; touch running; until test -e go; do sleep 0.01; done", "", "");
    struct plan *plan = place_plan();
    place_launch(&first, plan);
    place_launch(&second, plan);
    place_await("running");
    place_write("go", "");
    int a = place_finish_run(&first, NULL), b = place_finish_run(&second, NULL);
    assert_true((a == EXIT_GO && b == EXIT_BUSY) || (a == EXIT_BUSY && b == EXIT_GO));
    char *ran = place_read("ran");
    assert_string_equal(ran, "once\n");
    free(ran);
    plan_destroy(plan);
}

/* ---- what a command is given ---- */

/* What the command saw of KEY, which is a source of secrets. */
static void assert_told(const char *deploy, const char *expected)
{
    mode_t mask = umask(027);
    place_configure(
        "echo $GREENBOARD_ENVIRONMENT $GREENBOARD_FENCE ${PLAIN-} ${KEY-none} "
        "$(cat; umask) >told; tty <&1 >terminal; test -d $GREENBOARD_RUN_DIR",
        deploy, ", \"jwt\": {\"canonical\": {\"env\": \"KEY\"}}");
    assert_int_equal(place_deploy(NULL), EXIT_GO);
    umask(mask);
    char *told = place_read("told"), *terminal = place_read("terminal");
    assert_string_equal(told, expected);
    assert_non_null(strstr(terminal, "/dev/"));
    free(told);
    free(terminal);
}

static void a_command_knows_its_run_and_no_withheld_variable(void **state)
{
    (void)state;
    setenv("PLAIN", "plain", 1);
    setenv("KEY", "0123456789abcdef0123456789abcdef", 1);
    assert_true(capture_take("KEY", NULL)); /* as main does before it starts a thread */
    assert_told("", "test 1 plain none 0027\n");
    assert_told(", \"env\": [\"KEY\"]",
                "test 2 plain 0123456789abcdef0123456789abcdef 0027\n");
    capture_finish();
}

static void a_command_inherits_no_descriptor_of_ours(void **state)
{
    (void)state;
    place_configure("exec ls /proc/self/fd >descriptors", "", "");
    assert_int_equal(place_deploy(NULL), EXIT_GO);
    char *descriptors = place_read("descriptors");
    /* 3 is the directory that ls reads */
    assert_string_equal(descriptors, "0\n1\n2\n3\n");
    free(descriptors);
}

static void a_runtime_directory_that_others_may_enter_is_refused(void **state)
{
    (void)state;
    struct error error;
    char *path = fs_join(place.directory, "runtime/greenboard");
    assert_true(fs_make_dirs(path, &error));
    assert_int_equal(chmod(path, 0755), 0);
    assert_int_equal(place_deploy(NULL), EXIT_INTERNAL);
    assert_false(place_has("shipped"));
    free(path);
}

static void output_is_masked_across_pieces(void **state)
{
    (void)state;
    struct run *run = NULL;
    place_write("secret", "correct-horse-battery-staple-0123456789");
    place_configure(
        "printf 'it is correct-horse-'; touch half; until test -e go; do sleep 0.01; "
        "done; echo battery-staple-0123456789 or not",
        "", ", \"jwt\": {\"canonical\": {\"file\": \"secret\"}}");
    struct launch launch;
    struct plan *plan = place_plan();
    place_launch(&launch, plan);
    plan_destroy(plan);
    place_await("half");
    place_write("go", "");
    assert_int_equal(place_finish_run(&launch, &run), EXIT_GO);
    char *output = place_output(run);
    assert_string_equal(output, "it is [masked] or not\r\n");
    free(output);
    run_destroy(run);
}

static void backups_are_kept_before_anything_changes(void **state)
{
    (void)state;
    struct run *run = NULL;
    place_write("app.env", "as=it was");
    place_configure("echo as=changed >app.env", "",
                    ", \"backup\": {\"files\": [\"app.env\"]}");
    assert_int_equal(place_deploy(&run), EXIT_GO);
    struct buf kept;
    struct stat about;
    buf_init(&kept, 0);
    char *path = run_path(&place.dir, run->id, "backup/001-app.env");
    assert_true(fs_read(path, &kept, NULL));
    assert_string_equal(buf_string(&kept), "as=it was");
    assert_int_equal(stat(path, &about), 0);
    assert_int_equal(about.st_mode & 0777, 0600);
    free(path);
    buf_finish(&kept);
    run_destroy(run);
}

static void without_its_backup_nothing_starts(void **state)
{
    (void)state;
    place_configure("touch shipped", "", ", \"backup\": {\"files\": [\"no.env\"]}");
    assert_int_equal(place_deploy(NULL), EXIT_INTERNAL);
    assert_false(place_has("shipped"));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, place_begin, place_end)

int main(int argc, char **argv)
{
    if (!place_ready(argc, argv)) {
        return 0;
    }
    const struct CMUnitTest tests[] = {
        TEST(a_green_board_lets_the_command_run),
        TEST(a_release_that_was_verified_is_known_good),
        TEST(a_red_check_refuses),
        TEST(who_is_refused_hears_of_it_before_people_are_told),
        TEST(an_unknown_check_refuses),
        TEST(another_identity_than_confirmed_refuses),
        TEST(another_configuration_than_confirmed_refuses),
        TEST(what_was_not_confirmed_is_not_even_asked),
        TEST(a_configuration_that_broke_refuses),
        TEST(another_figure_is_no_other_plan),
        TEST(a_reason_in_another_encoding_is_recorded),
        TEST(without_a_trail_nothing_starts),
        TEST(a_command_that_fails_is_told_by_its_status),
        TEST(a_command_that_cannot_be_executed_failed),
        TEST(red_afterwards_is_not_verified),
        TEST(verification_waits_for_green),
        TEST(a_command_is_ended_at_its_timeout),
        TEST(a_cancelled_command_ends_with_its_whole_group),
        TEST(killing_the_launcher_harms_nothing),
        TEST(a_dead_supervisor_blocks_until_it_is_resolved),
        TEST(of_two_at_once_one_runs),
        TEST(a_command_knows_its_run_and_no_withheld_variable),
        TEST(a_command_inherits_no_descriptor_of_ours),
        TEST(a_runtime_directory_that_others_may_enter_is_refused),
        TEST(output_is_masked_across_pieces),
        TEST(backups_are_kept_before_anything_changes),
        TEST(without_its_backup_nothing_starts),
    };
    return unit_run("run", tests);
}

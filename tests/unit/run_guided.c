#include "tests/unit/run_help.h"

#include "base/clock.h"
#include "base/exits.h"
#include "base/fs.h"
#include "base/mem.h"
#include "base/spawn.h"
#include "run/control.h"
#include "run/process.h"
#include "run/repair.h"

#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

static const int64_t PATIENCE = 30 * CLOCK_SECOND;

#define SH(name, script)                                                                 \
    "{\"name\": \"" name "\", \"command\": [\"sh\", \"-c\", \"" script "\"]}"
#define VERSION ", \"release\": {\"command\": [\"cat\", \"version\"]}"

/* ---- steps ---- */

static void commands_around_it_run_in_their_order(void **state)
{
    (void)state;
    struct run *run = NULL;
    place_configure("echo deploy >>order",
                    ", \"before\": [" SH("one", "echo one >>order") ", " SH(
                        "two", "echo two >>order") "], "
                                                   "\"after\": [" SH(
                                                       "three", "echo three >>order") "]",
                    "");
    assert_int_equal(place_deploy(&run), EXIT_GO);
    char *order = place_read("order");
    assert_string_equal(order, "one\ntwo\ndeploy\nthree\n");
    free(order);
    static const char *const names[] = {"lock", "one",    "two",   "re-read", "checks",
                                        "gate", "deploy", "three", "verify",  "unlock"};
    assert_int_equal(run->step_count, sizeof names / sizeof *names);
    for (size_t i = 0; i < run->step_count; i++) {
        assert_string_equal(run->steps[i].name, names[i]);
        assert_int_equal(run->steps[i].status, 0);
        assert_true(run->steps[i].attempts >= 1);
        assert_true(i == 0 || run->steps[i].started >= run->steps[i - 1].started);
    }
    assert_true(place_event("run.step_started", run->id));
    run_destroy(run);
}

static void what_comes_before_and_fails_ships_nothing(void **state)
{
    (void)state;
    struct run *run = NULL;
    place_configure("touch shipped", ", \"before\": [" SH("migrate", "exit 9") "]", "");
    assert_int_equal(place_deploy(&run), EXIT_COMMAND);
    assert_false(place_has("shipped"));
    assert_int_equal(run->outcome, OUTCOME_FAILED);
    assert_int_equal(run_step_find(run, "migrate")->status, 9);
    assert_int_equal(run_step_main(run)->attempts, 0);
    assert_false(place_event("run.started", run->id));
    run_destroy(run);
}

static void a_configuration_that_a_step_changes_is_refused(void **state)
{
    (void)state;
    struct run *run = NULL;
    place_configure("touch shipped",
                    ", \"before\": [" SH("edit", "echo >>greenboard.json") "]", "");
    assert_int_equal(place_deploy(&run), EXIT_USAGE);
    assert_int_equal(run->outcome, OUTCOME_REFUSED);
    assert_false(place_has("shipped"));
    run_destroy(run);
}

static void a_name_of_greenboards_own_is_taken(void **state)
{
    (void)state;
    struct error error = {0};
    static const char *const names[] = {"verify", "deploy", "lock"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        char *before = mem_format(
            ", \"before\": [{\"name\": \"%s\", \"command\": [\"true\"]}]", names[i]);
        place_configure("true", before, "");
        free(before);
        board_destroy(place.board);
        place.board = board_create(place.environment, place_checks);
        assert_null(plan_create(place.board, &(struct intent){0}, &error));
        assert_non_null(strstr(error.message, names[i]));
    }
}

static void no_answer_is_older_than_its_preflight(void **state)
{
    (void)state;
    struct run *run = NULL;
    assert_int_equal(place_deploy(&run), EXIT_GO);
    assert_true(run->oldest <= run->preflight + 51);
    run_destroy(run);
}

/* ---- people decide ---- */

/* Waits until it asks. The caller frees. */
static struct run *await_question(const char *id, const char *step)
{
    int64_t until = clock_now() + PATIENCE;
    for (;;) {
        struct run *run = run_read(&place.dir, id, NULL);
        if (run && run->question.step && strcmp(run->question.step, step) == 0) {
            return run;
        }
        assert_true(!run || run->phase != PHASE_ENDED);
        run_destroy(run);
        assert_true(clock_now() < until);
        poll(NULL, 0, 2);
    }
}

static bool decide(const struct run *run, enum choice choice, const char *reason,
                   const char *confirm, struct error *error)
{
    char by[] = "bob@ops-2";
    char *why = mem_text(reason);
    const struct ruling ruling = {.step = run->question.step,
                                  .attempt = run->question.attempt,
                                  .choice = choice,
                                  .by = by,
                                  .reason = why};
    bool done = control_decide(&place.dir, run->id, &ruling, confirm, error);
    free(why);
    return done;
}

static void launch_watched(struct launch *launch)
{
    place.watched = true;
    struct plan *plan = place_plan();
    place_launch(launch, plan);
    plan_destroy(plan);
}

static void a_failed_command_waits_and_is_tried_again(void **state)
{
    (void)state;
    struct launch launch;
    struct error error = {0};
    place_configure("echo try >>tries; test -e mended", "", "");
    launch_watched(&launch);
    struct run *run = await_question(launch.run, "deploy");
    assert_int_equal(run->phase, PHASE_WAITING);
    assert_false(decide(run, CHOICE_SKIP, "no", NULL, &error)); /* it is required */
    assert_non_null(strstr(error.message, "retry or abort"));
    assert_false(decide(run, CHOICE_RETRY, "", NULL, &error));
    assert_non_null(strstr(error.message, "reason"));
    run->question.attempt++;
    assert_false(decide(run, CHOICE_RETRY, "late", NULL, &error));
    run->question.attempt--;
    place_write("mended", "");
    assert_true(decide(run, CHOICE_RETRY, "the disk was full", NULL, &error));
    run_destroy(run);
    assert_int_equal(place_finish_run(&launch, &run), EXIT_GO);
    assert_int_equal(run->decision_count, 1);
    assert_string_equal(run->decisions[0].by, "bob@ops-2");
    assert_string_equal(run->decisions[0].reason, "the disk was full");
    int attempts = run_step_main(run)->attempts; /* more where it was too late */
    assert_true(attempts >= 2);
    assert_int_equal(run_step_find(run, "checks")->attempts, attempts); /* used once */
    assert_true(place_event("run.waiting", run->id));
    assert_true(place_event("run.decided", run->id));
    char *tries = place_read("tries");
    assert_string_equal(tries, "try\ntry\n");
    free(tries);
    run_destroy(run);
}

static void a_retry_goes_through_the_gate_again(void **state)
{
    (void)state;
    struct launch launch;
    struct run *ended = NULL;
    place_configure("echo try >>tries; false", "", "");
    launch_watched(&launch);
    struct run *run = await_question(launch.run, "deploy");
    place_lamp("FAIL osram 12\n");
    assert_true(decide(run, CHOICE_RETRY, "once more", NULL, NULL));
    run_destroy(run);
    assert_int_equal(place_finish_run(&launch, &ended), EXIT_UNSAFE);
    char *tries = place_read("tries");
    assert_string_equal(tries, "try\n");
    free(tries);
    run_destroy(ended);
}

static void what_is_not_required_may_be_skipped(void **state)
{
    (void)state;
    struct launch launch;
    place_configure("touch shipped",
                    ", \"after\": [{\"name\": \"tell\", \"required\": false, "
                    "\"command\": [\"false\"]}]",
                    "");
    launch_watched(&launch);
    struct run *run = await_question(launch.run, "tell");
    assert_true(decide(run, CHOICE_SKIP, "nobody reads it", NULL, NULL));
    run_destroy(run);
    assert_int_equal(place_finish_run(&launch, &run), EXIT_GO);
    assert_true(run_step_find(run, "tell")->skipped);
    run_destroy(run);
}

static void aborting_ends_it_as_it_was(void **state)
{
    (void)state;
    struct launch launch;
    place_configure("exit 5", "", "");
    launch_watched(&launch);
    struct run *run = await_question(launch.run, "deploy");
    assert_true(decide(run, CHOICE_ABORT, "tomorrow", NULL, NULL));
    run_destroy(run);
    assert_int_equal(place_finish_run(&launch, &run), EXIT_COMMAND);
    assert_int_equal(run->outcome, OUTCOME_FAILED);
    assert_null(run->question.step);
    run_destroy(run);
}

static void a_question_can_be_cancelled(void **state)
{
    (void)state;
    struct launch launch;
    place_configure("exit 5", "", "");
    launch_watched(&launch);
    struct run *run = await_question(launch.run, "deploy");
    assert_true(control_cancel(&place.dir, launch.run, "bob@ops-2", "enough", NULL));
    run_destroy(run);
    assert_int_equal(place_finish_run(&launch, &run), EXIT_COMMAND);
    assert_int_equal(run->outcome, OUTCOME_CANCELLED);
    run_destroy(run);
}

static void nobody_is_asked_who_is_not_there(void **state)
{
    (void)state;
    struct run *run = NULL;
    place_configure("exit 5", "", "");
    assert_int_equal(place_deploy(&run), EXIT_COMMAND);
    assert_int_equal(run->decision_count, 1);
    assert_int_equal(run->decisions[0].choice, CHOICE_ABORT);
    assert_string_equal(run->decisions[0].reason, "nobody watches");
    run_destroy(run);
}

/* ---- silence ---- */

static void a_silent_command_is_asked_about_and_may_go_on(void **state)
{
    (void)state;
    struct launch launch;
    struct error error = {0};
    place_configure("until test -e go; do sleep 0.01; done", ", \"silence\": \"1s\"", "");
    launch_watched(&launch);
    struct run *run = await_question(launch.run, "deploy");
    assert_int_equal(run->phase, PHASE_RUNNING);
    assert_non_null(strstr(run->question.why, "no output for 1"));
    assert_false(decide(run, CHOICE_RETRY, "why not", NULL, &error));
    assert_true(decide(run, CHOICE_WAIT, "it compiles", NULL, &error));
    run_destroy(run);
    place_write("go", "");
    assert_int_equal(place_finish_run(&launch, &run), EXIT_GO);
    run_destroy(run);
}

static void a_silent_command_may_be_ended(void **state)
{
    (void)state;
    struct launch launch;
    place_configure("sleep 600", ", \"silence\": \"1s\"", "");
    launch_watched(&launch);
    struct run *run = await_question(launch.run, "deploy");
    assert_true(decide(run, CHOICE_STOP, "it hangs", NULL, NULL));
    run_destroy(run);
    int64_t until = clock_now() + PATIENCE;
    do {
        run = await_question(launch.run, "deploy");
        assert_true(clock_now() < until);
    } while (run->phase != PHASE_WAITING && (run_destroy(run), true));
    assert_true(decide(run, CHOICE_ABORT, "enough", NULL, NULL));
    run_destroy(run);
    assert_int_equal(place_finish_run(&launch, &run), EXIT_COMMAND);
    assert_non_null(strstr(run_step_main(run)->note, "silent"));
    assert_false(process_group_lives(&run->group));
    run_destroy(run);
}

static void output_takes_the_question_back(void **state)
{
    (void)state;
    struct launch launch;
    place_configure("until test -e go; do sleep 0.01; done; echo here; "
                    "until test -e end; do sleep 0.01; done",
                    ", \"silence\": \"1s\"", "");
    launch_watched(&launch);
    struct run *run = await_question(launch.run, "deploy");
    int64_t since = run->question.since, until = clock_now() + PATIENCE;
    place_write("go", "");
    do {
        run_destroy(run);
        assert_true(clock_now() < until);
        poll(NULL, 0, 2);
        run = run_read(&place.dir, launch.run, NULL);
    } while (run->question.step && run->question.since == since);
    run_destroy(run);
    place_write("end", "");
    assert_int_equal(place_finish_run(&launch, &run), EXIT_GO);
    run_destroy(run);
}

/* ---- ended ---- */

static void what_ignores_one_signal_gets_the_next(void **state)
{
    (void)state;
    struct launch launch;
    struct run *run = NULL;
    place_configure("trap 'echo int >>got' INT; trap 'echo term >>got; exit 1' TERM; "
                    "touch running; while :; do sleep 0.05; done",
                    "", "");
    struct plan *plan = place_plan();
    place_launch(&launch, plan);
    plan_destroy(plan);
    place_await("running");
    assert_true(control_cancel(&place.dir, launch.run, "bob@ops-2", "enough", NULL));
    assert_int_equal(place_finish_run(&launch, &run), EXIT_COMMAND);
    assert_int_equal(run->outcome, OUTCOME_CANCELLED);
    char *got = place_read("got");
    assert_string_equal(got, "int\nterm\n");
    free(got);
    run_destroy(run);
}

static void what_is_left_running_is_named(void **state)
{
    (void)state;
    struct run *run = NULL;
    place_configure("trap '' HUP; sleep 60 >/dev/null 2>&1 & echo started", "", "");
    assert_int_equal(place_deploy(&run), EXIT_GO);
    assert_non_null(strstr(run_step_main(run)->note, "left running: s"));
    process_group_signal(&run->group, SIGKILL);
    run_destroy(run);
}

/* ---- going back ---- */

static void ship(const char *version, int status)
{
    place_write("version", version);
    assert_int_equal(place_deploy(NULL), status);
}

#define BREAKS                                                                           \
    "if grep -q v1 version; then echo OK osram 12 >lamp; else echo FAIL osram 12 "       \
    ">lamp; fi"
#define ROLLBACK                                                                         \
    ", \"rollback\": {\"command\": [\"sh\", \"-c\", \"echo $0 >version; echo OK "        \
    "osram 12 >lamp\", \"{release}\"], \"verify\": {\"hold\": \"0s\"}}"

static void what_is_not_verified_goes_back_when_somebody_says_so(void **state)
{
    (void)state;
    struct launch launch;
    struct error error = {0};
    place_configure(BREAKS, "", VERSION ROLLBACK);
    ship("v1\n", EXIT_GO);
    place_write("version", "v2\n");
    launch_watched(&launch);
    struct run *run = await_question(launch.run, "verify");
    assert_int_equal(run->question.choices[0], CHOICE_ROLLBACK); /* offered first */
    assert_string_equal(run->question.release, "v1");
    assert_false(decide(run, CHOICE_ROLLBACK, "broken", NULL, &error));
    assert_non_null(strstr(error.hint, "--confirm test"));
    assert_true(decide(run, CHOICE_ROLLBACK, "broken", "test", &error));
    run_destroy(run);
    assert_int_equal(place_finish_run(&launch, &run), EXIT_UNVERIFIED);
    assert_int_equal(run->outcome, OUTCOME_UNVERIFIED);
    assert_false(run->known_good);
    struct run *back = run_read(&place.dir, run->next, NULL);
    assert_non_null(back);
    assert_int_equal(back->outcome, OUTCOME_VERIFIED);
    assert_string_equal(back->kind, "rollback");
    assert_string_equal(back->release, "v1");
    assert_string_equal(back->follows, run->id);
    assert_string_equal(back->operator_name, "bob@ops-2");
    assert_string_equal(back->reason, "broken");
    char *version = place_read("version");
    assert_string_equal(version, "v1\n");
    free(version);
    run_destroy(run);
    run_destroy(back);
}

static void it_goes_back_by_itself_where_that_is_configured(void **state)
{
    (void)state;
    struct run *run = NULL;
    place_configure(BREAKS, ", \"on_verify_failure\": \"rollback\"", VERSION ROLLBACK);
    ship("v1\n", EXIT_GO);
    place_write("version", "v2\n");
    assert_int_equal(place_deploy(&run), EXIT_UNVERIFIED);
    struct run *back = run_read(&place.dir, run->next, NULL);
    assert_int_equal(back->outcome, OUTCOME_VERIFIED);
    run_destroy(run);
    run_destroy(back);
}

static void without_a_known_good_release_there_is_no_way_back(void **state)
{
    (void)state;
    struct launch launch;
    place_configure(BREAKS, "", VERSION ROLLBACK);
    place_write("version", "v2\n");
    launch_watched(&launch);
    struct run *run = await_question(launch.run, "verify");
    assert_false(question_offers(&run->question, CHOICE_ROLLBACK));
    assert_true(decide(run, CHOICE_ABORT, "no way", NULL, NULL));
    run_destroy(run);
    assert_int_equal(place_finish_run(&launch, &run), EXIT_UNVERIFIED);
    run_destroy(run);
}

/* ---- repairs ---- */

#define REPAIRS                                                                          \
    ", \"repairs\": [{\"name\": \"new bulb\", \"for\": [\"lamp\"], \"command\": "        \
    "[\"sh\", \"-c\", \"echo OK osram 12 >lamp\"], \"verify\": {\"hold\": \"0s\"}}, "    \
    "{\"name\": \"first\", \"bootstrap\": true, \"command\": [\"touch\", \"begun\"], "   \
    "\"verify\": {\"within\": \"2s\", \"hold\": \"0s\"}}]"

static int repair(const char *name, struct run **run)
{
    struct launch launch;
    struct error error = {0};
    plan_destroy(place_plan()); /* asks the lamp */
    const struct intent intent = {.kind = KIND_REPAIR, .repair = name};
    struct plan *plan = plan_create(place.board, &intent, &error);
    if (!plan) {
        fail_msg("%s", error.message);
    }
    place_launch(&launch, plan);
    plan_destroy(plan);
    return place_finish_run(&launch, run);
}

static void a_repair_mends_what_is_red(void **state)
{
    (void)state;
    struct run *run = NULL;
    place_configure("true", "", REPAIRS VERSION);
    place_write("version", "v1\n");
    place_lamp("FAIL osram 12\n");
    assert_int_equal(repair("new bulb", &run), EXIT_GO);
    assert_string_equal(run->kind, "repair");
    assert_string_equal(run->repair, "new bulb");
    assert_null(run->release);
    assert_false(run->known_good);
    run_destroy(run);
}

static void a_repair_of_what_is_green_is_refused(void **state)
{
    (void)state;
    struct run *run = NULL;
    place_configure("true", "", REPAIRS);
    assert_int_equal(repair("new bulb", &run), EXIT_USAGE);
    assert_int_equal(run->outcome, OUTCOME_REFUSED);
    assert_int_equal(run_step_main(run)->attempts, 0);
    run_destroy(run);
}

static void bootstrapping_ends_with_the_first_verified_run(void **state)
{
    (void)state;
    place_configure("true", "", REPAIRS);
    assert_int_equal(repair("first", NULL), EXIT_GO);
    assert_true(place_has("begun"));
    assert_int_equal(repair("first", NULL), EXIT_USAGE); /* that one was verified */
}

/* ---- time that was lost ---- */

static void a_run_that_was_stopped_says_so_and_asks_again(void **state)
{
    (void)state;
    struct launch launch;
    place_configure("touch running; until test -e go; do sleep 0.01; done",
                    ", \"after\": [" SH("tell", "touch told") "]", "");
    struct plan *plan = place_plan();
    place_launch(&launch, plan);
    plan_destroy(plan);
    place_await("running");
    struct run *run = run_read(&place.dir, launch.run, NULL);
    pid_t supervisor = run->supervisor.pid;
    run_destroy(run);
    kill(supervisor, SIGSTOP);
    place_lamp("FAIL osram 12\n");
    place_write("go", "");
    int64_t until = clock_now() + 5 * CLOCK_SECOND; /* what is tested is that it passes */
    while (clock_left(until) > 0) {
        poll(NULL, 0, clock_left(until));
    }
    kill(supervisor, SIGCONT);
    assert_int_equal(place_finish_run(&launch, &run), EXIT_COMMAND);
    assert_false(place_has("told"));
    assert_true(run->slept >= 1000);
    assert_true(place_event("run.slept", run->id));
    assert_non_null(strstr(run_step_find(run, "tell")->note, "it slept"));
    run_destroy(run);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, place_begin, place_end)

int main(int argc, char **argv)
{
    if (!place_ready(argc, argv)) {
        return 0;
    }
    const struct CMUnitTest tests[] = {
        TEST(commands_around_it_run_in_their_order),
        TEST(what_comes_before_and_fails_ships_nothing),
        TEST(a_configuration_that_a_step_changes_is_refused),
        TEST(a_name_of_greenboards_own_is_taken),
        TEST(no_answer_is_older_than_its_preflight),
        TEST(a_failed_command_waits_and_is_tried_again),
        TEST(a_retry_goes_through_the_gate_again),
        TEST(what_is_not_required_may_be_skipped),
        TEST(aborting_ends_it_as_it_was),
        TEST(a_question_can_be_cancelled),
        TEST(nobody_is_asked_who_is_not_there),
        TEST(a_silent_command_is_asked_about_and_may_go_on),
        TEST(a_silent_command_may_be_ended),
        TEST(output_takes_the_question_back),
        TEST(what_ignores_one_signal_gets_the_next),
        TEST(what_is_left_running_is_named),
        TEST(what_is_not_verified_goes_back_when_somebody_says_so),
        TEST(it_goes_back_by_itself_where_that_is_configured),
        TEST(without_a_known_good_release_there_is_no_way_back),
        TEST(a_repair_mends_what_is_red),
        TEST(a_repair_of_what_is_green_is_refused),
        TEST(bootstrapping_ends_with_the_first_verified_run),
        TEST(a_run_that_was_stopped_says_so_and_asks_again),
    };
    return unit_run("run guided", tests);
}

#include "tests/unit/run_help.h"

#include "base/clock.h"
#include "base/fs.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/spawn.h"
#include "board/sched.h"
#include "cast/recording.h"
#include "lock/lock.h"
#include "run/command.h"
#include "run/fate.h"
#include "run/process.h"
#include "run/words.h"

#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static const struct intent deploy_v2 = {.kind = KIND_DEPLOY, .release = "v2"};

/* ---- what is confirmed ---- */

static char *digest_now(void)
{
    struct plan *plan = place_plan();
    char *digest = mem_text(plan->digest);
    plan_destroy(plan);
    return digest;
}

static void assert_digest(const char *before, bool same)
{
    char *after = digest_now();
    if (same) {
        assert_string_equal(before, after);
    } else {
        assert_string_not_equal(before, after);
    }
    free(after);
}

static void the_digest_has_no_figures_and_no_timings(void **state)
{
    (void)state;
    char *before = digest_now();
    place_lamp("OK osram 999\n");
    assert_digest(before, true);
    free(before);
}

static void the_digest_has_each_identity_and_state(void **state)
{
    (void)state;
    char *before = digest_now();
    static const char *const others[] = {"OK philips 12\n", "FAIL osram 12\n",
                                         "WARN osram 12\n"};
    for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
        place_lamp(others[i]);
        assert_digest(before, false);
    }
    place_lamp("OK osram 12\n");
    assert_digest(before, true);
    place_configure("touch shipped", ", \"timeout\": \"31m\"", "");
    assert_digest(before, false);
    free(before);
}

static void the_digest_has_the_release(void **state)
{
    (void)state;
    struct error error;
    char *before = digest_now();
    struct plan *plan = plan_create(place.board, &deploy_v2, &error);
    assert_string_not_equal(before, plan->digest);
    assert_true(plan->given);
    plan_destroy(plan);
    free(before);
}

static void differences_are_named(void **state)
{
    (void)state;
    struct plan *before = place_plan();
    place_lamp("OK philips 12\n");
    struct plan *after = place_plan();
    char **same = plan_differences(before->confirmation, before->confirmation);
    char **differences = plan_differences(before->confirmation, after->confirmation);
    assert_null(same[0]);
    assert_int_equal(argv_count(differences), 2);
    assert_string_equal(differences[0],
                        "lamp: address was 127.0.0.1:osram, is 127.0.0.1:philips");
    assert_string_equal(differences[1], "lamp: maker was osram, is philips");
    argv_free(same);
    argv_free(differences);
    plan_destroy(before);
    plan_destroy(after);
}

static void a_plan_wants_a_section_a_program_and_a_release(void **state)
{
    (void)state;
    struct error error = {0};
    plan_destroy(place_plan());
    assert_null(
        plan_create(place.board, &(struct intent){.kind = KIND_ROLLBACK}, &error));
    assert_non_null(strstr(error.message, "has no `rollback`"));
    assert_null(plan_create(place.board, &(struct intent){.release = "-rf"}, &error));
    place_configure("echo {release}", "", "");
    board_destroy(place.board);
    place.board = board_create(place.environment, place_checks);
    assert_null(plan_create(place.board, &(struct intent){0}, &error));
    assert_non_null(strstr(error.message, "{release}"));
}

static void placeholders_are_replaced_once(void **state)
{
    (void)state;
    struct error error;
    place_configure("ship {release} {environment} {run} {fence} {since} {other} {{run}}",
                    "", "");
    board_destroy(place.board);
    place.board = board_create(place.environment, place_checks);
    struct plan *plan = plan_create(place.board, &deploy_v2, &error);
    struct run *run = run_create("R");
    run->fence = 42;
    run->started = 1769861071218;
    char **argv = words_argv(plan, steps_main(&plan->steps)->argv, run);
    assert_string_equal(argv[2],
                        "ship v2 test R 42 2026-01-31T12:04:31.218Z {other} {R}");
    argv_free(argv);
    setenv("GREENBOARD_RUN", "an older one", 1);
    char **env = words_env(plan, "/where", run);
    size_t runs = 0;
    for (size_t i = 0; env[i]; i++) {
        runs += strncmp(env[i], "GREENBOARD_RUN=", 15) == 0;
        assert_string_not_equal(env[i], "GREENBOARD_RUN=an older one");
    }
    assert_int_equal(runs, 1);
    words_env_free(env);
    unsetenv("GREENBOARD_RUN");
    run_destroy(run);
    plan_destroy(plan);
}

/* ---- the lock ---- */

static void a_lock_has_one_holder(void **state)
{
    (void)state;
    struct lock first, second;
    struct error error = {0};
    assert_true(lock_take(&first, &place.dir, &error));
    assert_false(lock_take(&second, &place.dir, &error));
    assert_int_equal(error.code, ERROR_BUSY);
    lock_release(&first);
    assert_true(lock_take(&second, &place.dir, &error));
    lock_release(&second);
}

static void a_shared_lock_keeps_other_users_out(void **state)
{
    (void)state;
    struct lock first, second;
    struct error error = {0};
    struct statedir ada, bob;
    char *home = fs_join(place.directory, "bob");
    assert_true(
        statedir_open_named(&ada, place.home, "netra", "s", place.directory, &error));
    assert_true(statedir_open_named(&bob, home, "netra", "s", place.directory, &error));
    assert_true(lock_take(&first, &ada, &error));
    assert_false(lock_take(&second, &bob, &error));
    assert_int_equal(error.code, ERROR_BUSY);
    lock_release(&first);
    assert_true(lock_take(&second, &bob, &error));
    lock_release(&second);
    statedir_finish(&ada);
    statedir_finish(&bob);
    free(home);
}

static void a_record_without_an_end_or_sense_blocks(void **state)
{
    (void)state;
    struct lock lock;
    struct error error = {0};
    struct run *run = run_create("20260131T120431Z-0001");
    char *directory = run_path(&place.dir, run->id, "");
    char *path = run_path(&place.dir, run->id, "run.json");
    assert_true(fs_make_dirs(directory, NULL));
    assert_true(
        lock_take(&lock, &place.dir, &error)); /* it never got as far as a record */
    lock_release(&lock);
    assert_true(run_write(&place.dir, run, &error));
    assert_false(lock_take(&lock, &place.dir, &error));
    assert_int_equal(error.code, ERROR_BUSY);
    assert_non_null(strstr(error.message, run->id));
    assert_true(fs_replace(path, "{", 1, 0600, NULL));
    assert_false(lock_take(&lock, &place.dir, &error));
    run->phase = PHASE_ENDED;
    run->outcome = OUTCOME_FAILED;
    assert_true(run_write(&place.dir, run, &error));
    assert_true(lock_take(&lock, &place.dir, &error));
    lock_release(&lock);
    run_destroy(run);
    free(path);
    free(directory);
}

static void a_fence_only_rises(void **state)
{
    (void)state;
    struct error error = {0};
    int64_t first = 0, second = 0;
    assert_true(lock_fence(&place.dir, &first, &error));
    assert_true(lock_fence(&place.dir, &second, &error));
    assert_int_equal(first, 1);
    assert_int_equal(second, 2);
    assert_true(fs_replace(place.dir.fence, "x", 1, 0600, NULL));
    assert_false(lock_fence(&place.dir, &second, &error));
}

static void a_fence_from_elsewhere_is_passed_and_uses_up_none(void **state)
{
    (void)state;
    struct error error = {0};
    int64_t fence = 0;
    assert_true(lock_fence_raise(&place.dir, 7, &error));
    assert_true(lock_fence_raise(&place.dir, 7, &error));
    assert_true(lock_fence_raise(&place.dir, 3, &error));
    assert_true(lock_fence(&place.dir, &fence, &error));
    assert_int_equal(fence, 8);
    assert_true(fs_replace(place.dir.fence, "x", 1, 0600, NULL));
    assert_false(lock_fence_raise(&place.dir, 9, &error));
}

/* ---- processes ---- */

static void a_process_is_told_from_a_later_one(void **state)
{
    (void)state;
    struct process self = process_find(getpid());
    assert_int_equal(self.pid, getpid());
    assert_true(process_lives(&self));
    self.start++;
    assert_false(process_lives(&self));
    assert_false(process_group_lives(&self));
    struct process parent = process_find(getppid());
    assert_true(process_beneath(getpid(), &parent));
    assert_false(process_lives(&(struct process){0}));
    assert_false(process_group_lives(&(struct process){0}));
}

static void a_zombie_does_not_live(void **state)
{
    (void)state;
    siginfo_t ended;
    pid_t pid = fork();
    if (pid == 0) {
        _exit(0);
    }
    assert_int_equal(waitid(P_PID, (id_t)pid, &ended, WEXITED | WNOWAIT), 0);
    struct process child = process_find(pid);
    assert_int_equal(child.pid, pid);
    assert_false(process_lives(&child));
    waitpid(pid, NULL, 0);
}

static void place_record(struct recording *recording)
{
    struct error error;
    char *path = fs_join(place.directory, RECORDING_NAME);
    assert_true(recording_open(recording, path, "a test", 80, 24, &error));
    free(path);
}

static void a_held_command_executes_nothing(void **state)
{
    (void)state;
    struct command command;
    struct error error;
    char *argv[] = {(char[]){"/usr/bin/touch"}, (char[]){"shipped"}, NULL};
    char *env[] = {NULL};
    struct recording recording;
    place_record(&recording);
    assert_true(command_hold(&command, argv, env, place.directory, &recording, &error));
    struct process leader = command.leader;
    assert_true(process_lives(&leader));
    command_finish(&command);
    assert_false(process_lives(&leader));
    assert_false(place_has("shipped"));
    recording_close(&recording);
}

static void a_command_is_given_three_descriptors(void **state)
{
    (void)state;
    struct command command;
    struct error error;
    char *argv[] = {(char[]){"/bin/sh"}, (char[]){"-c"},
                    (char[]){"exec ls /proc/self/fd >fds"}, NULL};
    char *env[] = {(char[]){"PATH=/usr/bin:/bin"}, NULL};
    struct recording recording;
    place_record(&recording);
    int left = open("/dev/null", O_RDONLY); /* as a library might leave one open */
    assert_true(left > 2);
    assert_true(command_hold(&command, argv, env, place.directory, &recording, &error));
    assert_true(command_release(&command, &error));
    assert_int_equal(waitpid(command.leader.pid, NULL, 0), command.leader.pid);
    close(left);
    command_finish(&command);
    char *descriptors = place_read("fds");
    assert_string_equal(descriptors, "0\n1\n2\n3\n"); /* ls has it open */
    free(descriptors);
    recording_close(&recording);
}

static void what_was_printed_last_is_told_of_a_long_recording(void **state)
{
    (void)state;
    struct run *run = run_create("20260131T120000Z-0001");
    struct recording recording;
    place_record(&recording);
    run->output = mem_text(recording.path);
    for (size_t i = 0; i < 100000; i++) {
        char line[32];
        int length = snprintf(line, sizeof line, "line %07zu\r\n", i);
        assert_true(recording_output(&recording, line, (size_t)length));
    }
    assert_true(recording_settle(&recording));
    recording_close(&recording);
    char **facts = fate_facts(run);
    char *all = argv_show(facts);
    assert_non_null(strstr(all, "line 0099999"));
    free(all);
    argv_free(facts);
    run_destroy(run);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, place_begin, place_end)

int main(void)
{
    json_begin();
    keep_begin();
    const struct CMUnitTest tests[] = {
        TEST(the_digest_has_no_figures_and_no_timings),
        TEST(the_digest_has_each_identity_and_state),
        TEST(the_digest_has_the_release),
        TEST(differences_are_named),
        TEST(a_plan_wants_a_section_a_program_and_a_release),
        TEST(placeholders_are_replaced_once),
        TEST(a_lock_has_one_holder),
        TEST(a_shared_lock_keeps_other_users_out),
        TEST(a_record_without_an_end_or_sense_blocks),
        TEST(a_fence_only_rises),
        TEST(a_fence_from_elsewhere_is_passed_and_uses_up_none),
        TEST(a_process_is_told_from_a_later_one),
        TEST(a_zombie_does_not_live),
        TEST(a_held_command_executes_nothing),
        TEST(a_command_is_given_three_descriptors),
        TEST(what_was_printed_last_is_told_of_a_long_recording),
    };
    return unit_run("run parts", tests);
}

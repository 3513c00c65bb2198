/* A rollback promises: the configuration comes back with the release, today's secrets
 * stay, and nothing else happens than what was confirmed. */
#include "tests/unit/run_help.h"

#include "base/exits.h"
#include "base/fs.h"
#include "base/mem.h"
#include "base/spawn.h"
#include "release/back.h"
#include "release/departure.h"
#include "secret/fingerprint.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The release is the file `version`; a deploy makes `next` the configuration. */
#define DEPLOY "cp next app.env; echo OK osram 12 >lamp; cat version >serving"
#define EXTRA(rollback, before)                                                          \
    ", \"release\": {\"command\": [\"cat\", \"version\"]},"                              \
    " \"backup\": {\"files\": [\"app.env\"]},"                                           \
    " \"rollback\": {\"command\": [\"sh\", \"-c\", \"" rollback                          \
    "\", \"{release}\"], \"verify\": {\"within\": \"1s\", \"hold\": \"0s\"}" before "}"
#define GOES "echo $0 >serving; echo OK osram 12 >lamp"
#define BEFORE(script)                                                                   \
    ", \"before\": [{\"name\": \"first\", \"command\": [\"sh\", \"-c\", \"" script "\"]" \
    "}]"

/* Answers may be too old before the command starts, where the machine is busy: then
 * nothing was shipped, and it is asked for again. */
static struct run *ship(const char *version, const char *configuration, int wanted)
{
    struct run *run = NULL;
    int status = EXIT_INTERNAL;
    place_write("version", version);
    place_write("next", configuration);
    for (int i = 0; i < 20 && status == EXIT_INTERNAL; i++) {
        run_destroy(run);
        status = place_deploy(&run);
    }
    assert_int_equal(status, wanted);
    return run;
}

static struct plan *plan_back(const struct run *to, struct error *error)
{
    struct back back;
    struct plan *plan = NULL;
    const struct intent intent = {
        .kind = KIND_ROLLBACK, .release = to->release, .target = to->id};
    board_destroy(place.board);
    place.board = board_create(place.environment, place_checks);
    if (back_prepare(&back, &place.dir, to, place.environment, error)) {
        plan = plan_create(place.board, &intent, error);
        assert_non_null(plan);
        plan_go_back(plan, &back);
    }
    back_finish(&back);
    return plan;
}

/* Prepares a rollback to the run; `between` happens after its confirmation. */
static int roll_back(const struct run *to, void (*between)(void), struct run **run)
{
    struct launch launch;
    struct error error = {0};
    struct plan *plan = plan_back(to, &error);
    if (!plan) {
        fail_msg("%s", error.message);
    }
    if (between) {
        between();
    }
    place_launch(&launch, plan);
    plan_destroy(plan);
    return place_finish_run(&launch, run);
}

static void assert_file(const char *name, const char *wanted)
{
    char *text = place_read(name);
    assert_string_equal(text, wanted);
    free(text);
}

/* ---- back ---- */

static void the_configuration_comes_back_and_todays_secrets_stay(void **state)
{
    (void)state;
    struct run *run = NULL;
    place_write("app.env", "A=0\nDB_PASSWORD=old\n");
    place_configure(DEPLOY, "", EXTRA(GOES, ""));
    struct run *good = ship("v1\n", "A=1\nDB_PASSWORD=old\n", EXIT_GO);
    run_destroy(ship("v2\n", "A=2\nDB_PASSWORD=rotated\n", EXIT_GO));
    assert_int_equal(roll_back(good, NULL, &run), EXIT_GO);
    assert_file("app.env", "A=1\nDB_PASSWORD=rotated\n");
    assert_file("serving", "v1\n");
    assert_int_equal(run_step_find(run, "restore")->status, 0);
    assert_string_equal(run->target, good->id);
    assert_true(run->known_good);
    assert_non_null(strstr(run->unusual, "rolled back to v1: its configuration is in"));
    run_destroy(run);
    run_destroy(good);
}

static void a_deploy_tells_from_where_it_departs(void **state)
{
    (void)state;
    struct departure departure;
    place_write("app.env", "A=0\nDB_PASSWORD=old\n");
    place_configure(DEPLOY, "", EXTRA(GOES, ""));
    departure_read(&departure, &place.dir, place.environment);
    assert_null(departure.from);
    assert_null(departure.since);
    departure_finish(&departure);
    run_destroy(ship("v1\n", "A=1\nDB_PASSWORD=old\n", EXIT_GO));
    place_write("app.env", "A=2\nB=3\nDB_PASSWORD=rotated\n");
    departure_read(&departure, &place.dir, place.environment);
    assert_string_equal(departure.from, "v1, known good");
    assert_string_equal(departure.since, "v1");
    assert_int_equal(argv_count(departure.changes), 3);
    assert_string_equal(departure.changes[0], "app.env: ~ A = 1 becomes 2");
    assert_string_equal(departure.changes[1],
                        "app.env: the secret DB_PASSWORD is another one");
    assert_string_equal(departure.changes[2], "app.env: + B = 3");
    departure_finish(&departure);
}

static void a_rollback_asks_for_no_green_board(void **state)
{
    (void)state;
    struct run *run = NULL;
    place_write("app.env", "A=0\n");
    place_configure(DEPLOY, "", EXTRA("echo $0 >serving", ""));
    struct run *good = ship("v1\n", "A=1\n", EXIT_GO);
    run_destroy(ship("v2\n", "A=2\n", EXIT_GO));
    place_lamp("FAIL osram 12\n");
    assert_int_equal(roll_back(good, NULL, &run), EXIT_UNVERIFIED);
    assert_file("app.env", "A=1\n");
    assert_file("serving", "v1\n");
    assert_false(run->known_good);
    assert_non_null(run->unusual);
    run_destroy(run);
    run_destroy(good);
}

/* ---- nothing else than what was confirmed ---- */

static void change_app(void)
{
    place_write("app.env", "A=3\n");
}

static void files_that_changed_since_the_confirmation_are_left(void **state)
{
    (void)state;
    struct run *run = NULL;
    place_write("app.env", "A=0\n");
    place_configure(DEPLOY, "", EXTRA(GOES, ""));
    struct run *good = ship("v1\n", "A=1\n", EXIT_GO);
    run_destroy(ship("v2\n", "A=2\n", EXIT_GO));
    assert_int_equal(roll_back(good, change_app, &run), EXIT_USAGE);
    assert_int_equal(run->outcome, OUTCOME_REFUSED);
    assert_null(run->unusual);
    assert_file("app.env", "A=3\n");
    assert_file("serving", "v2\n");
    run_destroy(run);
    run_destroy(good);
}

static void what_a_step_before_it_changes_is_seen_too(void **state)
{
    (void)state;
    struct run *run = NULL;
    place_write("app.env", "A=0\n");
    place_configure(DEPLOY, "", EXTRA(GOES, BEFORE("echo A=9 >app.env")));
    struct run *good = ship("v1\n", "A=1\n", EXIT_GO);
    run_destroy(ship("v2\n", "A=2\n", EXIT_GO));
    assert_int_equal(roll_back(good, NULL, &run), EXIT_USAGE);
    assert_int_equal(run->outcome, OUTCOME_REFUSED);
    assert_file("app.env", "A=9\n");
    assert_file("serving", "v2\n");
    run_destroy(run);
    run_destroy(good);
}

static void forge(void)
{
    char *path = place_read("forge"); /* which file */
    assert_true(fs_replace(path, "A=7\n", 4, 0600, NULL));
    free(path);
}

static void what_was_kept_and_forged_since_is_refused(void **state)
{
    (void)state;
    struct run *run = NULL;
    place_write("app.env", "A=0\n");
    place_configure(DEPLOY, "", EXTRA(GOES, ""));
    struct run *good = ship("v1\n", "A=1\n", EXIT_GO);
    run_destroy(ship("v2\n", "A=2\n", EXIT_GO));
    char *kept = run_path(&place.dir, good->id, "shipped/001-app.env");
    place_write("forge", kept);
    free(kept);
    assert_int_equal(roll_back(good, forge, &run), EXIT_INTERNAL);
    assert_int_equal(run->outcome, OUTCOME_REFUSED);
    assert_file("app.env", "A=2\n");
    assert_file("serving", "v2\n");
    run_destroy(run);
    run_destroy(good);
}

static void another_release_than_that_run_shipped_is_refused(void **state)
{
    (void)state;
    struct run *run = NULL;
    place_write("app.env", "A=0\n");
    place_configure(DEPLOY, "", EXTRA(GOES, ""));
    struct run *good = ship("v1\n", "A=1\n", EXIT_GO);
    free(good->release);
    good->release = mem_text("v7");
    assert_int_equal(roll_back(good, NULL, &run), EXIT_USAGE);
    assert_file("serving", "v1\n");
    run_destroy(run);
    run_destroy(good);
}

/* ---- where it fails ---- */

static void a_failed_command_says_that_the_files_are_back(void **state)
{
    (void)state;
    struct run *run = NULL;
    place_write("app.env", "A=0\n");
    place_configure(DEPLOY, "", EXTRA("exit 5", ""));
    struct run *good = ship("v1\n", "A=1\n", EXIT_GO);
    run_destroy(ship("v2\n", "A=2\n", EXIT_GO));
    assert_int_equal(roll_back(good, NULL, &run), EXIT_COMMAND);
    assert_int_equal(run->outcome, OUTCOME_FAILED);
    assert_non_null(strstr(run->unusual, "its configuration is in place"));
    assert_file("app.env", "A=1\n");
    run_destroy(run);
    run_destroy(good);
}

static void without_the_present_value_of_a_secret_there_is_no_plan(void **state)
{
    (void)state;
    struct error error = {0};
    place_write("app.env", "A=0\n");
    place_configure(DEPLOY, "", EXTRA(GOES, ""));
    struct run *good = ship("v1\n", "A=1\nDB_PASSWORD=old\n", EXIT_GO);
    run_destroy(ship("v2\n", "A=2\n", EXIT_GO));
    assert_null(plan_back(good, &error));
    assert_non_null(strstr(error.message, "DB_PASSWORD in app.env"));
    run_destroy(good);
}

/* ---- by a decision ---- */

static void a_rollback_after_a_failed_verification_restores_too(void **state)
{
    (void)state;
    struct run *run = NULL;
    place_write("app.env", "A=0\n");
    place_configure("cp next app.env; cat version >serving; if grep -q v1 version; then "
                    "echo OK osram 12 >lamp; else echo FAIL osram 12 >lamp; fi",
                    ", \"on_verify_failure\": \"rollback\"", EXTRA(GOES, ""));
    run_destroy(ship("v1\n", "A=1\n", EXIT_GO));
    run = ship("v2\n", "A=2\n", EXIT_UNVERIFIED);
    struct run *back = run_read(&place.dir, run->next, NULL);
    assert_non_null(back);
    assert_int_equal(back->outcome, OUTCOME_VERIFIED);
    assert_file("app.env", "A=1\n");
    assert_file("serving", "v1\n");
    assert_non_null(back->unusual);
    run_destroy(back);
    run_destroy(run);
}

/* ---- files that changed since ---- */

#define YAML(level, key)                                                                 \
    "max_tokens: 100\nlevel: " level "\ndb_password: not-configured\nkey: " key "\n"

static void a_yaml_file_that_nobody_touched_is_told_as_no_change(void **state)
{
    (void)state;
    struct departure departure;
    place_write("app.yaml", YAML("info", "a-canonical-secret-of-some-length"));
    place_write("key", "a-canonical-secret-of-some-length");
    place_configure(DEPLOY, "",
                    ", \"jwt\": {\"canonical\": {\"file\": \"key\"}},"
                    " \"release\": {\"command\": [\"cat\", \"version\"]},"
                    " \"backup\": {\"files\": [\"app.yaml\"]}");
    run_destroy(ship("v1\n", "", EXIT_GO));
    departure_read(&departure, &place.dir, place.environment);
    assert_string_equal(departure.since, "v1");
    assert_null(departure.trouble);
    assert_int_equal(argv_count(departure.changes), 0);
    departure_finish(&departure);
    place_write("app.yaml", YAML("debug", "a-canonical-secret-of-some-length"));
    departure_read(&departure, &place.dir, place.environment);
    assert_int_equal(argv_count(departure.changes), 1);
    assert_string_equal(departure.changes[0], "app.yaml: ~ /level = info becomes debug");
    departure_finish(&departure);
}

/* What is told of a file that became another one since it was kept. */
static char *told_of(const char *name, const char *then, const char *now)
{
    struct departure departure;
    char *extra = mem_format(", \"release\": {\"command\": [\"cat\", \"version\"]},"
                             " \"backup\": {\"files\": [\"%s\"]}",
                             name);
    place_write(name, then);
    place_configure(DEPLOY, "", extra);
    run_destroy(ship("v1\n", "", EXIT_GO));
    place_write(name, now);
    departure_read(&departure, &place.dir, place.environment);
    assert_null(departure.trouble);
    assert_int_equal(argv_count(departure.changes), 1);
    char *text = mem_text(departure.changes[0]);
    departure_finish(&departure);
    free(extra);
    return text;
}

static void a_password_that_nobody_named_is_not_shown_where_it_changed(void **state)
{
    (void)state;
    char *line =
        told_of("app.yaml", "env:\n  - name: DB_PASSWORD\n    value: one-of-two\n",
                "env:\n  - name: DB_PASSWORD\n    value: two-of-two\n");
    assert_string_equal(
        line, "app.yaml: the secret /env/name=DB_PASSWORD/value is another one");
    free(line);
    line = told_of("app.ini", "[db]\nthe password = one-of-two\n",
                   "[db]\nthe password = two-of-two\n");
    assert_string_equal(line, "app.ini: the secret db/the password is another one");
    free(line);
}

static int begin(void **state)
{
    struct error error;
    int status = place_begin(state);
    assert_true(fs_make_dirs(place.home, &error));
    assert_true(fingerprint_begin(place.home, &error));
    return status;
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, place_end)

int main(int argc, char **argv)
{
    if (!place_ready(argc, argv)) {
        return 0;
    }
    const struct CMUnitTest tests[] = {
        TEST(the_configuration_comes_back_and_todays_secrets_stay),
        TEST(a_deploy_tells_from_where_it_departs),
        TEST(a_rollback_asks_for_no_green_board),
        TEST(files_that_changed_since_the_confirmation_are_left),
        TEST(what_a_step_before_it_changes_is_seen_too),
        TEST(what_was_kept_and_forged_since_is_refused),
        TEST(another_release_than_that_run_shipped_is_refused),
        TEST(a_failed_command_says_that_the_files_are_back),
        TEST(without_the_present_value_of_a_secret_there_is_no_plan),
        TEST(a_rollback_after_a_failed_verification_restores_too),
        TEST(a_yaml_file_that_nobody_touched_is_told_as_no_change),
        TEST(a_password_that_nobody_named_is_not_shown_where_it_changed),
    };
    return unit_run("run back", tests);
}

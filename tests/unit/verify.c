/* What verification promises besides the checks: commands and logs have their say, all at
 * once and again at the end, and what runs is what was shipped. */
#include "tests/unit/run_help.h"

#include "base/clock.h"
#include "base/exits.h"
#include "base/fs.h"
#include "base/json.h"
#include "base/mem.h"
#include "run/control.h"

#include <poll.h>
#include <stdlib.h>
#include <string.h>

enum { PATIENT = 10 }; /* tries */

#define SH(name, script, more)                                                           \
    "{\"name\": \"" name "\", \"command\": [\"sh\", \"-c\", \"" script                   \
    "\", \"run\", \"{since}\"]" more "}"
#define WITHIN(within, hold) "\"within\": \"" within "\", \"hold\": \"" hold "\""
#define COMMANDS(rows)       ", \"commands\": [" rows "]"
#define LOGS(script, forbid)                                                             \
    ", \"logs\": [" SH("errors", script, ", \"forbid\": " forbid) "]"
#define VERSION                   ", \"release\": {\"command\": [\"cat\", \"version\"]"
#define RUNNING(service, printed) "\"" service "\": [\"cat\", \"" printed "\"]"

/* On a machine that is too busy to start it while its answers are fresh, nothing was
 * shipped, and it is tried again. */
static bool too_slow(const struct run *run)
{
    return run && run->trouble && strstr(run->trouble, "was not started");
}

static struct run *deploy_script(const char *script, const char *verify,
                                 const char *extra, int status)
{
    struct run *run = NULL;
    place.verify = verify;
    place_configure(script, "", extra);
    int got = place_deploy(&run);
    for (int i = 0; i < PATIENT && too_slow(run); i++) {
        run_destroy(run);
        got = place_deploy(&run);
    }
    assert_non_null(run);
    if (got != status) {
        fail_msg("exit status %d, not %d: %s", got, status,
                 run->proven_count ? run->proven[0].what : "nothing was asked");
    }
    return run;
}

static struct run *deploy_with(const char *verify, const char *extra, int status)
{
    return deploy_script("touch shipped", verify, extra, status);
}

static void assert_proven(const struct run *run, size_t at, const char *name,
                          enum state state, const char *what)
{
    assert_true(at < run->proven_count);
    assert_string_equal(run->proven[at].name, name);
    if (run->proven[at].state != state || !strstr(run->proven[at].what, what)) {
        fail_msg("%s: %s, %s", name, state_rows[run->proven[at].state].word,
                 run->proven[at].what);
    }
    assert_int_equal(run->proven[at].remedy == NULL, state == STATE_OK);
}

static void assert_reason(const struct run *run, const char *part)
{
    assert_string_equal(run->after.decision, "NO-GO");
    assert_non_null(run->after.reasons[0]);
    if (!strstr(run->after.reasons[0], part)) {
        fail_msg("\"%s\" does not say \"%s\"", run->after.reasons[0], part);
    }
    assert_int_equal(run->outcome, OUTCOME_UNVERIFIED);
    assert_false(run->known_good);
}

/* ---- commands ---- */

static void a_command_is_tried_again_until_it_exits_0(void **state)
{
    (void)state;
    struct run *run =
        deploy_with(WITHIN("10s", "0s") COMMANDS(SH("smoke",
                                                    "echo x >>tries; test $(wc -l "
                                                    "<tries) -gt 1 && echo all well",
                                                    "")),
                    "", EXIT_GO);
    assert_int_equal(run->proven_count, 1);
    assert_proven(run, 0, "smoke", STATE_OK, "all well");
    char *tries = place_read("tries");
    assert_string_equal(tries, "x\nx\n");
    free(tries);
    run_destroy(run);
}

static void a_command_that_never_exits_0_leaves_it_unverified(void **state)
{
    (void)state;
    struct run *run =
        deploy_with(WITHIN("2s", "0s") COMMANDS(SH("smoke", "true", "") ", " SH(
                        "orders", "echo 12 orders; echo no stock >&2; exit 7", "")),
                    "", EXIT_UNVERIFIED);
    assert_proven(run, 0, "smoke", STATE_OK, "");
    assert_proven(run, 1, "orders", STATE_FAIL, "exited with status 7: no stock");
    assert_reason(run, "orders: exited with status 7: no stock");
    assert_string_equal(run->after.kind, "unsafe");
    assert_true(place_has("shipped"));
    run_destroy(run);
}

static void what_is_good_at_first_is_asked_again_at_the_end(void **state)
{
    (void)state;
    struct run *run = deploy_with(
        WITHIN("3s", "1s") COMMANDS(SH("smoke", "test ! -e once && touch once", "")), "",
        EXIT_UNVERIFIED);
    assert_reason(run, "smoke: exited with status 1");
    run_destroy(run);
}

static void a_command_that_hangs_is_ended_at_its_timeout(void **state)
{
    (void)state;
    struct run *run = deploy_with(
        WITHIN("2s", "0s")
            COMMANDS(SH("smoke", "exec sleep 600", ", \"timeout\": \"200ms\"")),
        "", EXIT_UNVERIFIED);
    assert_proven(run, 0, "smoke", STATE_FAIL, "did not end in time");
    run_destroy(run);
}

static void cancel_once_asked(const struct launch *launch)
{
    bool over = false;
    while (!over && !place_has("asked")) {
        struct run *run = run_read(&place.dir, launch->run, NULL);
        over = run && run->phase == PHASE_ENDED;
        run_destroy(run);
        poll(NULL, 0, 2);
    }
    assert_true(over ||
                control_cancel(&place.dir, launch->run, "bob@ops-2", "enough", NULL));
}

static void a_cancellation_does_not_wait_for_a_command(void **state)
{
    (void)state;
    struct launch launch;
    struct run *run = NULL;
    int status = EXIT_INTERNAL;
    place.verify = WITHIN("10m", "0s")
        COMMANDS(SH("smoke", "touch asked; exec sleep 600", ", \"timeout\": \"9m\""));
    place_configure("true", "", "");
    for (int i = 0; i < PATIENT && status == EXIT_INTERNAL; i++) {
        run_destroy(run);
        struct plan *plan = place_plan();
        place_launch(&launch, plan);
        plan_destroy(plan);
        cancel_once_asked(&launch);
        status = place_finish_run(&launch, &run);
    }
    assert_int_equal(status, EXIT_UNVERIFIED);
    assert_proven(run, 0, "smoke", STATE_UNKNOWN, "was stopped");
    run_destroy(run);
}

static void a_red_check_keeps_nobody_from_saying_more(void **state)
{
    (void)state;
    struct run *run = deploy_script(
        "touch shipped; echo FAIL osram 12 >lamp",
        WITHIN("2s", "0s") COMMANDS(SH("smoke", "echo no table >&2; exit 3", "")), "",
        EXIT_UNVERIFIED);
    assert_reason(run, "lamp");
    assert_proven(run, 0, "smoke", STATE_FAIL, "exited with status 3: no table");
    assert_non_null(run->after.reasons[1]);
    run_destroy(run);
}

static void what_is_asked_is_part_of_what_is_confirmed(void **state)
{
    (void)state;
    place.verify =
        WITHIN("3s", "0s") COMMANDS(SH("smoke", "true", "")) LOGS("true", "[\"x\"]");
    place_configure("true", "", "");
    struct plan *plan = place_plan();
    const json_t *asked = json_object_get(plan->confirmation, "verification");
    assert_int_equal(json_array_size(asked), 2);
    const json_t *argv = json_object_get(json_array_get(asked, 0), "argv");
    assert_int_equal(json_string_value(json_array_get(argv, 0))[0], '/');
    assert_string_equal(json_get_text(json_array_get(asked, 1), "name"), "log errors");
    plan_destroy(plan);
}

/* ---- logs ---- */

static void a_forbidden_line_ends_it_at_once(void **state)
{
    (void)state;
    struct run *run = deploy_with(
        WITHIN("10m", "0s") LOGS("printf 'all well\\\\nERROR 60: no table\\\\n'",
                                 "[\"^panic\", \"ERROR [0-9]+\"]"),
        "", EXIT_UNVERIFIED);
    assert_proven(run, 0, "log errors", STATE_FAIL,
                  "forbidden \"ERROR [0-9]+\" in: ERROR 60: no table");
    assert_reason(run, "log errors: forbidden");
    run_destroy(run);
}

static void a_log_without_it_is_good_and_is_asked_since_the_run_began(void **state)
{
    (void)state;
    struct run *run = deploy_with(
        WITHIN("10s", "0s") LOGS("echo $1 >since; echo ERROR none", "[\"ERROR [0-9]\"]"),
        "", EXIT_GO);
    assert_proven(run, 0, "log errors", STATE_OK, "nothing forbidden in 1 lines");
    char stamp[CLOCK_STAMP], *since = place_read("since");
    clock_stamp(stamp, run->started);
    since[strcspn(since, "\n")] = '\0';
    assert_string_equal(since, stamp);
    free(since);
    run_destroy(run);
}

static void nothing_hides_on_stderr_or_behind_a_nul(void **state)
{
    (void)state;
    static const char *const logs[] = {
        WITHIN("10m", "0s") LOGS("echo fatal: x >&2", "[\"^fatal\"]"),
        WITHIN("10m", "0s") LOGS("printf 'a\\\\0fatal: x\\\\n'", "[\"^fatal\"]"),
        WITHIN("10m", "0s") LOGS("printf 'a\\\\nfatal: x'", "[\"^fatal: x$\"]"),
    };
    for (size_t i = 0; i < sizeof logs / sizeof *logs; i++) {
        struct run *run = deploy_with(logs[i], "", EXIT_UNVERIFIED);
        assert_proven(run, 0, "log errors", STATE_FAIL, "fatal: x");
        run_destroy(run);
    }
}

static void a_log_that_cannot_be_read_proves_nothing(void **state)
{
    (void)state;
    struct run *run = deploy_with(
        WITHIN("2s", "0s") LOGS("echo no permission >&2; exit 1", "[\"x{9}\"]"), "",
        EXIT_UNVERIFIED);
    assert_proven(run, 0, "log errors", STATE_FAIL, "exited with status 1: no perm");
    run_destroy(run);
}

static void a_secret_in_a_log_is_not_shown(void **state)
{
    (void)state;
    place_write("key", "correct-horse-battery-staple-0123");
    struct run *run =
        deploy_with(WITHIN("10m", "0s") LOGS("echo ERROR $(cat key)", "[\"ERROR\"]"),
                    ", \"jwt\": {\"canonical\": {\"file\": \"key\"}}", EXIT_UNVERIFIED);
    assert_proven(run, 0, "log errors", STATE_FAIL, "ERROR [masked]");
    char *record = run_path(&place.dir, run->id, "run.json");
    struct buf text;
    buf_init(&text, 0);
    assert_true(fs_read(record, &text, NULL));
    assert_null(strstr(buf_string(&text), "battery"));
    buf_finish(&text);
    free(record);
    run_destroy(run);
}

static void a_pattern_that_is_none_is_refused_when_it_is_read(void **state)
{
    (void)state;
    static const char *const patterns[] = {"(", "a{2", "x*", "", "\\\\", "(a)\\\\1"};
    for (size_t i = 0; i < sizeof patterns / sizeof *patterns; i++) {
        char *text = mem_format(
            "{\"version\": 1, \"system\": \"netra\", \"environments\": {\"test\": "
            "{\"deploy\": {\"command\": [\"true\"], \"verify\": {\"logs\": [{\"name\": "
            "\"l\", \"command\": [\"true\"], \"forbid\": [\"%s\"]}]}}}}}",
            patterns[i]);
        place_write("other.json", text);
        char *path = fs_join(place.directory, "other.json");
        struct config *config = config_load(path);
        char *complaint = config_complaint(config);
        if (!strstr(complaint, "logs[0].forbid[0]: must be an extended regular")) {
            fail_msg("\"%s\": %s", patterns[i], complaint);
        }
        free(complaint);
        config_destroy(config);
        free(path);
        free(text);
    }
}

/* ---- what runs ---- */

static void what_runs_must_be_what_was_shipped(void **state)
{
    (void)state;
    place_write("version", "v2\n");
    place_write("old", "v1\n");
    struct run *run = deploy_with(
        WITHIN("2s", "0s"),
        VERSION
        ", \"running\": {" RUNNING("auth", "version") ", " RUNNING("backend", "old") "}}",
        EXIT_UNVERIFIED);
    assert_proven(run, 0, "running", STATE_FAIL, "backend runs v1, not v2");
    assert_reason(run, "running: backend runs v1, not v2");
    assert_string_equal(json_get_text(run->running, "backend"), "v1");
    run_destroy(run);
}

static void known_good_is_bound_to_what_was_printed(void **state)
{
    (void)state;
    place_write("version", "v2\n");
    struct run *run =
        deploy_with(WITHIN("10s", "0s"),
                    VERSION ", \"running\": {" RUNNING("auth", "version") "}}", EXIT_GO);
    assert_proven(run, 0, "running", STATE_OK, "1 of 1 run v2");
    assert_true(run->known_good);
    assert_string_equal(json_get_text(run->running, "auth"), "v2");
    run_destroy(run);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, place_begin, place_end)

int main(int argc, char **argv)
{
    if (!place_ready(argc, argv)) {
        return 0;
    }
    const struct CMUnitTest tests[] = {
        TEST(a_command_is_tried_again_until_it_exits_0),
        TEST(a_command_that_never_exits_0_leaves_it_unverified),
        TEST(what_is_good_at_first_is_asked_again_at_the_end),
        TEST(a_command_that_hangs_is_ended_at_its_timeout),
        TEST(a_cancellation_does_not_wait_for_a_command),
        TEST(a_red_check_keeps_nobody_from_saying_more),
        TEST(what_is_asked_is_part_of_what_is_confirmed),
        TEST(a_forbidden_line_ends_it_at_once),
        TEST(a_log_without_it_is_good_and_is_asked_since_the_run_began),
        TEST(nothing_hides_on_stderr_or_behind_a_nul),
        TEST(a_log_that_cannot_be_read_proves_nothing),
        TEST(a_secret_in_a_log_is_not_shown),
        TEST(a_pattern_that_is_none_is_refused_when_it_is_read),
        TEST(what_runs_must_be_what_was_shipped),
        TEST(known_good_is_bound_to_what_was_printed),
    };
    return unit_run("verify", tests);
}

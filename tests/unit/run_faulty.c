/* Disk full, fsync failing, fork failing, no descriptor left, the wall clock moved: at
 * every call of a supervisor in turn. Each ends in a named failure, or in a run that is
 * verified and whole; never in a green that nothing proves.
 *
 * `run_faulty full` lets every call fail; without a word every seventh does. */
#include "tests/unit/run_help.h"

#include "base/clock.h"
#include "base/exits.h"
#include "base/fs.h"
#include "base/mem.h"
#include "base/text.h"
#include "run/fate.h"
#include "run/follow.h"
#include "run/process.h"
#include "store/events.h"

#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { EVERY = 7, CALLS_MAX = 3000 };
#if defined __SANITIZE_ADDRESS__ || defined __SANITIZE_THREAD__
enum { SANITIZED = 1 };
#else
enum { SANITIZED = 0 };
#endif
static size_t step = EVERY;
static int64_t soak_until = INT64_MAX;

#define SCRIPT "echo $GREENBOARD_RUN >>shipped; echo done"

/* ---- one run ---- */

struct outcome {
    int status; /* as told to who started it; -1: nothing was */
    bool named; /* with a reason */
    struct run *run;
};

static void hear_out(struct launch *launch, struct outcome *outcome)
{
    struct report report;
    struct pollfd ready = {launch->fd, POLLIN, 0};
    int64_t until = clock_now() + 60 * CLOCK_SECOND;
    for (enum heard heard; (heard = launch_hear(launch, &report)) != HEARD_END;) {
        if (heard == HEARD_REPORT) {
            bool ended = report.phase == PHASE_ENDED;
            outcome->status = ended ? report.status : outcome->status;
            outcome->named = ended && report.reasons && report.reasons[0];
            report_finish(&report);
            continue;
        }
        assert_true(clock_now() < until);
        poll(&ready, 1, clock_left(until));
    }
}

static struct outcome run_with(const char *kind, size_t nth)
{
    struct launch launch;
    struct outcome outcome = {.status = -1};
    char *fault = mem_format("%s %zu", kind, nth);
    char *hit = fs_join(place.directory, "hit");
    struct plan *plan = place_plan();
    setenv("FAULTY", fault, 1);
    setenv("FAULTY_HIT", hit, 1);
    setenv("LD_PRELOAD", FAULTY, 1);
    place_launch(&launch, plan);
    unsetenv("LD_PRELOAD");
    unsetenv("FAULTY");
    char id[RUN_ID];
    snprintf(id, sizeof id, "%s", launch.run);
    hear_out(&launch, &outcome);
    outcome.run = run_read(&place.dir, id, NULL);
    plan_destroy(plan);
    free(hit);
    free(fault);
    return outcome;
}

/* ---- what it left ---- */

static size_t events_of(const char *run, const char *type)
{
    struct events events;
    struct entries entries;
    struct error error = {0};
    size_t count = 0;
    int64_t all = 0;
    if (!events_open(&events, place.dir.events, DB_READ, &error)) {
        return 0;
    }
    if (!events_verify(&events, &all, &error)) {
        fail_msg("%s", error.message);
    }
    events_list(&events, &(struct events_filter){.run = run}, &entries, NULL);
    for (size_t i = 0; i < entries.count; i++) {
        count += strcmp(entries.rows[i].type, type) == 0;
    }
    entries_finish(&entries);
    events_close(&events);
    return count;
}

static void assert_output(const struct run *run)
{
    struct buf shown;
    buf_init(&shown, 0);
    struct follow *follow = follow_create(&place.dir, run->id, NULL);
    assert_non_null(follow);
    while (follow_output(follow, &shown)) {
    }
    assert_string_equal(buf_string(&shown), "done\r\n");
    follow_destroy(follow);
    buf_finish(&shown);
}

static void assert_green(const struct run *run)
{
    assert_non_null(run);
    assert_int_equal(run->outcome, OUTCOME_VERIFIED);
    assert_int_equal(run_step_main(run)->status, 0);
    assert_string_equal(run->after.decision, "GO");
    size_t attempts =
        (size_t)run_step_main(run)->attempts; /* more where it was too late */
    assert_int_equal(events_of(run->id, "run.started"), attempts);
    assert_int_equal(events_of(run->id, "run.step"), attempts);
    assert_int_equal(events_of(run->id, "run.ended"), 1);
    assert_output(run);
}

/* No success is told or recorded, and what was started is on the trail. */
static void assert_failure(const char *kind, size_t nth, const struct outcome *outcome)
{
    const struct run *run = outcome->run;
    bool shipped = place_has("shipped");
    bool over = run && run->phase == PHASE_ENDED;
    if (outcome->status < 0 ? over : !outcome->named) {
        fail_msg("%s %zu: status %d without a reason", kind, nth, outcome->status);
    }
    if (over && run->outcome == OUTCOME_VERIFIED) {
        assert_green(run); /* its end is whole, and was not said to be on the disk */
    }
    if (shipped && (!run || events_of(run->id, "run.started") < 1)) {
        fail_msg("%s %zu: started without a trail", kind, nth);
    }
}

/* One call fails; true where there was such a call. */
static bool fail_at(const char *kind, size_t nth, size_t *verified)
{
    place_configure(SCRIPT, "", ", \"release\": {\"command\": [\"echo\", \"v1\"]}");
    struct outcome outcome = run_with(kind, nth);
    bool hit = place_has("hit");
    if (outcome.status == EXIT_GO) {
        assert_green(outcome.run);
        ++*verified;
    } else {
        assert_true(hit);
        assert_failure(kind, nth, &outcome);
    }
    run_destroy(outcome.run);
    return hit;
}

static void each_call_in_turn(const char *kind)
{
    size_t nth = 1, count = 0, verified = 0;
    while (clock_now() < soak_until) {
        if (!fail_at(kind, nth, &verified)) {
            break;
        }
        place_end(NULL);
        place_begin(NULL);
        count++;
        nth += step;
        assert_true(nth < CALLS_MAX);
    }
    assert_true(count > 0);
    printf("# %s: %zu runs up to call %zu, %zu of them verified and whole, the others "
           "failed by name\n",
           kind, count, nth, verified);
}

static void a_full_disk_is_a_named_failure(void **state)
{
    (void)state;
    each_call_in_turn("space");
}

static void a_failed_sync_is_a_named_failure(void **state)
{
    (void)state;
    each_call_in_turn("sync");
}

static void a_failed_rename_is_a_named_failure(void **state)
{
    (void)state;
    each_call_in_turn("rename");
}

static void without_processes_it_is_a_named_failure(void **state)
{
    (void)state;
    size_t before = step;
    step = 1; /* there are few */
    each_call_in_turn("fork");
    step = before;
}

static void without_descriptors_it_is_a_named_failure(void **state)
{
    (void)state;
    each_call_in_turn("descriptors");
}

static void a_clock_that_moves_by_a_day_changes_no_verdict(void **state)
{
    (void)state;
    each_call_in_turn("clock");
    each_call_in_turn("back");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, place_begin, place_end)

int main(int argc, char **argv)
{
    if (!place_ready(argc, argv)) {
        return 0;
    }
    if (SANITIZED || access(FAULTY, R_OK) != 0) {
        puts("1..0 # SKIP a library is preloaded, which no sanitizer lets through");
        return 0;
    }
    const char *seconds = getenv("SOAK_SECONDS");
    int64_t limit = 3600;
    text_integer(seconds ? seconds : "", 1, INT32_MAX, &limit);
    if (argc > 1 && strcmp(argv[1], "full") == 0) {
        step = 1;
        soak_until = clock_now() + limit * CLOCK_SECOND;
    }
    const struct CMUnitTest tests[] = {
        TEST(a_full_disk_is_a_named_failure),
        TEST(a_failed_sync_is_a_named_failure),
        TEST(a_failed_rename_is_a_named_failure),
        TEST(without_processes_it_is_a_named_failure),
        TEST(without_descriptors_it_is_a_named_failure),
        TEST(a_clock_that_moves_by_a_day_changes_no_verdict),
    };
    return unit_run("run faulty", tests);
}

/* What is recorded beside the chain of events: directories that are nobody else's,
 * records of runs, answers, and the one process that writes them. */
#include "tests/unit/store_help.h"

#include "base/clock.h"
#include "base/fs.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/spawn.h"
#include "base/text.h"
#include "secret/mask.h"
#include "store/record.h"
#include "store/runs.h"
#include "store/samples.h"
#include "store/store.h"

#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

static void state_that_others_may_write_to_is_refused(void **state)
{
    (void)state;
    struct statedir again;
    struct error error;
    char *above = fs_directory(dir.directory);
    const char *const places[] = {home, above, dir.directory};
    for (size_t i = 0; i < 3; i++) {
        assert_int_equal(chmod(places[i], 0770), 0);
        assert_false(statedir_open(&again, home, &staging, &error));
        assert_int_equal(error.code, ERROR_DENIED);
        assert_int_equal(chmod(places[i], 0700), 0);
    }
    assert_true(statedir_open(&again, home, &staging, &error));
    statedir_finish(&again);
    free(above);
}

static void names_that_are_no_file_names_stay_apart(void **state)
{
    (void)state;
    const char *const names[] = {"a/b", "a%2fb", "..", ".", "", "a b", "a_b"};
    enum { NAMES = sizeof names / sizeof *names };
    char *paths[NAMES];
    for (size_t i = 0; i < NAMES; i++) {
        struct environment odd = {.system = "netra", .name = names[i]};
        struct statedir other;
        assert_true(statedir_open(&other, home, &odd, NULL));
        paths[i] = mem_text(other.directory);
        char *parent = fs_directory(paths[i]);
        char *expected = fs_join(home, "netra");
        assert_string_equal(parent, expected);
        assert_string_not_equal(strrchr(paths[i], '/'), "/..");
        free(expected);
        free(parent);
        statedir_finish(&other);
        for (size_t j = 0; j < i; j++) {
            assert_string_not_equal(paths[i], paths[j]);
        }
    }
    for (size_t i = 0; i < NAMES; i++) {
        free(paths[i]);
    }
}

static struct run *some_run(const char *id)
{
    char *argv[] = {(char[]){"/bin/true"}, NULL};
    struct run *run = run_create(id);
    run->kind = mem_text("deploy");
    run->environment = mem_text("staging");
    run->started = INT64_C(1769861071218);
    run->phase = PHASE_RUNNING;
    run->group = (struct process){.pid = 77, .start = 12345};
    struct step *step = run_step(run, "deploy", argv);
    run_step_begin(step);
    run_step_end(step, 3);
    run->before.decision = mem_text("GO");
    argv_add(&run->after.reasons, "redis: no");
    char *directory = run_path(&dir, id, "");
    fs_make_dirs(directory, NULL);
    free(directory);
    return run;
}

static void a_record_reads_as_it_was_written(void **state)
{
    (void)state;
    struct run *run = some_run("20260131T120431Z-00ff");
    struct error error = {0};
    assert_true(run_write(&dir, run, &error));
    struct run *again = run_read(&dir, run->id, &error);
    assert_non_null(again);
    json_t *a = run_json(run), *b = run_json(again);
    assert_true(json_equal(a, b));
    assert_int_equal(again->group.start, 12345);
    assert_int_equal(again->steps[0].status, 3);
    assert_int_equal(again->started, run->started);
    json_decref(a);
    json_decref(b);
    run_destroy(again);
    run_destroy(run);
}

static void a_record_is_masked_and_still_reads(void **state)
{
    (void)state;
    static const char *const values[] = {"12345", "ended", "null", "phase", "true"};
    enum { COUNT = sizeof values / sizeof values[0] };
    struct secret *secrets[COUNT];
    struct error error = {0};
    for (size_t i = 0; i < COUNT; i++) {
        secrets[i] = secret_create(values[i], strlen(values[i]), &error);
    }
    struct run *run = some_run("20260131T120431Z-00ff");
    free(run->reason);
    run->reason = mem_text("it asks for 12345");
    run->phase = PHASE_ENDED;
    run->outcome = OUTCOME_FAILED;
    mask_publish(secrets, COUNT);
    assert_true(run_write(&dir, run, &error));
    mask_forget();
    struct run *again = run_read(&dir, run->id, &error);
    assert_string_equal(error.message, "");
    assert_string_equal(again->reason, "it asks for " MASK_TEXT);
    assert_int_equal(again->group.start, 12345);
    assert_int_equal(again->phase, PHASE_ENDED);
    for (size_t i = 0; i < COUNT; i++) {
        secret_unref(secrets[i]);
    }
    run_destroy(again);
    run_destroy(run);
}

static void the_newest_run_without_an_end_is_found(void **state)
{
    (void)state;
    struct error error = {0};
    assert_null(run_latest_open(&dir, &error));
    assert_int_equal(error.code, ERROR_NONE);
    static const char *const ids[] = {"20260131T120431Z-0001", "20260131T120432Z-0001",
                                      "20260131T120433Z-0001"};
    for (size_t i = 0; i < 3; i++) {
        struct run *run = some_run(ids[i]);
        if (i == 2) {
            run->phase = PHASE_ENDED;
            run->outcome = OUTCOME_FAILED;
        }
        assert_true(run_write(&dir, run, NULL));
        run_destroy(run);
    }
    struct run *open = run_latest_open(&dir, &error);
    assert_string_equal(open->id, ids[1]);
    run_destroy(open);
}

static void runs_of_one_second_are_listed_newest_first(void **state)
{
    (void)state;
    static const char *const ids[] = {"20260131T120431Z-ffff", "20260131T120431Z-0000",
                                      "20260131T120431Z-8888"};
    struct runs runs;
    for (int i = 0; i < 3; i++) {
        struct run *run = some_run(ids[i]);
        run->started = INT64_C(1769861071000) + i;
        assert_true(run_write(&dir, run, NULL));
        run_destroy(run);
    }
    assert_true(run_list(&dir, &runs, NULL));
    assert_int_equal(runs.count, 3);
    for (int i = 0; i < 3; i++) {
        assert_string_equal(runs.rows[i]->id, ids[2 - i]);
    }
    runs_finish(&runs);
}

static void a_record_that_cannot_be_read_is_an_error(void **state)
{
    (void)state;
    struct error error = {0};
    struct run *run = some_run("20260131T120431Z-0001");
    char *path = run_path(&dir, run->id, "run.json");
    const char *const bad[] = {
        "", "{\"id\": \"20260131T120431Z-0001\"", "{}",
        "{\"id\": \"20260131T120431Z-0001\", \"phase\": \"newer\"}"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        assert_true(fs_replace(path, bad[i], strlen(bad[i]), 0600, NULL));
        error = (struct error){0};
        assert_null(run_latest_open(&dir, &error));
        assert_int_not_equal(error.code, ERROR_NONE);
    }
    free(path);
    run_destroy(run);
}

static void names_of_runs_are_checked(void **state)
{
    (void)state;
    char id[RUN_ID];
    run_name(id, INT64_C(1769861071218));
    assert_true(run_name_valid(id));
    assert_true(text_starts(id, "20260131T120431Z-"));
    assert_false(run_name_valid("../../etc/passwd....x"));
    assert_false(run_name_valid(""));
    struct error error = {0};
    assert_null(run_read(&dir, "../x", &error));
    assert_int_equal(error.code, ERROR_USAGE);
}

static void answers_join_into_stretches(void **state)
{
    (void)state;
    struct samples samples;
    struct error error = {0};
    char name[] = "redis", summary[] = "usable";
    const enum state states[] = {STATE_OK, STATE_OK, STATE_FAIL, STATE_OK};
    struct sample rows[4];
    for (int i = 0; i < 4; i++) {
        rows[i] = (struct sample){
            .wall = 1000 + i, .check = name, .state = states[i], .summary = summary};
    }
    assert_true(samples_open(&samples, dir.samples, DB_WRITE, &error));
    assert_true(samples_add(&samples, rows, 4, &error));
    struct history history;
    assert_true(history_query(&samples, 0, NULL, &history, &error));
    assert_int_equal(history.count, 3);
    assert_int_equal(history.rows[0].answers, 2);
    assert_int_equal(history.rows[0].to, 1001);
    assert_int_equal(history.rows[1].state, STATE_FAIL);
    history_finish(&history);
    assert_true(history_query(&samples, 1003, "redis", &history, &error));
    assert_int_equal(history.count, 1);
    history_finish(&history);
    int64_t later = 1002 + (int64_t)SAMPLES_DAYS * 24 * 3600 * 1000;
    assert_true(samples_prune(&samples, later, &error));
    assert_true(history_query(&samples, 0, NULL, &history, &error));
    assert_int_equal(history.count, 2);
    history_finish(&history);
    samples_close(&samples);
}

static void wait_until(bool (*true_of)(struct store *store), struct store *store)
{
    int64_t until = clock_now() + 20 * CLOCK_SECOND;
    while (!true_of(store) && clock_now() < until) {
        poll(NULL, 0, 5);
    }
    assert_true(true_of(store));
}

static bool has_failed(struct store *store)
{
    return store_failed(store, NULL);
}

static void one_process_records_and_another_takes_over(void **state)
{
    (void)state;
    struct store *first = store_create(&dir, false);
    wait_until(store_recorder, first);
    struct store *second = store_create(&dir, false);
    assert_false(store_recorder(second));
    store_event(second,
                &(struct event){.kind = EVENT_RUN_CANCELLED, .text = "of the second"});
    store_destroy(first);
    wait_until(store_recorder, second);
    store_destroy(second);
    struct events events;
    struct entries entries;
    open_events(&events, DB_READ);
    assert_true(events_list(&events, &(struct events_filter){0}, &entries, NULL));
    assert_int_equal(entries.count, 1);
    entries_finish(&entries);
    events_close(&events);
}

static void a_store_records_from_its_first_moment(void **state)
{
    (void)state;
    struct store *store = store_create(&dir, false);
    assert_true(store_recorder(store));
    store_destroy(store);
}

static void a_store_that_cannot_write_says_so(void **state)
{
    (void)state;
    assert_int_equal(mkdir(dir.events, 0700), 0);
    struct store *store = store_create(&dir, false);
    wait_until(has_failed, store);
    struct error error;
    assert_true(store_failed(store, &error));
    assert_true(error.message[0]);
    store_destroy(store);
    assert_false(store_failed(NULL, NULL));
}

int main(void)
{
    json_begin();
    const struct CMUnitTest tests[] = {
        STORE_TEST(state_that_others_may_write_to_is_refused),
        STORE_TEST(names_that_are_no_file_names_stay_apart),
        STORE_TEST(a_record_reads_as_it_was_written),
        STORE_TEST(a_record_is_masked_and_still_reads),
        STORE_TEST(the_newest_run_without_an_end_is_found),
        STORE_TEST(runs_of_one_second_are_listed_newest_first),
        STORE_TEST(a_record_that_cannot_be_read_is_an_error),
        STORE_TEST(names_of_runs_are_checked),
        STORE_TEST(answers_join_into_stretches),
        STORE_TEST(one_process_records_and_another_takes_over),
        STORE_TEST(a_store_records_from_its_first_moment),
        STORE_TEST(a_store_that_cannot_write_says_so),
    };
    return unit_run("store_records", tests);
}

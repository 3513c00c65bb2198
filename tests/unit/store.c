#include "unit.h"

#include "base/clock.h"
#include "base/fs.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/spawn.h"
#include "base/text.h"
#include "secret/mask.h"
#include "store/events.h"
#include "store/record.h"
#include "store/runs.h"
#include "store/samples.h"
#include "store/store.h"

#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static char *home;
static struct statedir dir;
static struct environment staging = {.system = "netra", .name = "staging"};

static int begin(void **state)
{
    (void)state;
    struct error error;
    char template[] = "/tmp/greenboard-store-XXXXXX";
    home = mem_text(mkdtemp(template));
    return statedir_open(&dir, home, &staging, &error) ? 0 : -1;
}

static int end(void **state)
{
    (void)state;
    statedir_finish(&dir);
    fs_remove_tree(home);
    free(home);
    return 0;
}

static void append(struct events *events, const char *text)
{
    struct error error = {0};
    struct event event = {
        .kind = EVENT_RUN_ENDED, .environment = "staging", .text = text};
    assert_true(events_append(events, &event, NULL, &error));
}

static void open_events(struct events *events, enum db_access access)
{
    struct error error = {0};
    assert_true(events_open(events, dir.events, access, &error));
}

static void change(const char *path, const char *sql)
{
    sqlite3 *handle = NULL;
    assert_int_equal(sqlite3_open(path, &handle), SQLITE_OK);
    assert_int_equal(sqlite3_exec(handle, sql, NULL, NULL, NULL), SQLITE_OK);
    sqlite3_close(handle);
}

/* What events_verify() says after `sql` was done to a trail of four events. */
static void assert_broken(const char *sql, const char *where)
{
    struct events events;
    struct error error = {0};
    int64_t count = 0;
    open_events(&events, DB_WRITE);
    for (int i = 0; i < 4; i++) {
        append(&events, "as it was");
    }
    assert_true(events_verify(&events, &count, &error));
    assert_int_equal(count, 4);
    events_close(&events);
    change(dir.events, sql);
    open_events(&events, DB_READ);
    assert_false(events_verify(&events, &count, &error));
    assert_int_equal(error.code, ERROR_PROTOCOL);
    assert_non_null(strstr(error.message, where));
    events_close(&events);
}

static void a_changed_event_breaks_the_chain_there(void **state)
{
    (void)state;
    assert_broken("UPDATE event SET text = 'as it was not' WHERE seq = 3", "at event 3");
}

static void a_field_moved_to_another_breaks_the_chain(void **state)
{
    (void)state;
    assert_broken("UPDATE event SET run = environment, environment = NULL WHERE seq = 2",
                  "at event 2");
}

static void a_removed_event_breaks_the_chain_there(void **state)
{
    (void)state;
    assert_broken("DELETE FROM event WHERE seq = 2", "at event 2");
}

static void a_removed_first_event_breaks_the_chain(void **state)
{
    (void)state;
    assert_broken("DELETE FROM event WHERE seq = 1; UPDATE event SET seq = seq - 1",
                  "at event 1");
}

static void processes_that_append_at_once_keep_one_chain(void **state)
{
    (void)state;
    enum { PROCESSES = 3, EACH = 20 };
    for (int i = 0; i < PROCESSES; i++) {
        pid_t pid = fork();
        if (pid == 0) {
            struct events events;
            struct event event = {.kind = EVENT_RUN_STEP, .text = "one of many"};
            bool done = events_open(&events, dir.events, DB_WRITE, NULL);
            for (int j = 0; done && j < EACH; j++) {
                done = events_append(&events, &event, NULL, NULL);
            }
            events_close(&events);
            _exit(done ? 0 : 1);
        }
        assert_true(pid > 0);
    }
    for (int i = 0; i < PROCESSES; i++) {
        int status = -1;
        assert_true(wait(&status) > 0);
        assert_int_equal(status, 0);
    }
    struct events events;
    struct error error = {0};
    int64_t count = 0;
    open_events(&events, DB_READ);
    assert_true(events_verify(&events, &count, &error));
    assert_int_equal(count, PROCESSES * EACH);
    events_close(&events);
}

static void the_head_is_the_newest_event(void **state)
{
    (void)state;
    struct events events;
    char hash[DIGEST_HEX];
    int64_t seq = -1;
    open_events(&events, DB_WRITE);
    assert_true(events_head(&events, &seq, hash, NULL));
    assert_int_equal(seq, 0);
    append(&events, "first");
    append(&events, "second");
    assert_true(events_head(&events, &seq, hash, NULL));
    assert_int_equal(seq, 2);
    struct entries entries;
    assert_true(
        events_list(&events, &(struct events_filter){.newest = 1}, &entries, NULL));
    assert_int_equal(entries.count, 1);
    assert_string_equal(entries.rows[0].hash, hash);
    assert_string_equal(entries.rows[0].text, "second");
    entries_finish(&entries);
    events_close(&events);
}

static void append_alert(struct events *events, enum event_kind kind,
                         const char *environment, const char *alert)
{
    json_t *data = alert ? json_pack("{s:s}", EVENT_ALERT, alert) : NULL;
    struct event event = {
        .kind = kind, .environment = environment, .text = alert, .data = data};
    assert_true(events_append(events, &event, NULL, NULL));
    json_decref(data);
}

static void of_each_alert_the_newest_event_is_found(void **state)
{
    (void)state;
    struct events events;
    struct entries entries;
    open_events(&events, DB_WRITE);
    assert_true(events_alerts(&events, &entries, NULL));
    assert_int_equal(entries.count, 0);
    append_alert(&events, EVENT_ALERT_RAISED, "staging", "one");
    append_alert(&events, EVENT_ALERT_RAISED, "staging", "two");
    append_alert(&events, EVENT_ALERT_RAISED, "production", "one");
    append_alert(&events, EVENT_ALERT_CLEARED, "staging", "one");
    append_alert(&events, EVENT_CHECK_CHANGED, "staging", "two");
    append(&events, "anything");
    assert_true(events_alerts(&events, &entries, NULL));
    assert_int_equal(entries.count, 3);
    static const int64_t seqs[] = {2, 3, 4};
    static const char *const types[] = {"alert.raised", "alert.raised", "alert.cleared"};
    for (size_t i = 0; i < 3; i++) {
        assert_int_equal(entries.rows[i].seq, seqs[i]);
        assert_string_equal(entries.rows[i].type, types[i]);
    }
    entries_finish(&entries);
    events_close(&events);
}

static void an_event_never_holds_a_secret(void **state)
{
    (void)state;
    struct error error;
    struct secret *secret = secret_create("hunter2-hunter2", 15, &error);
    mask_publish(&secret, 1);
    struct events events;
    open_events(&events, DB_WRITE);
    json_t *data = json_pack("{s:s}", "said", "hunter2-hunter2");
    struct event event = {
        .kind = EVENT_REFUSED, .text = "it was hunter2-hunter2\033[2J", .data = data};
    assert_true(events_append(&events, &event, NULL, &error));
    json_decref(data);
    struct entries entries;
    assert_true(events_list(&events, &(struct events_filter){0}, &entries, NULL));
    assert_string_equal(entries.rows[0].text, "it was " MASK_TEXT "[2J");
    assert_null(strstr(entries.rows[0].data, "hunter2"));
    entries_finish(&entries);
    events_close(&events);
    mask_forget();
    secret_unref(secret);
}

static void a_newer_trail_is_read_and_never_written(void **state)
{
    (void)state;
    struct events events;
    struct error error = {0};
    struct entries entries;
    struct event event = {.kind = EVENT_RUN_ENDED, .text = "no"};
    open_events(&events, DB_WRITE);
    append(&events, "yes");
    events_close(&events);
    change(dir.events, "PRAGMA user_version = 99");
    open_events(&events, DB_WRITE);
    assert_false(events_append(&events, &event, NULL, &error));
    assert_non_null(strstr(error.message, "version 99"));
    assert_true(events_list(&events, &(struct events_filter){0}, &entries, &error));
    assert_int_equal(entries.count, 1);
    entries_finish(&entries);
    events_close(&events);
}

static int refuse_commit(void *self)
{
    (void)self;
    return 1;
}

static void a_failed_commit_is_never_tried_again(void **state)
{
    (void)state;
    struct events events;
    struct error error = {0};
    struct event event = {.kind = EVENT_RUN_ENDED, .text = "lost"};
    open_events(&events, DB_WRITE);
    sqlite3_commit_hook(events.db.handle, refuse_commit, NULL);
    assert_false(events_append(&events, &event, NULL, &error));
    sqlite3_commit_hook(events.db.handle, NULL, NULL);
    assert_false(events_append(&events, &event, NULL, &error));
    assert_non_null(strstr(error.message, "did not reach the disk"));
    events_close(&events);
}

static void a_migration_keeps_a_copy_of_what_was(void **state)
{
    (void)state;
    static const char *const one[] = {"CREATE TABLE a (x); INSERT INTO a VALUES (1)",
                                      NULL};
    static const char *const two[] = {"CREATE TABLE a (x)", "DELETE FROM a", NULL};
    static const char *const bad[] = {"", "", "NONSENSE", NULL};
    const struct schema old = {"it", one, true}, new = {"it", two, true},
                        worse = {"it", bad, true};
    struct error error = {0};
    struct db db;
    char *path = fs_join(dir.directory, "m.db");
    char *copy = fs_join(dir.directory, "m.db.v1.bak");
    assert_true(db_open(&db, path, &old, DB_WRITE, &error));
    db_close(&db);
    assert_false(fs_exists(copy));
    assert_true(db_open(&db, path, &new, DB_WRITE, &error));
    db_close(&db);
    struct stat about;
    assert_int_equal(stat(copy, &about), 0);
    assert_int_equal(about.st_mode & 0777, 0600);
    change(copy, "INSERT INTO a SELECT 2 FROM a WHERE x = 1");
    assert_false(db_open(&db, path, &worse, DB_WRITE, &error));
    assert_true(db_open(&db, path, &new, DB_WRITE, &error)); /* left as it was */
    assert_true(db_writable(&db, &error));
    db_close(&db);
    free(copy);
    free(path);
}

static void state_is_for_its_owner_alone(void **state)
{
    (void)state;
    struct events events;
    struct stat about;
    open_events(&events, DB_WRITE);
    append(&events, "here");
    char *wal = mem_format("%s-wal", dir.events);
    const char *const files[] = {dir.events, wal};
    for (size_t i = 0; i < 2; i++) {
        assert_int_equal(stat(files[i], &about), 0);
        assert_int_equal(about.st_mode & 0777, 0600);
    }
    assert_int_equal(stat(dir.runs, &about), 0);
    assert_int_equal(about.st_mode & 0777, 0700);
    free(wal);
    events_close(&events);
}

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

#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)

int main(void)
{
    json_begin();
    const struct CMUnitTest tests[] = {
        TEST(a_changed_event_breaks_the_chain_there),
        TEST(a_field_moved_to_another_breaks_the_chain),
        TEST(a_removed_event_breaks_the_chain_there),
        TEST(a_removed_first_event_breaks_the_chain),
        TEST(processes_that_append_at_once_keep_one_chain),
        TEST(the_head_is_the_newest_event),
        TEST(of_each_alert_the_newest_event_is_found),
        TEST(an_event_never_holds_a_secret),
        TEST(a_newer_trail_is_read_and_never_written),
        TEST(a_failed_commit_is_never_tried_again),
        TEST(a_migration_keeps_a_copy_of_what_was),
        TEST(state_is_for_its_owner_alone),
        TEST(state_that_others_may_write_to_is_refused),
        TEST(names_that_are_no_file_names_stay_apart),
        TEST(a_record_reads_as_it_was_written),
        TEST(a_record_is_masked_and_still_reads),
        TEST(the_newest_run_without_an_end_is_found),
        TEST(runs_of_one_second_are_listed_newest_first),
        TEST(a_record_that_cannot_be_read_is_an_error),
        TEST(names_of_runs_are_checked),
        TEST(answers_join_into_stretches),
        TEST(one_process_records_and_another_takes_over),
        TEST(a_store_records_from_its_first_moment),
        TEST(a_store_that_cannot_write_says_so),
    };
    return unit_run("store", tests);
}

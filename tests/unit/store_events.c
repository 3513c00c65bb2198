/* What the chain of events promises: whatever is done to it is found, whoever appends at
 * once, and what was not written is never said to be. */
#include "tests/unit/store_help.h"

#include "base/fs.h"
#include "base/json.h"
#include "base/mem.h"
#include "secret/mask.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static void append(struct events *events, const char *text)
{
    struct error error = {0};
    struct event event = {
        .kind = EVENT_RUN_ENDED, .environment = "staging", .text = text};
    assert_true(events_append(events, &event, NULL, &error));
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

int main(void)
{
    json_begin();
    const struct CMUnitTest tests[] = {
        STORE_TEST(a_changed_event_breaks_the_chain_there),
        STORE_TEST(a_field_moved_to_another_breaks_the_chain),
        STORE_TEST(a_removed_event_breaks_the_chain_there),
        STORE_TEST(a_removed_first_event_breaks_the_chain),
        STORE_TEST(processes_that_append_at_once_keep_one_chain),
        STORE_TEST(the_head_is_the_newest_event),
        STORE_TEST(of_each_alert_the_newest_event_is_found),
        STORE_TEST(an_event_never_holds_a_secret),
        STORE_TEST(a_newer_trail_is_read_and_never_written),
        STORE_TEST(a_failed_commit_is_never_tried_again),
        STORE_TEST(a_migration_keeps_a_copy_of_what_was),
        STORE_TEST(state_is_for_its_owner_alone),
    };
    return unit_run("store_events", tests);
}

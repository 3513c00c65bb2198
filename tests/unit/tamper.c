/* The audit trail in the hands of somebody who changes it: any byte flipped, any event
 * taken away, put elsewhere, put in or cut off is found. */
#include "unit.h"

#include "base/fs.h"
#include "base/json.h"
#include "base/mem.h"
#include "store/events.h"

#include <stdlib.h>
#include <string.h>

enum { EVENTS = 8 };
static const char *const columns[] = {"at",   "type",    "environment", "operator",
                                      "run",  "release", "check_name",  "text",
                                      "data", "hash"};
enum { COLUMNS = sizeof columns / sizeof *columns };

static char *directory;
static struct events events;

/* ---- a trail ---- */

static void append(int i)
{
    struct error error = {0};
    char *text = mem_format("event %d: é and \"quotes\"", i);
    json_t *data =
        i % 2 ? json_pack("{s:i, s:[s,s]}", "n", i, "reasons", "a", "b") : NULL;
    const struct event event = {.kind = (enum event_kind)(i % (int)EVENT_COUNT),
                                .environment = "staging",
                                .operator_name = "ada@ops-1",
                                .run = i % 3 ? "20261125T120000Z-00ff" : NULL,
                                .release = i % 4 ? "3f2a91c" : NULL,
                                .check = i % 5 ? NULL : "redis",
                                .text = text,
                                .data = data};
    assert_true(events_append(&events, &event, NULL, &error));
    json_decref(data);
    free(text);
}

static int begin(void **state)
{
    (void)state;
    char template[] = "/tmp/greenboard-tamper-XXXXXX";
    directory = mem_text(mkdtemp(template));
    char *path = fs_join(directory, "events.db");
    assert_true(events_open(&events, path, DB_WRITE, NULL));
    free(path);
    for (int i = 0; i < EVENTS; i++) {
        append(i);
    }
    return 0;
}

static int end(void **state)
{
    (void)state;
    events_close(&events);
    fs_remove_tree(directory);
    free(directory);
    return 0;
}

static bool whole(void)
{
    int64_t count = 0;
    return events_verify(&events, &count, NULL);
}

static void change(const char *sql)
{
    char *message = NULL;
    if (sqlite3_exec(events.db.handle, sql, NULL, NULL, &message) != SQLITE_OK) {
        fail_msg("%s: %s", sql, message);
    }
}

/* `sql` is done, found, and undone. */
static void assert_found(const char *sql)
{
    struct error error = {0};
    int64_t count = 0;
    change("BEGIN");
    change(sql);
    if (events_verify(&events, &count, &error)) {
        fail_msg("not found: %s", sql);
    }
    assert_int_equal(error.code, ERROR_PROTOCOL);
    change("ROLLBACK");
    assert_true(whole());
}

/* ---- bytes ---- */

static char *value_of(int64_t seq, const char *column)
{
    struct entries entries;
    char *value = NULL;
    assert_true(events_list(&events, &(struct events_filter){0}, &entries, NULL));
    const struct entry *entry = &entries.rows[seq - 1];
    const char *const values[COLUMNS] = {
        entry->at,   entry->type,    entry->environment, entry->operator_name,
        entry->run,  entry->release, entry->check,       entry->text,
        entry->data, entry->hash};
    for (size_t i = 0; i < COLUMNS; i++) {
        value = strcmp(columns[i], column) == 0 ? mem_text(values[i]) : value;
    }
    entries_finish(&entries);
    return value;
}

static void put_value(int64_t seq, const char *column, const char *value)
{
    bool row;
    char *sql = mem_format("UPDATE event SET %s = ? WHERE seq = ?", column);
    sqlite3_stmt *statement = db_prepare(&events.db, sql, NULL);
    assert_true(db_bind(&events.db, statement, NULL, "ti", value, seq));
    assert_true(db_step(&events.db, statement, &row, NULL));
    sqlite3_finalize(statement);
    free(sql);
}

static size_t flip_each(int64_t seq, const char *column)
{
    static const char flips[] = {0x01, 0x20, (char)0x80};
    size_t count = 0;
    char *value = value_of(seq, column);
    for (size_t i = 0; value && value[i]; i++) {
        for (size_t flip = 0; flip < sizeof flips; flip++, count++) {
            char was = value[i];
            value[i] = (char)(value[i] ^ flips[flip]);
            put_value(seq, column, value);
            if (whole()) {
                fail_msg("byte %zu of %s of event %lld is changed, and nobody sees it", i,
                         column, (long long)seq);
            }
            value[i] = was;
        }
    }
    if (value) {
        put_value(seq, column, value);
    }
    free(value);
    return count;
}

static void any_byte_that_is_flipped_is_found(void **state)
{
    (void)state;
    size_t count = 0;
    change("BEGIN");
    for (int64_t seq = 1; seq <= EVENTS; seq++) {
        for (size_t i = 0; i < COLUMNS; i++) {
            count += flip_each(seq, columns[i]);
        }
    }
    assert_true(whole());
    change("COMMIT");
    assert_true(count > EVENTS * 100);
    printf("# %zu flips found of %zu\n", count, count);
}

static void a_value_that_is_gone_or_appears_is_found(void **state)
{
    (void)state;
    for (int64_t seq = 1; seq <= EVENTS; seq++) {
        for (size_t i = 2; i < COLUMNS - 1; i++) {
            char *value = value_of(seq, columns[i]);
            char *sql = mem_format("UPDATE event SET %s = %s WHERE seq = %lld",
                                   columns[i], value ? "NULL" : "''", (long long)seq);
            assert_found(sql);
            free(sql);
            free(value);
        }
    }
}

/* ---- events ---- */

static void any_event_that_is_taken_out_is_found(void **state)
{
    (void)state;
    for (int seq = 1; seq < EVENTS; seq++) {
        char *sql = mem_format("DELETE FROM event WHERE seq = %d", seq);
        assert_found(sql);
        free(sql);
        sql = mem_format("DELETE FROM event WHERE seq = %d;"
                         "UPDATE event SET seq = seq - 1 WHERE seq > %d",
                         seq, seq); /* and the gap is closed */
        assert_found(sql);
        free(sql);
    }
}

static void any_two_that_change_places_are_found(void **state)
{
    (void)state;
    for (int a = 1; a <= EVENTS; a++) {
        for (int b = a + 1; b <= EVENTS; b++) {
            char *sql = mem_format("UPDATE event SET seq = 1000 WHERE seq = %d;"
                                   "UPDATE event SET seq = %d WHERE seq = %d;"
                                   "UPDATE event SET seq = %d WHERE seq = 1000",
                                   a, a, b, b);
            assert_found(sql);
            free(sql);
        }
    }
}

static void an_event_that_is_put_in_is_found(void **state)
{
    (void)state;
    assert_found(
        "INSERT INTO event SELECT 0, at, type, environment, operator, run, release,"
        " check_name, text, data, hash FROM event WHERE seq = 1");
    assert_found(
        "INSERT INTO event SELECT 9, at, type, environment, operator, run, release,"
        " check_name, text, data, hash FROM event WHERE seq = 8");
}

/* A chain that was cut is whole in itself: the head that was kept elsewhere tells. */
static void a_trail_that_was_cut_is_found_by_its_head(void **state)
{
    (void)state;
    int64_t seq = 0, now = 0;
    char hash[DIGEST_HEX], left[DIGEST_HEX];
    assert_true(events_head(&events, &seq, hash, NULL));
    for (int keep = EVENTS - 1; keep >= 0; keep--) {
        char *sql = mem_format("DELETE FROM event WHERE seq > %d", keep);
        change("BEGIN");
        change(sql);
        assert_true(events_head(&events, &now, left, NULL));
        assert_true(now < seq);
        assert_string_not_equal(left, hash);
        change("ROLLBACK");
        free(sql);
    }
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)

int main(void)
{
    json_begin();
    const struct CMUnitTest tests[] = {
        TEST(any_byte_that_is_flipped_is_found),
        TEST(a_value_that_is_gone_or_appears_is_found),
        TEST(any_event_that_is_taken_out_is_found),
        TEST(any_two_that_change_places_are_found),
        TEST(an_event_that_is_put_in_is_found),
        TEST(a_trail_that_was_cut_is_found_by_its_head),
    };
    return unit_run("tamper", tests);
}

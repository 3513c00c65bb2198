#include "store/samples.h"

#include "base/clock.h"
#include "base/mem.h"
#include "base/text.h"

#include <stdlib.h>

static const char *const steps[] = {
    "CREATE TABLE sample (id INTEGER PRIMARY KEY, at INTEGER NOT NULL, check_name TEXT "
    "NOT NULL,"
    " state TEXT NOT NULL, figure REAL, duration REAL, summary TEXT);"
    "CREATE INDEX sample_at ON sample (at);"
    "CREATE INDEX sample_check ON sample (check_name, at);",
    NULL,
};
static const struct schema schema = {.what = "the timeline", .steps = steps};

bool samples_open(struct samples *samples, const char *path, enum db_access access,
                  struct error *error)
{
    return db_open(&samples->db, path, &schema, access, error);
}

void samples_close(struct samples *samples)
{
    db_close(&samples->db);
}

void sample_finish(struct sample *sample)
{
    free(sample->check);
    free(sample->summary);
}

static bool insert(struct db *db, sqlite3_stmt *statement, const struct sample *sample,
                   struct error *error)
{
    bool row = false;
    sqlite3_reset(statement);
    if (!db_bind(db, statement, error, "ittfft", sample->wall, sample->check,
                 state_rows[sample->state].word, sample->figure, sample->duration,
                 sample->summary)) {
        return false;
    }
    if (!sample->has_figure) {
        sqlite3_bind_null(statement, 4);
    }
    return db_step(db, statement, &row, error);
}

bool samples_add(struct samples *samples, const struct sample *rows, size_t count,
                 struct error *error)
{
    struct db *db = &samples->db;
    if (!db_begin(db, error)) {
        return false;
    }
    sqlite3_stmt *statement =
        db_prepare(db,
                   "INSERT INTO sample (at, check_name, state, figure, duration, summary)"
                   " VALUES (?, ?, ?, ?, ?, ?)",
                   error);
    bool done = statement != NULL;
    for (size_t i = 0; done && i < count; i++) {
        done = insert(db, statement, &rows[i], error);
    }
    sqlite3_finalize(statement);
    if (!done) {
        db_rollback(db);
        return false;
    }
    return db_commit(db, error);
}

bool samples_prune(struct samples *samples, int64_t now_wall, struct error *error)
{
    struct db *db = &samples->db;
    int64_t oldest = now_wall - (int64_t)SAMPLES_DAYS * 24 * 3600 * 1000;
    sqlite3_stmt *statement = db_prepare(
        db, "DELETE FROM sample WHERE at < ? OR id <= (SELECT max(id) FROM sample) - ?",
        error);
    bool row = false;
    bool done = statement && db_writable(db, error) &&
                db_bind(db, statement, error, "ii", oldest, (int64_t)SAMPLES_MAX) &&
                db_step(db, statement, &row, error);
    sqlite3_finalize(statement);
    return done;
}

/* Joins an answer to the stretch before it where check and state are the same. */
static void add_answer(struct history *history, sqlite3_stmt *statement)
{
    const char *check = (const char *)sqlite3_column_text(statement, 0);
    const char *word = (const char *)sqlite3_column_text(statement, 1);
    const char *summary = (const char *)sqlite3_column_text(statement, 3);
    int64_t at = sqlite3_column_int64(statement, 2);
    enum state state = STATE_UNKNOWN;
    state_from_word(word, &state);
    struct stretch *last = history->count ? &history->rows[history->count - 1] : NULL;
    if (!last || last->state != state || !text_equal(last->check, check)) {
        history->rows =
            mem_resize(history->rows, (history->count + 1) * sizeof *history->rows);
        last = &history->rows[history->count++];
        *last = (struct stretch){.check = mem_text(check), .state = state, .from = at};
    }
    last->to = at;
    last->answers++;
    free(last->summary);
    last->summary = mem_text(summary);
}

bool history_query(struct samples *samples, int64_t since, const char *check,
                   struct history *history, struct error *error)
{
    *history = (struct history){0};
    struct db *db = &samples->db;
    sqlite3_stmt *statement =
        db_prepare(db,
                   "SELECT check_name, state, at, summary FROM sample"
                   " WHERE at >= ?1 AND (?2 IS NULL OR check_name = ?2)"
                   " ORDER BY check_name, at, id",
                   error);
    if (!statement) {
        return false;
    }
    bool row = true;
    bool done = db_bind(db, statement, error, "it", since, check);
    while (done && (done = db_step(db, statement, &row, error)) && row) {
        add_answer(history, statement);
    }
    sqlite3_finalize(statement);
    return done;
}

void history_finish(struct history *history)
{
    for (size_t i = 0; i < history->count; i++) {
        free(history->rows[i].check);
        free(history->rows[i].summary);
    }
    free(history->rows);
    *history = (struct history){0};
}

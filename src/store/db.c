#include "store/db.h"

#include "base/clock.h"
#include "base/fs.h"
#include "base/mem.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { BUSY_MS = 5000, LOOK_EVERY_MS = 5 };

bool db_error(struct db *db, struct error *error, const char *doing)
{
    int code = db->handle ? sqlite3_errcode(db->handle) : SQLITE_NOMEM;
    error_set(error, (code & 0xff) == SQLITE_BUSY ? ERROR_BUSY : ERROR_SYSTEM,
              "%s %s: %s", db->schema->what, doing,
              db->handle ? sqlite3_errmsg(db->handle) : "out of memory");
    return false;
}

static bool execute(struct db *db, const char *sql, struct error *error,
                    const char *doing)
{
    return sqlite3_exec(db->handle, sql, NULL, NULL, NULL) == SQLITE_OK ||
           db_error(db, error, doing);
}

static int newest(const struct schema *schema)
{
    int version = 0;
    while (schema->steps[version]) {
        version++;
    }
    return version;
}

static bool stored_version(struct db *db, int *version, struct error *error)
{
    sqlite3_stmt *statement = db_prepare(db, "PRAGMA user_version", error);
    bool row = false;
    bool done = statement && db_step(db, statement, &row, error) && row;
    *version = done ? sqlite3_column_int(statement, 0) : 0;
    sqlite3_finalize(statement);
    return done;
}

static bool connect(struct db *db, int flags, struct error *error)
{
    if (sqlite3_open_v2(db->path, &db->handle, flags | SQLITE_OPEN_NOMUTEX, NULL) !=
        SQLITE_OK) {
        db_error(db, error, "cannot be opened");
        error_hint(error, "look at %s", db->path);
        return false;
    }
    sqlite3_extended_result_codes(db->handle, 1);
    sqlite3_busy_timeout(db->handle, BUSY_MS);
    return true;
}

/* SQLite gives its journal files the mode of the database. */
static bool make_file(const char *path, struct error *error)
{
    int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0) {
        return error_system(error, errno, "cannot make %s", path);
    }
    close(fd);
    return true;
}

/* A copy as of now, beside the file, before anything in it is changed. */
static bool back_up(struct db *db, int version, struct error *error)
{
    char *copy = mem_format("%s.v%d.bak", db->path, version);
    unlink(copy);
    bool done = false;
    sqlite3_stmt *statement =
        make_file(copy, error) ? db_prepare(db, "VACUUM INTO ?", error) : NULL;
    bool row = false;
    if (statement && db_bind(db, statement, error, "t", copy)) {
        done = db_step(db, statement, &row, error);
    }
    sqlite3_finalize(statement);
    free(copy);
    return done;
}

/* Another process may migrate at the same time: the version counts that is read
 * inside. */
static bool migrate(struct db *db, int to, struct error *error)
{
    int from = 0;
    if (!db_begin(db, error)) {
        return false;
    }
    bool done = stored_version(db, &from, error);
    for (int step = from; done && step < to; step++) {
        done =
            execute(db, db->schema->steps[step], error, "cannot be brought up to date");
    }
    char *pragma = mem_format("PRAGMA user_version = %d", to);
    done = done &&
           (from >= to || execute(db, pragma, error, "cannot be brought up to date"));
    free(pragma);
    if (!done) {
        db_rollback(db);
        return false;
    }
    return db_commit(db, error);
}

/* SQLite does not wait its busy timeout when it changes the journal of a new file, which
 * others may open at this moment, so we do. */
static bool keep_wal(struct db *db, struct error *error)
{
    int64_t deadline = clock_now() + BUSY_MS * CLOCK_MS;
    while (sqlite3_exec(db->handle, "PRAGMA journal_mode = WAL", NULL, NULL, NULL) !=
           SQLITE_OK) {
        bool busy = (sqlite3_errcode(db->handle) & 0xff) == SQLITE_BUSY;
        if (!busy || clock_left(deadline) == 0) {
            return db_error(db, error, "cannot be opened");
        }
        poll(NULL, 0, LOOK_EVERY_MS);
    }
    return true;
}

static bool prepare_writer(struct db *db, struct error *error)
{
    int version = 0, ours = newest(db->schema);
    if (!stored_version(db, &version, error)) {
        return false;
    }
    if (version > ours) {
        db->newer = version;
        db->writable = false;
        return execute(db, "PRAGMA query_only = ON", error, "cannot be opened");
    }
    db->writable = true;
    if (!keep_wal(db, error) ||
        !execute(db,
                 db->schema->durable ? "PRAGMA synchronous = FULL"
                                     : "PRAGMA synchronous = NORMAL",
                 error, "cannot be opened")) {
        return false;
    }
    if (version == ours) {
        return true;
    }
    return (version == 0 || back_up(db, version, error)) && migrate(db, ours, error);
}

bool db_open(struct db *db, const char *path, const struct schema *schema,
             enum db_access access, struct error *error)
{
    *db = (struct db){.schema = schema, .path = mem_text(path)};
    bool done = false;
    if (access == DB_WRITE) {
        done = make_file(path, error) && connect(db, SQLITE_OPEN_READWRITE, error) &&
               prepare_writer(db, error);
    } else if (!fs_exists(path)) {
        error_set(error, ERROR_ABSENT, "there is no %s yet", schema->what);
    } else {
        int version = 0;
        done = connect(db, SQLITE_OPEN_READWRITE, error) &&
               execute(db, "PRAGMA query_only = ON", error, "cannot be opened") &&
               stored_version(db, &version, error);
        db->newer = version > newest(schema) ? version : 0;
    }
    if (!done) {
        db_close(db);
    }
    return done;
}

void db_close(struct db *db)
{
    sqlite3_close(db->handle);
    free(db->path);
    *db = (struct db){0};
}

bool db_writable(const struct db *db, struct error *error)
{
    if (db->failed) {
        error_set(error, ERROR_SYSTEM, "%s: an earlier write did not reach the disk",
                  db->schema->what);
        error_hint(error, "look at the disk of %s, then start again", db->path);
        return false;
    }
    if (db->newer) {
        error_set(error, ERROR_SYSTEM,
                  "%s is of version %d, and this greenboard writes %d", db->schema->what,
                  db->newer, newest(db->schema));
        error_hint(error, "use the newer greenboard that wrote it");
        return false;
    }
    return db->writable || error_set(error, ERROR_SYSTEM, "%s is open for reading only",
                                     db->schema->what);
}

bool db_begin(struct db *db, struct error *error)
{
    return db_writable(db, error) &&
           execute(db, "BEGIN IMMEDIATE", error, "cannot be written");
}

bool db_commit(struct db *db, struct error *error)
{
    if (execute(db, "COMMIT", error, "was not written")) {
        return true;
    }
    db->failed = true;
    db_rollback(db);
    return false;
}

void db_rollback(struct db *db)
{
    if (!sqlite3_get_autocommit(db->handle)) {
        sqlite3_exec(db->handle, "ROLLBACK", NULL, NULL, NULL);
    }
}

sqlite3_stmt *db_prepare(struct db *db, const char *sql, struct error *error)
{
    sqlite3_stmt *statement = NULL;
    if (sqlite3_prepare_v2(db->handle, sql, -1, &statement, NULL) != SQLITE_OK) {
        db_error(db, error, "cannot be asked");
    }
    return statement;
}

bool db_bind(struct db *db, sqlite3_stmt *statement, struct error *error,
             const char *letters, ...)
{
    va_list values;
    va_start(values, letters);
    int result = SQLITE_OK;
    for (int i = 1; letters[i - 1] && result == SQLITE_OK; i++) {
        switch (letters[i - 1]) {
        case 'i':
            result = sqlite3_bind_int64(statement, i, va_arg(values, int64_t));
            break;
        case 'f':
            result = sqlite3_bind_double(statement, i, va_arg(values, double));
            break;
        case 't':
            result = sqlite3_bind_text(statement, i, va_arg(values, const char *), -1,
                                       SQLITE_TRANSIENT);
            break;
        default:
            panic("db_bind: no type %c", letters[i - 1]);
        }
    }
    va_end(values);
    return result == SQLITE_OK || db_error(db, error, "cannot be asked");
}

bool db_step(struct db *db, sqlite3_stmt *statement, bool *row, struct error *error)
{
    int result = sqlite3_step(statement);
    *row = result == SQLITE_ROW;
    return *row || result == SQLITE_DONE || db_error(db, error, "cannot be asked");
}

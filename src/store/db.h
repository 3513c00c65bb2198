/* A SQLite database with a version: opened, migrated, and written in transactions.
 *
 * A struct db belongs to one thread at a time. A store that a newer greenboard wrote is
 * opened read-only; a migration copies the file beside itself first. A commit that failed
 * is never tried again: the database stays failed, and so does everything that would have
 * been written to it. */
#ifndef GREENBOARD_STORE_DB_H
#define GREENBOARD_STORE_DB_H

#include "base/error.h"

#include <sqlite3.h>
#include <stdbool.h>
#include <stdint.h>

struct schema {
    const char *what; /* "audit trail", for messages */
    const char *const
        *steps;   /* steps[N] takes user_version N to N + 1; NULL-terminated */
    bool durable; /* synchronous=FULL: a commit that returned survives a power cut */
};

struct db {
    sqlite3 *handle;
    const struct schema *schema;
    char *path;
    bool writable;
    int newer;   /* its user_version where that is newer than ours, else 0 */
    bool failed; /* a commit did not reach the disk */
};

enum db_access { DB_READ, DB_WRITE };

/* DB_READ never makes a file: ERROR_ABSENT where there is none. */
bool db_open(struct db *db, const char *path, const struct schema *schema,
             enum db_access access, struct error *error);
void db_close(struct db *db); /* a zeroed one is fine */

/* Fills `error` and returns false where nothing may be written, and why. */
bool db_writable(const struct db *db, struct error *error);

/* BEGIN IMMEDIATE: other writers wait. Every begin is ended by one commit or rollback. */
bool db_begin(struct db *db, struct error *error);
bool db_commit(struct db *db, struct error *error);
void db_rollback(struct db *db);

/* A prepared statement, NULL with an error; sqlite3_finalize() it. */
sqlite3_stmt *db_prepare(struct db *db, const char *sql, struct error *error);
/* `letters` types the values: i int64_t, f double, t const char * (NULL is NULL). */
bool db_bind(struct db *db, sqlite3_stmt *statement, struct error *error,
             const char *letters, ...);
bool db_step(struct db *db, sqlite3_stmt *statement, bool *row, struct error *error);
bool db_error(struct db *db, struct error *error, const char *doing); /* always false */

#endif

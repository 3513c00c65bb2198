#include "store/events.h"

#include "base/buf.h"
#include "base/clock.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/text.h"
#include "secret/mask.h"
#include "store/who.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char *const steps[] = {
    "CREATE TABLE event (seq INTEGER PRIMARY KEY, at TEXT NOT NULL, type TEXT NOT NULL,"
    " environment TEXT, operator TEXT, run TEXT, release TEXT, check_name TEXT, text "
    "TEXT,"
    " data TEXT, hash TEXT NOT NULL);",
    NULL,
};
static const struct schema schema = {
    .what = "the audit trail", .steps = steps, .durable = true};

const struct event_row event_rows[EVENT_COUNT] = {
#define EVENTS_ROW(id, name, help) [id] = {name, help},
    EVENTS(EVENTS_ROW)
#undef EVENTS_ROW
};

static const char genesis[] =
    "0000000000000000000000000000000000000000000000000000000000000000";

/* The texts of an entry in the order of the columns after seq. */
enum { COLUMN_COUNT = 10 };
static const char *const columns[COLUMN_COUNT] = {
    "at",      "type",  "environment", "operator", "run",
    "release", "check", "text",        "data",     "hash"};
#define SELECT_EVENTS                                                                    \
    "SELECT seq, at, type, environment, operator, run, release, check_name, text, "      \
    "data, hash"                                                                         \
    " FROM event "

static void entry_texts(const struct entry *entry, const char *texts[COLUMN_COUNT])
{
    const char *const all[COLUMN_COUNT] = {
        entry->at,   entry->type,    entry->environment, entry->operator_name,
        entry->run,  entry->release, entry->check,       entry->text,
        entry->data, entry->hash};
    memcpy(texts, all, sizeof all);
}

bool event_from_name(const char *name, enum event_kind *kind)
{
    for (size_t i = 0; i < EVENT_COUNT; i++) {
        if (strcmp(event_rows[i].name, name) == 0) {
            *kind = (enum event_kind)i;
            return true;
        }
    }
    return false;
}

char *events_operator(void)
{
    char *user = who_user(getuid()), *host = who_host();
    char *both = mem_format("%s@%s", user, host);
    free(user);
    free(host);
    return both;
}

bool events_open(struct events *events, const char *path, enum db_access access,
                 struct error *error)
{
    return db_open(&events->db, path, &schema, access, error);
}

void events_close(struct events *events)
{
    db_close(&events->db);
}

static void entry_finish(struct entry *entry)
{
    const char *texts[COLUMN_COUNT];
    entry_texts(entry, texts);
    for (size_t i = 0; i < COLUMN_COUNT; i++) {
        free((char *)(uintptr_t)texts[i]);
    }
}

void entries_finish(struct entries *entries)
{
    for (size_t i = 0; i < entries->count; i++) {
        entry_finish(&entries->rows[i]);
    }
    free(entries->rows);
    *entries = (struct entries){0};
}

/* Without the hash: what the hash is over. */
static json_t *hashed_part(const struct entry *entry)
{
    const char *texts[COLUMN_COUNT];
    entry_texts(entry, texts);
    json_t *object = json_pack("{s:I}", "seq", (json_int_t)entry->seq);
    for (size_t i = 0; i < COLUMN_COUNT - 1; i++) {
        json_object_set_new(object, columns[i],
                            texts[i] ? json_string(texts[i]) : json_null());
    }
    return object;
}

static void entry_hash(const struct entry *entry, const char *before,
                       char hash[DIGEST_HEX])
{
    json_t *object = hashed_part(entry);
    char *canonical = json_compact(object);
    char *chained = mem_format("%s%s", before, canonical);
    digest_hex(hash, chained, strlen(chained));
    free(chained);
    free(canonical);
    json_decref(object);
}

json_t *entry_json(const struct entry *entry)
{
    json_t *object = hashed_part(entry);
    if (entry->data) {
        json_t *data = json_parse(entry->data, strlen(entry->data), NULL);
        json_object_set_new(object, "data", data ? data : json_string(entry->data));
    }
    json_object_set_new(object, "hash", json_string(entry->hash));
    return object;
}

/* One printable line without a secret in it, NULL stays NULL. */
static char *sealed(const char *text)
{
    if (!text) {
        return NULL;
    }
    struct buf line, clean;
    buf_init(&line, 0);
    buf_init(&clean, 0);
    buf_text(&line, text);
    mask_buf(&line);
    text_clean(&clean, buf_string(&line), line.length);
    buf_finish(&line);
    return clean.data ? buf_take(&clean) : mem_text("");
}

static char *sealed_data(const json_t *data, const json_t *who)
{
    if (!data && !who) {
        return NULL;
    }
    json_t *whole = data ? json_deep_copy(data) : json_object();
    if (who) {
        json_object_set_new(whole, EVENT_WHO, json_deep_copy(who));
    }
    char *text = json_compact(whole);
    struct buf line;
    buf_init(&line, 0);
    buf_text(&line, text);
    mask_buf(&line);
    free(text);
    json_decref(whole);
    return buf_take(&line);
}

static bool insert(struct db *db, const struct entry *entry, struct error *error)
{
    sqlite3_stmt *statement = db_prepare(
        db, "INSERT INTO event VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", error);
    bool row = false;
    bool done =
        statement &&
        db_bind(db, statement, error, "itttttttttt", entry->seq, entry->at, entry->type,
                entry->environment, entry->operator_name, entry->run, entry->release,
                entry->check, entry->text, entry->data, entry->hash) &&
        db_step(db, statement, &row, error);
    sqlite3_finalize(statement);
    return done;
}

/* Whether an event of this kind with the same `once` is there. */
static bool is_there(struct db *db, const struct event *event, bool *there,
                     struct error *error)
{
    *there = false;
    if (!event->once) {
        return true;
    }
    sqlite3_stmt *statement = db_prepare(
        db, "SELECT 1 FROM event WHERE type = ? AND instr(data, ?) LIMIT 1", error);
    char *part = mem_format("\"" EVENT_ONCE "\":\"%s\"", event->once);
    bool done = statement &&
                db_bind(db, statement, error, "tt", event_rows[event->kind].name, part) &&
                db_step(db, statement, there, error);
    sqlite3_finalize(statement);
    free(part);
    return done;
}

bool events_append(struct events *events, const struct event *event, int64_t *seq,
                   struct error *error)
{
    struct entry entry = {
        .at = mem_alloc(CLOCK_STAMP),
        .type = mem_text(event_rows[event->kind].name),
        .environment = sealed(event->environment),
        .operator_name = sealed(event->operator_name),
        .run = sealed(event->run),
        .release = sealed(event->release),
        .check = sealed(event->check),
        .text = sealed(event->text),
        .data = sealed_data(event->data, event->who),
        .hash = mem_alloc(DIGEST_HEX),
    };
    clock_stamp(entry.at, clock_wall());
    bool done = false;
    char before[DIGEST_HEX];
    int64_t last = 0;
    if (!db_begin(&events->db, error)) {
        goto out;
    }
    bool there = false;
    if (!is_there(&events->db, event, &there, error) ||
        !events_head(events, &last, before, error) || there) {
        db_rollback(&events->db);
        done = there;
        goto out;
    }
    entry.seq = last + 1;
    entry_hash(&entry, before, entry.hash);
    if (!insert(&events->db, &entry, error)) {
        events->db.failed = true;
        db_rollback(&events->db);
        goto out;
    }
    done = db_commit(&events->db, error);
    if (done && seq) {
        *seq = entry.seq;
    }
out:
    entry_finish(&entry);
    return done;
}

bool events_append_to(const char *path, const struct event *event, struct error *error)
{
    struct events events;
    bool done = events_open(&events, path, DB_WRITE, error) &&
                events_append(&events, event, NULL, error);
    events_close(&events);
    return done;
}

bool events_head(struct events *events, int64_t *seq, char hash[DIGEST_HEX],
                 struct error *error)
{
    sqlite3_stmt *statement = db_prepare(
        &events->db, "SELECT seq, hash FROM event ORDER BY seq DESC LIMIT 1", error);
    bool row = false;
    bool done = statement && db_step(&events->db, statement, &row, error);
    const char *stored = row ? (const char *)sqlite3_column_text(statement, 1) : NULL;
    *seq = row ? sqlite3_column_int64(statement, 0) : 0;
    snprintf(hash, DIGEST_HEX, "%s", stored ? stored : genesis);
    sqlite3_finalize(statement);
    return done;
}

static void read_entry(sqlite3_stmt *statement, struct entry *entry)
{
    char **fields[COLUMN_COUNT] = {
        &entry->at,   &entry->type,    &entry->environment, &entry->operator_name,
        &entry->run,  &entry->release, &entry->check,       &entry->text,
        &entry->data, &entry->hash};
    entry->seq = sqlite3_column_int64(statement, 0);
    for (int i = 0; i < COLUMN_COUNT; i++) {
        *fields[i] = mem_text((const char *)sqlite3_column_text(statement, i + 1));
    }
}

/* What the bound statement selects; it is finalized. */
static bool read_entries(struct db *db, sqlite3_stmt *statement, bool bound,
                         struct entries *entries, struct error *error)
{
    bool row = true, done = bound;
    while (done && (done = db_step(db, statement, &row, error)) && row) {
        entries->rows =
            mem_resize(entries->rows, (entries->count + 1) * sizeof *entries->rows);
        read_entry(statement, &entries->rows[entries->count++]);
    }
    sqlite3_finalize(statement);
    return done;
}

bool events_list(struct events *events, const struct events_filter *filter,
                 struct entries *entries, struct error *error)
{
    *entries = (struct entries){0};
    struct db *db = &events->db;
    sqlite3_stmt *statement = db_prepare(
        db,
        "SELECT * FROM (" SELECT_EVENTS "WHERE (?1 IS NULL OR at >= ?1)"
        " AND (?2 IS NULL OR instr(operator, ?2) > 0 OR CASE WHEN json_valid(data)"
        " THEN EXISTS (SELECT 1 FROM json_tree(data, '$." EVENT_WHO "')"
        " WHERE atom NOT NULL AND instr(atom, ?2) > 0) END)"
        " AND (?3 IS NULL OR substr(release, 1, length(?3)) = ?3)"
        " AND (?4 IS NULL OR run = ?4) AND seq BETWEEN ?6 AND ?7"
        " ORDER BY seq DESC LIMIT ?5) ORDER BY seq",
        error);
    if (!statement) {
        return false;
    }
    int64_t limit = filter->newest ? (int64_t)filter->newest : -1;
    int64_t first = filter->seq ? filter->seq : INT64_MIN;
    int64_t last = filter->seq ? filter->seq : INT64_MAX;
    bool done = db_bind(db, statement, error, "ttttiii", filter->since, filter->who,
                        filter->release, filter->run, limit, first, last);
    return read_entries(db, statement, done, entries, error);
}

bool events_alerts(struct events *events, struct entries *entries, struct error *error)
{
    *entries = (struct entries){0};
    struct db *db = &events->db;
    sqlite3_stmt *statement = db_prepare(
        db,
        SELECT_EVENTS "WHERE seq IN (SELECT max(seq) FROM event WHERE type IN (?1, ?2)"
                      " AND json_valid(data)"
                      " GROUP BY environment, json_extract(data, '$." EVENT_ALERT "'))"
                      " ORDER BY seq",
        error);
    if (!statement) {
        return false;
    }
    bool done = db_bind(db, statement, error, "tt", event_rows[EVENT_ALERT_RAISED].name,
                        event_rows[EVENT_ALERT_CLEARED].name);
    return read_entries(db, statement, done, entries, error);
}

/* False where this entry does not follow from what came before it. */
static bool links(const struct entry *entry, int64_t expected, const char *before,
                  struct error *error)
{
    char hash[DIGEST_HEX];
    if (entry->seq != expected) {
        return error_set(error, ERROR_PROTOCOL,
                         "the chain is broken at event %lld: the next one there is %lld",
                         (long long)expected, (long long)entry->seq);
    }
    entry_hash(entry, before, hash);
    if (!text_equal(hash, entry->hash)) {
        error_set(
            error, ERROR_PROTOCOL,
            "the chain is broken at event %lld (%s, %s): it is not what was written",
            (long long)entry->seq, entry->at ? entry->at : "?",
            entry->type ? entry->type : "?");
        error_hint(error, "somebody changed the file; compare with a copy from before");
        return false;
    }
    return true;
}

bool events_verify(struct events *events, int64_t *count, struct error *error)
{
    struct db *db = &events->db;
    char before[DIGEST_HEX];
    snprintf(before, sizeof before, "%s", genesis);
    *count = 0;
    sqlite3_stmt *statement = db_prepare(db, SELECT_EVENTS "ORDER BY seq", error);
    bool row = true, done = statement != NULL;
    while (done && (done = db_step(db, statement, &row, error)) && row) {
        struct entry entry = {0};
        read_entry(statement, &entry);
        done = links(&entry, *count + 1, before, error);
        if (done) {
            snprintf(before, sizeof before, "%s", entry.hash);
            ++*count;
        }
        entry_finish(&entry);
    }
    sqlite3_finalize(statement);
    return done;
}

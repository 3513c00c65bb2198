/* The audit trail: a chain of events, each bound to all before it.
 *
 * An event's hash is SHA-256 over the hash before it and the event as canonical JSON, so
 * a line that was changed, removed or put in breaks the chain at that place. One
 * transaction and one sync each: events_append() returns true only when the event is on
 * disk. Several processes may append at once. Texts are masked here. A struct events
 * belongs to one thread; the console appends through store/store.h, a supervisor
 * directly. */
#ifndef GREENBOARD_STORE_EVENTS_H
#define GREENBOARD_STORE_EVENTS_H

#include "base/digest.h"
#include "base/error.h"
#include "store/db.h"

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

/* THE table of kinds: id, name, what it says. */
#define EVENTS(X)                                                                        \
    X(EVENT_CHECK_CHANGED, "check.changed", "a check came into another state")           \
    X(EVENT_GATE_CHANGED, "gate.changed", "the gate opened or closed")                   \
    X(EVENT_ALERT_RAISED, "alert.raised",                                                \
      "an alert was raised: what is wrong, and what to do")                              \
    X(EVENT_ALERT_CLEARED, "alert.cleared", "what had raised an alert is well again")    \
    X(EVENT_NOTICE_DEAD, "notice.given_up",                                              \
      "an announcement was not delivered for a day, and is not tried again")             \
    X(EVENT_CONFIG_INVALID, "config.invalid",                                            \
      "a configuration is refused, or lacks what its class demands")                     \
    X(EVENT_CONFIG_NOT_USED, "config.not_used",                                          \
      "a system is said not to have a part at all, and why")                             \
    X(EVENT_LOCK_TAKEN, "lock.taken", "somebody locked the environment")                 \
    X(EVENT_LOCK_LIFTED, "lock.lifted", "who had locked the environment unlocked it")    \
    X(EVENT_LOCK_STOLEN, "lock.stolen",                                                  \
      "somebody lifted the lock, or took the lease, of another")                         \
    X(EVENT_LOCK_PASSED, "lock.passed",                                                  \
      "what goes back or mends went on where a deploy would have stopped")               \
    X(EVENT_REFUSED, "deploy.refused", "a run was refused; its command was not started") \
    X(EVENT_RUN_STARTED, "run.started", "the command of a run is about to start")        \
    X(EVENT_STEP_STARTED, "run.step_started",                                            \
      "a command before or after a run's own is about to start")                         \
    X(EVENT_RUN_STEP, "run.step", "a command of a run ended")                            \
    X(EVENT_RUN_WAITING, "run.waiting",                                                  \
      "a step failed or is silent: somebody has to decide")                              \
    X(EVENT_RUN_DECIDED, "run.decided", "somebody decided what a run does next")         \
    X(EVENT_RUN_SLEPT, "run.slept", "the machine slept during a run, or it was stopped") \
    X(EVENT_RUN_CANCELLED, "run.cancelled", "somebody asked a run to stop")              \
    X(EVENT_RUN_ENDED, "run.ended", "a run is over, with its outcome")                   \
    X(EVENT_RUN_RESOLVED, "run.resolved",                                                \
      "somebody took responsibility for a run without an end")

enum event_kind {
#define EVENTS_ENUM(id, name, help) id,
    EVENTS(EVENTS_ENUM)
#undef EVENTS_ENUM
        EVENT_COUNT
};

struct event_row {
    const char *name;
    const char *help;
};
extern const struct event_row event_rows[EVENT_COUNT];
bool event_from_name(const char *name, enum event_kind *kind);

/* What happened. NULL where a field does not apply. */
struct event {
    enum event_kind kind;
    const char *environment;
    const char *operator_name;
    const char *run;
    const char *release;
    const char *check;
    const char *text;   /* one line for a person */
    const json_t *data; /* further facts, an object, or NULL */
    const json_t *who;  /* who_facts() of who did it: EVENT_WHO of the data, or NULL */
    /* what tells it from others of its kind, also the text EVENT_ONCE of the data:
     * appended only where no event has it yet. NULL: each time */
    const char *once;
};
#define EVENT_ONCE "once"
#define EVENT_WHO  "who"

/* An event of the trail. */
struct entry {
    int64_t seq; /* from 1, without gaps */
    char *at;    /* 2026-01-31T12:04:31.218Z */
    char *type;  /* also one that a newer greenboard wrote */
    char *environment, *operator_name, *run, *release, *check, *text,
        *data; /* NULL: none */
    char *hash;
};

struct entries {
    struct entry *rows; /* oldest first */
    size_t count;
};

struct events {
    struct db db;
};

bool events_open(struct events *events, const char *path, enum db_access access,
                 struct error *error);
void events_close(struct events *events);

/* `seq` may be NULL; it stays as it was where the event was there already (`once`). */
bool events_append(struct events *events, const struct event *event, int64_t *seq,
                   struct error *error);

/* The same for who has no trail open: opens the one at `path`, and closes it again. */
bool events_append_to(const char *path, const struct event *event, struct error *error);

/* "ada@ops-1": who acts, for records and events. The caller frees. */
char *events_operator(void);

struct events_filter {
    const char *since;   /* a stamp, or NULL */
    const char *who;     /* part of the operator, or of a fact about who it was */
    const char *release; /* its beginning */
    const char *run;
    int64_t seq;   /* this one alone; 0: any */
    size_t newest; /* at most so many, the newest; 0: all */
};
bool events_list(struct events *events, const struct events_filter *filter,
                 struct entries *entries, struct error *error);
/* Of each alert of each environment the newest event, oldest first: its name is the text
 * EVENT_ALERT of the event's data. */
#define EVENT_ALERT "alert"
bool events_alerts(struct events *events, struct entries *entries, struct error *error);
void entries_finish(struct entries *entries);
json_t *entry_json(const struct entry *entry); /* the caller's */

/* The newest: seq 0 and 64 zeros where there is none. */
bool events_head(struct events *events, int64_t *seq, char hash[DIGEST_HEX],
                 struct error *error);

/* Walks the chain. False with the first broken link named in `error` (ERROR_PROTOCOL). */
bool events_verify(struct events *events, int64_t *count, struct error *error);

#endif

/* May a run start now, and if not: who, since when, why, and what to do.
 *
 * One summary of the hold, the freezes and windows, the run that is open, the lock of
 * this host and the lease. Immutable and counted, so that any thread may read it; what it
 * says may be over a moment later, and the supervisor looks again. Reading waits for disk
 * and, with a lease, for Redis: not for a console's main thread (lookout.h). */
#ifndef GREENBOARD_LOCK_STANDING_H
#define GREENBOARD_LOCK_STANDING_H

#include "base/error.h"
#include "base/exits.h"
#include "config/config.h"
#include "store/statedir.h"

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* THE table of what may be in the way, the first comes first: id, word, whom it stops,
 * exit status, what it is. */
#define BARS(X)                                                                          \
    X(BAR_RUN, "run", STOPS_ALL, EXIT_BUSY,                                              \
      "a run is under way, or has no recorded end")                                      \
    X(BAR_HOST, "host", STOPS_ALL, EXIT_BUSY,                                            \
      "another user of this host holds the lock in `lock.dir`")                          \
    X(BAR_LEASE, "lease", STOPS_ALL, EXIT_BUSY, "another run holds the lease")           \
    X(BAR_HOLD, "hold", STOPS_DEPLOYS, EXIT_BUSY, "somebody locked the environment")     \
    X(BAR_FREEZE, "freeze", STOPS_DEPLOYS, EXIT_BUSY,                                    \
      "the configuration has a freeze now")                                              \
    X(BAR_WINDOW, "window", STOPS_DEPLOYS, EXIT_BUSY,                                    \
      "the configuration has windows, and none is open")                                 \
    X(BAR_NO_LEASE, "no lease", STOPS_UNLESS_WAIVED, EXIT_UNPROVEN,                      \
      "Redis cannot be asked for the lease")                                             \
    X(BAR_UNKNOWN, "unknown", STOPS_ALL, EXIT_UNPROVEN,                                  \
      "what is recorded of runs cannot be read")

enum bar_kind {
#define BARS_ENUM(id, word, stops, status, help) id,
    BARS(BARS_ENUM)
#undef BARS_ENUM
        BAR_COUNT
};

enum stops {
    STOPS_ALL,
    STOPS_DEPLOYS,       /* what goes back or mends is let through, and says so */
    STOPS_UNLESS_WAIVED, /* what goes back or mends may do without, if told to */
};

struct bar_row {
    const char *word;
    enum stops stops;
    int status; /* of enum exit_status */
    const char *help;
};
extern const struct bar_row bar_rows[BAR_COUNT];

struct bar {
    enum bar_kind kind;
    char *message;      /* one line: who, since when, why */
    char *next;         /* what to do, or NULL */
    char *id;           /* of the hold, the lease or the run, or NULL */
    char *who, *reason; /* NULL: not known */
    int64_t since,
        possible; /* ms of wall time: begun; when it will be over; 0: unknown */
};

struct standing {
    int references;
    struct bar *bars; /* in the order of the table */
    size_t count;
    char *covers; /* what the lock reaches, and what not: a line */
};

/* Who wants to start. */
struct starter {
    bool gated;         /* a deploy; else what goes back or mends */
    bool without_lease; /* it was told to do without */
};

/* What a reader remembers, so that a thousand old runs are not read again where none
 * came; zeroed at first. */
struct standing_memo {
    bool none;       /* no run was open */
    int64_t changed; /* when the directory of runs was, ms of wall time */
};

struct coordinator;
/* `memo` may be NULL. Of a coordinator that could not be begun `unasked` says why; both
 * NULL: the lease is not looked at. Never NULL. */
struct standing *standing_read(const struct statedir *dir,
                               const struct environment *environment, int64_t wall,
                               struct coordinator *coordinator,
                               const struct error *unasked, struct standing_memo *memo,
                               int64_t deadline);
/* The same with a coordinator of its own, where the environment wants one. */
struct standing *standing_now(const struct statedir *dir,
                              const struct environment *environment, int64_t deadline);
struct standing *standing_ref(struct standing *standing); /* NULL stays NULL */
void standing_unref(struct standing *standing);
bool standing_equal(const struct standing *a, const struct standing *b); /* to a reader */

/* The first that stops it, NULL: none does. */
const struct bar *standing_stops(const struct standing *standing, struct starter starter);

/* The object `standing` of `check -o json`; the caller's. */
json_t *standing_json(const struct standing *standing);

/* Parts of it, for who knows the rest already: each true where nothing is in the way,
 * else ERROR_BUSY with message and hint. */
bool standing_no_hold(const struct statedir *dir, struct error *error);
bool standing_no_freeze(const struct environment *environment, int64_t wall,
                        struct error *error);

#endif

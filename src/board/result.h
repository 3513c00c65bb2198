/* The answer to one question: a state, the rung it reached, and the evidence for both.
 *
 * A worker fills a result that it alone holds and hands it to the board, which owns it
 * from then on; a result on the board never changes. "FAIL" alone is a defect: every
 * state but OK carries a summary that says what came back and a remedy that says what to
 * do next. result_seal() masks and cleans every text in it, once, before it leaves the
 * worker. */
#ifndef GREENBOARD_BOARD_RESULT_H
#define GREENBOARD_BOARD_RESULT_H

#include "base/error.h"

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* THE state table: id, word in JSON, word shown, glyph, ASCII glyph, rank (a parent is
 * never better than its worst child), meaning. */
#define STATES(X)                                                                        \
    X(STATE_OK, "OK", "OK", "✓", "+", 0, "asked, answered, proven")                      \
    X(STATE_SKIP, "SKIP", "SKIP", "-", "-", 0,                                           \
      "a section that this class does not demand is absent")                             \
    X(STATE_WARN, "WARN", "WARN", "▲", "!", 1, "works, past a configured threshold")     \
    X(STATE_UNKNOWN, "UNKNOWN", "UNKNOWN", "?", "?", 2, "could not be asked")            \
    X(STATE_BLOCKED, "BLOCKED", "NOT ASKED", "⊘", "o", 3,                                \
      "its input is missing because another check failed")                               \
    X(STATE_FAIL, "FAIL", "FAIL", "✗", "x", 4, "asked, and the answer is bad")

enum state {
#define STATES_ENUM(id, word, shown, glyph, ascii, rank, help) id,
    STATES(STATES_ENUM)
#undef STATES_ENUM
        STATE_COUNT
};

struct state_row {
    const char *word, *shown, *glyph, *ascii;
    int rank;
    const char *help;
};
extern const struct state_row state_rows[STATE_COUNT];
bool state_from_word(const char *word, enum state *state);
enum state state_worse(enum state a, enum state b);

/* How far a check of a service came; only the last is green. */
enum rung {
    RUNG_NONE,
    RUNG_CONFIGURED,
    RUNG_REACHABLE,
    RUNG_AUTHENTICATED,
    RUNG_USABLE,
    RUNG_COUNT
};
extern const char *const rung_words[RUNG_COUNT]; /* NULL for RUNG_NONE */

struct evidence {
    char *key;
    char *value;
    /* part of the confirmation digest: versions, revisions; never a figure */
    bool identity;
};

struct phase {
    /* a literal: "resolve" "connect" "tls" "auth" "first_byte" "total" … */
    const char *name;
    int64_t span; /* ns */
};

enum { RESULT_PHASES = 24 };

struct result {
    enum state state;
    enum rung rung;
    char *summary;
    char *remedy; /* NULL where OK or SKIP */
    char *blames; /* name of the check whose failure explains this one, or NULL */
    struct evidence *evidence;
    size_t evidence_count;
    char **notes; /* advice: never changes a state */
    size_t note_count;
    struct phase phases[RESULT_PHASES];
    size_t phase_count;
    /* a SKIP of a part that this system, says its file, does not have at all */
    bool not_used;
    bool has_figure;
    /* what the trend draws: milliseconds of latency, or a rate from 0 to 1 */
    double figure;
    unsigned attempts, succeeded; /* our own logins, which auth_rate counts */
    bool has_users;
    /* counters as the service told them, for the next window */
    double users_good, users_total;
    int64_t began, ended; /* clock_now() */
    int64_t wall;         /* clock_wall() at the end */
    int references;       /* atomic; result_ref() and result_destroy() */
};

struct result *result_create(void); /* UNKNOWN until told otherwise */
/* Another holder of one that does not change any more: each destroys it. NULL stays
 * NULL. */
struct result *result_ref(struct result *result);
void result_destroy(struct result *result);

/* The verdict: the last call counts. All but OK and SKIP want a remedy. */
void result_ok(struct result *result, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
void result_skip(struct result *result, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
void result_set(struct result *result, enum state state, const char *remedy,
                const char *format, ...) __attribute__((format(printf, 4, 5)));
/* From an error: UNKNOWN for ERROR_SYSTEM and ERROR_CANCELLED, FAIL for everything else.
 * The hint is the remedy, or `remedy` where there is none. */
void result_error(struct result *result, const struct error *error, const char *remedy);
void result_block(struct result *result, const char *by, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

void result_reach(struct result *result, enum rung rung);    /* only ever up */
void result_blame(struct result *result, const char *check); /* keeps its own evidence */
void result_evidence(struct result *result, const char *key, const char *format, ...)
    __attribute__((format(printf, 3, 4))); /* replaces the value of a key that is there */
void result_identity(struct result *result, const char *key, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
void result_note(struct result *result, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
/* sums where there */
void result_phase(struct result *result, const char *name, int64_t span);
void result_figure(struct result *result, double figure);

/* or NULL */
const char *result_evidence_of(const struct result *result, const char *key);
int64_t result_duration(const struct result *result);

void result_seal(struct result *result);

#endif

/* The board: everything known about one environment now; the model that every view draws.
 *
 * Main thread only. The scheduler fills it, the gate reads it, views are functions of
 * it. */
#ifndef GREENBOARD_BOARD_BOARD_H
#define GREENBOARD_BOARD_BOARD_H

#include "board/check.h"
#include "board/gate.h"
#include "board/result.h"
#include "config/config.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { TREND = 64, MOMENTS = 256, ATTEMPTS = 256, READINGS = 256 };

struct light {
    const struct check *check;
    char *name;
    const json_t *section;
    int64_t period, deadline;
    struct result *result; /* the newest answer, NULL before the first */
    int64_t since;         /* clock_now() when it came into its present state */
    /* a flag beside the previous result, whose age keeps counting */
    bool running;
    bool thorough; /* the running job is */
    int64_t started;
    int64_t due;         /* when it is asked next */
    unsigned generation; /* of the job that may still answer */
    /* its worker did not come back: not dispatched again until it does */
    bool stuck;
    double trend[TREND]; /* oldest first */
    size_t trend_count;
};

/* A line of the timeline. */
struct moment {
    int64_t wall; /* ms */
    enum state state;
    char *text;
};

struct attempt {
    int64_t at; /* clock_now() */
    unsigned attempts, succeeded;
};

struct reading {
    int64_t at;
    double good, total;
};

struct board {
    const struct environment *environment;
    struct light *lights; /* in the order of the check table, then of `checks` */
    size_t count;
    char *release;              /* NULL: none configured, or not told yet */
    struct error release_error; /* ERROR_NONE where there is none */
    bool release_wanted;        /* the environment has a `release` section */
    char *given;     /* what a run ships, instead of `release`; NULL: nobody said */
    bool going_back; /* a run goes back to a release, rather than on to one */
    int64_t max_age; /* ns: an older answer is stale (gate.max_age) */
    struct verdict verdict;         /* as of the last board_judge() */
    struct moment moments[MOMENTS]; /* ring, newest at (moment_count - 1) % MOMENTS */
    size_t moment_count;
    /* rings like it: our own logins, and what users' counters said */
    struct attempt attempts[ATTEMPTS];
    size_t attempt_count;
    struct reading readings[READINGS];
    size_t reading_count;
};

/* `checks` is the registry, NULL-terminated; what an environment has no section for is
 * still a light (the check says SKIP or FAIL). The environment is counted. */
struct board *board_create(const struct environment *environment,
                           const struct check *const *checks);
void board_destroy(struct board *board);

struct light *board_find(const struct board *board, const char *name);

/* Takes the result over. True where the light's state changed (a first answer counts). */
bool board_take(struct board *board, struct light *light, struct result *take_result);

void board_tell(struct board *board, enum state state, const char *format, ...)
    __attribute__((format(printf, 3, 4))); /* a moment */
/* 0: the newest */
const struct moment *board_moment(const struct board *board, size_t back);

/* Decides anew; true where the decision changed, which is told as a moment. */
bool board_judge(struct board *board, int64_t now);

bool light_green(const struct light *light, const struct board *board, int64_t now);
bool light_stale(const struct light *light, const struct board *board, int64_t now);
/* ns since the answer's question began */
int64_t light_age(const struct light *light, int64_t now);

/* Own logins and users' counters within a window that ends now (ns), for auth_rate. */
void board_attempts(const struct board *board, int64_t now, int64_t window,
                    unsigned *attempts, unsigned *succeeded);
/* The oldest reading within the window, false where there is none. */
bool board_reading(const struct board *board, int64_t now, int64_t window,
                   struct reading *reading);

/* Indices of the lights, worst first, then in table order. `order` has board->count
 * entries. */
void board_order(const struct board *board, int64_t now, size_t *order);

#endif

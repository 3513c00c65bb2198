/* What the checks answered over the last days: for the timeline, trends and `history`.
 *
 * A database apart from the audit trail, written once a second in one transaction, and
 * bounded in age and rows. A struct samples belongs to one thread. */
#ifndef GREENBOARD_STORE_SAMPLES_H
#define GREENBOARD_STORE_SAMPLES_H

#include "base/error.h"
#include "board/result.h"
#include "store/db.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { SAMPLES_DAYS = 7, SAMPLES_MAX = 500000 };

struct sample {
    int64_t wall; /* ms since 1970 */
    char *check;
    enum state state;
    bool has_figure;
    double figure;
    double duration; /* ms */
    char *summary;
};

struct samples {
    struct db db;
};

bool samples_open(struct samples *samples, const char *path, enum db_access access,
                  struct error *error);
void samples_close(struct samples *samples);
bool samples_add(struct samples *samples, const struct sample *rows, size_t count,
                 struct error *error);
bool samples_prune(struct samples *samples, int64_t now_wall, struct error *error);
void sample_finish(struct sample *sample);

/* A stretch of time in which a check stayed in one state. */
struct stretch {
    char *check;
    enum state state;
    int64_t from, to; /* ms since 1970, of the first and the last answer */
    int64_t answers;
    char *summary; /* of the last answer */
};

struct history {
    struct stretch *rows; /* by check, then oldest first */
    size_t count;
};

/* `since` in ms since 1970; `check` NULL: all of them. */
bool history_query(struct samples *samples, int64_t since, const char *check,
                   struct history *history, struct error *error);
void history_finish(struct history *history);

#endif

/* The releases that there were: what can be gone back to, and how much each is worth.
 *
 * Made from the records of runs and from what `rollback.list` prints. The caller owns a
 * struct releases. Reads the disk and may wait for a command: not for a frame of the
 * console. */
#ifndef GREENBOARD_RELEASE_RELEASES_H
#define GREENBOARD_RELEASE_RELEASES_H

#include "config/config.h"
#include "store/runs.h"

#include <stdbool.h>
#include <stddef.h>

/* THE reputes: id, word, what it says. */
#define REPUTES(X)                                                                       \
    X(REPUTE_GOOD, "known good", "every check held green after it was shipped")          \
    X(REPUTE_RAN, "never verified",                                                      \
      "it was shipped, and never proven: going back to it wants a reason")               \
    X(REPUTE_UNKNOWN, "unknown to greenboard",                                           \
      "`rollback.list` prints it and no record knows it: refused")

enum repute {
#define REPUTES_ENUM(id, word, help) id,
    REPUTES(REPUTES_ENUM)
#undef REPUTES_ENUM
        REPUTE_COUNT
};
extern const char *const repute_words[REPUTE_COUNT];

struct past {
    char *release;
    enum repute repute;
    struct run *run;   /* that proved it, else that shipped it last; NULL: unknown */
    const char *later; /* what became of its newest run where that is another one, or
                          NULL */
    bool newest;       /* the last run shipped this one: what runs now, as far as known */
    bool gone;         /* `rollback.list` does not print it */
};

struct releases {
    struct past *rows; /* newest first, what no record knows last */
    size_t count;
    size_t best;          /* the known good one to go back to; `count`: none */
    bool listed;          /* `rollback.list` was asked */
    struct error trouble; /* why not all is here: a record, or that command */
};

/* `environment` NULL: records alone, no command is run. */
void releases_read(struct releases *releases, const struct statedir *dir,
                   const struct environment *environment);
void releases_finish(struct releases *releases); /* a zeroed one is fine */

/* By the name of a run or of a release; NULL `to`: the best. NULL with why that one
 * cannot be gone back to. Borrowed. */
const struct past *releases_choose(struct releases *releases, const struct statedir *dir,
                                   const char *to, struct error *error);

/* May it be gone back to for this reason (NULL: none)? */
bool past_allows(const struct past *past, const char *reason, struct error *error);

#endif

/* What differs between a configuration that was kept and one that is there: value by
 * value where it has names, line by line where it has none.
 *
 * No secret is in what it says: one is told by its fingerprint. Any thread. */
#ifndef GREENBOARD_RELEASE_DIFF_H
#define GREENBOARD_RELEASE_DIFF_H

#include "release/cut.h"

#include <stdbool.h>

/* THE marks: id, sign, what it says of a line. */
#define DIFFS(X)                                                                         \
    X(DIFF_FILE, '=', "the file that the lines below are of")                            \
    X(DIFF_GONE, '-', "is there now and goes")                                           \
    X(DIFF_COMES, '+', "is not there now and comes")                                     \
    X(DIFF_CHANGES, '~', "becomes another value")                                        \
    X(DIFF_STAYS, '!', "a secret that differs and stays as it is now")                   \
    X(DIFF_CONTEXT, ' ', "stays, and is shown for what stands around it")

enum diff_mark {
#define DIFFS_ENUM(id, sign, help) id,
    DIFFS(DIFFS_ENUM)
#undef DIFFS_ENUM
        DIFF_COUNT
};
extern const char diff_signs[DIFF_COUNT];

struct diff_to {
    void (*line)(void *self, enum diff_mark mark, const char *text);
    void *self;
};

/* From what is there `now` to what was kept `then`. */
void diff_cuts(const struct cut *now, const struct cut *then, const struct diff_to *to);

/* Two texts line by line, each line of `from` and `to` without its end. */
void diff_lines(const char *from, const char *to_text, const struct diff_to *to);

#endif

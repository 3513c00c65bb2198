/* Going back to a run: the configuration that its release ran with, what differs, and
 * putting it there.
 *
 * A struct back belongs to the caller and holds whole texts with their secrets. Making
 * one asks the secrets' sources and reads the disk: for a supervisor, a command line, or
 * a worker. */
#ifndef GREENBOARD_RELEASE_BACK_H
#define GREENBOARD_RELEASE_BACK_H

#include "release/diff.h"
#include "release/restore.h"
#include "store/runs.h"

#include <stdbool.h>

struct back_line {
    enum diff_mark mark;
    char *text;
};

struct back {
    bool kept;               /* false: nothing was kept with it, and files stay */
    struct restore restore;  /* prepared */
    struct back_line *lines; /* what will change, safe to be shown */
    size_t count;
    char changes[DIGEST_HEX]; /* SHA-256 of the lines: what is confirmed */
};

/* False where what was kept cannot be put back: nothing may be started then. `run` is the
 * one that is gone back to, an ended one. Tells the mask of the secrets. */
bool back_prepare(struct back *back, const struct statedir *dir, const struct run *run,
                  const struct environment *environment, struct error *error);
void back_finish(struct back *back); /* a zeroed one is fine */

/* "2 files change", "no file changes", "nothing was kept …"; the caller frees. */
char *back_words(const struct back *back);

/* What is unusual after a rollback, and why nothing may be deployed until somebody
 * looked; the caller frees. */
char *back_reason(const char *release, bool shipped, bool restored);

#endif

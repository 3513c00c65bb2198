/* What a run keeps before anything is changed, and again once its command is through: the
 * files that `backup.files` names and what `backup.commands` print, without their
 * secrets.
 *
 * In the directory of the run; the digest of each manifest belongs into its record. The
 * secrets' sources are resolved here and the mask is told of them: it waits, so it is for
 * a supervisor. */
#ifndef GREENBOARD_RELEASE_BACKUP_H
#define GREENBOARD_RELEASE_BACKUP_H

#include "config/config.h"
#include "release/manifest.h"
#include "store/runs.h"

#include <stdbool.h>

/* THE moments at which something is kept: id, directory below the run's, what it is. */
#define MOMENTS_KEPT(X)                                                                  \
    X(KEPT_BEFORE, "backup", "what was there before the run")                            \
    X(KEPT_AFTER, "shipped", "what was there when the release had been shipped")

enum kept_when {
#define MOMENTS_KEPT_ENUM(id, word, help) id,
    MOMENTS_KEPT(MOMENTS_KEPT_ENUM)
#undef MOMENTS_KEPT_ENUM
        KEPT_COUNT
};
extern const char *const kept_words[KEPT_COUNT];

bool backup_wanted(const struct environment *environment); /* something is configured */

/* What of `backup.files` could not be read now, a line each with what to do,
 * NULL-terminated; argv_free(). For people, before they confirm: looks at the disk, runs
 * no command and decides nothing. */
char **backup_foresee(const struct environment *environment);
#define BACKUP_FORESEEN "but" /* what a line of it is labelled with */
void backup_foreseen_show(const struct environment *environment,
                          void (*line)(void *self, const char *label, const char *text),
                          void *self);

/* False at the first that cannot be kept: before a run then nothing may be started.
 * DIRECTORY is the run's. */
bool backup_make(const struct environment *environment, const char *directory,
                 enum kept_when when, char digest[DIGEST_HEX], struct error *error);

/* Removes what is kept of runs past `backup.keep`, but never of the last three known good
 * ones, and of none whose record cannot be read; the records stay. True where nothing
 * that should go is left. */
bool backup_retain(const struct statedir *dir, const struct environment *environment,
                   struct error *error);

#endif

/* Where an environment's state lives: the one place that knows these paths.
 *
 * Below the home ($GREENBOARD_STATE_DIR, --state-dir, or the XDG state directory) each
 * environment has SYSTEM/ENVIRONMENT/, 0700 with files of 0600. A struct statedir belongs
 * to the caller, is immutable once opened, and may be read by any thread. */
#ifndef GREENBOARD_STORE_STATEDIR_H
#define GREENBOARD_STORE_STATEDIR_H

#include "base/error.h"
#include "config/config.h"

#include <stdbool.h>

struct statedir {
    char *home;        /* fingerprint.key and what all environments share */
    char *directory;   /* of this environment */
    char *events;      /* events.db */
    char *samples;     /* samples.db */
    char *lock;        /* held by the supervisor of a run */
    char *recorder;    /* held by the process that writes samples and transitions */
    char *fence;       /* the number of the newest run */
    char *hold;        /* hold.json: who locked the environment, and why */
    char *runs;        /* a directory for each run */
    char *outbox;      /* announcements that wait to be delivered */
    char *shared_lock; /* in `lock.dir`, held besides by runs of every user; NULL: not
                          configured */
};

/* The home: `given` (--state-dir) before the environment variable before XDG; absolute.
 * NULL with an error where there is none. The caller frees. */
char *statedir_home(const char *given, struct error *error);

/* The home that this process uses, for whom nobody hands one: told before the first
 * thread starts. NULL: nobody told. Borrowed. */
void statedir_tell(const char *home);
const char *statedir_told(void);

/* Makes the directories. Names that are no safe file names are made so, and stay
 * distinct. */
bool statedir_open(struct statedir *dir, const char *home,
                   const struct environment *environment, struct error *error);
/* The same by names; `lock_dir` is the configuration's `lock.dir`, or NULL. */
bool statedir_open_named(struct statedir *dir, const char *home, const char *system,
                         const char *environment, const char *lock_dir,
                         struct error *error);
void statedir_finish(struct statedir *dir); /* a zeroed one is fine */

#endif

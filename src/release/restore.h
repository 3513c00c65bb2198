/* Putting back what a run kept: prepared whole, shown, then done in one go.
 *
 * The caller owns a struct restore, which holds whole texts with their secrets and
 * cleanses them. Blocks on the disk: for a supervisor or a command line. */
#ifndef GREENBOARD_RELEASE_RESTORE_H
#define GREENBOARD_RELEASE_RESTORE_H

#include "release/manifest.h"

struct restored {
    char *path;      /* as configured */
    char *real;      /* what is replaced */
    mode_t mode;     /* as it was kept */
    struct buf now;  /* as it is */
    struct buf then; /* as it will be */
    bool there;      /* it is there now */
    mode_t mode_now;
    uid_t owner; /* of what is there: the new file gets the same */
    gid_t group;
    bool changes;     /* it becomes another one */
    const char *left; /* why it is left as it is, or NULL */
};

struct restore {
    struct restored *rows;
    size_t count;
};

/* Only what `backup.files` names today is ever written, and only where it was kept from:
 * a link that points elsewhere since is refused. Nothing is changed. */
bool restore_prepare(struct restore *restore, const struct manifest *manifest,
                     const struct known *known, struct error *error);

/* All of them or none: each is written beside its place first. Where a place cannot be
 * taken, those taken before are given back; `error` says which could not. */
bool restore_commit(const struct restore *restore, struct error *error);
void restore_finish(struct restore *restore); /* a zeroed one is fine */

size_t restore_changes(const struct restore *restore); /* how many files become others */

#endif

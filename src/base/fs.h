/* Files: read with a cap, written so that a crash leaves the old or the new one, locked,
 * and the directories of the XDG base directory specification. Any thread. */
#ifndef GREENBOARD_BASE_FS_H
#define GREENBOARD_BASE_FS_H

#include "base/buf.h"
#include "base/error.h"

#include <stdbool.h>
#include <sys/types.h>

/* Appends the whole file; more than out->cap bytes is ERROR_LIMIT, a missing file
 * ERROR_ABSENT, a forbidden one ERROR_DENIED. A FIFO or device is refused, never waited
 * for. */
bool fs_read(const char *path, struct buf *out, struct error *error);
/* Whether it would read so many bytes at most: opened and looked at, nothing is read. */
bool fs_readable(const char *path, size_t most, struct error *error);

/* Temporary file in the same directory, fsync, rename, fsync of the directory. */
bool fs_replace(const char *path, const void *data, size_t length, mode_t mode,
                struct error *error);
/* The same without waiting for the disk: every process sees it at once, a machine that
 * stops may have lost it. */
bool fs_replace_soon(const char *path, const void *data, size_t length, mode_t mode,
                     struct error *error);
/* The same, but leaves a file that is there as it is: of many who create it one wins, and
 * all read what that one wrote. */
bool fs_create(const char *path, const void *data, size_t length, mode_t mode,
               struct error *error);
/* Its two halves, where several files are to change together: a new file beside `path`,
 * complete and on disk, and its taking that one's place. The first returns its name, NULL
 * on error; the caller unlinks what it does not settle. */
char *fs_write_beside(const char *path, const void *data, size_t length, mode_t mode,
                      struct error *error);
bool fs_settle(const char *temporary, const char *path, struct error *error);
/* Adds to the end of a file, made 0600 where it is not there: one write(2) for a line. */
bool fs_append(const char *path, const void *data, size_t length, struct error *error);
bool fs_write_all(int fd, const void *data, size_t length); /* errno tells on false */
/* each 0700 where it makes one */
bool fs_make_dirs(const char *path, struct error *error);
/* does not follow links; true where nothing is left */
bool fs_remove_tree(const char *path);
bool fs_exists(const char *path);
/* False with ERROR_DENIED where somebody else owns it or may write to it: what is in it
 * then proves nothing. */
bool fs_is_ours(const char *path, struct error *error);

/* Takes an exclusive flock(2) on the file (made 0600) without waiting and returns its
 * descriptor, which holds the lock until it is closed; -1 with ERROR_BUSY where somebody
 * has it. */
int fs_lock(const char *path, struct error *error);

char *fs_join(const char *directory, const char *name); /* the caller frees */
/* `path` as it is meant within a directory: itself where it is absolute; the caller
 * frees */
char *fs_within(const char *directory, const char *path);
/* the part before the last '/', or "." */
char *fs_directory(const char *path);
char *fs_absolute(const char *path); /* realpath, or NULL with errno */

/* $XDG_…_HOME or its default below $HOME, with /greenboard; NULL where there is neither.
 * The run-time directory falls back to /tmp/greenboard-UID. */
char *fs_state_home(void);
char *fs_config_home(void);
char *fs_runtime_dir(void);

/* An absolute path of the program that argv[0] names, as execvp(3) would find it from
 * `directory` (NULL: here); NULL with ERROR_ABSENT. */
char *fs_executable(const char *name, const char *directory, struct error *error);

#endif

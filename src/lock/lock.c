#include "lock/lock.h"

#include "base/buf.h"
#include "base/fs.h"
#include "base/mem.h"
#include "base/text.h"
#include "store/runs.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

/* The one in a directory that users of this host share: anybody who may enter it may
 * lock. */
static int take_shared(const char *path, struct error *error)
{
    int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0666);
    if (fd < 0) {
        error_system(error, errno, "cannot open the lock %s", path);
        error_hint(error, "check `lock.dir`");
        return -1;
    }
    struct stat about;
    if (fstat(fd, &about) == 0 && about.st_uid == geteuid()) {
        fchmod(fd, 0666);
    }
    if (flock(fd, LOCK_EX | LOCK_NB) != 0) {
        int number = errno;
        close(fd);
        if (number == EWOULDBLOCK) {
            error_set(error, ERROR_BUSY, "another user of this host holds the lock %s",
                      path);
        } else {
            error_system(error, number, "cannot lock %s", path);
        }
        return -1;
    }
    return fd;
}

static void say_holder(const struct statedir *dir, struct error *error)
{
    struct run *open = run_latest_open(dir, NULL);
    if (open) {
        error_set(error, ERROR_BUSY, "run %s of %s holds the lock (%s)", open->id,
                  open->operator_name ? open->operator_name : "?", run_word(open));
        error_hint(error, "wait for it, or see `greenboard runs attach %s`", open->id);
    } else {
        error_set(error, ERROR_BUSY, "another run holds the lock");
        error_hint(error, "try again in a moment");
    }
    run_destroy(open);
}

bool lock_hold(struct lock *lock, const struct statedir *dir, struct error *error)
{
    struct error why = {0};
    *lock = (struct lock){.own = fs_lock(dir->lock, &why), .shared = -1};
    if (lock->own < 0) {
        if (error) {
            *error = why;
        }
        if (why.code == ERROR_BUSY) {
            say_holder(dir, error);
        }
        return false;
    }
    if (dir->shared_lock && (lock->shared = take_shared(dir->shared_lock, error)) < 0) {
        lock_release(lock);
        return false;
    }
    return true;
}

bool lock_take(struct lock *lock, const struct statedir *dir, struct error *error)
{
    if (!lock_hold(lock, dir, error)) {
        return false;
    }
    struct error why = {0};
    struct run *open = run_latest_open(dir, &why);
    if (open) {
        error_set(error, ERROR_BUSY, "run %s of %s has no recorded end", open->id,
                  open->operator_name ? open->operator_name : "?");
        error_hint(
            error,
            "find out what it did, then `greenboard runs resolve %s --reason TEXT`",
            open->id);
        run_destroy(open);
    } else if (why.code != ERROR_NONE) {
        if (error) {
            *error = why;
        }
        error_prefix(error, "nobody knows whether a run is open");
    } else {
        return true;
    }
    lock_release(lock);
    return false;
}

void lock_release(struct lock *lock)
{
    if (lock->own >= 0) {
        close(lock->own);
    }
    if (lock->shared >= 0) {
        close(lock->shared);
    }
    *lock = (struct lock){.own = -1, .shared = -1};
}

/* proc_locks(5): "1: FLOCK  ADVISORY  WRITE 1234 08:01:2050 0 EOF". */
static bool is_holder(const char *line, const struct stat *about, int *pid)
{
    unsigned major_number, minor_number;
    unsigned long inode;
    return sscanf(line, "%*s FLOCK %*s WRITE %d %x:%x:%lu", pid, &major_number,
                  &minor_number, &inode) == 4 &&
           inode == about->st_ino &&
           makedev(major_number, minor_number) == about->st_dev && *pid > 0;
}

int lock_shared_holder(const struct statedir *dir)
{
    struct stat about;
    char line[256];
    int pid = 0;
    if (!dir->shared_lock || stat(dir->shared_lock, &about) != 0) {
        return 0;
    }
    FILE *locks = fopen("/proc/locks", "re");
    bool found = false;
    while (locks && !found && fgets(line, sizeof line, locks)) {
        found = is_holder(line, &about, &pid);
    }
    if (locks) {
        fclose(locks);
    }
    return found ? pid : 0;
}

static bool write_fence(const struct statedir *dir, int64_t fence, struct error *error)
{
    char *next = mem_format("%lld", (long long)fence);
    bool done = fs_replace(dir->fence, next, strlen(next), 0600, error);
    free(next);
    return done;
}

/* The last one given out; 0 where none was yet. */
static bool read_fence(const struct statedir *dir, int64_t *fence, struct error *error)
{
    struct buf text;
    struct error why = {0};
    buf_init(&text, 64);
    *fence = 0;
    bool done = true;
    if (fs_read(dir->fence, &text, &why)) {
        done = text_integer(buf_string(&text), 0, INT64_MAX - 1, fence) ||
               error_set(error, ERROR_SYSTEM, "%s is not a number", dir->fence);
    } else if (why.code != ERROR_ABSENT) {
        done = error_set(error, why.code, "%s", why.message);
    }
    buf_finish(&text);
    return done;
}

bool lock_fence_raise(const struct statedir *dir, int64_t fence, struct error *error)
{
    int64_t now;
    return read_fence(dir, &now, error) &&
           (now >= fence || write_fence(dir, fence, error));
}

bool lock_fence(const struct statedir *dir, int64_t *fence, struct error *error)
{
    if (!read_fence(dir, fence, error)) {
        return false;
    }
    ++*fence;
    return write_fence(dir, *fence, error);
}

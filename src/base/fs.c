#include "base/fs.h"

#include "base/mem.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

static bool open_failed(struct error *error, const char *path)
{
    int number = errno;
    error_system(error, number, "cannot read %s", path);
    if (error) {
        error->code = number == ENOENT || number == ENOTDIR ? ERROR_ABSENT
                      : number == EACCES || number == EPERM ? ERROR_DENIED
                                                            : ERROR_SYSTEM;
    }
    return false;
}

/* -1 where it cannot be opened, or is no file that ends. */
static int open_regular(const char *path, struct stat *about, struct error *error)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    if (fd < 0) {
        open_failed(error, path);
        return -1;
    }
    if (fstat(fd, about) != 0 || !S_ISREG(about->st_mode)) {
        error_set(error, ERROR_SYSTEM, "%s is not a regular file", path);
        close(fd);
        return -1;
    }
    return fd;
}

static bool too_large(const char *path, size_t most, struct error *error)
{
    return error_set(error, ERROR_LIMIT, "%s is larger than %zu bytes", path, most);
}

bool fs_readable(const char *path, size_t most, struct error *error)
{
    struct stat about;
    int fd = open_regular(path, &about, error);
    if (fd < 0) {
        return false;
    }
    close(fd);
    return about.st_size <= (off_t)most || too_large(path, most, error);
}

bool fs_read(const char *path, struct buf *out, struct error *error)
{
    struct stat about;
    int fd = open_regular(path, &about, error);
    if (fd < 0) {
        return false;
    }
    bool done = false;
    char chunk[16384];
    for (;;) {
        ssize_t got = read(fd, chunk, sizeof chunk);
        if (got < 0 && errno == EINTR) {
            continue;
        }
        if (got < 0) {
            open_failed(error, path);
            goto out;
        }
        if (!buf_add(out, chunk, (size_t)got)) {
            too_large(path, out->cap, error);
            goto out;
        }
        if (got == 0) {
            break;
        }
    }
    done = true;
out:
    explicit_bzero(chunk, sizeof chunk);
    close(fd);
    return done;
}

bool fs_write_all(int fd, const void *data, size_t length)
{
    const char *at = data;
    while (length > 0) {
        ssize_t put = write(fd, at, length);
        if (put < 0 && errno == EINTR) {
            continue;
        }
        if (put < 0) {
            return false;
        }
        at += put;
        length -= (size_t)put;
    }
    return true;
}

bool fs_append(const char *path, const void *data, size_t length, struct error *error)
{
    int fd = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600);
    bool done = fd >= 0 && fs_write_all(fd, data, length);
    if (!done) {
        error_system(error, errno, "cannot write %s", path);
    }
    if (fd >= 0) {
        close(fd);
    }
    return done;
}

static bool sync_directory(const char *path)
{
    char *directory = fs_directory(path);
    int fd = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    free(directory);
    if (fd < 0) {
        return false;
    }
    bool done = fsync(fd) == 0;
    close(fd);
    return done;
}

static char *write_beside(const char *path, const void *data, size_t length, mode_t mode,
                          bool durable, struct error *error)
{
    char *temporary = mem_format("%s.XXXXXX", path);
    int fd = mkostemp(temporary, O_CLOEXEC);
    if (fd < 0) {
        error_system(error, errno, "cannot write beside %s", path);
        free(temporary);
        return NULL;
    }
    bool written = fchmod(fd, mode) == 0 && fs_write_all(fd, data, length) &&
                   (!durable || fsync(fd) == 0);
    int number = errno;
    close(fd);
    if (!written) {
        error_system(error, number, "cannot write %s", path);
        unlink(temporary);
        free(temporary);
        return NULL;
    }
    return temporary;
}

/* `hand_over` is rename(2) or acts like it. */
static bool settle(const char *temporary, const char *path,
                   int (*hand_over)(const char *from, const char *to), bool durable,
                   struct error *error)
{
    if (hand_over(temporary, path) != 0 || (durable && !sync_directory(path))) {
        error_system(error, errno, "cannot write %s", path);
        unlink(temporary);
        return false;
    }
    return true;
}

char *fs_write_beside(const char *path, const void *data, size_t length, mode_t mode,
                      struct error *error)
{
    return write_beside(path, data, length, mode, true, error);
}

bool fs_settle(const char *temporary, const char *path, struct error *error)
{
    return settle(temporary, path, rename, true, error);
}

static bool replace(const char *path, const void *data, size_t length, mode_t mode,
                    int (*hand_over)(const char *from, const char *to), bool durable,
                    struct error *error)
{
    char *temporary = write_beside(path, data, length, mode, durable, error);
    bool done = temporary && settle(temporary, path, hand_over, durable, error);
    free(temporary);
    return done;
}

bool fs_replace(const char *path, const void *data, size_t length, mode_t mode,
                struct error *error)
{
    return replace(path, data, length, mode, rename, true, error);
}

bool fs_replace_soon(const char *path, const void *data, size_t length, mode_t mode,
                     struct error *error)
{
    return replace(path, data, length, mode, rename, false, error);
}

static int settle_first(const char *from, const char *to)
{
    if (link(from, to) != 0 && errno != EEXIST) {
        return -1;
    }
    return unlink(from);
}

bool fs_create(const char *path, const void *data, size_t length, mode_t mode,
               struct error *error)
{
    return replace(path, data, length, mode, settle_first, true, error);
}

bool fs_make_dirs(const char *path, struct error *error)
{
    char *copy = mem_text(path);
    bool done = true;
    for (char *at = copy + 1; done; at++) {
        if (*at != '/' && *at != '\0') {
            continue;
        }
        char end = *at;
        *at = '\0';
        if (mkdir(copy, 0700) != 0 && errno != EEXIST) {
            done = error_system(error, errno, "cannot make the directory %s", copy);
        }
        *at = end;
        if (!end) {
            break;
        }
    }
    free(copy);
    return done;
}

static int remove_one(const char *path, const struct stat *about, int type,
                      struct FTW *walk)
{
    (void)about;
    (void)type;
    (void)walk;
    return remove(path);
}

bool fs_remove_tree(const char *path)
{
    return nftw(path, remove_one, 16, FTW_DEPTH | FTW_PHYS) == 0 || errno == ENOENT;
}

bool fs_exists(const char *path)
{
    return access(path, F_OK) == 0;
}

bool fs_is_ours(const char *path, struct error *error)
{
    struct stat about;
    if (stat(path, &about) != 0) {
        return error_system(error, errno, "cannot look at %s", path);
    }
    if (about.st_uid != geteuid()) {
        error_set(error, ERROR_DENIED, "%s belongs to somebody else", path);
        error_hint(error, "name a directory of your own with --state-dir");
        return false;
    }
    if (about.st_mode & (S_IWGRP | S_IWOTH)) {
        error_set(error, ERROR_DENIED, "others may write to %s", path);
        error_hint(error, "chmod go-w %s, or name another directory with --state-dir",
                   path);
        return false;
    }
    return true;
}

int fs_lock(const char *path, struct error *error)
{
    int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0) {
        error_system(error, errno, "cannot open the lock %s", path);
        return -1;
    }
    if (flock(fd, LOCK_EX | LOCK_NB) != 0) {
        int number = errno;
        close(fd);
        error_system(error, number, "cannot lock %s", path);
        if (error && number == EWOULDBLOCK) {
            error->code = ERROR_BUSY;
        }
        return -1;
    }
    return fd;
}

char *fs_join(const char *directory, const char *name)
{
    size_t length = strlen(directory);
    bool slash = length > 0 && directory[length - 1] == '/';
    return mem_format("%s%s%s", directory, slash ? "" : "/", name);
}

char *fs_within(const char *directory, const char *path)
{
    return path[0] == '/' ? mem_text(path) : fs_join(directory, path);
}

char *fs_directory(const char *path)
{
    const char *slash = strrchr(path, '/');
    if (!slash) {
        return mem_text(".");
    }
    return slash == path ? mem_text("/") : mem_bytes(path, (size_t)(slash - path));
}

char *fs_absolute(const char *path)
{
    return realpath(path, NULL);
}

static char *xdg_home(const char *variable, const char *below_home)
{
    const char *base = getenv(variable);
    if (base && base[0] == '/') {
        return fs_join(base, "greenboard");
    }
    const char *home = getenv("HOME");
    if (!home || home[0] != '/') {
        return NULL;
    }
    return mem_format("%s/%s/greenboard", home, below_home);
}

char *fs_state_home(void)
{
    return xdg_home("XDG_STATE_HOME", ".local/state");
}

char *fs_config_home(void)
{
    return xdg_home("XDG_CONFIG_HOME", ".config");
}

char *fs_runtime_dir(void)
{
    const char *base = getenv("XDG_RUNTIME_DIR");
    if (base && base[0] == '/') {
        return fs_join(base, "greenboard");
    }
    return mem_format("/tmp/greenboard-%u", (unsigned)getuid());
}

/* The last name is kept where it is a link: by it busybox knows what it is, and python
 * its venv. */
static char *executable_at(const char *path)
{
    struct stat about;
    if (stat(path, &about) != 0 || !S_ISREG(about.st_mode) || access(path, X_OK) != 0) {
        return NULL;
    }
    char *parent = fs_directory(path);
    char *directory = fs_absolute(parent);
    const char *slash = strrchr(path, '/');
    char *found = directory ? fs_join(directory, slash ? slash + 1 : path) : NULL;
    free(directory);
    free(parent);
    return found;
}

static char *search_path(const char *name, const char *from)
{
    const char *path = getenv("PATH");
    char *list = mem_text(path && *path ? path : "/usr/local/bin:/usr/bin:/bin");
    char *found = NULL;
    char *rest = list;
    for (char *entry; !found && (entry = strsep(&rest, ":"));) {
        char *directory = fs_within(from, entry);
        char *candidate = fs_join(directory, name);
        found = executable_at(candidate);
        free(candidate);
        free(directory);
    }
    free(list);
    return found;
}

char *fs_executable(const char *name, const char *directory, struct error *error)
{
    const char *from = directory ? directory : ".";
    char *found = NULL;
    if (strchr(name, '/')) {
        char *candidate = fs_within(from, name);
        found = executable_at(candidate);
        free(candidate);
    } else {
        found = search_path(name, from);
    }
    if (!found) {
        error_set(error, ERROR_ABSENT, "no program \"%s\"", name);
        error_hint(error, "%s",
                   strchr(name, '/') ? "check the path and that it is executable"
                                     : "install it, or write its full path");
    }
    return found;
}

/* A library to preload: in a supervisor, and in nothing else, the Nth call of a kind
 * fails, as FAULTY="KIND N" says, and where that kind is one that lasts, every later one
 * too. It leaves the file that FAULTY_HIT names once it has done so.
 *
 * Kinds: `space` (the disk is full, for regular files), `sync`, `rename`, `fork`,
 * `descriptors`, `clock` (from the Nth reading on the wall clock is a day ahead), `back`
 * (a day behind). */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <time.h>
#include <unistd.h>

enum kind { SPACE, SYNC, RENAME, FORK, DESCRIPTORS, CLOCK, BACK, KINDS };
enum { DAY_S = 86400 };
static const struct {
    const char *name;
    int number;
    bool lasts;
} kinds[KINDS] = {
    {"space", ENOSPC, true}, {"sync", EIO, false},          {"rename", EIO, false},
    {"fork", EAGAIN, false}, {"descriptors", EMFILE, true}, {"clock", 0, true},
    {"back", 0, true}};

static int wanted = KINDS;
static long nth;
static atomic_long calls;
static const char *hit;

/* /proc/self/cmdline: the words are apart by NULs. */
static bool supervises(void)
{
    char words[4096];
    int fd = (int)syscall(SYS_openat, AT_FDCWD, "/proc/self/cmdline", O_RDONLY);
    ssize_t got = read(fd, words, sizeof words - 1);
    close(fd);
    words[got > 0 ? got : 0] = '\0';
    size_t first = strlen(words) + 1;
    return got > (ssize_t)first && strcmp(words + first, "__supervise") == 0;
}

__attribute__((constructor)) static void begin(void)
{
    const char *text = getenv("FAULTY");
    char name[32] = "";
    if (!text || !supervises() || sscanf(text, "%31s %ld", name, &nth) != 2) {
        return;
    }
    hit = getenv("FAULTY_HIT");
    for (int kind = 0; kind < KINDS; kind++) {
        wanted = strcmp(kinds[kind].name, name) == 0 ? kind : wanted;
    }
}

/* Counts a call of this kind; true where it is to fail, with errno. */
static bool fails(enum kind kind)
{
    if ((int)kind != wanted) {
        return false;
    }
    long call = atomic_fetch_add(&calls, 1) + 1;
    bool now = kinds[kind].lasts ? call >= nth : call == nth;
    if (now && call == nth && hit) {
        close((int)syscall(SYS_openat, AT_FDCWD, hit, O_WRONLY | O_CREAT, 0600));
    }
    if (now) {
        errno = kinds[kind].number;
    }
    return now;
}

/* The function that would have been called. */
#define NEXT(name)                                                                       \
    static __typeof__(name) *next;                                                       \
    if (!next) {                                                                         \
        *(void **)&next = dlsym(RTLD_NEXT, #name);                                       \
    }

static bool regular(int fd)
{
    struct stat about;
    return fstat(fd, &about) == 0 && S_ISREG(about.st_mode);
}

ssize_t write(int fd, const void *data, size_t length)
{
    NEXT(write)
    return wanted == SPACE && regular(fd) && fails(SPACE) ? -1 : next(fd, data, length);
}

ssize_t pwrite64(int fd, const void *data, size_t length, off64_t at)
{
    NEXT(pwrite64)
    return wanted == SPACE && regular(fd) && fails(SPACE) ? -1
                                                          : next(fd, data, length, at);
}

int mkdir(const char *path, mode_t mode)
{
    NEXT(mkdir)
    return fails(SPACE) ? -1 : next(path, mode);
}

int fsync(int fd)
{
    NEXT(fsync)
    return fails(SYNC) ? -1 : next(fd);
}

int fdatasync(int fd)
{
    NEXT(fdatasync)
    return fails(SYNC) ? -1 : next(fd);
}

int rename(const char *from, const char *to)
{
    NEXT(rename)
    return fails(RENAME) ? -1 : next(from, to);
}

pid_t fork(void)
{
    NEXT(fork)
    return fails(FORK) ? -1 : next();
}

int posix_spawn(pid_t *pid, const char *path, const posix_spawn_file_actions_t *actions,
                const posix_spawnattr_t *attributes, char *const argv[],
                char *const envp[])
{
    NEXT(posix_spawn)
    return fails(FORK) ? errno : next(pid, path, actions, attributes, argv, envp);
}

int open64(const char *path, int flags, ...)
{
    NEXT(open64)
    va_list args;
    va_start(args, flags);
    mode_t mode = flags & O_CREAT ? va_arg(args, mode_t) : 0;
    va_end(args);
    return fails(DESCRIPTORS) ? -1 : next(path, flags, mode);
}

int open(const char *path, int flags, ...)
{
    va_list args;
    va_start(args, flags);
    mode_t mode = flags & O_CREAT ? va_arg(args, mode_t) : 0;
    va_end(args);
    return open64(path, flags, mode);
}

int socket(int domain, int type, int protocol)
{
    NEXT(socket)
    return fails(DESCRIPTORS) ? -1 : next(domain, type, protocol);
}

int pipe2(int ends[2], int flags)
{
    NEXT(pipe2)
    return fails(DESCRIPTORS) ? -1 : next(ends, flags);
}

int clock_gettime(clockid_t clock, struct timespec *now)
{
    NEXT(clock_gettime)
    int status = next(clock, now);
    if (clock == CLOCK_REALTIME && fails(CLOCK)) {
        now->tv_sec += DAY_S;
    } else if (clock == CLOCK_REALTIME && fails(BACK)) {
        now->tv_sec -= DAY_S;
    }
    return status;
}

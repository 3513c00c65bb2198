#include "sandbox/place.h"

#include "base/buf.h"
#include "base/clock.h"
#include "base/fs.h"
#include "base/mem.h"
#include "base/spawn.h"
#include "base/text.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

enum {
    RECORD_MAX = 1024 * 1024,
    ENVIRON_MAX = 256 * 1024,
    GRACE_MS = 1500,
    KILL_MS = 1000,
    LOOK_EVERY_MS = 10,
    NAME_ROOM = 48 /* "/PID-START/control" at its longest */
};

static char *parent_path(void)
{
    char *path = NULL;
    const char *base = getenv("XDG_RUNTIME_DIR");
    if (base && base[0] == '/' && access(base, W_OK | X_OK) == 0 &&
        strlen(base) + strlen("/greenboard-sandbox-4294967295") + NAME_ROOM <
            sizeof((struct sockaddr_un *)NULL)->sun_path) {
        path = mem_format("%s/greenboard-sandbox-%u", base, (unsigned)getuid());
    } else {
        path = mem_format("/tmp/greenboard-sandbox-%u", (unsigned)getuid());
    }
    return path;
}

/* In /tmp anybody may have made it first. */
static bool parent_is_ours(const char *path, struct error *error)
{
    struct stat about;
    if (lstat(path, &about) != 0) {
        return error_system(error, errno, "cannot look at %s", path);
    }
    if (!S_ISDIR(about.st_mode) || about.st_uid != getuid() ||
        (about.st_mode & 077) != 0) {
        error_set(error, ERROR_DENIED, "%s is not a directory of yours alone", path);
        error_hint(error, "remove it, or set XDG_RUNTIME_DIR");
        return false;
    }
    return true;
}

char *place_create(struct error *error)
{
    struct process self;
    if (!process_identify(getpid(), &self)) {
        error_set(error, ERROR_SYSTEM, "/proc/%d/stat cannot be read", (int)getpid());
        return NULL;
    }
    char *parent = parent_path();
    char *dir =
        mem_format("%s/%d-%llu", parent, (int)self.pid, (unsigned long long)self.start);
    bool done = fs_make_dirs(parent, error) && parent_is_ours(parent, error);
    if (done && mkdir(dir, 0700) != 0) {
        done = error_system(error, errno, "cannot make %s", dir);
    }
    done = done && place_record(dir, "sandbox", &self, error);
    free(parent);
    if (!done) {
        free(dir);
        return NULL;
    }
    return dir;
}

bool place_record(const char *dir, const char *name, const struct process *process,
                  struct error *error)
{
    char *path = fs_join(dir, "processes");
    char *line = mem_format("%d %llu %s\n", (int)process->pid,
                            (unsigned long long)process->start, name);
    bool done = fs_append(path, line, strlen(line), error);
    free(line);
    free(path);
    return done;
}

/* Signals everybody in the record but ourselves; tells how many of them were alive. */
static size_t signal_recorded(const char *dir, int number, bool *had_command)
{
    char *path = fs_join(dir, "processes");
    struct buf record;
    buf_init(&record, RECORD_MAX);
    fs_read(path, &record, NULL);
    size_t alive = 0;
    char *rest = record.data;
    for (char *line; rest && (line = strsep(&rest, "\n"));) {
        char *end = NULL;
        struct process process = {.pid = (pid_t)strtol(line, &end, 10)};
        process.start = strtoull(end, &end, 10);
        *had_command = *had_command || text_equal(end, " " PLACE_COMMAND);
        if (process.pid != getpid() && process_alive(&process)) {
            process_signal(&process, number);
            alive++;
        }
    }
    buf_finish(&record);
    free(path);
    return alive;
}

static bool carries(pid_t pid, const char *entry)
{
    char path[40];
    snprintf(path, sizeof path, "/proc/%d/environ", (int)pid);
    struct buf environment;
    buf_init(&environment, ENVIRON_MAX);
    fs_read(path, &environment, NULL);
    bool found = false;
    for (size_t at = 0; !found && at < environment.length;) {
        found = text_equal(environment.data + at, entry);
        at += strlen(environment.data + at) + 1;
    }
    buf_finish(&environment);
    return found;
}

static bool is_greenboard(pid_t pid)
{
    char path[40], program[512];
    snprintf(path, sizeof path, "/proc/%d/exe", (int)pid);
    ssize_t length = readlink(path, program, sizeof program - 1);
    if (length <= 0) {
        return false;
    }
    program[length] = '\0';
    return text_starts(strrchr(program, '/') + 1, "greenboard");
}

struct sweep {
    const char *dir;
    bool descendants;
    bool had_command; /* learned from the record */
};

static bool is_swept(const struct sweep *sweep, const char *entry, pid_t pid)
{
    return (sweep->descendants && process_descends(pid, getpid())) ||
           (carries(pid, entry) && (sweep->had_command || is_greenboard(pid)));
}

static size_t signal_swept(const struct sweep *sweep, int number)
{
    char *entry = mem_format(PLACE_VARIABLE "=%s", sweep->dir);
    DIR *processes = opendir("/proc");
    size_t alive = 0;
    for (struct dirent *row; processes && (row = readdir(processes));) {
        pid_t pid = isdigit((unsigned char)row->d_name[0])
                        ? (pid_t)strtol(row->d_name, NULL, 10)
                        : 0;
        struct process process;
        if (pid > 0 && pid != getpid() && process_identify(pid, &process) &&
            is_swept(sweep, entry, pid)) {
            process_signal(&process, number);
            alive++;
        }
    }
    if (processes) {
        closedir(processes);
    }
    free(entry);
    return alive;
}

/* A process that is being ended may start another one, so both lists are walked until
 * empty. */
static void end_all(struct sweep *sweep)
{
    int64_t polite = clock_now() + GRACE_MS * CLOCK_MS;
    int64_t last = polite + KILL_MS * CLOCK_MS;
    for (int number = SIGTERM;; number = clock_left(polite) > 0 ? 0 : SIGKILL) {
        size_t alive = signal_recorded(sweep->dir, number, &sweep->had_command);
        alive += signal_swept(sweep, number);
        if (alive == 0 || clock_left(last) == 0) {
            return;
        }
        poll(NULL, 0, LOOK_EVERY_MS);
    }
}

void place_remove(const char *dir, bool descendants)
{
    struct sweep sweep = {.dir = dir, .descendants = descendants};
    end_all(&sweep);
    fs_remove_tree(dir);
}

/* True where the name is one of place_create()'s. */
static bool parse_name(const char *name, struct process *process)
{
    char *end = NULL;
    if (!isdigit((unsigned char)name[0])) {
        return false;
    }
    process->pid = (pid_t)strtol(name, &end, 10);
    if (*end != '-') {
        return false;
    }
    process->start = strtoull(end + 1, &end, 10);
    return *end == '\0';
}

/* The directories of our sandboxes, those that run or those that do not, as an argument
 * vector. */
static char **list(bool running)
{
    char **found = mem_alloc(sizeof *found);
    char *parent = parent_path();
    DIR *entries = parent_is_ours(parent, NULL) ? opendir(parent) : NULL;
    for (struct dirent *row; entries && (row = readdir(entries));) {
        struct process process;
        if (parse_name(row->d_name, &process) && process_alive(&process) == running) {
            char *dir = fs_join(parent, row->d_name);
            argv_add(&found, dir);
            free(dir);
        }
    }
    if (entries) {
        closedir(entries);
    }
    free(parent);
    return found;
}

size_t place_clean(void)
{
    char **dead = list(false);
    size_t count = argv_count(dead);
    for (size_t i = 0; i < count; i++) {
        place_remove(dead[i], false);
    }
    argv_free(dead);
    return count;
}

static char *named_by_variable(const char *dir, struct error *error)
{
    struct process process;
    const char *slash = strrchr(dir, '/');
    if (slash && parse_name(slash + 1, &process) && process_alive(&process)) {
        return mem_text(dir);
    }
    error_set(error, ERROR_ABSENT,
              "the sandbox that $" PLACE_VARIABLE " names does not run: %s", dir);
    error_hint(error, "start one with \"greenboard sandbox\", or unset " PLACE_VARIABLE);
    return NULL;
}

char *place_find(struct error *error)
{
    const char *named = getenv(PLACE_VARIABLE);
    if (named && *named) {
        return named_by_variable(named, error);
    }
    char **running = list(true);
    size_t count = argv_count(running);
    char *found = count == 1 ? mem_text(running[0]) : NULL;
    if (count == 0) {
        error_set(error, ERROR_ABSENT, "no sandbox of yours runs on this machine");
        error_hint(error, "start one with \"greenboard sandbox\"");
    } else if (count > 1) {
        error_set(error, ERROR_USAGE, "%zu sandboxes of yours run: %s, %s%s", count,
                  running[0], running[1], count > 2 ? ", …" : "");
        error_hint(error, "say which one with " PLACE_VARIABLE "=DIRECTORY");
    }
    argv_free(running);
    return found;
}

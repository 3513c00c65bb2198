#include "base/spawn.h"

#include "base/clock.h"
#include "base/fs.h"
#include "base/mem.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

enum { POLL_SLICE_MS = 100 }; /* how soon a cancellation is seen */

/* A file in memory rather than a pipe: a command that never reads it delays nobody. */
static int open_input(const struct buf *input, struct error *error)
{
    int fd = memfd_create("input", MFD_CLOEXEC);
    if (fd < 0 || !fs_write_all(fd, buf_string(input), input->length) ||
        lseek(fd, 0, SEEK_SET) != 0) {
        error_system(error, errno, "cannot keep what a command is to read");
        if (fd >= 0) {
            close(fd);
        }
        return -1;
    }
    return fd;
}

static bool start(const struct spawn *spawn, int in_fd, int out_fd, int err_fd,
                  pid_t *pid, struct error *error)
{
    char *program = fs_executable(spawn->argv[0], spawn->directory, error);
    if (!program) {
        return false;
    }
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
    sigset_t all, none;
    sigfillset(&all);
    sigemptyset(&none);
    posix_spawn_file_actions_init(&actions);
    if (in_fd >= 0) {
        posix_spawn_file_actions_adddup2(&actions, in_fd, 0);
    } else {
        posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
    }
    posix_spawn_file_actions_adddup2(&actions, out_fd, 1);
    posix_spawn_file_actions_adddup2(&actions, err_fd, 2);
    posix_spawn_file_actions_addclosefrom_np(&actions, 3); /* libraries leave some open */
    if (spawn->directory) {
        posix_spawn_file_actions_addchdir_np(&actions, spawn->directory);
    }
    posix_spawnattr_init(&attributes);
    posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGDEF |
                                              POSIX_SPAWN_SETSIGMASK);
    posix_spawnattr_setsigdefault(&attributes, &all);
    posix_spawnattr_setsigmask(&attributes, &none);
    int number = posix_spawn(pid, program, &actions, &attributes, spawn->argv,
                             spawn->env ? spawn->env : environ);
    posix_spawnattr_destroy(&attributes);
    posix_spawn_file_actions_destroy(&actions);
    free(program);
    return number == 0 || error_system(error, number, "cannot run %s", spawn->argv[0]);
}

/* Reads what is there; false once the pipe is at its end or the cap is reached. */
static bool drain(int fd, struct buf *into, bool *over)
{
    char chunk[16384];
    ssize_t got = read(fd, chunk, sizeof chunk);
    if (got < 0) {
        return errno == EINTR || errno == EAGAIN;
    }
    if (got > 0 && into && !buf_add(into, chunk, (size_t)got)) {
        *over = true;
    }
    explicit_bzero(chunk, got > 0 ? (size_t)got : 0);
    return got > 0 && !*over;
}

static bool collect(const struct spawn *spawn, int fds[2], struct buf *into[2],
                    struct error *error)
{
    struct pollfd ready[2] = {{fds[0], POLLIN, 0}, {fds[1], POLLIN, 0}};
    while (ready[0].fd >= 0 || ready[1].fd >= 0) {
        if (spawn->cancelled && atomic_load(spawn->cancelled)) {
            return error_set(error, ERROR_CANCELLED, "%s was stopped", spawn->argv[0]);
        }
        int left = clock_left(spawn->deadline);
        if (left == 0) {
            return error_set(error, ERROR_TIMEOUT, "%s did not end in time",
                             spawn->argv[0]);
        }
        int slice = spawn->cancelled && left > POLL_SLICE_MS ? POLL_SLICE_MS : left;
        if (poll(ready, 2, slice) < 0 && errno != EINTR) {
            return error_system(error, errno, "poll");
        }
        for (int i = 0; i < 2; i++) {
            bool over = false;
            if (ready[i].fd >= 0 && ready[i].revents &&
                !drain(ready[i].fd, into[i], &over)) {
                ready[i].fd = -1;
            }
            if (over) {
                return error_set(error, ERROR_LIMIT, "%s printed more than %zu bytes",
                                 spawn->argv[0], into[i]->cap);
            }
        }
    }
    return true;
}

/* Waits for the end of a command whose output is closed, until the deadline. */
static bool reap(const struct spawn *spawn, pid_t pid, int *status, struct error *error)
{
    for (;;) {
        int state = 0;
        pid_t ended = waitpid(pid, &state, WNOHANG);
        if (ended == pid) {
            *status = WIFSIGNALED(state) ? 128 + WTERMSIG(state) : WEXITSTATUS(state);
            return true;
        }
        if (clock_left(spawn->deadline) == 0) {
            return error_set(error, ERROR_TIMEOUT, "%s did not end in time",
                             spawn->argv[0]);
        }
        poll(NULL, 0, 1);
    }
}

bool spawn_capture(const struct spawn *spawn, struct buf *out, struct buf *err,
                   int *status, struct error *error)
{
    int out_pipe[2], err_pipe[2];
    if (pipe2(out_pipe, O_CLOEXEC) != 0) {
        return error_system(error, errno, "cannot make a pipe");
    }
    if (pipe2(err_pipe, O_CLOEXEC) != 0) {
        int number = errno;
        close(out_pipe[0]);
        close(out_pipe[1]);
        return error_system(error, number, "cannot make a pipe");
    }
    pid_t pid = 0;
    int input = spawn->input ? open_input(spawn->input, error) : -1;
    bool started = (!spawn->input || input >= 0) &&
                   start(spawn, input, out_pipe[1], err_pipe[1], &pid, error);
    if (input >= 0) {
        close(input);
    }
    close(out_pipe[1]);
    close(err_pipe[1]);
    int fds[2] = {out_pipe[0], err_pipe[0]};
    struct buf *into[2] = {out, err};
    bool done =
        started && collect(spawn, fds, into, error) && reap(spawn, pid, status, error);
    if (started && !done) {
        kill(-pid, SIGKILL);
        while (waitpid(pid, NULL, 0) < 0 && errno == EINTR) {
        }
    }
    close(fds[0]);
    close(fds[1]);
    return done;
}

size_t argv_count(char *const *argv)
{
    size_t count = 0;
    while (argv && argv[count]) {
        count++;
    }
    return count;
}

void argv_add(char ***argv, const char *text)
{
    size_t count = argv_count(*argv);
    *argv = mem_resize(*argv, (count + 2) * sizeof **argv);
    (*argv)[count] = mem_text(text);
    (*argv)[count + 1] = NULL;
}

char **argv_copy(char *const *argv)
{
    size_t count = argv_count(argv);
    char **copy = mem_alloc((count + 1) * sizeof *copy);
    for (size_t i = 0; i < count; i++) {
        copy[i] = mem_text(argv[i]);
    }
    return copy;
}

void argv_free(char **argv)
{
    for (size_t i = 0; argv && argv[i]; i++) {
        free(argv[i]);
    }
    free(argv);
}

static void show_quoted(struct buf *out, const char *text)
{
    static const char plain[] =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
        "_-./:=@%+,{}";
    if (*text && text[strspn(text, plain)] == '\0') {
        buf_text(out, text);
        return;
    }
    buf_text(out, "'");
    for (; *text; text++) {
        if (*text == '\'') {
            buf_text(out, "'\\''");
        } else {
            buf_add(out, text, 1);
        }
    }
    buf_text(out, "'");
}

char *argv_show(char *const *argv)
{
    struct buf line;
    buf_init(&line, 0);
    for (size_t i = 0; argv && argv[i]; i++) {
        if (i) {
            buf_text(&line, " ");
        }
        show_quoted(&line, argv[i]);
    }
    return buf_take(&line);
}

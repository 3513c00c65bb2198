#include "tunnel/forwarder.h"

#include "base/clock.h"
#include "base/fs.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

extern char **environ;

/* Of SIGTERM, before SIGKILL; how long the guardian itself is waited for. */
enum { MERCY_MS = 1000, PATIENCE_MS = 2000 };

/* ---- the guardian: a child of a threaded program, async-signal-safe calls alone ---- */

struct guarded {
    const char *program, *directory;
    char *const *argv;
    int leash, output;
};

static void note_child(int number)
{
    (void)number; /* it is there to interrupt ppoll() */
}

static void default_signals(void)
{
    struct sigaction plain = {.sa_handler = SIG_DFL};
    for (int i = 1; i < NSIG; i++) {
        sigaction(i, &plain, NULL);
    }
}

static void complain(const char *program, int number)
{
    const char *const parts[] = {"cannot run ", program, ": ",
                                 number == EACCES   ? "permission denied"
                                 : number == ENOENT ? "no such file"
                                                    : "exec failed",
                                 "\n"};
    for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++) {
        if (write(STDERR_FILENO, parts[i], strlen(parts[i])) < 0) {
            return;
        }
    }
}

_Noreturn static void become_command(const struct guarded *guarded, pid_t guardian)
{
    prctl(PR_SET_PDEATHSIG, SIGTERM); /* should the guardian itself be killed */
    int null = open("/dev/null", O_RDONLY);
    setpgid(0, 0);
    if (getppid() != guardian || null < 0 || dup2(null, 0) < 0 ||
        dup2(guarded->output, 1) < 0 || dup2(guarded->output, 2) < 0) {
        _exit(127);
    }
    close_range(3, ~0U, 0);
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    if (chdir(guarded->directory) == 0) {
        execve(guarded->program, guarded->argv, environ);
    }
    complain(guarded->program, errno);
    _exit(127);
}

/* Waits until the child ended (true, with its status), or until the leash did or the time
 * is up. */
static bool wait_child(pid_t child, int leash, int *limit_ms, int *status)
{
    sigset_t open_mask;
    sigfillset(&open_mask);
    sigdelset(&open_mask, SIGCHLD);
    for (;;) {
        if (waitpid(child, status, WNOHANG) == child) {
            return true;
        }
        struct pollfd ready = {leash, POLLIN, 0};
        struct timespec slice = {*limit_ms / 1000, (long)(*limit_ms % 1000) * 1000000};
        int woken = ppoll(&ready, leash >= 0, *limit_ms >= 0 ? &slice : NULL, &open_mask);
        if (woken > 0 || (woken == 0 && *limit_ms >= 0)) {
            return waitpid(child, status, WNOHANG) == child;
        }
    }
}

_Noreturn static void guard(const struct guarded *guarded)
{
    sigset_t all;
    sigfillset(&all);
    sigprocmask(SIG_SETMASK, &all, NULL);
    default_signals();
    struct sigaction noted = {.sa_handler = note_child};
    sigaction(SIGCHLD, &noted, NULL);
    setsid();
    prctl(PR_SET_NAME, "greenboard-tun");
    pid_t guardian = getpid(), child = fork();
    if (child == 0) {
        become_command(guarded, guardian);
    }
    setpgid(child, child); /* whoever of the two comes first */
    /* What we inherited would keep locks and sockets of the dead alive. */
    dup2(guarded->leash, 0);
    close_range(1, ~0U, 0);
    int status = 0, for_ever = -1, mercy = MERCY_MS;
    if (child < 0) {
        _exit(127);
    }
    bool ended = wait_child(child, 0, &for_ever, &status);
    if (!ended) {
        kill(-child, SIGTERM);
        ended = wait_child(child, -1, &mercy, &status);
    }
    kill(-child, SIGKILL);
    if (!ended) {
        waitpid(child, &status, 0);
    }
    _exit(WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status));
}

/* ---- our side ---- */

static void shut(int *fd)
{
    if (*fd >= 0) {
        close(*fd);
    }
    *fd = -1;
}

static bool fork_guardian(struct forwarder *forwarder, struct guarded *guarded,
                          struct error *error)
{
    int leash[2] = {-1, -1}, output[2] = {-1, -1};
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, leash) != 0 ||
        pipe2(output, O_CLOEXEC) != 0) {
        int number = errno;
        shut(&leash[0]);
        shut(&leash[1]);
        return error_system(error, number, "cannot make a pipe");
    }
    guarded->leash = leash[1];
    guarded->output = output[1];
    pid_t pid = fork();
    int number = errno;
    if (pid == 0) {
        guard(guarded);
    }
    close(leash[1]);
    close(output[1]);
    if (pid < 0) {
        close(leash[0]);
        close(output[0]);
        return error_system(error, number, "cannot start %s", guarded->argv[0]);
    }
    fcntl(output[0], F_SETFL, O_NONBLOCK);
    *forwarder = (struct forwarder){pid, leash[0], output[0]};
    return true;
}

bool forwarder_start(struct forwarder *forwarder, char *const *argv,
                     const char *directory, struct error *error)
{
    char *program = fs_executable(argv[0], directory, error);
    struct guarded guarded = {
        .program = program, .directory = directory ? directory : ".", .argv = argv};
    bool started = program && fork_guardian(forwarder, &guarded, error);
    free(program);
    return started;
}

bool forwarder_ended(struct forwarder *forwarder, int *status)
{
    int state = 0;
    if (forwarder->guardian <= 0 ||
        waitpid(forwarder->guardian, &state, WNOHANG) != forwarder->guardian) {
        return false;
    }
    *status = WIFSIGNALED(state) ? 128 + WTERMSIG(state) : WEXITSTATUS(state);
    forwarder->guardian = 0;
    return true;
}

void forwarder_release(struct forwarder *forwarder)
{
    shut(&forwarder->leash);
}

void forwarder_stop(struct forwarder *forwarder)
{
    int64_t deadline = clock_now() + PATIENCE_MS * CLOCK_MS;
    forwarder_release(forwarder);
    while (forwarder->guardian > 0 && clock_left(deadline) > 0 &&
           waitpid(forwarder->guardian, NULL, WNOHANG) == 0) {
        poll(NULL, 0, 2);
    }
    shut(&forwarder->output);
    forwarder->guardian = 0;
}

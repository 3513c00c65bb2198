#include "sandbox/process.h"

#include "base/buf.h"
#include "base/fs.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

enum {
    STAT_MAX = 4096,
    STATE_FIELD = 3,
    PARENT_FIELD = 4,
    START_FIELD = 22,
    LEVELS_MAX = 256
};

struct stat_line {
    char state;
    pid_t parent;
    uint64_t start;
};

/* The name in field 2 may hold blanks and brackets, so counting starts after its last
 * bracket. */
static bool parse_stat(const char *text, struct stat_line *stat)
{
    const char *at = strrchr(text, ')');
    if (!at || strlen(at) < 3) {
        return false;
    }
    at += 2;
    stat->state = *at;
    for (int field = STATE_FIELD; field < START_FIELD; field++) {
        at = strchr(at, ' ');
        if (!at) {
            return false;
        }
        at++;
        if (field + 1 == PARENT_FIELD) {
            stat->parent = (pid_t)strtol(at, NULL, 10);
        }
    }
    stat->start = strtoull(at, NULL, 10);
    return true;
}

static bool read_stat(pid_t pid, struct stat_line *stat)
{
    char path[32];
    snprintf(path, sizeof path, "/proc/%d/stat", (int)pid);
    struct buf text;
    buf_init(&text, STAT_MAX);
    bool there = fs_read(path, &text, NULL) && parse_stat(buf_string(&text), stat);
    buf_finish(&text);
    return there;
}

bool process_identify(pid_t pid, struct process *out)
{
    struct stat_line stat;
    *out = (struct process){.pid = pid};
    if (!read_stat(pid, &stat) || stat.state == 'Z' || stat.state == 'X') {
        return false;
    }
    out->start = stat.start;
    return true;
}

bool process_descends(pid_t pid, pid_t from)
{
    struct stat_line stat;
    for (int level = 0; level < LEVELS_MAX && pid > 1; level++) {
        if (!read_stat(pid, &stat)) {
            return false;
        }
        if (stat.parent == from) {
            return true;
        }
        pid = stat.parent;
    }
    return false;
}

bool process_alive(const struct process *process)
{
    struct process now;
    return process->pid > 0 && process_identify(process->pid, &now) &&
           now.start == process->start;
}

void process_signal(const struct process *process, int number)
{
    int fd = process->pid > 0 ? (int)syscall(SYS_pidfd_open, process->pid, 0) : -1;
    if (fd < 0) {
        return;
    }
    /* The descriptor holds whoever has the pid now; only then is the start time
     * compared. */
    if (process_alive(process)) {
        syscall(SYS_pidfd_send_signal, fd, number, NULL, 0);
    }
    close(fd);
}

/* Between fork and exec of a threaded program: async-signal-safe calls alone. */
static void detach(int log)
{
    int null = open("/dev/null", O_RDONLY);
    if (setsid() < 0 || null < 0 || dup2(null, 0) < 0 || dup2(log, 1) < 0 ||
        dup2(log, 2) < 0) {
        _exit(127);
    }
}

_Noreturn static void become(const struct process_plan *plan, int log, pid_t parent)
{
    prctl(PR_SET_PDEATHSIG, plan->death_signal);
    if (getppid() != parent) {
        _exit(127); /* the sandbox died before the line above */
    }
    if (plan->log) {
        detach(log);
    }
    struct sigaction plain = {.sa_handler = SIG_DFL};
    for (int i = 1; i < NSIG; i++) {
        sigaction(i, &plain, NULL);
    }
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    execve(plan->program, plan->argv, plan->env ? plan->env : environ);
    _exit(errno == ENOENT ? 127 : 126);
}

bool process_begin(const struct process_plan *plan, struct process *out,
                   struct error *error)
{
    int log = -1;
    if (plan->log) {
        log = open(plan->log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
        if (log < 0) {
            return error_system(error, errno, "cannot write %s", plan->log);
        }
    }
    pid_t parent = getpid();
    pid_t pid = fork();
    int number = errno;
    if (pid == 0) {
        become(plan, log, parent);
    }
    if (log >= 0) {
        close(log);
    }
    if (pid < 0) {
        return error_system(error, number, "cannot start %s", plan->program);
    }
    process_identify(pid, out);
    return true;
}

void process_end(struct process *process)
{
    if (process->pid <= 0) {
        return;
    }
    process_signal(process, SIGKILL);
    while (waitpid(process->pid, NULL, 0) < 0 && errno == EINTR) {
    }
    *process = (struct process){0};
}

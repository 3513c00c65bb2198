#include "run/launch.h"

#include "base/clock.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/spawn.h"
#include "run/scope.h"
#include "run/supervisor.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

enum { REPORT_MAX = 256 * 1024 };
static const int64_t SCOPE_PATIENCE = 2 * CLOCK_SECOND; /* for a systemd that hangs */

/* Exec'd, with nothing of ours open but its end of the pair, in a session that no
 * terminal holds. */
static bool spawn(int end, const char *program, char *const *argv, pid_t *pid,
                  struct error *error)
{
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
    sigset_t all, none;
    sigfillset(&all);
    sigemptyset(&none);
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, end, SUPERVISOR_FD);
    posix_spawn_file_actions_addclosefrom_np(&actions, SUPERVISOR_FD + 1);
    posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
    posix_spawn_file_actions_addopen(&actions, 1, "/dev/null", O_WRONLY, 0);
    posix_spawn_file_actions_addopen(&actions, 2, "/dev/null", O_WRONLY, 0);
    posix_spawnattr_init(&attributes);
    posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSID | POSIX_SPAWN_SETSIGDEF |
                                              POSIX_SPAWN_SETSIGMASK);
    posix_spawnattr_setsigdefault(&attributes, &all);
    posix_spawnattr_setsigmask(&attributes, &none);
    int number = posix_spawn(pid, program, &actions, &attributes, argv, environ);
    posix_spawnattr_destroy(&attributes);
    posix_spawn_file_actions_destroy(&actions);
    return number == 0 || error_system(error, number, "cannot start the supervisor");
}

/* A supervisor and the pair to it. */
static bool start(struct launch *launch, const char *program, char *const *argv,
                  struct error *error)
{
    int ends[2];
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0) {
        return error_system(error, errno, "cannot make a socket pair");
    }
    bool done = spawn(ends[1], program, argv, &launch->pid, error);
    close(ends[1]);
    if (done) {
        launch->fd = ends[0];
    } else {
        launch->pid = 0;
        close(ends[0]);
    }
    return done;
}

static bool start_here(struct launch *launch, struct error *error)
{
    static char name[] = "greenboard", order[] = SUPERVISOR_ORDER;
    char *const argv[] = {name, order, NULL};
    return start(launch, "/proc/self/exe", argv, error);
}

/* Its first word: then it is the supervisor that we speak to. */
static bool greets(const struct launch *launch)
{
    char byte;
    struct pollfd ready = {launch->fd, POLLIN, 0};
    int64_t deadline = clock_now() + SCOPE_PATIENCE;
    int count;
    while ((count = poll(&ready, 1, clock_left(deadline))) < 0 && errno == EINTR) {
    }
    return count > 0 && recv(launch->fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT) == 1;
}

static void reap(pid_t pid)
{
    while (waitpid(pid, NULL, 0) < 0 && errno == EINTR) {
    }
}

/* It was told nothing yet, so that it cannot have begun anything. */
static void give_up(struct launch *launch)
{
    kill(launch->pid, SIGKILL);
    reap(launch->pid);
    close(launch->fd);
    launch->fd = -1;
    launch->pid = 0;
}

static bool start_scoped(struct launch *launch)
{
    char *runner = scope_runner();
    char **argv = runner ? scope_argv(runner, launch->run, SUPERVISOR_ORDER) : NULL;
    bool done = argv && start(launch, runner, argv, NULL);
    if (done && !greets(launch)) {
        give_up(launch);
        done = false;
    }
    argv_free(argv);
    free(runner);
    return done;
}

static bool hand_over(int fd, const struct buf *text, struct error *error)
{
    for (size_t done = 0; done < text->length;) {
        ssize_t put = send(fd, text->data + done, text->length - done, MSG_NOSIGNAL);
        if (put < 0 && errno != EINTR) {
            return error_system(error, errno, "cannot reach the supervisor");
        }
        done += put > 0 ? (size_t)put : 0;
    }
    shutdown(fd, SHUT_WR);
    return true;
}

bool run_launch(const struct plan *plan, const struct order *order, struct launch *launch,
                struct error *error)
{
    *launch = (struct launch){.fd = -1};
    buf_init(&launch->held, REPORT_MAX);
    run_name(launch->run, clock_wall());
    char *scope = start_scoped(launch) ? scope_name(launch->run) : NULL;
    struct buf text;
    buf_init(&text, 0);
    handover_write(&text, plan, order, launch->run, scope);
    bool done =
        text.length <= JSON_SIZE_MAX ||
        error_set(error, ERROR_LIMIT, "there is too much to hand to a supervisor");
    done = done && (scope || start_here(launch, error));
    done = done && hand_over(launch->fd, &text, error);
    handover_cleanse(&text);
    free(scope);
    if (done) {
        fcntl(launch->fd, F_SETFL, O_NONBLOCK);
    } else {
        launch_finish(launch);
    }
    return done;
}

static bool read_report(const char *line, size_t length, struct report *report)
{
    json_t *document = json_parse(line, length, NULL);
    const char *phase = json_get_text(document, "phase");
    const char *outcome = json_get_text(document, "outcome");
    const char *run = json_get_text(document, "run");
    *report = (struct report){0};
    bool known = run_phase_from_word(phase, &report->phase);
    run_outcome_from_word(outcome, &report->outcome); /* there is none before the end */
    snprintf(report->run, sizeof report->run, "%s", run ? run : "");
    report->status = (int)json_integer_value(json_object_get(document, "status"));
    report->reasons = json_argv(json_object_get(document, "reasons"));
    report->hint = mem_text(json_get_text(document, "hint"));
    json_decref(document);
    if (!known) {
        report_finish(report);
    }
    return known;
}

static void *reap_one(void *pid)
{
    reap((pid_t)(intptr_t)pid);
    return NULL;
}

/* It may deliver announcements for some seconds: by a thread that is left behind. */
static void reap_later(pid_t pid)
{
    pthread_t thread;
    if (waitpid(pid, NULL, WNOHANG) == 0 &&
        pthread_create(&thread, NULL, reap_one, (void *)(intptr_t)pid) == 0) {
        pthread_detach(thread);
    }
}

enum heard launch_hear(struct launch *launch, struct report *report)
{
    while (launch->fd >= 0) {
        const char *end = launch->held.data
                              ? memchr(launch->held.data, '\n', launch->held.length)
                              : NULL;
        if (end) {
            size_t length = (size_t)(end - launch->held.data);
            bool known = read_report(launch->held.data, length, report);
            buf_drop(&launch->held, length + 1);
            if (known) {
                launch->over = report->phase == PHASE_ENDED;
                return HEARD_REPORT;
            }
            continue;
        }
        char chunk[4096];
        ssize_t got = recv(launch->fd, chunk, sizeof chunk, 0);
        if (got < 0 && (errno == EAGAIN || errno == EINTR)) {
            return HEARD_NOTHING;
        }
        if (got <= 0 || !buf_add(&launch->held, chunk, (size_t)got)) {
            break;
        }
    }
    if (launch->pid > 0 && launch->over) {
        reap_later(launch->pid);
    } else if (launch->pid > 0) { /* then only its death closes the pair */
        reap(launch->pid);
    }
    launch->pid = 0;
    launch_finish(launch);
    return HEARD_END;
}

void report_finish(struct report *report)
{
    argv_free(report->reasons);
    free(report->hint);
    *report = (struct report){0};
}

void launch_finish(struct launch *launch)
{
    if (launch->fd >= 0) {
        close(launch->fd);
        launch->fd = -1;
    }
    if (launch->pid > 0 && waitpid(launch->pid, NULL, WNOHANG) == launch->pid) {
        launch->pid = 0;
    }
    buf_finish(&launch->held);
}

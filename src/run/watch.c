#include "run/watch.h"

#include "base/clock.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <sys/signalfd.h>
#include <unistd.h>

bool watch_begin(struct watch *watch, struct error *error)
{
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGTERM);
    sigaddset(&set, SIGINT);
    sigaddset(&set, SIGCHLD);
    pthread_sigmask(SIG_BLOCK, &set, NULL);
    watch->signals = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
    return watch->signals >= 0 || error_system(error, errno, "cannot wait for signals");
}

void watch_finish(struct watch *watch)
{
    control_close(&watch->control);
    if (watch->signals >= 0) {
        close(watch->signals);
    }
    watch->signals = -1;
}

static void cancel(struct watch *watch, const char *operator_name, const char *reason)
{
    if (!watch->cancelled) {
        watch->cancelled = true;
        watch->cancel(watch->self, operator_name, reason);
    }
}

static void take_signals(struct watch *watch)
{
    struct signalfd_siginfo signal;
    while (read(watch->signals, &signal, sizeof signal) == (ssize_t)sizeof signal) {
        if (signal.ssi_signo == SIGTERM || signal.ssi_signo == SIGINT) {
            cancel(watch, NULL, signal.ssi_signo == SIGTERM ? "SIGTERM" : "SIGINT");
        }
    }
}

static void take_request(struct watch *watch)
{
    struct request request;
    if (!control_take(&watch->control, &request)) {
        return;
    }
    if (request.cancel) {
        cancel(watch, request.operator_name, request.reason);
    }
    json_t *answer = json_pack("{s:s, s:s}", "run", watch->run->id, "phase",
                               run_phase_words[watch->run->phase]);
    control_answer(&watch->control, answer);
    json_decref(answer);
    request_finish(&request);
}

static int wait_ms(struct sched *sched, int64_t deadline)
{
    int left = deadline == INT64_MAX ? -1 : clock_left(deadline);
    int other = sched ? sched_wait(sched, clock_now()) : -1;
    return other < 0 ? left : left < 0 || other < left ? other : left;
}

bool watch_wait(struct watch *watch, struct sched *sched, int fd, int64_t deadline)
{
    struct pollfd ready[] = {{fd, POLLIN, 0},
                             {watch->signals, POLLIN, 0},
                             {watch->control.listener, POLLIN, 0},
                             {watch->control.peer, POLLIN, 0},
                             {sched ? sched_fd(sched) : -1, POLLIN, 0}};
    if (poll(ready, 5, wait_ms(sched, deadline)) < 0) {
        return false;
    }
    if (ready[1].revents) {
        take_signals(watch);
    }
    if (ready[2].revents || ready[3].revents) {
        take_request(watch);
    }
    if (sched) {
        sched_step(sched, clock_now());
    }
    return ready[0].revents != 0;
}

#include "run/watch.h"

#include "base/clock.h"
#include "base/json.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <sys/signalfd.h>
#include <unistd.h>

enum { LOOK_MS = 1000 };
static const int64_t SLEPT = 3 * CLOCK_SECOND;

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

static void cancel(struct watch *watch, const char *operator_name, const json_t *who,
                   const char *reason)
{
    if (!watch->cancelled) {
        watch->cancelled = true;
        watch->cancel(watch->self, operator_name, who, reason);
    }
}

static void take_signals(struct watch *watch)
{
    struct signalfd_siginfo signal;
    while (read(watch->signals, &signal, sizeof signal) == (ssize_t)sizeof signal) {
        if (signal.ssi_signo == SIGTERM || signal.ssi_signo == SIGINT) {
            cancel(watch, NULL, NULL, signal.ssi_signo == SIGTERM ? "SIGTERM" : "SIGINT");
        }
    }
}

static json_t *refusal(const struct error *error)
{
    return json_pack("{s:o, s:o}", "error", json_text(error->message), "hint",
                     json_text(error->hint));
}

static json_t *answer_to(struct watch *watch, const struct request *request)
{
    struct error error = {0};
    switch (request->kind) {
    case REQUEST_CANCEL:
        cancel(watch, request->operator_name, request->who, request->reason);
        break;
    case REQUEST_DECIDE:
        if (!watch->decide(watch->self, request, &error)) {
            return refusal(&error);
        }
        break;
    case REQUEST_GUARD:
        if (!watch->guards(watch->self, request->peer)) {
            error_set(&error, ERROR_DENIED, "run %s does not run this", watch->run->id);
            return refusal(&error);
        }
        break;
    case REQUEST_STATUS:
        break;
    }
    return json_pack("{s:s, s:s}", "run", watch->run->id, "phase",
                     run_phase_words[watch->run->phase]);
}

static void take_request(struct watch *watch)
{
    struct request request;
    if (control_take(&watch->control, &request)) {
        control_answer(&watch->control, answer_to(watch, &request));
        request_finish(&request);
    }
}

/* Never longer than a second, so that a longer gap is one in which we did not run. */
static int wait_ms(struct sched *sched, int64_t deadline)
{
    int left = deadline == INT64_MAX ? LOOK_MS : clock_left(deadline);
    int other = sched ? sched_wait(sched, clock_now()) : -1;
    left = left < LOOK_MS ? left : LOOK_MS;
    return other < 0 || left < other ? left : other;
}

void watch_mind(struct watch *watch, int64_t due)
{
    int64_t gap = clock_now() - due;
    watch->lost += gap > SLEPT ? gap : 0;
}

bool watch_wait(struct watch *watch, struct sched *sched, int fd, int64_t deadline)
{
    struct pollfd ready[] = {{fd, POLLIN, 0},
                             {watch->signals, POLLIN, 0},
                             {watch->control.listener, POLLIN, 0},
                             {watch->control.peer, POLLIN, 0},
                             {sched ? sched_fd(sched) : -1, POLLIN, 0}};
    int64_t before = clock_now();
    int ms = wait_ms(sched, deadline), count = poll(ready, 5, ms);
    watch_mind(watch, before + ms * CLOCK_MS);
    if (count < 0) {
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

#include "net/wait.h"

#include "base/clock.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <time.h>

enum { SLICE_MS = 100 }; /* how soon a cancellation is seen */

struct wait wait_begin(int64_t deadline, const atomic_bool *cancelled)
{
    return (struct wait){clock_now(), deadline, cancelled};
}

bool wait_cancelled(const struct wait *wait, struct error *error)
{
    if (!wait->cancelled || !atomic_load(wait->cancelled)) {
        return false;
    }
    error_set(error, ERROR_CANCELLED, "stopped before there was an answer");
    return true;
}

int wait_slice(const struct wait *wait)
{
    int left = clock_left(wait->deadline);
    return wait->cancelled && left > SLICE_MS ? SLICE_MS : left;
}

bool wait_fd(const struct wait *wait, int fd, short events, struct error *error)
{
    struct pollfd ready = {fd, events, 0};
    for (;;) {
        if (wait_cancelled(wait, error)) {
            return false;
        }
        int slice = wait_slice(wait);
        int count = poll(&ready, 1, slice);
        if (count > 0) {
            return true;
        }
        if (count < 0 && errno != EINTR) {
            return error_system(error, errno, "poll");
        }
        if (slice == 0) {
            char words[WAIT_WORDS];
            wait_words(wait, words);
            return error_set(error, ERROR_TIMEOUT, "no answer in %s", words);
        }
    }
}

void wait_condition(pthread_cond_t *condition)
{
    pthread_condattr_t attributes;
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_cond_init(condition, &attributes);
    pthread_condattr_destroy(&attributes);
}

void wait_signal(const struct wait *wait, pthread_cond_t *condition,
                 pthread_mutex_t *lock)
{
    struct timespec until;
    clock_gettime(CLOCK_MONOTONIC, &until);
    int64_t nanoseconds = until.tv_nsec + wait_slice(wait) * CLOCK_MS;
    until.tv_sec += nanoseconds / CLOCK_SECOND;
    until.tv_nsec = nanoseconds % CLOCK_SECOND;
    pthread_cond_timedwait(condition, lock, &until);
}

void wait_words(const struct wait *wait, char out[WAIT_WORDS])
{
    int64_t ms = (clock_now() - wait->since + CLOCK_MS / 2) / CLOCK_MS;
    if (ms < 995) {
        snprintf(out, WAIT_WORDS, "%lld ms",
                 (long long)(ms >= 100 ? (ms + 5) / 10 * 10 : ms));
    } else {
        snprintf(out, WAIT_WORDS, "%g s", (double)((ms + 50) / 100) / 10);
    }
}

#include "lock/lookout.h"

#include "base/clock.h"
#include "base/mem.h"
#include "base/thread.h"
#include "lock/coordinator.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/inotify.h>
#include <unistd.h>

static const int64_t SOON = CLOCK_SECOND, LATER = 5 * CLOCK_SECOND;
static const int64_t LEASE_PATIENCE = 2 * CLOCK_SECOND;

struct lookout {
    const struct statedir *dir;
    const struct environment *environment;
    struct coordinator coordinator; /* the thread's */
    bool begun;                     /* it is */
    struct error unasked;           /* why it is not */
    int64_t begins;                 /* clock_now() time before which it is not tried */
    struct standing_memo memo;      /* the thread's */
    atomic_bool cancelled;
    pthread_t thread;
    int leave, news;         /* eventfd(2) */
    int files;               /* inotify(7), -1: none to be had */
    pthread_mutex_t mutex;   /* of what follows */
    struct standing *newest; /* NULL: taken, or none yet */
};

/* ---- the thread ---- */

/* The password may only now be there: it is asked for again, but not at each look, since
 * that runs a command or asks Google. */
static void begin_coordinator(struct lookout *lookout, int64_t deadline)
{
    if (lookout->begun || !coordinator_wanted(lookout->environment) ||
        clock_now() < lookout->begins) {
        return;
    }
    lookout->begun = coordinator_begin(&lookout->coordinator, lookout->environment,
                                       deadline, &lookout->cancelled, &lookout->unasked);
    if (!lookout->begun) {
        coordinator_finish(&lookout->coordinator);
        lookout->begins = clock_now() + LATER;
    }
}

static struct standing *read_standing(struct lookout *lookout)
{
    int64_t deadline = coordinator_deadline(lookout->environment, LEASE_PATIENCE);
    begin_coordinator(lookout, deadline);
    bool unasked = !lookout->begun && coordinator_wanted(lookout->environment);
    return standing_read(lookout->dir, lookout->environment, clock_wall(),
                         lookout->begun ? &lookout->coordinator : NULL,
                         unasked ? &lookout->unasked : NULL, &lookout->memo, deadline);
}

static void publish(struct lookout *lookout, struct standing *standing)
{
    pthread_mutex_lock(&lookout->mutex);
    standing_unref(lookout->newest);
    lookout->newest = standing_ref(standing);
    pthread_mutex_unlock(&lookout->mutex);
    uint64_t one = 1;
    if (write(lookout->news, &one, sizeof one) != (ssize_t)sizeof one &&
        errno != EAGAIN) {
        panic("a lookout cannot tell what it saw");
    }
}

/* Until a file changed, somebody calls, or `rest` is over. False: it is to end. */
static bool wait_for_change(const struct lookout *lookout, int64_t rest)
{
    char events[4096];
    struct pollfd ready[] = {{lookout->leave, POLLIN, 0}, {lookout->files, POLLIN, 0}};
    if (poll(ready, 2, (int)(rest / CLOCK_MS)) > 0 && ready[1].revents) {
        while (read(lookout->files, events, sizeof events) > 0) {
        }
    }
    return !ready[0].revents;
}

static void *looking(void *argument)
{
    struct lookout *lookout = argument;
    struct standing *last = NULL;
    bool going = true;
    while (going) {
        struct standing *now = read_standing(lookout);
        if (!standing_equal(now, last)) {
            publish(lookout, now);
        }
        standing_unref(last);
        last = now;
        going = wait_for_change(lookout, now->count ? SOON : LATER);
    }
    standing_unref(last);
    coordinator_finish(&lookout->coordinator);
    return NULL;
}

/* ---- the main thread ---- */

static int watch_files(const struct statedir *dir)
{
    int files = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
    if (files >= 0) {
        uint32_t changes = IN_CREATE | IN_MOVED_TO | IN_DELETE;
        inotify_add_watch(files, dir->directory, changes);
        inotify_add_watch(files, dir->runs, changes);
    }
    return files;
}

struct lookout *lookout_create(const struct statedir *dir,
                               const struct environment *environment)
{
    struct lookout *lookout = mem_alloc(sizeof *lookout);
    lookout->dir = dir;
    lookout->environment = environment;
    lookout->leave = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    lookout->news = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    lookout->files = watch_files(dir);
    atomic_init(&lookout->cancelled, false);
    pthread_mutex_init(&lookout->mutex, NULL);
    int number = thread_start(&lookout->thread, looking, lookout);
    if (number != 0 || lookout->leave < 0 || lookout->news < 0) {
        panic("nobody can look who may start a run: %s", strerror(number));
    }
    return lookout;
}

void lookout_destroy(struct lookout *lookout)
{
    if (!lookout) {
        return;
    }
    uint64_t one = 1;
    atomic_store(&lookout->cancelled, true);
    if (write(lookout->leave, &one, sizeof one) != (ssize_t)sizeof one) {
        panic("a lookout cannot be told to end");
    }
    pthread_join(lookout->thread, NULL);
    int fds[] = {lookout->leave, lookout->news, lookout->files};
    for (size_t i = 0; i < sizeof fds / sizeof *fds; i++) {
        if (fds[i] >= 0) {
            close(fds[i]);
        }
    }
    pthread_mutex_destroy(&lookout->mutex);
    standing_unref(lookout->newest);
    free(lookout);
}

int lookout_fd(const struct lookout *lookout)
{
    return lookout->news;
}

struct standing *lookout_take(struct lookout *lookout)
{
    uint64_t count;
    if (read(lookout->news, &count, sizeof count) < 0) {
        return NULL;
    }
    pthread_mutex_lock(&lookout->mutex);
    struct standing *newest = lookout->newest;
    lookout->newest = NULL;
    pthread_mutex_unlock(&lookout->mutex);
    return newest;
}

struct standing *lookout_await(struct lookout *lookout, int64_t deadline)
{
    struct standing *standing = NULL;
    while (!(standing = lookout_take(lookout)) && clock_left(deadline) > 0) {
        struct pollfd ready = {lookout->news, POLLIN, 0};
        poll(&ready, 1, clock_left(deadline));
    }
    return standing;
}

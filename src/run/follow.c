#include "run/follow.h"

#include "base/mem.h"
#include "base/text.h"
#include "run/fate.h"
#include "cast/playback.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/inotify.h>
#include <unistd.h>

enum { OUTPUT_AT_ONCE = 64 * 1024 }; /* two milliseconds of parsing, about */

struct follow {
    struct statedir dir; /* `runs` alone is ours */
    char id[RUN_ID];
    int notify;
    struct playback *playback; /* NULL until the file is there */
    bool changed;
    struct run *run;
};

struct follow *follow_create(const struct statedir *dir, const char *id,
                             struct error *error)
{
    struct run *run = run_read(dir, id, error);
    if (!run) {
        return NULL;
    }
    struct follow *follow = mem_alloc(sizeof *follow);
    follow->dir.runs = mem_text(dir->runs);
    snprintf(follow->id, sizeof follow->id, "%s", id);
    follow->run = run;
    follow->changed = true; /* it may have been replaced before the watch */
    follow->notify = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
    char *directory = run_path(dir, id, "");
    if (follow->notify < 0 ||
        inotify_add_watch(follow->notify, directory,
                          IN_MODIFY | IN_MOVED_TO | IN_CREATE) < 0) {
        error_system(error, errno, "cannot watch %s", directory);
        follow_destroy(follow);
        follow = NULL;
    }
    free(directory);
    return follow;
}

void follow_destroy(struct follow *follow)
{
    if (!follow) {
        return;
    }
    if (follow->notify >= 0) {
        close(follow->notify);
    }
    playback_destroy(follow->playback);
    run_destroy(follow->run);
    free(follow->dir.runs);
    free(follow);
}

int follow_fd(const struct follow *follow)
{
    return follow->notify;
}

/* The record is replaced by a rename, the output only grows: reading the record anew for
 * each piece of output would cost more than the output. An overflow may have lost a
 * rename. */
static void drain(struct follow *follow)
{
    char events[4096] __attribute__((aligned(__alignof__(struct inotify_event))));
    ssize_t got;
    while ((got = read(follow->notify, events, sizeof events)) > 0) {
        for (const char *at = events; at < events + got;) {
            const struct inotify_event *event =
                (const struct inotify_event *)(const void *)at;
            follow->changed =
                follow->changed || (event->mask & (IN_MOVED_TO | IN_Q_OVERFLOW)) != 0;
            at += sizeof *event + event->len;
        }
    }
}

bool follow_output(struct follow *follow, struct buf *out)
{
    drain(follow);
    if (!follow->playback && follow->run->output) {
        follow->playback = playback_create(follow->run->output);
    }
    size_t total = 0;
    struct played event;
    while (follow->playback && total < OUTPUT_AT_ONCE &&
           playback_next(follow->playback, &event)) {
        if (event.code == 'o') {
            buf_add(out, event.text, event.length);
            total += event.length;
        }
    }
    return total > 0;
}

const struct run *follow_run(struct follow *follow)
{
    drain(follow);
    if (follow->changed) {
        follow->changed = false;
        struct run *run = run_read(&follow->dir, follow->id, NULL);
        if (run) {
            run_destroy(follow->run);
            follow->run = run;
        }
    }
    return follow->run;
}

bool follow_alive(struct follow *follow)
{
    if (fate_supervised(follow->run)) {
        return true;
    }
    follow->changed = true; /* it may just have written its end */
    return follow_run(follow)->phase == PHASE_ENDED;
}

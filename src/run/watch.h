/* What a supervisor waits for besides its work: requests on the control socket, signals,
 * children.
 *
 * One thread. Signals are blocked in it before any other thread starts, and read here. */
#ifndef GREENBOARD_RUN_WATCH_H
#define GREENBOARD_RUN_WATCH_H

#include "board/sched.h"
#include "run/control.h"
#include "store/run.h"

#include <stdbool.h>
#include <stdint.h>

struct watch {
    struct control control;
    int signals;           /* signalfd: SIGTERM, SIGINT, SIGCHLD */
    const struct run *run; /* what `status` is answered from */
    bool cancelled;
    int64_t lost; /* ns in which we should have run and did not: the machine slept, or
                   * somebody stopped us */
    /* Called once, before a cancellation is answered. */
    void (*cancel)(void *self, const char *operator_name, const json_t *who,
                   const char *reason);
    /* What is decided; false with an error: it decides nothing. */
    bool (*decide)(void *self, const struct request *request, struct error *error);
    /* Is this process beneath the command that ships? */
    bool (*guards)(void *self, pid_t peer);
    void *self;
};

bool watch_begin(struct watch *watch, struct error *error); /* blocks the signals */
void watch_finish(struct watch *watch);

/* For who should have been back at `due`, and has nothing to do that takes seconds: what
 * is far more than that was lost. */
void watch_mind(struct watch *watch, int64_t due);

/* Waits until something happened or `deadline`; steps `sched` where it is not NULL. True
 * where `fd`
 * (-1: none) has something, or is at its end. */
bool watch_wait(struct watch *watch, struct sched *sched, int fd, int64_t deadline);

#endif

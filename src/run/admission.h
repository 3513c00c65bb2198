/* What lets a run begin, and go on: the lock of the environment, who locked it by hand,
 * freezes and windows, and the lease, where one is configured.
 *
 * The supervisor's main thread alone; the lease renews itself on a thread of its own.
 * Each function that refuses says who, since when, why and what to do. */
#ifndef GREENBOARD_RUN_ADMISSION_H
#define GREENBOARD_RUN_ADMISSION_H

#include "base/error.h"
#include "config/config.h"
#include "lock/lock.h"
#include "lock/standing.h"
#include "store/run.h"
#include "store/statedir.h"

#include <stdbool.h>

struct lease;

struct admission {
    struct starter starter;
    struct lock lock;
    bool leased;         /* it goes on only with a lease */
    struct lease *lease; /* NULL: none is held */
    bool told;           /* that it was lost: whoever goes on wants it again */
    char **passed;       /* what would have stopped a deploy; NULL: nothing */
};

void admission_init(struct admission *admission, struct starter starter);

/* The lock of this machine; a deploy is stopped by a hold too. */
bool admission_lock(struct admission *admission, const struct statedir *dir,
                    struct error *error);

/* Freezes, windows, and the lease, whose fence becomes the run's; one that is held
 * already is kept. False with the exit status of the run. */
bool admission_enter(struct admission *admission, const struct environment *environment,
                     const struct statedir *dir, struct run *run, int *status,
                     struct error *error);

/* False where the lease is not surely ours any more. Never waits. */
bool admission_holds(const struct admission *admission, struct error *error);

/* Before each step: the same, but once the loss was told, whoever has decided to go on
 * gets a lease anew, where it is to be had. */
bool admission_goes_on(struct admission *admission, const struct environment *environment,
                       const struct statedir *dir, struct run *run, struct error *error);

/* Gives the lease back, once the end is recorded. */
void admission_settle(struct admission *admission);
/* The rest, the lock last. */
void admission_leave(struct admission *admission);

#endif

#include "run/admission.h"

#include "base/clock.h"
#include "base/spawn.h"
#include "lock/coordinator.h"
#include "lock/lease.h"

static const int64_t TAKE_PATIENCE = 10 * CLOCK_SECOND, LEAVE_PATIENCE = 2 * CLOCK_SECOND;

void admission_init(struct admission *admission, struct starter starter)
{
    *admission = (struct admission){.starter = starter, .lock = {-1, -1}};
}

/* What stops a deploy alone: whoever goes back or mends is told of it and goes on. */
static bool stop_or_pass(struct admission *admission, const struct error *why)
{
    if (admission->starter.gated) {
        return false;
    }
    argv_add(&admission->passed, why->message);
    return true;
}

bool admission_lock(struct admission *admission, const struct statedir *dir,
                    struct error *error)
{
    return lock_take(&admission->lock, dir, error) &&
           (standing_no_hold(dir, error) || stop_or_pass(admission, error));
}

/* ---- the lease ---- */

static int status_without_lease(const struct error *error)
{
    return error->code == ERROR_BUSY     ? EXIT_BUSY
           : error->code == ERROR_CONFIG ? EXIT_CONFIG
                                         : EXIT_UNPROVEN;
}

/* Somebody who has the lease stops everybody; a Redis that cannot be asked does not stop
 * who was told to do without. */
static bool take_lease(struct admission *admission, const struct environment *environment,
                       const struct statedir *dir, struct run *run, int *status,
                       struct error *error)
{
    admission_settle(admission);
    admission->leased = true;
    int64_t deadline = coordinator_deadline(environment, TAKE_PATIENCE);
    admission->lease = lease_take(environment, run->operator_name, run->id, run->reason,
                                  run->fence, deadline, error);
    if (admission->lease) {
        *status = EXIT_INTERNAL;
        run->fence = lease_fence(admission->lease);
        admission->told = false;
        return lock_fence_raise(dir, run->fence, error);
    }
    *status = status_without_lease(error);
    if (error->code == ERROR_BUSY) {
        return false;
    }
    error_prefix(error, "no lease can be had");
    admission->leased = !admission->starter.without_lease;
    return !admission->leased && stop_or_pass(admission, error);
}

bool admission_enter(struct admission *admission, const struct environment *environment,
                     const struct statedir *dir, struct run *run, int *status,
                     struct error *error)
{
    *status = EXIT_BUSY;
    if (!standing_no_freeze(environment, clock_wall(), error) &&
        !stop_or_pass(admission, error)) {
        return false;
    }
    if (!coordinator_wanted(environment)) {
        return true;
    }
    if (admission->lease && admission_holds(admission, error)) {
        run->fence = lease_fence(admission->lease);
        return true;
    }
    return take_lease(admission, environment, dir, run, status, error);
}

bool admission_holds(const struct admission *admission, struct error *error)
{
    if (!admission->leased || admission->lease) {
        return !admission->leased || lease_still_held(admission->lease, error);
    }
    return error_set(error, ERROR_BUSY, "no lease is held any more");
}

bool admission_goes_on(struct admission *admission, const struct environment *environment,
                       const struct statedir *dir, struct run *run, struct error *error)
{
    int status;
    if (admission_holds(admission, error)) {
        return true;
    }
    if (!admission->told) {
        admission->told = true;
        return false;
    }
    return take_lease(admission, environment, dir, run, &status, error);
}

/* ---- the end ---- */

void admission_settle(struct admission *admission)
{
    lease_release(admission->lease, clock_now() + LEAVE_PATIENCE);
    admission->lease = NULL;
}

void admission_leave(struct admission *admission)
{
    admission_settle(admission);
    argv_free(admission->passed);
    admission->passed = NULL;
    lock_release(&admission->lock);
}

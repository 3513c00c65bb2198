#include "run/resolve.h"

#include "base/clock.h"
#include "base/mem.h"
#include "base/spawn.h"
#include "lock/lock.h"
#include "run/announce.h"
#include "run/fate.h"
#include "store/events.h"
#include "store/who.h"

#include <stdlib.h>
#include <unistd.h>

static bool may_resolve(const struct run *run, struct error *error)
{
    if (run->phase == PHASE_ENDED) {
        error_set(error, ERROR_USAGE, "run %s is over already (%s)", run->id,
                  run_word(run));
        return false;
    }
    if (fate_supervised(run)) {
        error_set(error, ERROR_BUSY, "the supervisor of run %s lives (process %d)",
                  run->id, (int)run->supervisor.pid);
        error_hint(error, "greenboard runs cancel %s", run->id);
        return false;
    }
    if (fate_leftovers(run)) {
        error_set(error, ERROR_BUSY,
                  "the command of run %s still runs (process group %d)", run->id,
                  (int)run->group.pid);
        error_hint(error, "wait for it, or end it: kill -- -%d", (int)run->group.pid);
        return false;
    }
    return true;
}

/* On the trail, whose head the record then holds. */
static bool append(const struct statedir *dir, struct run *run, const char *operator_name,
                   const char *reason, struct error *error)
{
    json_t *who = who_facts();
    const struct event event = {.kind = EVENT_RUN_RESOLVED,
                                .environment = run->environment,
                                .operator_name = operator_name,
                                .run = run->id,
                                .release = run->release,
                                .text = reason,
                                .who = who};
    struct events events;
    bool done = events_open(&events, dir->events, DB_WRITE, error);
    if (done) {
        done = events_append(&events, &event, NULL, error) &&
               head_take(&run->head_end, &events, error);
        events_close(&events);
    }
    json_decref(who);
    return done;
}

/* Who was told that it started is told its end. */
static bool announce(const struct statedir *dir, const struct environment *environment,
                     const struct run *run, struct error *error)
{
    char **reasons = NULL;
    argv_add(&reasons, run->resolve_reason);
    bool done = announce_run(dir->outbox, environment, run, announce_end_kind(run),
                             reasons, &run->head_end, error);
    if (!done) {
        error_prefix(error, "run %s is resolved, and nobody is told of it", run->id);
    }
    argv_free(reasons);
    return done;
}

static struct run *read_resolvable(const struct statedir *dir, const char *id,
                                   struct error *error)
{
    struct run *run = run_read(dir, id, error);
    if (run && !may_resolve(run, error)) {
        run_destroy(run);
        run = NULL;
    }
    return run;
}

bool run_resolve(const struct statedir *dir, const char *id,
                 const struct environment *environment, const char *operator_name,
                 const char *reason, struct error *error)
{
    struct lock lock;
    struct run *run = read_resolvable(dir, id, error);
    if (!run || !lock_hold(&lock, dir, error)) {
        run_destroy(run);
        return false;
    }
    run_destroy(run); /* its supervisor may have recorded its end while we looked */
    run = read_resolvable(dir, id, error);
    if (!run) {
        lock_release(&lock);
        return false;
    }
    bool done = append(dir, run, operator_name, reason, error);
    if (done) {
        run->phase = PHASE_ENDED;
        run->outcome = OUTCOME_RESOLVED;
        run->status = outcome_rows[OUTCOME_RESOLVED].status;
        run->ended = clock_wall();
        run->resolved_by = mem_text(operator_name);
        run->resolve_reason = mem_text(reason);
        done = run_write(dir, run, error) && announce(dir, environment, run, error);
        if (run->control) {
            unlink(run->control); /* its supervisor could not */
        }
    }
    lock_release(&lock);
    run_destroy(run);
    return done;
}

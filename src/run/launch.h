/* Starts the supervisor of a run and hears from it.
 *
 * The supervisor is this program exec'd anew in a session of its own, and in a scope of
 * its own where a systemd of the user's answers; captured variables and what was
 * confirmed reach it over a socket pair. After the hand-over the launcher may die at any
 * point. A struct launch belongs to the caller, main thread only; nothing here waits but
 * run_launch(), for the milliseconds in which the request is handed over (and at most two
 * seconds for a systemd that hangs). */
#ifndef GREENBOARD_RUN_LAUNCH_H
#define GREENBOARD_RUN_LAUNCH_H

#include "base/buf.h"
#include "run/handover.h"
#include "run/plan.h"
#include "store/runs.h"

#include <sys/types.h>

struct launch {
    char run[RUN_ID]; /* there is a record of it from PHASE_LOCKED on */
    int fd;           /* poll it for reports; -1 once it is closed */
    pid_t pid;
    bool over; /* it told the end of its run; what it still does holds nobody up */
    struct buf held;
};

/* What the supervisor says when its phase changes; the record says the rest. */
struct report {
    char run[RUN_ID]; /* another one than was launched once that ended in a rollback */
    enum run_phase phase;
    enum run_outcome outcome; /* of PHASE_ENDED */
    int status;               /* of enum exit_status, of PHASE_ENDED */
    char **reasons; /* of a refusal or trouble: one line each, NULL-terminated */
    char *hint;     /* what to do next, or NULL */
};

enum heard { HEARD_NOTHING, HEARD_REPORT, HEARD_END };

bool run_launch(const struct plan *plan, const struct order *order, struct launch *launch,
                struct error *error);

/* HEARD_REPORT fills `report`, which report_finish() releases. HEARD_END: the supervisor
 * is gone; what became of the run is in its record. */
enum heard launch_hear(struct launch *launch, struct report *report);
void report_finish(struct report *report);
void launch_finish(struct launch *launch); /* the run goes on */

#endif

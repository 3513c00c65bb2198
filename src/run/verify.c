/* The proof after a run's commands: every check green, and staying so. A repair is
 * verified by what it was for; whatever else is red stays for the gate. */
#include "run/course.h"

#include "base/json.h"
#include "base/mem.h"
#include "base/spawn.h"

#include <stdlib.h>

enum step_end verify_step(struct course *course, struct step *step)
{
    struct run *run = course->run;
    struct proof after = {0};
    bool repair = course->intent.kind == KIND_REPAIR;
    char **names =
        repair ? json_argv(json_object_get(course->plan->section, "for")) : NULL;
    proof_begin(&after, course->environment, course->checks);
    bool held = proof_hold(&after, &course->watch, names && names[0] ? names : NULL,
                           course->plan->within, course->plan->hold);
    proof_judge(&after, &run->after);
    struct error lost = {0};
    if (!admission_holds(&course->admission, &lost)) { /* another run may be under way */
        held = false;
        argv_free(run->after.reasons);
        run->after.reasons = NULL;
        argv_add(&run->after.reasons, lost.message);
    }
    run_step_end(step, held ? 0 : 1);
    if (!held && !run->after.reasons[0]) {
        argv_add(&run->after.reasons, course->watch.cancelled
                                          ? "cancelled before every check had held green"
                                          : "not every check held green for long enough");
    }
    argv_free(names);
    proof_finish(&after);
    if (!repair) {
        keeping_after(course, step);
    }
    return held ? STEP_DONE : STEP_FAILED;
}

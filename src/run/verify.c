/* The proof after a run's commands: every check green and all that is asked besides good,
 * and staying so. A repair is verified by what it was for; whatever else is red stays for
 * the gate. */
#include "run/course.h"

#include "base/json.h"
#include "base/mem.h"
#include "base/spawn.h"
#include "run/witness.h"

#include <stdlib.h>

static void say_why(struct course *course)
{
    struct run *run = course->run;
    if (!run->after.reasons[0]) {
        argv_add(&run->after.reasons, course->watch.cancelled
                                          ? "cancelled before every check had held green"
                                          : "not every check held green for long enough");
    }
}

/* Names of the checks that prove the run; NULL: all. What is asked of a release that is
 * about to ship says nothing of one that is gone back to. */
static char **proving(const struct course *course, const struct board *board)
{
    char **names = NULL;
    if (course->intent.kind == KIND_REPAIR) {
        return json_argv(json_object_get(course->plan->section, "for"));
    }
    for (size_t i = 0; course->intent.kind == KIND_ROLLBACK && i < board->count; i++) {
        if (!board->lights[i].check->of_release) {
            argv_add(&names, board->lights[i].name);
        }
    }
    return names;
}

static bool hold(struct course *course, struct witnesses *witnesses)
{
    struct proof after = {0};
    const struct plan *plan = course->plan;
    proof_begin(&after, course->environment, course->checks, course->run->release,
                course->intent.kind == KIND_ROLLBACK);
    char **names = proving(course, after.board);
    after.besides = witnesses->count ? witnesses_ask : NULL;
    after.self = witnesses;
    bool held = proof_hold(&after, &course->watch, names && names[0] ? names : NULL,
                           plan->within, plan->hold);
    proof_judge(&after, &course->run->after);
    argv_free(names);
    proof_finish(&after);
    return held;
}

/* Without the lease another run may be under way: what was proved need not last. */
static bool still_alone(struct course *course)
{
    struct error lost = {0};
    struct judgement *after = &course->run->after;
    if (admission_holds(&course->admission, &lost)) {
        return true;
    }
    argv_free(after->reasons);
    after->reasons = NULL;
    argv_add(&after->reasons, lost.message);
    return false;
}

enum step_end verify_step(struct course *course, struct step *step)
{
    struct witnesses witnesses;
    struct error error = {0};
    judgement_finish(&course->run->after);
    free(course->remedy);
    course->remedy = NULL;
    if (!witnesses_begin(&witnesses, course, &error)) {
        witnesses_finish(&witnesses);
        argv_add(&course->run->after.reasons, error.message);
        return STEP_FAILED;
    }
    bool held = hold(course, &witnesses) && still_alone(course);
    if (!held) {
        witnesses_hear(&witnesses);
    }
    course->remedy = witnesses_record(&witnesses, course->run);
    witnesses_finish(&witnesses);
    run_step_end(step, held ? 0 : 1);
    if (!held) {
        say_why(course);
    }
    if (course->intent.kind != KIND_REPAIR) {
        keeping_after(course, step);
    }
    return held ? STEP_DONE : STEP_FAILED;
}

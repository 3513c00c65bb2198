/* The steps of a run one after the other, and what is done when one of them fails. */
#include "run/course.h"

#include "base/clock.h"
#include "base/mem.h"
#include "base/spawn.h"
#include "base/text.h"

#include <stdlib.h>

enum { TRIES_MAX = 20 }; /* how often a slow disk may make answers too old */

/* ---- step by step ---- */

static enum step_end act(struct course *course, const struct planned *planned,
                         struct step *step)
{
    switch (planned->id) {
    case STEP_BACKUP:
        return keeping_before(course, step);
    case STEP_RESTORE:
        return keeping_restore(course, step);
    case STEP_REREAD:
        return interlock_reread(course);
    case STEP_CHECKS:
        return interlock_ask(course);
    case STEP_GATE:
        return interlock_gate(course);
    case STEP_NEED:
        return interlock_need(course);
    case STEP_BEFORE:
    case STEP_COMMAND:
    case STEP_AFTER:
        return execute_step(course, planned, step);
    case STEP_VERIFY:
        return verify_step(course, step);
    case STEP_LOCK:
    case STEP_UNLOCK:
    case STEP_COUNT:
        break;
    }
    return STEP_DONE;
}

/* Time that the machine slept through, or in which we were stopped, is on the trail
 * before anything else happens. */
static bool tell_lost(struct course *course, struct error *error)
{
    int64_t lost = course->watch.lost - course->lost;
    if (lost == 0) {
        return true;
    }
    char span[TEXT_SPAN];
    text_span(span, lost);
    course->lost = course->watch.lost;
    course->run->slept = course->lost / CLOCK_MS;
    char *text = mem_format("the machine slept, or the run was stopped, for %s", span);
    json_t *data = json_pack("{s:I}", "ms", (json_int_t)(lost / CLOCK_MS));
    bool done = journal_append(&course->journal, EVENT_RUN_SLEPT, text, data, error);
    free(text);
    return done;
}

/* After such a time nothing that was proved before it counts: a command that comes after
 * is not started before the checks were asked again, and somebody looked if they are
 * red. */
static bool awake(struct course *course, const struct planned *planned, char **why)
{
    struct error error = {0};
    bool lost = course->watch.lost != course->lost;
    if (!tell_lost(course, &error)) {
        *why = mem_text(error.message);
        return false;
    }
    if (!lost || planned->id != STEP_AFTER) {
        return true;
    }
    struct judgement now = {0};
    interlock_prove(course, course->run->release);
    proof_judge(&course->proof, &now);
    bool green = text_equal(now.decision, "GO");
    if (!green) {
        *why = mem_format("it slept, and now: %s", now.reasons[0] ? now.reasons[0] : "?");
    }
    judgement_finish(&now);
    return green;
}

/* It failed before it did anything. */
static enum step_end not_done(struct step *step, char *take_why)
{
    run_step_end(step, 127);
    step->note = take_why;
    return STEP_FAILED;
}

/* A lease that ran out lets no step start but those that the lock itself is. */
static enum step_end admit(struct course *course, const struct planned *planned,
                           struct step *step)
{
    struct error error = {0};
    struct run *run = course->run;
    if (planned->id == STEP_LOCK || planned->id == STEP_UNLOCK ||
        admission_goes_on(&course->admission, course->environment, &course->journal.dir,
                          run, &error)) {
        return STEP_DONE;
    }
    if (!course->shipped && course->wanted.headless) {
        return course_refuse_error(course, EXIT_BUSY, &error);
    }
    if (planned->id == STEP_VERIFY) {
        argv_free(run->after.reasons);
        run->after.reasons = NULL;
        argv_add(&run->after.reasons, error.message);
    }
    run_step_begin(step);
    return not_done(step, mem_text(error.message));
}

static enum step_end do_step(struct course *course, const struct planned *planned,
                             struct step *step)
{
    enum run_phase phase = step_rows[planned->id].phase;
    char *why = NULL;
    struct error error = {0};
    enum step_end admitted = admit(course, planned, step);
    if (admitted != STEP_DONE) {
        return admitted;
    }
    bool ready = awake(course, planned, &why);
    run_step_begin(step);
    if (!ready) {
        return not_done(step, why);
    }
    if (course->run->phase != phase && planned->argv == NULL &&
        !journal_note(&course->journal, phase, &error)) {
        return course->shipped ? not_done(step, mem_text(error.message))
                               : course_refuse_error(course, EXIT_INTERNAL, &error);
    }
    enum step_end end = act(course, planned, step);
    if (step->ended == 0) {
        run_step_end(step, end == STEP_DONE ? 0 : 1);
    }
    return end;
}

/* ---- one after the other ---- */

/* Where the steps that prove begin: what failed after them is not repeated without
 * them. */
static size_t proving(const struct steps *steps, size_t at)
{
    for (size_t i = 0; i < at; i++) {
        if (step_rows[steps->rows[i].id].phase == PHASE_CHECKING) {
            return i;
        }
    }
    return at;
}

static size_t again(const struct steps *steps, size_t at)
{
    return steps->rows[at].id == STEP_COMMAND ? proving(steps, at) : at;
}

static enum choice decide(struct course *course, const struct planned *planned,
                          struct step *step)
{
    if (course->watch.cancelled) {
        return CHOICE_ABORT;
    }
    char *why = ends_failure(course, planned, step);
    enum choice choice = guide_ask(course, planned, step, why);
    free(why);
    return choice;
}

static bool too_often(struct course *course, const struct step *step)
{
    if (step->attempts < TRIES_MAX) {
        return false;
    }
    struct error error = {0};
    error_set(&error, ERROR_SYSTEM, "%s", step->note);
    error_hint(&error, "its disk or this machine is too slow to start it in time");
    course_refuse_error(course, EXIT_INTERNAL, &error);
    return true;
}

/* The run that this one ends in gets its name before the record says that it ended. */
static bool go_back(struct course *course)
{
    char id[RUN_ID];
    if (!guide_way_back(course, &course->back_release, &course->back_run)) {
        return false;
    }
    run_name(id, clock_wall());
    course->run->next = mem_text(id);
    return true;
}

/* The plan is made anew by the gate, and is the same: its rows are looked up, never
 * kept. */
static bool walk(struct course *course)
{
    size_t at = 1; /* the lock is taken */
    while (at < course->plan->steps.count) {
        const struct planned *planned = &course->plan->steps.rows[at];
        struct step *step = run_step_find(course->run, planned->name);
        enum step_end end = do_step(course, planned, step);
        planned = &course->plan->steps.rows[at]; /* the gate made the plan anew */
        if (end == STEP_OVER || (end == STEP_AGAIN && too_often(course, step))) {
            return true;
        }
        if (end == STEP_DONE) {
            at++;
            continue;
        }
        enum choice choice =
            end == STEP_AGAIN ? CHOICE_RETRY : decide(course, planned, step);
        if (choice == CHOICE_RETRY) {
            at = again(&course->plan->steps, at);
        } else if (choice == CHOICE_SKIP) {
            step->skipped = true;
            at++;
        } else {
            bool back = choice == CHOICE_ROLLBACK && go_back(course);
            ends_failed(course, planned, step);
            return !back;
        }
    }
    ends_verified(course);
    return true;
}

static void list_steps(struct course *course)
{
    for (size_t i = 0; i < course->plan->steps.count; i++) {
        const struct planned *planned = &course->plan->steps.rows[i];
        run_step(course->run, planned->name, planned->argv)->title =
            mem_text(planned->title);
    }
    struct step *lock = run_step_find(course->run, step_rows[STEP_LOCK].name);
    run_step_begin(lock);
    lock->started = course->run->started;
    run_step_end(lock, 0);
}

bool walk_steps(struct course *course)
{
    list_steps(course);
    bool over = !record_begin(course) || walk(course);
    execute_forget(course);
    return over;
}

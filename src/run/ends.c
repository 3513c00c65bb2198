/* How a run ends: refused before its command, failed, or verified. */
#include "run/course.h"

#include "base/mem.h"

#include <stdlib.h>

/* ---- before its command ---- */

enum step_end course_refuse(struct course *course, int status, char *const *reasons,
                            const char *hint)
{
    enum run_outcome outcome =
        course->watch.cancelled ? OUTCOME_CANCELLED : OUTCOME_REFUSED;
    record_end(course);
    journal_end(&course->journal, outcome, status, EVENT_REFUSED, reasons, hint);
    return STEP_OVER;
}

int course_status_of(const struct error *error)
{
    return error->code == ERROR_BUSY     ? EXIT_BUSY
           : error->code == ERROR_CONFIG ? EXIT_CONFIG
           : error->code == ERROR_USAGE  ? EXIT_USAGE
                                         : EXIT_INTERNAL;
}

enum step_end course_refuse_error(struct course *course, int status, struct error *error)
{
    char *const reasons[] = {error->message, NULL};
    if (status == EXIT_INTERNAL) {
        free(course->run->trouble);
        course->run->trouble = mem_text(error->message);
    }
    return course_refuse(course, status, reasons, error->hint);
}

enum step_end course_refuse_cancelled(struct course *course)
{
    char *reason = mem_format("cancelled before the %s was started", course->run->kind);
    char *const reasons[] = {reason, NULL};
    course_refuse(course, EXIT_UNPROVEN, reasons, NULL);
    free(reason);
    return STEP_OVER;
}

/* ---- after it ---- */

char *ends_failure(const struct course *course, const struct planned *planned,
                   const struct step *step)
{
    const struct run *run = course->run;
    if (planned->id == STEP_VERIFY) {
        const char *said = run->after.reasons ? run->after.reasons[0] : NULL;
        return mem_format("not verified: %s", step->note ? step->note
                                              : said     ? said
                                                         : "not every check is green");
    }
    const char *what = planned->id == STEP_COMMAND ? "the command" : step->name;
    return mem_format("%s ended with status %d%s%s%s%s", what, step->status,
                      step->note ? ", " : "", step->note ? step->note : "",
                      course->shipped ? "" : "; nothing was shipped: no ",
                      course->shipped ? "" : run->kind);
}

void ends_failed(struct course *course, const struct planned *planned,
                 const struct step *step)
{
    struct run *run = course->run;
    keeping_unusual(course);
    bool unverified = planned->id == STEP_VERIFY;
    enum run_outcome outcome = unverified                ? OUTCOME_UNVERIFIED
                               : course->watch.cancelled ? OUTCOME_CANCELLED
                               : course->timed_out       ? OUTCOME_TIMED_OUT
                                                         : OUTCOME_FAILED;
    record_end(course);
    if (unverified && !step->note) {
        journal_end(&course->journal, outcome, EXIT_UNVERIFIED, EVENT_RUN_ENDED,
                    run->after.reasons, run->unusual ? run->unusual : course->remedy);
        return;
    }
    char *reason = ends_failure(course, planned, step);
    char *const reasons[] = {reason, NULL};
    journal_end(&course->journal, outcome, unverified ? EXIT_UNVERIFIED : EXIT_COMMAND,
                EVENT_RUN_ENDED, reasons, run->unusual);
    free(reason);
}

void ends_verified(struct course *course)
{
    struct run *run = course->run;
    record_end(course);
    keeping_unusual(course);
    run->known_good = run->release != NULL && course->intent.kind != KIND_REPAIR;
    journal_end(&course->journal, OUTCOME_VERIFIED, EXIT_GO, EVENT_RUN_ENDED,
                run->after.reasons, run->unusual);
}

/* What stands between a confirmation and the command: the configuration as it was, every
 * check asked anew, the gate, and nothing else than what was confirmed. */
#include "run/course.h"

#include "base/clock.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/spawn.h"
#include "base/text.h"
#include "board/gate.h"
#include "run/repair.h"
#include "secret/fingerprint.h"

#include <stdlib.h>
#include <string.h>

static enum step_end refuse_difference(struct course *course, char *const *differences)
{
    return course_refuse(course, EXIT_USAGE, differences,
                         "this is not what was confirmed: look at the plan again");
}

/* ---- the configuration ---- */

/* Before anything in it is obeyed: a file that nobody confirmed runs no command for a
 * secret or a release, and sends no secret anywhere. */
static bool same_config(struct course *course)
{
    const char *was = json_get_text(course->wanted.confirmation, "configuration");
    if (text_equal(was, course->config->digest)) {
        return true;
    }
    char *difference = mem_format("configuration was %s, is %s", was ? was : "none",
                                  course->config->digest);
    char *const differences[] = {difference, NULL};
    refuse_difference(course, differences);
    free(difference);
    return false;
}

static bool load(struct course *course)
{
    const struct handover *wanted = &course->wanted;
    struct error error = {0};
    config_destroy(course->config);
    course->config = config_load(wanted->config);
    if (!config_usable(course->config)) {
        char *complaint = config_complaint(course->config);
        error_set(&error, ERROR_CONFIG, "%s", complaint);
        free(complaint);
        course_refuse_error(course, EXIT_CONFIG, &error);
        return false;
    }
    course->environment = config_environment(course->config, wanted->environment, &error);
    if (!course->environment || !fingerprint_begin(wanted->home, &error)) {
        course_refuse_error(course, course_status_of(&error), &error);
        return false;
    }
    if (!same_config(course)) {
        return false;
    }
    journal_tell_people(&course->journal, course->environment);
    return true;
}

/* What of the plan the configuration alone tells, and the release as it was confirmed. */
static bool foresee(struct course *course, struct error *error)
{
    struct board *board = board_create(course->environment, course->checks);
    struct intent intent = course->intent;
    if (!intent.release) {
        intent.release = json_get_text(course->wanted.confirmation, "release");
    }
    plan_destroy(course->plan);
    course->plan = plan_create(board, &intent, error);
    board_destroy(board);
    return course->plan != NULL;
}

/* The programs; for a run that needs no green board, everything. */
static bool same_steps(struct course *course)
{
    const json_t *confirmed = course->wanted.confirmation;
    const json_t *now = course->plan->confirmation;
    char **differences = plan_differences(confirmed, now);
    bool whole = course->intent.kind != KIND_DEPLOY;
    bool same =
        json_equal(json_object_get(confirmed, "steps"), json_object_get(now, "steps")) &&
        (!whole || !differences[0]);
    if (!same) {
        refuse_difference(course, differences);
    }
    argv_free(differences);
    return same;
}

bool interlock_read(struct course *course)
{
    struct error error = {0};
    if (!load(course)) {
        return false;
    }
    if (!foresee(course, &error) || !keeping_foresee(course, &error)) {
        course_refuse_error(course, course_status_of(&error), &error);
        return false;
    }
    return course->run->follows || same_steps(course);
}

enum step_end interlock_reread(struct course *course)
{
    return load(course) ? STEP_DONE : STEP_OVER;
}

/* ---- the checks ---- */

bool interlock_prove(struct course *course, const char *release)
{
    proof_finish(&course->proof);
    course->proved = clock_now();
    proof_begin(&course->proof, course->environment, course->checks, release,
                course->intent.kind == KIND_ROLLBACK);
    return proof_ask(&course->proof, &course->watch);
}

enum step_end interlock_ask(struct course *course)
{
    struct error error = {0};
    if (course->intent.kind == KIND_DEPLOY && !execute_prepare(course, &error)) {
        return course_refuse_error(course, EXIT_INTERNAL, &error);
    }
    if (!interlock_prove(course, course->intent.release)) {
        return course_refuse_cancelled(course);
    }
    course->run->preflight = (clock_now() - course->proved) / CLOCK_MS;
    proof_judge(&course->proof, &course->run->before);
    return STEP_DONE;
}

static bool compare_plan(struct course *course)
{
    struct error error = {0};
    struct plan *plan = plan_create(course->proof.board, &course->intent, &error);
    if (!plan) {
        course_refuse_error(course, course_status_of(&error), &error);
        return false;
    }
    plan_destroy(course->plan);
    course->plan = plan;
    const json_t *confirmed = course->wanted.confirmation;
    char **differences = plan_differences(confirmed, plan->confirmation);
    bool same = strcmp(course->run->digest, plan->digest) == 0 && !differences[0];
    if (!same) {
        refuse_difference(course, differences);
    }
    argv_free(differences);
    return same;
}

enum step_end interlock_gate(struct course *course)
{
    struct verdict verdict = gate_decide(course->proof.board, clock_now());
    if (verdict.decision != GATE_GO) {
        return course_refuse(course, verdict_exit(verdict), course->run->before.reasons,
                             NULL);
    }
    return compare_plan(course) ? STEP_DONE : STEP_OVER;
}

/* ---- a repair ---- */

enum step_end interlock_need(struct course *course)
{
    struct error error = {0};
    if (repair_allowed(course->plan->section, course->proof.board, clock_now(),
                       &course->journal.dir, &error)) {
        return STEP_DONE;
    }
    return course_refuse_error(course, EXIT_USAGE, &error);
}

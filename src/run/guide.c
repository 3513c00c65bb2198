/* Guided failure: a run whose step failed asks whoever watches, and waits. */
#include "run/course.h"

#include "base/clock.h"
#include "base/mem.h"
#include "base/text.h"
#include "release/releases.h"

#include <stdlib.h>

/* ---- the way back ---- */

bool guide_way_back(const struct course *course, char **release, char **run)
{
    struct releases releases = {0};
    if (course->intent.kind != KIND_DEPLOY ||
        !config_section(course->environment, "/rollback")) {
        return false;
    }
    releases_read(&releases, &course->journal.dir, NULL);
    bool found = false;
    for (size_t i = 0; i < releases.count && !found; i++) {
        const struct past *past = &releases.rows[i];
        found = past->repute == REPUTE_GOOD &&
                !text_equal(past->release, course->run->release);
        if (found) {
            *release = mem_text(past->release);
            *run = mem_text(past->run->id);
        }
    }
    releases_finish(&releases);
    return found;
}

/* ---- asking ---- */

static void ask(struct course *course, const struct step *step, struct question *take)
{
    struct run *run = course->run;
    take->step = mem_text(step->name);
    take->attempt = step->attempts;
    take->since = clock_wall();
    course->decided = false;
    run_ask(run, take);
    char *choices = question_choices(&run->question);
    char *text = mem_format("%s: %s; %s?", step->name, run->question.why, choices);
    json_t *data = question_json(&run->question);
    journal_append(&course->journal, EVENT_RUN_WAITING, text, data, NULL);
    char *const why[] = {run->question.why, NULL};
    journal_announce(&course->journal, NOTICE_WAITING, why);
    free(text);
    free(choices);
}

/* On the trail and into the record, which takes the texts. */
static void decide(struct course *course, const json_t *who, struct ruling *take)
{
    struct run *run = course->run;
    take->at = clock_wall();
    char *text =
        mem_format("%s: %s%s%s", take->step, choice_rows[take->choice].word,
                   take->reason ? ", because " : "", take->reason ? take->reason : "");
    json_t *data = ruling_json(take);
    const struct event event = {.kind = EVENT_RUN_DECIDED,
                                .environment = run->environment,
                                .operator_name = take->by,
                                .run = run->id,
                                .release = run->release,
                                .text = text,
                                .data = data,
                                .who = who};
    events_append(&course->journal.events, &event, NULL, NULL);
    json_decref(data);
    free(text);
    json_decref(course->decided_by);
    course->decided_by = who ? json_deep_copy(who) : NULL;
    course->choice = take->choice;
    run_decide(run, take);
}

/* Nobody is there to ask, or the configuration has answered. */
static enum choice settle(struct course *course, const struct step *step,
                          enum choice choice, const char *reason)
{
    struct ruling ruling = {.step = mem_text(step->name),
                            .attempt = step->attempts,
                            .choice = choice,
                            .by = mem_text("greenboard"),
                            .reason = mem_text(reason)};
    decide(course, NULL, &ruling);
    return choice;
}

enum choice guide_ask(struct course *course, const struct planned *planned,
                      struct step *step, const char *why)
{
    struct question question = {.why = mem_text(why)};
    char *run = NULL;
    bool verify = planned->id == STEP_VERIFY;
    bool back = course->shipped && guide_way_back(course, &question.release, &run);
    free(run);
    if (verify && back && course->plan->rolls_back) {
        question_finish(&question);
        return settle(course, step, CHOICE_ROLLBACK, "on_verify_failure says so");
    }
    if (course->wanted.headless) {
        question_finish(&question);
        return settle(course, step, CHOICE_ABORT, "nobody watches");
    }
    if (verify && back) {
        question_offer(&question, CHOICE_ROLLBACK);
    }
    question_offer(&question, CHOICE_RETRY);
    if (!planned->required) {
        question_offer(&question, CHOICE_SKIP);
    }
    question_offer(&question, CHOICE_ABORT);
    if (back) {
        question_offer(&question, CHOICE_ROLLBACK);
    }
    ask(course, step, &question);
    journal_enter(&course->journal, PHASE_WAITING, NULL);
    while (!course->decided && !course->watch.cancelled) {
        watch_wait(&course->watch, NULL, -1, INT64_MAX);
    }
    question_finish(&course->run->question);
    return course->decided ? course->choice : CHOICE_ABORT;
}

void guide_ask_silent(struct course *course, const struct step *step, int64_t silence)
{
    char span[TEXT_SPAN];
    text_span(span, silence);
    struct question question = {.why = mem_format("no output for %s", span)};
    if (course->wanted.headless) { /* its time-out is what ends it */
        journal_append(&course->journal, EVENT_RUN_WAITING, question.why, NULL, NULL);
        question_finish(&question);
        return;
    }
    question_offer(&question, CHOICE_WAIT);
    question_offer(&question, CHOICE_STOP);
    ask(course, step, &question);
    journal_record(&course->journal, NULL);
}

void guide_withdraw(struct course *course)
{
    if (course->run->question.step) {
        question_finish(&course->run->question);
        journal_record(&course->journal, NULL);
    }
}

/* ---- an answer ---- */

bool guide_take(void *self, const struct request *request, struct error *error)
{
    struct course *course = self;
    const struct question *question = &course->run->question;
    const struct ruling *decision = &request->decision;
    if (!question->step || !text_equal(question->step, decision->step) ||
        question->attempt != decision->attempt) {
        error_set(error, ERROR_USAGE, "nothing of that kind is asked any more");
        error_hint(error, "see `greenboard runs attach %s`", course->run->id);
        return false;
    }
    if (!question_offers(question, decision->choice)) {
        char *choices = question_choices(question);
        error_set(error, ERROR_USAGE, "%s is not offered here: %s",
                  choice_rows[decision->choice].word, choices);
        free(choices);
        return false;
    }
    if (!decision->reason || !*decision->reason) {
        error_set(error, ERROR_USAGE, "a decision wants a reason");
        return false;
    }
    if (decision->choice == CHOICE_ROLLBACK &&
        !text_equal(request->confirm, course->run->environment)) {
        error_set(error, ERROR_USAGE,
                  "going back to %s wants the environment's name to confirm it",
                  question->release);
        error_hint(error, "say --confirm %s", course->run->environment);
        return false;
    }
    struct ruling ruling = {.step = mem_text(decision->step),
                            .attempt = decision->attempt,
                            .choice = decision->choice,
                            .by = mem_text(request->operator_name),
                            .reason = mem_text(decision->reason)};
    decide(course, request->who, &ruling);
    course->decided = true;
    journal_record(&course->journal, NULL);
    return true;
}

#include "store/record.h"

#include "base/clock.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/spawn.h"
#include "store/said.h"

#include <stdlib.h>
#include <string.h>

static json_t *step_json(const struct step *step)
{
    return json_pack("{s:s, s:o, s:o, s:o, s:o, s:i, s:b, s:o, s:o}", "name", step->name,
                     "title", said_json(step->title), "argv",
                     step->argv ? said_list(step->argv) : json_null(), "started",
                     moment_json(step->started), "ended", moment_json(step->ended),
                     "attempts", step->attempts, "skipped", (int)step->skipped, "status",
                     step->status < 0 ? json_null() : json_integer(step->status), "note",
                     said_json(step->note));
}

static json_t *judgement_json(const struct judgement *judgement)
{
    return json_pack(
        "{s:o, s:o, s:o, s:o}", "verdict", json_text(judgement->decision), "kind",
        json_text(judgement->kind), "reasons", said_list(judgement->reasons), "lights",
        judgement->lights ? json_deep_copy(judgement->lights) : json_array());
}

static json_t *process_json(const struct process *process)
{
    return process->pid ? json_pack("{s:I, s:I}", "pid", (json_int_t)process->pid,
                                    "start", (json_int_t)process->start)
                        : json_null();
}

static json_t *responsible_json(const char *who, const char *reason)
{
    return who ? json_pack("{s:o, s:o}", "by", said_json(who), "reason",
                           said_json(reason))
               : json_null();
}

static json_t *steps_json(const struct run *run)
{
    json_t *steps = json_array();
    for (size_t i = 0; i < run->step_count; i++) {
        json_array_append_new(steps, step_json(&run->steps[i]));
    }
    return steps;
}

static json_t *decisions_json(const struct run *run)
{
    json_t *decisions = json_array();
    for (size_t i = 0; i < run->decision_count; i++) {
        json_array_append_new(decisions, ruling_json(&run->decisions[i]));
    }
    return decisions;
}

static json_t *proven_json(const struct run *run)
{
    json_t *list = json_array();
    for (size_t i = 0; i < run->proven_count; i++) {
        const struct proven *proven = &run->proven[i];
        json_array_append_new(list,
                              json_pack("{s:s, s:s, s:o, s:o}", "name", proven->name,
                                        "state", state_rows[proven->state].word, "what",
                                        said_json(proven->what), "remedy",
                                        said_json(proven->remedy)));
    }
    return list;
}

static void add_texts(const struct run *run, json_t *object)
{
    for (size_t i = 0; i < run_text_count; i++) {
        const char *text = *run_text_at(run, &run_texts[i]);
        json_object_set_new(object, run_texts[i].key,
                            run_texts[i].said ? said_json(text) : json_text(text));
    }
}

json_t *run_json(const struct run *run)
{
    bool over = run->phase == PHASE_ENDED;
    json_t *object = json_pack("{s:s}", "id", run->id);
    add_texts(run, object);
    json_t *rest = json_pack(
        "{s:I, s:s, s:o, s:o, s:o, s:o, s:I, s:I, s:I, s:I, s:I, s:o, s:o, s:o, s:o, "
        "s:o, s:b, s:o, s:o, s:o, s:o}",
        "fence", (json_int_t)run->fence, "phase", run_phase_words[run->phase], "outcome",
        over ? json_string(outcome_rows[run->outcome].word) : json_null(), "status",
        over ? json_integer(run->status) : json_null(), "started",
        moment_json(run->started), "ended", moment_json(run->ended), "timeout_ms",
        (json_int_t)(run->timeout / CLOCK_MS), "usual_ms", (json_int_t)run->usual,
        "slept_ms", (json_int_t)run->slept, "preflight_ms", (json_int_t)run->preflight,
        "oldest_ms", (json_int_t)run->oldest, "steps", steps_json(run), "question",
        question_json(&run->question), "decisions", decisions_json(run), "verdict_before",
        judgement_json(&run->before), "verdict_after", judgement_json(&run->after),
        "known_good", (int)run->known_good, "supervisor", process_json(&run->supervisor),
        "group", process_json(&run->group), "cancelled",
        responsible_json(run->cancelled_by, run->cancel_reason), "resolved",
        responsible_json(run->resolved_by, run->resolve_reason));
    if (!object || !rest) {
        panic("a run's record cannot be written as JSON");
    }
    json_object_set_new(rest, "verified", proven_json(run));
    json_object_set_new(rest, "running",
                        run->running ? json_deep_copy(run->running) : json_null());
    json_object_update(object, rest);
    json_object_set_new(object, "who", run->who ? json_deep_copy(run->who) : json_null());
    json_object_set_new(object, "audit_head",
                        json_pack("{s:o, s:o}", "start", head_json(&run->head_start),
                                  "end", head_json(&run->head_end)));
    json_decref(rest);
    return object;
}

static struct process process_of(const json_t *object, const char *key)
{
    const json_t *process = json_object_get(object, key);
    return (struct process){.pid = (pid_t)integer_of(process, "pid"),
                            .start = integer_of(process, "start")};
}

static struct judgement judgement_of(const json_t *object, const char *key)
{
    const json_t *judgement = json_object_get(object, key);
    return (struct judgement){.decision = text_of(judgement, "verdict"),
                              .kind = text_of(judgement, "kind"),
                              .reasons = json_argv(json_object_get(judgement, "reasons")),
                              .lights =
                                  json_incref(json_object_get(judgement, "lights"))};
}

static void read_steps(struct run *run, const json_t *steps)
{
    size_t i;
    json_t *entry;
    json_array_foreach(steps, i, entry)
    {
        const json_t *argv = json_object_get(entry, "argv");
        const json_t *status = json_object_get(entry, "status");
        const char *name = json_get_text(entry, "name");
        struct step *step = run_step(run, name ? name : "?", NULL);
        step->title = text_of(entry, "title");
        step->argv = json_is_array(argv) ? json_argv(argv) : NULL;
        step->started = moment_of(entry, "started");
        step->ended = moment_of(entry, "ended");
        step->attempts = (int)integer_of(entry, "attempts");
        step->skipped = json_is_true(json_object_get(entry, "skipped"));
        step->status = json_is_integer(status) ? (int)json_integer_value(status) : -1;
        step->note = text_of(entry, "note");
    }
}

/* A word that is not ours proves nothing. */
static void read_proven(struct run *run, const json_t *list)
{
    size_t i;
    json_t *entry;
    json_array_foreach(list, i, entry)
    {
        const char *name = json_get_text(entry, "name");
        const char *word = json_get_text(entry, "state");
        enum state state = STATE_UNKNOWN;
        if (!word || !state_from_word(word, &state)) {
            state = STATE_UNKNOWN;
        }
        run_prove(run, name ? name : "?", state, json_get_text(entry, "what"),
                  json_get_text(entry, "remedy"));
    }
}

static void read_decisions(struct run *run, const json_t *decisions)
{
    size_t i;
    json_t *entry;
    struct ruling decision;
    json_array_foreach(decisions, i, entry)
    {
        if (ruling_of(entry, &decision)) {
            run_decide(run, &decision);
        }
    }
}

/* A word that is not ours (a newer greenboard's) is an error: nobody may guess that a run
 * ended. */
static bool read_words(struct run *run, const json_t *object, struct error *error)
{
    const char *phase = json_get_text(object, "phase");
    const char *outcome = json_get_text(object, "outcome");
    return (run_phase_from_word(phase, &run->phase) &&
            run_outcome_from_word(outcome ? outcome : "", &run->outcome) &&
            (run->phase != PHASE_ENDED || run->outcome != OUTCOME_NONE)) ||
           error_set(error, ERROR_PROTOCOL, "the record of run %s does not say its phase",
                     run->id);
}

struct run *run_from_json(const json_t *object, struct error *error)
{
    const char *id = json_get_text(object, "id");
    struct run *run = run_create(id ? id : "?");
    if (!read_words(run, object, error)) {
        run_destroy(run);
        return NULL;
    }
    const json_t *cancelled = json_object_get(object, "cancelled");
    const json_t *resolved = json_object_get(object, "resolved");
    for (size_t i = 0; i < run_text_count; i++) {
        *run_text_at(run, &run_texts[i]) = text_of(object, run_texts[i].key);
    }
    run->cancelled_by = text_of(cancelled, "by");
    run->cancel_reason = text_of(cancelled, "reason");
    run->resolved_by = text_of(resolved, "by");
    run->resolve_reason = text_of(resolved, "reason");
    const json_t *who = json_object_get(object, "who");
    run->who = json_is_object(who) ? json_deep_copy(who) : NULL;
    head_from_json(&run->head_start, json_at(object, "/audit_head/start"));
    head_from_json(&run->head_end, json_at(object, "/audit_head/end"));
    run->fence = integer_of(object, "fence");
    run->status = (int)integer_of(object, "status");
    run->started = moment_of(object, "started");
    run->ended = moment_of(object, "ended");
    run->timeout = integer_of(object, "timeout_ms") * CLOCK_MS;
    run->usual = integer_of(object, "usual_ms");
    run->slept = integer_of(object, "slept_ms");
    run->preflight = integer_of(object, "preflight_ms");
    run->oldest = integer_of(object, "oldest_ms");
    run->before = judgement_of(object, "verdict_before");
    run->after = judgement_of(object, "verdict_after");
    run->known_good = json_is_true(json_object_get(object, "known_good"));
    run->supervisor = process_of(object, "supervisor");
    run->group = process_of(object, "group");
    read_steps(run, json_object_get(object, "steps"));
    read_proven(run, json_object_get(object, "verified"));
    if (json_is_object(json_object_get(object, "running"))) {
        run->running = json_deep_copy(json_object_get(object, "running"));
    }
    read_decisions(run, json_object_get(object, "decisions"));
    run->question = question_of(json_object_get(object, "question"));
    return run;
}

#include "store/run.h"

#include "base/buf.h"
#include "base/clock.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/spawn.h"
#include "base/text.h"
#include "secret/mask.h"

#include <stdlib.h>
#include <string.h>

const char *const run_phase_words[PHASE_COUNT] = {
#define RUN_PHASES_WORD(id, word, help) [id] = word,
    RUN_PHASES(RUN_PHASES_WORD)
#undef RUN_PHASES_WORD
};

const struct outcome_row outcome_rows[OUTCOME_COUNT] = {
#define RUN_OUTCOMES_ROW(id, word, status, help) [id] = {word, status, help},
    RUN_OUTCOMES(RUN_OUTCOMES_ROW)
#undef RUN_OUTCOMES_ROW
};

struct run *run_create(const char *id)
{
    struct run *run = mem_alloc(sizeof *run);
    snprintf(run->id, sizeof run->id, "%s", id);
    return run;
}

void run_destroy(struct run *run)
{
    if (!run) {
        return;
    }
    for (size_t i = 0; i < run->step_count; i++) {
        free(run->steps[i].name);
        argv_free(run->steps[i].argv);
        free(run->steps[i].note);
    }
    free(run->steps);
    struct judgement *judgements[] = {&run->before, &run->after};
    for (size_t i = 0; i < 2; i++) {
        free(judgements[i]->decision);
        free(judgements[i]->kind);
        argv_free(judgements[i]->reasons);
    }
    char *texts[] = {run->kind,        run->system,         run->environment,
                     run->release,     run->operator_name,  run->reason,
                     run->digest,      run->config,         run->output,
                     run->control,     run->cancelled_by,   run->cancel_reason,
                     run->resolved_by, run->resolve_reason, run->trouble};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        free(texts[i]);
    }
    free(run);
}

struct step *run_step(struct run *run, const char *name, char *const *argv)
{
    run->steps = mem_resize(run->steps, (run->step_count + 1) * sizeof *run->steps);
    struct step *step = &run->steps[run->step_count++];
    *step = (struct step){.name = mem_text(name),
                          .argv = argv ? argv_copy(argv) : NULL,
                          .started = clock_wall(),
                          .status = -1};
    return step;
}

void run_step_end(struct step *step, int status)
{
    step->ended = clock_wall();
    step->status = status;
}

const char *run_word(const struct run *run)
{
    return run->phase == PHASE_ENDED ? outcome_rows[run->outcome].word
                                     : run_phase_words[run->phase];
}

/* What people and programs said, masked here and one by one: in the whole record a secret
 * such as "1234" or "ended" would be masked out of our own figures and words, and nobody
 * could read it again. */
static json_t *said_json(const char *said)
{
    struct buf text;
    buf_init(&text, 0);
    buf_text(&text, said ? said : "");
    mask_buf(&text);
    json_t *string = json_text(said ? buf_string(&text) : NULL);
    buf_finish(&text);
    return string;
}

static json_t *time_or_null(int64_t wall)
{
    char stamp[CLOCK_STAMP];
    if (wall == 0) {
        return json_null();
    }
    clock_stamp(stamp, wall);
    return json_string(stamp);
}

static json_t *texts_json(char *const *texts)
{
    json_t *array = json_array();
    for (size_t i = 0; texts && texts[i]; i++) {
        json_array_append_new(array, said_json(texts[i]));
    }
    return array;
}

static json_t *step_json(const struct step *step)
{
    return json_pack("{s:s, s:o, s:o, s:o, s:o, s:o}", "name", step->name, "argv",
                     step->argv ? texts_json(step->argv) : json_null(), "started",
                     time_or_null(step->started), "ended", time_or_null(step->ended),
                     "status",
                     step->status < 0 ? json_null() : json_integer(step->status), "note",
                     said_json(step->note));
}

static json_t *judgement_json(const struct judgement *judgement)
{
    return json_pack("{s:o, s:o, s:o}", "verdict", json_text(judgement->decision), "kind",
                     json_text(judgement->kind), "reasons",
                     texts_json(judgement->reasons));
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

json_t *run_json(const struct run *run)
{
    json_t *steps = json_array();
    for (size_t i = 0; i < run->step_count; i++) {
        json_array_append_new(steps, step_json(&run->steps[i]));
    }
    bool over = run->phase == PHASE_ENDED;
    json_t *object =
        json_pack("{s:s, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:I}", "id", run->id,
                  "kind", json_text(run->kind), "system", json_text(run->system),
                  "environment", json_text(run->environment), "release",
                  json_text(run->release), "operator", said_json(run->operator_name),
                  "reason", said_json(run->reason), "digest", json_text(run->digest),
                  "config", json_text(run->config), "fence", (json_int_t)run->fence);
    json_t *rest = json_pack(
        "{s:s, s:o, s:o, s:o, s:o, s:I, s:I, s:o, s:o, s:o, s:b, s:o, s:o, s:o, s:o, "
        "s:o, s:o, s:o}",
        "phase", run_phase_words[run->phase], "outcome",
        over ? json_string(outcome_rows[run->outcome].word) : json_null(), "status",
        over ? json_integer(run->status) : json_null(), "started",
        time_or_null(run->started), "ended", time_or_null(run->ended), "timeout_ms",
        (json_int_t)(run->timeout / CLOCK_MS), "usual_ms", (json_int_t)run->usual,
        "steps", steps, "verdict_before", judgement_json(&run->before), "verdict_after",
        judgement_json(&run->after), "known_good", (int)run->known_good, "supervisor",
        process_json(&run->supervisor), "group", process_json(&run->group), "output",
        json_text(run->output), "control", json_text(run->control), "cancelled",
        responsible_json(run->cancelled_by, run->cancel_reason), "resolved",
        responsible_json(run->resolved_by, run->resolve_reason), "trouble",
        said_json(run->trouble));
    if (!object || !rest) {
        panic("a run's record cannot be written as JSON");
    }
    json_object_update(object, rest);
    json_decref(rest);
    return object;
}

static char *text_of(const json_t *object, const char *key)
{
    return mem_text(json_get_text(object, key));
}

static int64_t integer_of(const json_t *object, const char *key)
{
    return json_integer_value(json_object_get(object, key));
}

static int64_t time_of(const json_t *object, const char *key)
{
    int64_t wall = 0;
    const char *stamp = json_get_text(object, key);
    return stamp && clock_parse(stamp, &wall) ? wall : 0;
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
                              .reasons =
                                  json_argv(json_object_get(judgement, "reasons"))};
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
        step->argv = json_is_array(argv) ? json_argv(argv) : NULL;
        step->started = time_of(entry, "started");
        step->ended = time_of(entry, "ended");
        step->status = json_is_integer(status) ? (int)json_integer_value(status) : -1;
        step->note = text_of(entry, "note");
    }
}

/* A word that is not ours (a newer greenboard's) is an error: nobody may guess that a run
 * ended. */
static bool read_words(struct run *run, const json_t *object, struct error *error)
{
    const char *phase = json_get_text(object, "phase");
    const char *outcome = json_get_text(object, "outcome");
    size_t i = 0, j = 0;
    while (i < PHASE_COUNT && !text_equal(run_phase_words[i], phase)) {
        i++;
    }
    while (j < OUTCOME_COUNT &&
           !text_equal(outcome_rows[j].word, outcome ? outcome : "")) {
        j++;
    }
    if (i == PHASE_COUNT || j == OUTCOME_COUNT ||
        (i == PHASE_ENDED && j == OUTCOME_NONE)) {
        return error_set(error, ERROR_PROTOCOL,
                         "the record of run %s does not say its phase", run->id);
    }
    run->phase = (enum run_phase)i;
    run->outcome = (enum run_outcome)j;
    return true;
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
    run->kind = text_of(object, "kind");
    run->system = text_of(object, "system");
    run->environment = text_of(object, "environment");
    run->release = text_of(object, "release");
    run->operator_name = text_of(object, "operator");
    run->reason = text_of(object, "reason");
    run->digest = text_of(object, "digest");
    run->config = text_of(object, "config");
    run->output = text_of(object, "output");
    run->control = text_of(object, "control");
    run->trouble = text_of(object, "trouble");
    run->cancelled_by = text_of(cancelled, "by");
    run->cancel_reason = text_of(cancelled, "reason");
    run->resolved_by = text_of(resolved, "by");
    run->resolve_reason = text_of(resolved, "reason");
    run->fence = integer_of(object, "fence");
    run->status = (int)integer_of(object, "status");
    run->started = time_of(object, "started");
    run->ended = time_of(object, "ended");
    run->timeout = integer_of(object, "timeout_ms") * CLOCK_MS;
    run->usual = integer_of(object, "usual_ms");
    run->before = judgement_of(object, "verdict_before");
    run->after = judgement_of(object, "verdict_after");
    run->known_good = json_is_true(json_object_get(object, "known_good"));
    run->supervisor = process_of(object, "supervisor");
    run->group = process_of(object, "group");
    read_steps(run, json_object_get(object, "steps"));
    return run;
}

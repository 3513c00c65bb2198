#include "store/run.h"

#include "base/clock.h"
#include "base/mem.h"
#include "base/spawn.h"
#include "base/text.h"

#include <stdlib.h>
#include <string.h>

const char *const run_phase_words[PHASE_COUNT] = {
#define RUN_PHASES_WORD(id, word, help) [id] = word,
    RUN_PHASES(RUN_PHASES_WORD)
#undef RUN_PHASES_WORD
};

const char *const run_phase_help[PHASE_COUNT] = {
#define RUN_PHASES_HELP(id, word, help) [id] = help,
    RUN_PHASES(RUN_PHASES_HELP)
#undef RUN_PHASES_HELP
};

bool run_phase_from_word(const char *word, enum run_phase *phase)
{
    for (size_t i = 0; i < PHASE_COUNT; i++) {
        if (text_equal(run_phase_words[i], word)) {
            *phase = (enum run_phase)i;
            return true;
        }
    }
    return false;
}

const char *const run_kind_words[KIND_COUNT] = {
#define RUN_KINDS_WORD(id, word, help) [id] = word,
    RUN_KINDS(RUN_KINDS_WORD)
#undef RUN_KINDS_WORD
};

bool run_kind_from_word(const char *word, enum run_kind *kind)
{
    for (size_t i = 0; i < KIND_COUNT; i++) {
        if (text_equal(run_kind_words[i], word)) {
            *kind = (enum run_kind)i;
            return true;
        }
    }
    return false;
}

const struct outcome_row outcome_rows[OUTCOME_COUNT] = {
#define RUN_OUTCOMES_ROW(id, word, status, state, help)                                  \
    [id] = {word, status, state, help},
    RUN_OUTCOMES(RUN_OUTCOMES_ROW)
#undef RUN_OUTCOMES_ROW
};

bool run_outcome_from_word(const char *word, enum run_outcome *outcome)
{
    for (size_t i = 0; i < OUTCOME_COUNT; i++) {
        if (text_equal(outcome_rows[i].word, word)) {
            *outcome = (enum run_outcome)i;
            return true;
        }
    }
    return false;
}

#define TEXT(key, member, said)                                                          \
    {                                                                                    \
        key, offsetof(struct run, member), said                                          \
    }
const struct run_text run_texts[] = {
    TEXT("kind", kind, false),
    TEXT("repair", repair, false),
    TEXT("system", system, false),
    TEXT("environment", environment, false),
    TEXT("release", release, false),
    TEXT("target", target, false),
    TEXT("follows", follows, false),
    TEXT("next", next, false),
    TEXT("operator", operator_name, true),
    TEXT("reason", reason, true),
    TEXT("digest", digest, false),
    TEXT("config", config, false),
    TEXT("output", output, false),
    TEXT("control", control, false),
    TEXT("backup", backup, false),
    TEXT("shipped", shipped, false),
    TEXT("unusual", unusual, true),
    TEXT("scope", scope, false),
    TEXT("boot", boot, false),
    TEXT("trouble", trouble, true),
};
const size_t run_text_count = sizeof run_texts / sizeof *run_texts;

char **run_text_at(const struct run *run, const struct run_text *row)
{
    return (char **)(void *)((char *)(uintptr_t)run + row->offset);
}

void judgement_finish(struct judgement *judgement)
{
    free(judgement->decision);
    free(judgement->kind);
    argv_free(judgement->reasons);
    json_decref(judgement->lights);
    *judgement = (struct judgement){0};
}

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
        free(run->steps[i].title);
        argv_free(run->steps[i].argv);
        free(run->steps[i].note);
    }
    free(run->steps);
    question_finish(&run->question);
    for (size_t i = 0; i < run->decision_count; i++) {
        ruling_finish(&run->decisions[i]);
    }
    free(run->decisions);
    run_prove_anew(run);
    judgement_finish(&run->before);
    judgement_finish(&run->after);
    for (size_t i = 0; i < run_text_count; i++) {
        free(*run_text_at(run, &run_texts[i]));
    }
    free(run->cancelled_by);
    free(run->cancel_reason);
    free(run->resolved_by);
    free(run->resolve_reason);
    json_decref(run->who);
    free(run);
}

struct step *run_step(struct run *run, const char *name, char *const *argv)
{
    run->steps = mem_resize(run->steps, (run->step_count + 1) * sizeof *run->steps);
    struct step *step = &run->steps[run->step_count++];
    *step = (struct step){
        .name = mem_text(name), .argv = argv ? argv_copy(argv) : NULL, .status = -1};
    return step;
}

struct step *run_step_find(const struct run *run, const char *name)
{
    for (size_t i = 0; i < run->step_count; i++) {
        if (text_equal(run->steps[i].name, name)) {
            return &run->steps[i];
        }
    }
    return NULL;
}

void run_step_begin(struct step *step)
{
    step->started = clock_wall();
    step->ended = 0;
    step->status = -1;
    step->attempts++;
    free(step->note);
    step->note = NULL;
}

void run_step_end(struct step *step, int status)
{
    step->ended = clock_wall();
    step->status = status;
}

const struct step *run_step_current(const struct run *run)
{
    const struct step *last = NULL;
    for (size_t i = 0; i < run->step_count; i++) {
        const struct step *step = &run->steps[i];
        if (step->started && (!step->ended || !last || last->ended)) {
            last = step;
        }
    }
    return last;
}

const struct step *run_step_main(const struct run *run)
{
    return run_step_find(run, run->kind);
}

void run_prove_anew(struct run *run)
{
    for (size_t i = 0; i < run->proven_count; i++) {
        free(run->proven[i].name);
        free(run->proven[i].what);
        free(run->proven[i].remedy);
    }
    free(run->proven);
    run->proven = NULL;
    run->proven_count = 0;
    json_decref(run->running);
    run->running = NULL;
}

void run_prove(struct run *run, const char *name, enum state state, const char *what,
               const char *remedy)
{
    run->proven = mem_resize(run->proven, (run->proven_count + 1) * sizeof *run->proven);
    run->proven[run->proven_count++] = (struct proven){.name = mem_text(name),
                                                       .state = state,
                                                       .what = mem_text(what),
                                                       .remedy = mem_text(remedy)};
}

void run_ask(struct run *run, const struct question *take_question)
{
    question_finish(&run->question);
    run->question = *take_question;
}

void run_decide(struct run *run, const struct ruling *take_decision)
{
    run->decisions =
        mem_resize(run->decisions, (run->decision_count + 1) * sizeof *run->decisions);
    run->decisions[run->decision_count++] = *take_decision;
    question_finish(&run->question);
}

const char *run_word(const struct run *run)
{
    return run->phase == PHASE_ENDED ? outcome_rows[run->outcome].word
                                     : run_phase_words[run->phase];
}

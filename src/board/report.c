#include "board/report.h"

#include "base/clock.h"
#include "base/json.h"
#include "base/spawn.h"
#include "board/cause.h"

#include <math.h>
#include <stdlib.h>

/* Milliseconds with a tenth: more digits would be noise. */
static json_t *milliseconds(int64_t span)
{
    return json_real(round(clock_ms(span) * 10) / 10);
}

json_t *report_light(const struct light *light, int64_t now)
{
    json_t *object = json_object();
    const struct result *result = light->result;
    json_object_set_new(object, "name", json_string(light->name));
    json_object_set_new(object, "type", json_string(light->check->name));
    if (!result) {
        json_object_set_new(object, "state", json_null());
        return object;
    }
    json_object_set_new(object, "state", json_string(state_rows[result->state].word));
    json_object_set_new(object, "rung", json_text(rung_words[result->rung]));
    json_object_set_new(object, "summary", json_string(result->summary));
    json_object_set_new(object, "remedy", json_text(result->remedy));
    if (result->blames) {
        json_object_set_new(object, "blames", json_string(result->blames));
    }
    json_object_set_new(object, "age_ms", json_integer(light_age(light, now) / CLOCK_MS));
    json_object_set_new(object, "duration_ms", milliseconds(result_duration(result)));
    json_t *phases = json_object();
    for (size_t i = 0; i < result->phase_count; i++) {
        json_object_set_new(phases, result->phases[i].name,
                            milliseconds(result->phases[i].span));
    }
    json_object_set_new(object, "phases", phases);
    json_t *evidence = json_object();
    for (size_t i = 0; i < result->evidence_count; i++) {
        json_object_set_new(evidence, result->evidence[i].key,
                            json_string(result->evidence[i].value));
    }
    json_object_set_new(object, "evidence", evidence);
    json_t *notes = json_array();
    for (size_t i = 0; i < result->note_count; i++) {
        json_array_append_new(notes, json_text(result->notes[i]));
    }
    json_object_set_new(object, "notes", notes);
    return object;
}

static json_t *report_reasons(const struct board *board, int64_t now)
{
    char **reasons = gate_reasons(board, now);
    json_t *array = json_texts(reasons);
    argv_free(reasons);
    return array;
}

static json_t *report_causes(const struct board *board, int64_t now)
{
    struct causes causes;
    json_t *array = json_array();
    cause_find(board, now, &causes);
    for (size_t i = 0; i < causes.count; i++) {
        const struct cause *cause = &causes.rows[i];
        json_t *explains = json_array();
        for (size_t j = 0; j < cause->count; j++) {
            json_array_append_new(explains, json_string(cause->explains[j]->name));
        }
        const char *because =
            cause->light->result ? cause->light->result->summary : "no answer yet";
        json_array_append_new(array,
                              json_pack("{s:s,s:s,s:o}", "check", cause->light->name,
                                        "because", because, "explains", explains));
    }
    causes_finish(&causes);
    return array;
}

json_t *report_board(const struct board *board, int64_t now, bool partial,
                     int64_t duration)
{
    const struct environment *environment = board->environment;
    struct verdict verdict = gate_decide(board, now);
    json_t *object = json_object();
    json_object_set_new(object, "system", json_string(environment->system));
    json_object_set_new(object, "environment", json_string(environment->name));
    json_object_set_new(object, "class",
                        json_string(env_class_words[environment->env_class]));
    json_object_set_new(object, "release", json_text(board->release));
    char stamp[CLOCK_STAMP];
    clock_stamp(stamp, clock_wall());
    json_object_set_new(object, "at", json_string(stamp));
    if (partial) {
        json_object_set_new(object, "partial", json_true());
    }
    json_object_set_new(object, "verdict",
                        partial ? json_null()
                                : json_string(decision_words[verdict.decision]));
    json_object_set_new(object, "kind",
                        partial ? json_null() : json_text(verdict_kind(verdict)));
    json_object_set_new(object, "reasons",
                        partial ? json_array() : report_reasons(board, now));
    json_object_set_new(object, "causes", report_causes(board, now));
    json_object_set_new(object, "duration_ms", milliseconds(duration));
    json_t *checks = json_array();
    for (size_t i = 0; i < board->count; i++) {
        if (!partial || board->lights[i].result) {
            json_array_append_new(checks, report_light(&board->lights[i], now));
        }
    }
    json_object_set_new(object, "checks", checks);
    return object;
}

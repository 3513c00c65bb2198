#include "store/question.h"

#include "base/buf.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/text.h"
#include "store/said.h"

#include <stdlib.h>

const struct choice_row choice_rows[CHOICE_COUNT] = {
#define CHOICES_ROW(id, word, help) [id] = {word, help},
    CHOICES(CHOICES_ROW)
#undef CHOICES_ROW
};

bool choice_from_word(const char *word, enum choice *choice)
{
    for (size_t i = 0; i < CHOICE_COUNT; i++) {
        if (text_equal(choice_rows[i].word, word)) {
            *choice = (enum choice)i;
            return true;
        }
    }
    return false;
}

bool question_offers(const struct question *question, enum choice choice)
{
    for (size_t i = 0; i < question->choice_count; i++) {
        if (question->choices[i] == choice) {
            return true;
        }
    }
    return false;
}

void question_offer(struct question *question, enum choice choice)
{
    if (!question_offers(question, choice)) {
        question->choices[question->choice_count++] = choice;
    }
}

void question_finish(struct question *question)
{
    free(question->step);
    free(question->why);
    free(question->release);
    *question = (struct question){0};
}

void ruling_finish(struct ruling *decision)
{
    free(decision->step);
    free(decision->by);
    free(decision->reason);
    *decision = (struct ruling){0};
}

json_t *question_json(const struct question *question)
{
    if (!question->step) {
        return json_null();
    }
    json_t *choices = json_array();
    for (size_t i = 0; i < question->choice_count; i++) {
        json_array_append_new(choices,
                              json_string(choice_rows[question->choices[i]].word));
    }
    return json_pack("{s:s, s:i, s:o, s:o, s:o, s:o}", "step", question->step, "attempt",
                     question->attempt, "why", said_json(question->why), "choices",
                     choices, "release", json_text(question->release), "since",
                     moment_json(question->since));
}

struct question question_of(const json_t *value)
{
    struct question question = {.step = text_of(value, "step"),
                                .attempt = (int)integer_of(value, "attempt"),
                                .why = text_of(value, "why"),
                                .release = text_of(value, "release"),
                                .since = moment_of(value, "since")};
    size_t i;
    json_t *word;
    enum choice choice;
    json_array_foreach(json_object_get(value, "choices"), i, word)
    {
        if (choice_from_word(json_string_value(word), &choice)) {
            question_offer(&question, choice);
        }
    }
    return question;
}

json_t *ruling_json(const struct ruling *decision)
{
    return json_pack("{s:s, s:i, s:s, s:o, s:o, s:o}", "step", decision->step, "attempt",
                     decision->attempt, "choice", choice_rows[decision->choice].word,
                     "by", said_json(decision->by), "reason", said_json(decision->reason),
                     "at", moment_json(decision->at));
}

bool ruling_of(const json_t *value, struct ruling *decision)
{
    enum choice choice;
    const char *step = json_get_text(value, "step");
    if (!step || !choice_from_word(json_get_text(value, "choice"), &choice)) {
        return false;
    }
    *decision = (struct ruling){.step = mem_text(step),
                                .attempt = (int)integer_of(value, "attempt"),
                                .choice = choice,
                                .by = text_of(value, "by"),
                                .reason = text_of(value, "reason"),
                                .at = moment_of(value, "at")};
    return true;
}

char *question_choices(const struct question *question)
{
    struct buf out;
    buf_init(&out, 0);
    for (size_t i = 0; i < question->choice_count; i++) {
        const char *joint = i == 0 ? "" : i + 1 < question->choice_count ? ", " : " or ";
        buf_format(&out, "%s%s", joint, choice_rows[question->choices[i]].word);
    }
    return out.data ? buf_take(&out) : mem_text("");
}

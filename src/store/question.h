/* What a run asks the people who watch it, and what they decided.
 *
 * A step that failed, or has been silent for long, is a question with a few choices; it
 * stands in the run's record until somebody decides. Who owns the run owns these. Any
 * thread. */
#ifndef GREENBOARD_STORE_QUESTION_H
#define GREENBOARD_STORE_QUESTION_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* THE choices: id, word, what it does. */
#define CHOICES(X)                                                                       \
    X(CHOICE_RETRY, "retry", "do the step again")                                        \
    X(CHOICE_SKIP, "skip", "go on without the step")                                     \
    X(CHOICE_ABORT, "abort", "end the run here")                                         \
    X(CHOICE_ROLLBACK, "rollback", "end the run here; go back to the last known good")   \
    X(CHOICE_WAIT, "wait", "leave the command more time")                                \
    X(CHOICE_STOP, "stop", "end the command; the step has failed then")

enum choice {
#define CHOICES_ENUM(id, word, help) id,
    CHOICES(CHOICES_ENUM)
#undef CHOICES_ENUM
        CHOICE_COUNT
};
struct choice_row {
    const char *word;
    const char *help;
};
extern const struct choice_row choice_rows[CHOICE_COUNT];
bool choice_from_word(const char *word, enum choice *choice);

/* Bound to one attempt of one step: an answer that comes late decides nothing else. */
struct question {
    char *step; /* NULL: nothing is asked */
    int attempt;
    char *why;
    enum choice choices[CHOICE_COUNT]; /* the one that is advised first */
    size_t choice_count;
    char *release; /* to which CHOICE_ROLLBACK would go back, or NULL */
    int64_t since; /* wall ms */
};

struct ruling {
    char *step;
    int attempt;
    enum choice choice;
    char *by, *reason; /* reason: NULL where there was no need of one */
    int64_t at;        /* wall ms */
};

void question_offer(struct question *question, enum choice choice);
bool question_offers(const struct question *question, enum choice choice);
void question_finish(struct question *question);
void ruling_finish(struct ruling *decision);

json_t *question_json(const struct question *question); /* null where nothing is asked */
struct question question_of(const json_t *value);
json_t *ruling_json(const struct ruling *decision);
bool ruling_of(const json_t *value, struct ruling *decision); /* false: not ours */

/* "retry, skip or abort"; the caller frees. */
char *question_choices(const struct question *question);

#endif

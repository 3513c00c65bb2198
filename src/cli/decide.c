#include "cli/decide.h"

#include "base/mem.h"
#include "base/text.h"
#include "run/control.h"
#include "store/events.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { LINE_ROOM = 1024 };

bool decide_send(const struct statedir *dir, const struct run *run, const char *choice,
                 const char *reason, const char *confirm, struct error *error)
{
    struct ruling ruling = {.step = run->question.step, .attempt = run->question.attempt};
    if (!run->question.step) {
        return error_set(error, ERROR_USAGE, "run %s asks nothing", run->id);
    }
    if (!choice_from_word(choice, &ruling.choice)) {
        char *choices = question_choices(&run->question);
        error_set(error, ERROR_USAGE, "\"%s\" is no choice: %s", choice ? choice : "",
                  choices);
        free(choices);
        return false;
    }
    ruling.by = events_operator();
    ruling.reason = mem_text(reason);
    bool done = control_decide(dir, run->id, &ruling, confirm, error);
    free(ruling.by);
    free(ruling.reason);
    return done;
}

/* ---- told ---- */

static void say_how(const struct decide *decide, const struct run *run)
{
    const struct question *question = &run->question;
    char *choices = question_choices(question);
    fprintf(stderr, "  decide: %s\n", choices);
    free(choices);
    if (question_offers(question, CHOICE_ROLLBACK)) {
        fprintf(stderr, "  rollback goes back to %s\n", question->release);
    }
    if (decide->terminal) {
        bool back = question->choices[0] == CHOICE_ROLLBACK;
        fprintf(stderr,
                "  type the choice and the reason, as in: %s it was the network\n",
                choice_rows[question->choices[back ? 1 : 0]].word);
        if (question_offers(question, CHOICE_ROLLBACK)) {
            fprintf(stderr,
                    "  a rollback wants the environment's name: rollback %s "
                    "REASON\n",
                    run->environment);
        }
    } else {
        fprintf(stderr, "  greenboard runs decide %s CHOICE --reason TEXT\n", run->id);
    }
}

void decide_tell(struct decide *decide, const struct run *run)
{
    const struct question *question = &run->question;
    decide->asking = question->step != NULL;
    if (!decide->asking || question->since == decide->told) {
        return;
    }
    decide->told = question->since;
    fprintf(stderr, "run %s: %s: %s\n", run->id, question->step, question->why);
    say_how(decide, run);
}

int decide_fd(const struct decide *decide)
{
    return decide->terminal && decide->asking ? STDIN_FILENO : -1;
}

/* ---- typed ---- */

static char *next_word(char **rest)
{
    *rest += strspn(*rest, " \t");
    char *word = *rest;
    *rest += strcspn(*rest, " \t");
    if (**rest) {
        *(*rest)++ = '\0';
    }
    *rest += strspn(*rest, " \t");
    return word;
}

void decide_hear(struct decide *decide, const struct run *run)
{
    char line[LINE_ROOM];
    struct error error = {0};
    ssize_t got = read(STDIN_FILENO, line, sizeof line - 1);
    if (got <= 0) {
        decide->terminal = false;
        return;
    }
    line[got] = '\0';
    line[strcspn(line, "\n")] = '\0';
    char *rest = line, *choice = next_word(&rest);
    if (!*choice) {
        return;
    }
    bool back = strcmp(choice, choice_rows[CHOICE_ROLLBACK].word) == 0;
    char *confirm = back ? next_word(&rest) : NULL;
    if (!decide_send(decide->dir, run, choice, rest, confirm, &error)) {
        fprintf(stderr, "greenboard: %s\n", error.message);
        say_how(decide, run);
    }
}

#include "run/words.h"

#include "base/buf.h"
#include "base/clock.h"
#include "base/mem.h"
#include "base/spawn.h"
#include "base/text.h"
#include "source/capture.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

extern char **environ;

/* What a command is told: THE table of placeholders and the variables of the same
 * name. */
enum { WORDS = 5, NUMBER = 24 };
struct word {
    const char *placeholder;
    const char *variable;
    const char *value; /* NULL: no such thing in this run */
};

struct words {
    struct word rows[WORDS];
    char fence[NUMBER], since[CLOCK_STAMP];
};

static void fill(struct words *words, const struct plan *plan, const struct run *run)
{
    snprintf(words->fence, sizeof words->fence, "%lld", (long long)run->fence);
    clock_stamp(words->since, run->started);
    const struct word all[WORDS] = {
        {"{release}", "GREENBOARD_RELEASE", plan->release},
        {"{environment}", "GREENBOARD_ENVIRONMENT", plan->environment->name},
        {"{run}", "GREENBOARD_RUN", run->id},
        {"{fence}", "GREENBOARD_FENCE", words->fence},
        {"{since}", "GREENBOARD_SINCE", words->since},
    };
    memcpy(words->rows, all, sizeof all);
}

/* Once through the text: what was put in is not looked at again. */
static char *replace(const char *text, const struct word words[WORDS])
{
    struct buf out;
    buf_init(&out, 0);
    buf_text(&out, "");
    while (*text) {
        const struct word *found = NULL;
        for (size_t i = 0; i < WORDS && !found; i++) {
            found = text_starts(text, words[i].placeholder) ? &words[i] : NULL;
        }
        if (found) {
            buf_text(&out, found->value ? found->value : "");
            text += strlen(found->placeholder);
        } else {
            buf_add(&out, text++, 1);
        }
    }
    return out.data ? buf_take(&out) : mem_text("");
}

char **words_argv(const struct plan *plan, char *const *argv, const struct run *run)
{
    struct words words;
    fill(&words, plan, run);
    char **told = NULL;
    argv_add(&told, argv[0]); /* a path that was resolved and confirmed */
    for (size_t i = 1; argv[i]; i++) {
        char *text = replace(argv[i], words.rows);
        argv_add(&told, text);
        free(text);
    }
    return told;
}

static bool names(const char *entry, const char *name)
{
    size_t length = strlen(name);
    return strncmp(entry, name, length) == 0 && entry[length] == '=';
}

static bool kept(const char *entry, const struct plan *plan,
                 const struct word words[WORDS])
{
    for (size_t i = 0; i < WORDS; i++) {
        if (names(entry, words[i].variable)) {
            return false;
        }
    }
    for (size_t i = 0; plan->withheld && plan->withheld[i]; i++) {
        if (names(entry, plan->withheld[i])) {
            return false;
        }
    }
    return !names(entry, "GREENBOARD_RUN_DIR");
}

static void add_variable(char ***env, const char *name, const char *value)
{
    char *entry = mem_format("%s=%s", name, value);
    argv_add(env, entry);
    explicit_bzero(entry, strlen(entry));
    free(entry);
}

char **words_env(const struct plan *plan, const char *directory, const struct run *run)
{
    struct words words;
    fill(&words, plan, run);
    char **env = NULL;
    for (char **entry = environ; *entry; entry++) {
        if (kept(*entry, plan, words.rows)) {
            argv_add(&env, *entry);
        }
    }
    for (size_t i = 0; plan->given_back && plan->given_back[i]; i++) {
        struct secret *secret = capture_find(plan->given_back[i]);
        if (secret) {
            add_variable(&env, plan->given_back[i], secret_data(secret));
        }
        secret_unref(secret);
    }
    for (size_t i = 0; i < WORDS; i++) {
        if (words.rows[i].value) {
            add_variable(&env, words.rows[i].variable, words.rows[i].value);
        }
    }
    add_variable(&env, "GREENBOARD_RUN_DIR", directory);
    return env;
}

void words_env_free(char **env)
{
    for (size_t i = 0; env && env[i]; i++) {
        explicit_bzero(env[i], strlen(env[i]));
    }
    argv_free(env);
}

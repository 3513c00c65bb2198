#include "run/words.h"

#include "base/buf.h"
#include "base/mem.h"
#include "base/spawn.h"
#include "base/text.h"
#include "source/capture.h"

#include <stdlib.h>
#include <string.h>

extern char **environ;

/* What a command is told: THE table of placeholders and the variables of the same
 * name. */
enum { WORDS = 4 };
struct word {
    const char *placeholder;
    const char *variable;
    const char *value; /* NULL: no such thing in this run */
};

static void fill(struct word words[WORDS], const struct plan *plan, const char *run,
                 const char *fence)
{
    const struct word all[WORDS] = {
        {"{release}", "GREENBOARD_RELEASE", plan->release},
        {"{environment}", "GREENBOARD_ENVIRONMENT", plan->environment->name},
        {"{run}", "GREENBOARD_RUN", run},
        {"{fence}", "GREENBOARD_FENCE", fence},
    };
    memcpy(words, all, sizeof all);
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

char **words_argv(const struct plan *plan, char *const *argv, const char *run,
                  int64_t fence)
{
    struct word words[WORDS];
    char *number = mem_format("%lld", (long long)fence);
    fill(words, plan, run, number);
    char **told = NULL;
    argv_add(&told, argv[0]); /* a path that was resolved and confirmed */
    for (size_t i = 1; argv[i]; i++) {
        char *text = replace(argv[i], words);
        argv_add(&told, text);
        free(text);
    }
    free(number);
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

char **words_env(const struct plan *plan, const char *directory, const char *run,
                 int64_t fence)
{
    struct word words[WORDS];
    char *number = mem_format("%lld", (long long)fence);
    fill(words, plan, run, number);
    char **env = NULL;
    for (char **entry = environ; *entry; entry++) {
        if (kept(*entry, plan, words)) {
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
        if (words[i].value) {
            add_variable(&env, words[i].variable, words[i].value);
        }
    }
    add_variable(&env, "GREENBOARD_RUN_DIR", directory);
    free(number);
    return env;
}

void words_env_free(char **env)
{
    for (size_t i = 0; env && env[i]; i++) {
        explicit_bzero(env[i], strlen(env[i]));
    }
    argv_free(env);
}

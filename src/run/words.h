/* What a command is told of its run: placeholders in its arguments and variables of its
 * environment. Pure but for the environment and the captured variables that it reads. */
#ifndef GREENBOARD_RUN_WORDS_H
#define GREENBOARD_RUN_WORDS_H

#include "run/plan.h"
#include "store/run.h"

/* The argument vector with {release} {environment} {run} {fence} {since} replaced;
 * argv_free(). */
char **words_argv(const struct plan *plan, char *const *argv, const struct run *run);

/* Our environment less what is withheld, what is given back, GREENBOARD_RELEASE,
 * _ENVIRONMENT, _RUN, _FENCE and _SINCE, and GREENBOARD_RUN_DIR where its record is.
 * words_env_free() cleanses it. */
char **words_env(const struct plan *plan, const char *directory, const struct run *run);
void words_env_free(char **env);

#endif

#include "board/check.h"

#include <string.h>

/* An empty password is none at all to many servers, and all who take it read it as
 * text. */
static bool fit(const struct resolved *resolved, struct result *result)
{
    size_t length = secret_length(resolved->secret);
    const char *finding = length == 0 ? "is empty"
                          : strlen(secret_data(resolved->secret)) != length
                              ? "holds a NUL byte"
                              : NULL;
    if (finding) {
        result_set(result, STATE_FAIL, "correct the value at its source",
                   "%s: the secret %s", resolved->label, finding);
    }
    return !finding;
}

struct secret *job_secret(const struct job *job, const json_t *source,
                          struct result *result)
{
    const struct resolved *resolved = secrets_find(job->secrets, source);
    if (!resolved) {
        result_set(result, STATE_UNKNOWN, "ask again", "a secret was not resolved");
        return NULL;
    }
    if (resolved->state == SOURCE_FOUND) {
        return fit(resolved, result) ? resolved->secret : NULL;
    }
    const char *remedy = resolved->error.hint[0]
                             ? resolved->error.hint
                             : "correct the source in the configuration";
    result_set(result, resolved->state == SOURCE_BROKEN ? STATE_FAIL : STATE_UNKNOWN,
               remedy, "%s: %s", resolved->label, resolved->error.message);
    return NULL;
}

struct source_context job_source(const struct job *job)
{
    return (struct source_context){.directory = job->environment->directory,
                                   .deadline = job->deadline,
                                   .cancelled = job->cancelled};
}

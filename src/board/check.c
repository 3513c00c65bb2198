#include "board/check.h"

struct secret *job_secret(const struct job *job, const json_t *source, struct result *result)
{
    const struct resolved *resolved = secrets_find(job->secrets, source);
    if (!resolved) {
        result_set(result, STATE_UNKNOWN, "ask again", "a secret was not resolved");
        return NULL;
    }
    if (resolved->state == SOURCE_FOUND) {
        return resolved->secret;
    }
    const char *remedy = resolved->error.hint[0] ? resolved->error.hint
                                                 : "correct the source in the configuration";
    result_set(result, resolved->state == SOURCE_BROKEN ? STATE_FAIL : STATE_UNKNOWN, remedy,
               "%s: %s", resolved->label, resolved->error.message);
    return NULL;
}

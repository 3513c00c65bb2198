#include "checks/absent.h"

#include "base/json.h"

void absent_section(const struct job *job, const char *section, struct result *result)
{
    const char *reason = json_get_text(job->environment->not_used, section);
    if (reason) {
        result_skip(result, "not used: %s", reason);
        result->not_used = true;
    } else if (env_class_demands(job->environment->env_class)) {
        result_block(result, "config", "%s is not configured", section);
    } else {
        result_skip(result, "%s is not configured", section);
    }
}

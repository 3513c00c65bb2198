#include "checks/told.h"

#include "base/mem.h"
#include "base/text.h"
#include "config/route.h"

#include <stdlib.h>

/* The values that speak of the store, which is what the verdict rests on, and what says
 * who answered. */
static size_t take_evidence(const struct job *job, struct result *result)
{
    size_t mentions = 0;
    for (size_t i = 0; i < job->told->evidence_count; i++) {
        const struct evidence *evidence = &job->told->evidence[i];
        bool mentioned =
            evidence->key[0] == '/' && route_mentions(evidence->key, job->check->name);
        mentions += mentioned;
        if (mentioned || evidence->identity) {
            char *key = mentioned ? mem_text(evidence->key)
                                  : mem_format("%s of the service", evidence->key);
            result_evidence(result, key, "%s", evidence->value);
            free(key);
        }
    }
    return mentions;
}

/* The moment when the service was asked is the age of what it told. */
static void take_times(const struct job *job, struct result *result)
{
    result->began = job->told->began;
    result->ended = job->told->ended;
}

void told_answer(const struct job *job, const char *service, struct result *result)
{
    const char *teller = config_text(job->section, "told_by");
    result_identity(result, "via", "as told by %s", service);
    result_evidence(result, "told by", "%s", teller ? teller : "nobody");
    if (!job->told) {
        result_set(result, STATE_UNKNOWN, "ask again once that check has answered",
                   "as told by %s: nothing yet, %s has not answered", service,
                   teller ? teller : "told_by");
        return;
    }
    const struct result *told = job->told;
    size_t mentions = take_evidence(job, result);
    take_times(job, result);
    if (told->state == STATE_OK && mentions == 0) {
        result_set(result, STATE_FAIL,
                   "expect in that check a value that only a store in use makes true",
                   "as told by %s: %s says nothing of %s", service, teller,
                   job->check->name);
    } else if (told->state == STATE_OK) {
        result_reach(result, told->rung);
        if (told->has_figure) {
            result_figure(result, told->figure);
        }
        result_ok(result, "as told by %s: %s", service, told->summary);
    } else {
        result_reach(result, told->rung);
        result_set(result, told->state, told->remedy, "as told by %s: %s", service,
                   told->summary);
        if (!text_equal(told->blames, job->check->name)) {
            result_blame(result, teller); /* else it says that we are its cause */
        }
    }
}

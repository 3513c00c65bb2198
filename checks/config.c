/* Is everything that this class demands configured and well-formed? The answer is in the
 * file alone: nobody is asked, so that this light is there at once and explains the ones
 * that have no input. */
#include "board/check.h"

#include "base/clock.h"
#include "config/demand.h"

#include <stdlib.h>

static const char *remedy_of(const struct finding *finding)
{
    return finding->remedy && finding->remedy[0]
               ? finding->remedy
               : "correct the configuration and start again";
}

/* Two findings about one section share its line of evidence. */
static void show_finding(struct result *result, const struct finding *finding)
{
    const char *before = result_evidence_of(result, finding->path);
    result_evidence(result, finding->path, "%s%s%s", before ? before : "",
                    before ? "; " : "", finding->message);
}

static size_t show_findings(struct result *result, const struct findings *findings,
                            const struct finding **first)
{
    size_t failing = 0;
    for (size_t i = 0; i < findings->count; i++) {
        const struct finding *finding = &findings->rows[i];
        if (!finding->fails) {
            result_note(result, "%s: %s", finding->path, finding->message);
            continue;
        }
        show_finding(result, finding);
        if (failing++ == 0) {
            *first = finding;
        }
    }
    return failing;
}

static void ask(const struct job *job, struct result *result)
{
    const struct environment *environment = job->environment;
    const char *class_word = env_class_words[environment->env_class];
    result_evidence(result, "file", "%s", environment->file);
    result_evidence(result, "sha256", "%s", environment->digest);
    result_identity(result, "class", "%s", class_word);
    struct findings findings = {0};
    const struct finding *first = NULL;
    demand_examine(environment, &findings);
    char *summary = findings_summary(&findings);
    if (show_findings(result, &findings, &first) == 0) {
        result_ok(result, "everything that %s demands", class_word);
    } else {
        result_set(result, STATE_FAIL, remedy_of(first), "%s", summary);
    }
    free(summary);
    findings_finish(&findings);
}

const struct check check_config = {
    .name = "config",
    .title = "Configuration",
    .help = "is everything that this class demands configured and well-formed",
    .section = "",
    .asks_nobody = true,
    .period = 25 * CLOCK_SECOND,
    .deadline = 2 * CLOCK_SECOND,
    .ask = ask,
};

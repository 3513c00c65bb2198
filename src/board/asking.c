#include "board/asking.h"

#include "base/clock.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/spawn.h"
#include "base/text.h"
#include "secret/mask.h"
#include "source/gcp_memo.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

enum { RELEASE_OUTPUT_MAX = 4096 };

static void resolve_secret(struct asking *asking)
{
    struct source_context context = {.directory = asking->environment->directory,
                                     .deadline = asking->deadline,
                                     .cancelled = &asking->cancelled,
                                     .memo = asking->memo};
    source_resolve(asking->source, &context, &asking->resolved);
    gcp_memo_unref(asking->memo); /* here, not on main: the last one closes connections */
    asking->memo = NULL;
}

bool release_valid(const char *release, struct error *error)
{
    size_t length = strlen(release);
    bool valid =
        length > 0 && length <= RELEASE_MAX && isalnum((unsigned char)release[0]);
    for (size_t i = 0; valid && i < length; i++) {
        unsigned char byte = (unsigned char)release[i];
        valid = byte < 0x80 && (isalnum(byte) || strchr("._:@/+-", byte));
    }
    if (!valid) {
        char *shown = mask_clean(release, 60);
        error_set(error, ERROR_PROTOCOL, "\"%s\" is not a release", shown);
        free(shown);
        error_hint(error,
                   "one line such as a git revision or an image digest: letters, digits "
                   "and ._:@/+- , at most %d",
                   RELEASE_MAX);
    }
    return valid;
}

static void ask_release(struct asking *asking)
{
    const json_t *section = config_section(asking->environment, "/release");
    char **argv = json_argv(json_object_get(section, "command"));
    struct spawn spawn = {.argv = argv,
                          .directory = asking->environment->directory,
                          .deadline = asking->deadline,
                          .cancelled = &asking->cancelled};
    struct buf printed, said;
    int status = 0;
    buf_init(&printed, RELEASE_OUTPUT_MAX);
    buf_init(&said, RELEASE_OUTPUT_MAX);
    if (!spawn_capture(&spawn, &printed, &said, &status, &asking->error)) {
        error_hint(&asking->error, "correct release.command in the configuration");
    } else if (status != 0) {
        char *why = mask_clean(buf_string(&said), 200);
        error_set(&asking->error, ERROR_PROTOCOL, "%s exited with status %d%s%s", argv[0],
                  status, *why ? ": " : "", why);
        free(why);
        error_hint(&asking->error,
                   "run it by hand in the configuration's directory to see why");
    } else {
        while (printed.length > 0 && printed.data[printed.length - 1] == '\n') {
            printed.data[--printed.length] = '\0';
        }
        if (release_valid(buf_string(&printed), &asking->error)) {
            asking->release = mem_text(buf_string(&printed));
        }
    }
    buf_finish(&printed);
    buf_finish(&said);
    argv_free(argv);
}

/* Whatever a check asks, its section may say how long a good answer may take. */
static void apply_threshold(const json_t *section, struct result *result)
{
    int64_t most = config_span(json_object_get(section, "thresholds"), "duration");
    if (most == 0 || result->state != STATE_OK || result_duration(result) <= most) {
        return;
    }
    char took[TEXT_SPAN], threshold[TEXT_SPAN];
    text_span(took, result_duration(result));
    text_span(threshold, most);
    char *summary = mem_text(result->summary);
    result_set(result, STATE_WARN,
               "find out why it is slow, or raise thresholds.duration",
               "%s, but slow: %s, threshold %s", summary, took, threshold);
    free(summary);
}

/* Only the last rung is green: a check that forgot to prove something does not open the
 * gate. */
static void demand_proof(const struct check *check, struct result *result)
{
    if (result->state != STATE_OK || result->rung == RUNG_USABLE || check->asks_nobody) {
        return;
    }
    const char *rung = rung_words[result->rung];
    char *summary = mem_text(result->summary);
    result_set(result, STATE_UNKNOWN, "report this: it is a defect of the check",
               "OK without a proof, no further than %s: %s", rung ? rung : "nothing",
               summary);
    free(summary);
}

static void ask_check(struct asking *asking)
{
    struct result *result = asking->result;
    asking->job.check->ask(&asking->job, result);
    /* What a service told of another one is as old as its own answer. */
    result->ended = result->ended ? result->ended : clock_now();
    demand_proof(asking->job.check, result);
    apply_threshold(asking->job.section, result);
    result->wall = clock_wall();
    result_seal(result);
}

static void work(struct task *task)
{
    struct asking *asking = (struct asking *)task;
    switch (asking->kind) {
    case ASKING_SECRET:
        resolve_secret(asking);
        break;
    case ASKING_RELEASE:
        ask_release(asking);
        break;
    case ASKING_CHECK:
        ask_check(asking);
        break;
    }
}

static void drop(struct task *task)
{
    asking_destroy((struct asking *)task);
}

struct asking *asking_create(enum asking_kind kind, const struct environment *environment,
                             int64_t deadline)
{
    struct asking *asking = mem_alloc(sizeof *asking);
    asking->task.work = work;
    asking->task.drop = drop;
    asking->kind = kind;
    asking->environment = environment_ref(environment);
    asking->deadline = deadline;
    atomic_init(&asking->cancelled, false);
    return asking;
}

void asking_destroy(struct asking *asking)
{
    resolved_finish(&asking->resolved);
    free(asking->release);
    free(asking->job.prepared);
    result_destroy(asking->result);
    result_destroy(asking->told);
    secrets_unref(asking->secrets);
    gcp_memo_unref(asking->memo);
    environment_unref(asking->environment);
    free(asking);
}

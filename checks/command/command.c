/* A command judges: the way to check what greenboard knows nothing of, in any language.
 * It runs as every command of the configuration does, without the variables that are
 * sources of secrets, and its whole process group ends at the deadline. */
#include "base/clock.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/spawn.h"
#include "base/text.h"
#include "checks/checks.h"
#include "checks/command/nagios.h"
#include "checks/command/verdict.h"
#include "secret/mask.h"

#include <stdlib.h>
#include <string.h>

enum { OUTPUT_MAX = 64 * 1024, SAID_MAX = 200 }; /* bytes of output; of stderr, shown */

/* What could not be run has asked nobody; what hangs or never ceases has been asked. */
static void fail_run(const struct error *error, struct result *result)
{
    bool ran = error->code == ERROR_TIMEOUT || error->code == ERROR_LIMIT;
    result_set(result, ran ? STATE_FAIL : STATE_UNKNOWN,
               error->hint[0]               ? error->hint
               : error->code == ERROR_LIMIT ? "let it print its verdict alone"
               : ran ? "see what it waits for, or give it a longer deadline"
                     : "correct command in the configuration",
               "%s", error->message);
}

static void note_said(const struct buf *said, struct result *result)
{
    char *text = mask_clean(buf_string(said), SAID_MAX);
    if (*text && result->state != STATE_OK) {
        result_evidence(result, "stderr", "%s", text);
    }
    free(text);
}

static void judge(const struct job *job, const char *program, const struct buf *printed,
                  int status, struct result *result)
{
    result_reach(result, RUNG_REACHABLE);
    result_evidence(result, "exit status", "%d", status);
    if (printed->length && memchr(printed->data, '\0', printed->length)) {
        result_set(result, STATE_UNKNOWN, "print text alone", "%s printed a NUL byte",
                   program);
    } else if (text_equal(config_text(job->section, "format"), "json")) {
        verdict_judge(program, printed, status, result);
    } else {
        nagios_judge(program, buf_string(printed), status, result);
    }
}

static void ask(const struct job *job, struct result *result)
{
    char **argv = json_argv(json_object_get(job->section, "command"));
    const struct spawn spawn = {.argv = argv,
                                .directory = job->environment->directory,
                                .deadline = job->deadline,
                                .cancelled = job->cancelled};
    struct buf printed, said;
    struct error error = {0};
    int status = 0;
    int64_t began = clock_now();
    char *shown = argv_show(argv);
    buf_init_secret(&printed, OUTPUT_MAX);
    buf_init_secret(&said, OUTPUT_MAX);
    result_reach(result, RUNG_CONFIGURED);
    result_evidence(result, "command", "%s", shown);
    if (spawn_capture(&spawn, &printed, &said, &status, &error)) {
        judge(job, argv[0], &printed, status, result);
        note_said(&said, result);
    } else {
        fail_run(&error, result);
    }
    result_phase(result, "total", clock_now() - began);
    buf_finish(&printed);
    buf_finish(&said);
    free(shown);
    argv_free(argv);
}

const struct check check_command = {
    .name = "command",
    .title = "Command",
    .help = "what does a command of yours say, as Nagios plugins do or in JSON",
    .section = NULL,
    .period = 25 * CLOCK_SECOND,
    .deadline = 2 * CLOCK_SECOND,
    .ask = ask,
};

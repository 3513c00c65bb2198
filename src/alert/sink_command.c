/* An announcement as JSON on the standard input of a command. */
#include "alert/sink.h"

#include "base/json.h"
#include "base/mem.h"
#include "base/spawn.h"
#include "secret/mask.h"

#include <stdlib.h>

enum { OUTPUT_MAX = 64 * 1024, QUOTED = 200 };

static enum sending judge(int status, const struct buf *complaint, struct error *error)
{
    if (status == 0) {
        return SENT;
    }
    char *said = mask_clean(buf_string(complaint), QUOTED);
    error_set(error, ERROR_PROTOCOL, "notify.command ended with status %d%s%s", status,
              said && *said ? ": " : "", said && *said ? said : "");
    error_hint(error, "see why it fails: it is given JSON on its standard input");
    free(said);
    return SENT_REFUSED;
}

static enum sending send_it(const struct sending_job *job, struct error *error)
{
    const struct environment *environment = job->environment;
    char **argv = json_argv(config_section(environment, "/notify/command"));
    char *text = json_compact(job->letter->message);
    struct buf input, out, err;
    buf_init(&input, 0);
    buf_init(&out, OUTPUT_MAX);
    buf_init(&err, OUTPUT_MAX);
    buf_format(&input, "%s\n", text);
    struct spawn spawn = {.argv = argv,
                          .directory = environment->directory,
                          .input = &input,
                          .deadline = job->deadline,
                          .cancelled = job->cancelled};
    int status = 0;
    enum sending done = SENT_NOT;
    if (spawn_capture(&spawn, &out, &err, &status, error)) {
        done = judge(status, &err, error);
    } else {
        error_prefix(error, "notify.command");
    }
    buf_finish(&input);
    buf_finish(&out);
    buf_finish(&err);
    free(text);
    argv_free(argv);
    return done;
}

const struct sink sink_command = {"command", send_it};

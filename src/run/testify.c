#include "run/testify.h"

#include "base/buf.h"
#include "base/mem.h"
#include "base/spawn.h"
#include "release/running.h"
#include "secret/mask.h"
#include "source/rollout.h"

#include <regex.h>
#include <stdlib.h>
#include <string.h>

enum { OUTPUT_MAX = 8 * 1024 * 1024, LINE_SHOWN = 200 };

struct printed {
    struct buf out, err;
    int status;
};

static void tell(struct testimony *out, enum state state, char *take_what,
                 char *take_remedy)
{
    testimony_finish(out);
    *out = (struct testimony){.state = state, .what = take_what, .remedy = take_remedy};
}

/* Could not be asked is not the same as bad; both keep a release from being good. */
static void tell_error(struct testimony *out, const struct error *error,
                       const char *remedy)
{
    bool ours = error->code == ERROR_SYSTEM || error->code == ERROR_CANCELLED;
    tell(out, ours ? STATE_UNKNOWN : STATE_FAIL, mem_text(error->message),
         mem_text(error->hint[0] ? error->hint : remedy));
}

/* ---- commands ---- */

/* The last line that is not blank: what a program says before it gives up. */
static char *last_words(const struct buf *text)
{
    const char *data = buf_string(text);
    size_t end = text->length;
    while (end > 0 && strchr(" \t\r\n", data[end - 1])) {
        end--;
    }
    size_t start = end;
    while (start > 0 && data[start - 1] != '\n') {
        start--;
    }
    char *line = mem_bytes(data + start, end - start);
    char *shown = mask_clean(line, LINE_SHOWN);
    free(line);
    return shown;
}

static void tell_status(const struct hearing *hearing, const struct printed *printed,
                        struct testimony *out)
{
    char *said = last_words(printed->err.length ? &printed->err : &printed->out);
    char *shown = argv_show(hearing->argv);
    tell(
        out, STATE_FAIL,
        mem_format("exited with status %d%s%s", printed->status, *said ? ": " : "", said),
        mem_format("see what it says: %s", shown));
    free(shown);
    free(said);
}

/* False where it did not exit 0, which `out` then tells. */
static bool run(const struct hearing *hearing, struct printed *printed,
                struct testimony *out)
{
    struct spawn spawn = {.argv = hearing->argv,
                          .env = hearing->env,
                          .directory = hearing->environment->directory,
                          .deadline = hearing->deadline,
                          .cancelled = hearing->cancelled};
    struct error error = {0};
    buf_init(&printed->out, OUTPUT_MAX);
    buf_init(&printed->err, OUTPUT_MAX);
    if (!spawn_capture(&spawn, &printed->out, &printed->err, &printed->status, &error)) {
        tell_error(out, &error, "give it more time, or let it do less");
        return false;
    }
    if (printed->status != 0) {
        tell_status(hearing, printed, out);
    }
    return printed->status == 0;
}

static void printed_finish(struct printed *printed)
{
    buf_finish(&printed->out);
    buf_finish(&printed->err);
}

static void ask_command(const struct hearing *hearing, struct testimony *out)
{
    struct printed printed;
    if (run(hearing, &printed, out)) {
        char *said = last_words(&printed.out);
        tell(out, STATE_OK, *said ? mem_text(said) : mem_text("exited with status 0"),
             NULL);
        free(said);
    }
    printed_finish(&printed);
}

/* ---- logs ---- */

struct search {
    const char *pattern;
    regex_t compiled;
    size_t lines;
    char *found; /* the first line that matches */
};

/* A NUL byte ends a line too: nothing behind it may hide. */
static void search_text(struct search *search, struct buf *text)
{
    char *at = text->data, *end = at + text->length;
    while (text->length > 0 && at < end && !search->found) {
        size_t length = 0;
        while (at + length < end && at[length] != '\n' && at[length] != '\0') {
            length++;
        }
        regmatch_t line = {0, (regoff_t)length};
        search->lines++;
        if (regexec(&search->compiled, at, 1, &line, REG_STARTEND) == 0) {
            char *whole = mem_bytes(at, length);
            search->found = mask_clean(whole, LINE_SHOWN);
            free(whole);
        }
        at += length + 1;
    }
}

static bool search_for(const char *pattern, struct printed *printed, size_t *lines,
                       struct testimony *out)
{
    struct search search = {.pattern = pattern};
    if (regcomp(&search.compiled, pattern, REG_EXTENDED) != 0) {
        tell(out, STATE_UNKNOWN, mem_format("\"%s\" is no pattern", pattern),
             mem_text("correct forbid in the configuration"));
        return false;
    }
    search_text(&search, &printed->out);
    search_text(&search, &printed->err);
    regfree(&search.compiled);
    *lines = search.lines;
    if (!search.found) {
        return true;
    }
    tell(out, STATE_FAIL, mem_format("forbidden \"%s\" in: %s", pattern, search.found),
         mem_text("see in that log what led to it; take the pattern out of forbid where "
                  "it means no harm"));
    out->final = true;
    free(search.found);
    return false;
}

static void ask_log(const struct hearing *hearing, struct testimony *out)
{
    struct printed printed;
    const json_t *forbid = hearing->row->forbid;
    size_t lines = 0;
    bool clean = run(hearing, &printed, out);
    for (size_t i = 0; clean && i < json_array_size(forbid); i++) {
        clean = search_for(json_string_value(json_array_get(forbid, i)), &printed, &lines,
                           out);
    }
    if (clean) {
        tell(out, STATE_OK, mem_format("nothing forbidden in %zu lines", lines), NULL);
    }
    printed_finish(&printed);
}

/* ---- revisions ---- */

static void ask_revision(const struct hearing *hearing, struct testimony *out)
{
    bool back = hearing->row->kind == INQUIRY_SERVING;
    const struct source_context context = {.directory = hearing->environment->directory,
                                           .deadline = hearing->deadline,
                                           .cancelled = hearing->cancelled};
    struct rollout rollout;
    struct error error = {0};
    if (rollout_read(&rollout, hearing->row->cloud_run, &context, &error) &&
        (back ? rollout_went_back(&rollout, &error)
              : rollout_shipped(&rollout, hearing->since, &error))) {
        char *words = rollout_words(&rollout);
        tell(out, STATE_OK,
             back ? mem_format("%s, alone", words)
                  : mem_format("%s is ready and serves 100 %%", rollout.created),
             NULL);
        free(words);
    } else {
        tell_error(out, &error, "ask again");
    }
    rollout_finish(&rollout);
}

/* ---- what runs ---- */

static void ask_running(const struct hearing *hearing, struct testimony *out)
{
    struct running running;
    struct error error = {0};
    running_ask(&running, hearing->environment);
    if (running_agrees(&running, hearing->release, &error)) {
        tell(out, STATE_OK,
             mem_format("%zu of %zu run %s", running.count, running.count,
                        hearing->release),
             NULL);
    } else {
        tell_error(out, &error, "see what release.running prints");
    }
    out->running = running_json(&running);
    running_finish(&running);
}

void testify(const struct hearing *hearing, struct testimony *out)
{
    static void (*const asks[])(const struct hearing *hearing, struct testimony *out) = {
        [INQUIRY_COMMAND] = ask_command,   [INQUIRY_LOG] = ask_log,
        [INQUIRY_REVISION] = ask_revision, [INQUIRY_SERVING] = ask_revision,
        [INQUIRY_RUNNING] = ask_running,
    };
    asks[hearing->row->kind](hearing, out);
}

void testimony_finish(struct testimony *testimony)
{
    free(testimony->what);
    free(testimony->remedy);
    json_decref(testimony->running);
    testimony->what = testimony->remedy = NULL;
    testimony->running = NULL;
}

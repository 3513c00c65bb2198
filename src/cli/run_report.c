#include "cli/run_report.h"

#include "alert/outbox.h"
#include "base/clock.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/spawn.h"
#include "base/text.h"
#include "cli/markdown.h"
#include "cli/stream.h"
#include "run/follow.h"
#include "secret/mask.h"
#include "store/who.h"

#include <stdlib.h>
#include <string.h>

enum { LINES = 40, TAIL = 16 * 1024 };

/* ---- what, who, when ---- */

static void add_line(struct buf *out, const char *label, const char *text)
{
    if (text && *text) {
        buf_format(out, "- %s: ", label);
        markdown_code(out, text);
        buf_text(out, "\n");
    }
}

static void add_time(struct buf *out, const char *label, int64_t wall)
{
    char stamp[CLOCK_STAMP];
    if (wall) {
        clock_stamp(stamp, wall);
        add_line(out, label, stamp);
    }
}

static void add_title(struct buf *out, const struct run *run)
{
    char *what = mem_format("%s of %s to %s", run->kind ? run->kind : "run",
                            run->release ? run->release : "no release",
                            run->environment ? run->environment : "?");
    buf_text(out, "# ");
    markdown_code(out, what);
    buf_format(out, ": %s%s\n\n", run_word(run), run->known_good ? ", known good" : "");
    free(what);
}

/* The newest release before this run that was known good: what it went away from. */
static void add_before(struct buf *out, const struct statedir *dir, const struct run *run)
{
    struct runs runs;
    const struct run *found = NULL;
    run_list(dir, &runs, NULL);
    for (size_t i = 0; i < runs.count && !found; i++) {
        const struct run *row = runs.rows[i];
        bool earlier = row->started < run->started ||
                       (row->started == run->started && row->fence < run->fence);
        found = earlier && row->known_good ? row : NULL;
    }
    if (found) {
        char *text = mem_format("%s (run %s)", found->release, found->id);
        add_line(out, "known good before", text);
        free(text);
    } else {
        buf_text(out, "- known good before: none\n");
    }
    runs_finish(&runs);
}

static void add_facts(struct buf *out, const struct statedir *dir, const struct run *run)
{
    struct buf who;
    char span[TEXT_SPAN] = "";
    buf_init(&who, 0);
    who_show(&who, run->who);
    add_line(out, "run", run->id);
    add_line(out, "system", run->system);
    add_line(out, "environment", run->environment);
    add_line(out, "release", run->release);
    add_line(out, "repair", run->repair);
    add_line(out, "back to the release of run", run->target);
    add_line(out, "follows run", run->follows);
    add_line(out, "ended in run", run->next);
    add_before(out, dir, run);
    add_line(out, "operator", run->operator_name);
    add_line(out, "who", buf_string(&who));
    add_line(out, "reason", run->reason);
    add_time(out, "started", run->started);
    add_time(out, "ended", run->ended);
    if (run->ended) {
        text_span(span, (run->ended - run->started) * CLOCK_MS);
        add_line(out, "took", span);
    }
    add_line(out, "confirmed", run->digest);
    add_line(out, "cancelled by", run->cancelled_by);
    add_line(out, "because", run->cancelled_by ? run->cancel_reason : NULL);
    add_line(out, "resolved by", run->resolved_by);
    add_line(out, "because", run->resolved_by ? run->resolve_reason : NULL);
    add_line(out, "trouble", run->trouble);
    buf_finish(&who);
}

/* ---- steps and verdicts ---- */

/* "status 0, 3 s, attempt 2, began 2026-01-31T12:04:31.218Z" */
static void add_course(struct buf *out, const struct step *step)
{
    char span[TEXT_SPAN], stamp[CLOCK_STAMP];
    if (!step->started) {
        buf_text(out, "not begun");
        return;
    }
    clock_stamp(stamp, step->started);
    text_span(span, (step->ended - step->started) * CLOCK_MS);
    if (step->ended) {
        buf_format(out, "status %d, %s", step->status, span);
    } else {
        buf_text(out, "not ended");
    }
    if (step->attempts > 1) {
        buf_format(out, ", attempt %d", step->attempts);
    }
    buf_format(out, "%s, began %s", step->skipped ? ", skipped" : "", stamp);
}

static void add_step(struct buf *out, const struct step *step)
{
    buf_text(out, "1. ");
    markdown_code(out, step->name);
    buf_text(out, ": ");
    add_course(out, step);
    if (step->note) {
        buf_text(out, ", ");
        markdown_code(out, step->note);
    }
    if (step->argv) {
        char *line = argv_show(step->argv);
        buf_text(out, ": ");
        markdown_code(out, line);
        free(line);
    }
    buf_text(out, "\n");
}

static void add_decisions(struct buf *out, const struct run *run)
{
    for (size_t i = 0; i < run->decision_count; i++) {
        const struct ruling *ruling = &run->decisions[i];
        char *text =
            mem_format("%s of %s by %s%s%s", choice_rows[ruling->choice].word,
                       ruling->step, ruling->by ? ruling->by : "?",
                       ruling->reason ? ": " : "", ruling->reason ? ruling->reason : "");
        add_line(out, "decided", text);
        free(text);
    }
}

static void add_steps(struct buf *out, const struct run *run)
{
    buf_text(out, run->step_count ? "\n## Steps\n\n" : "");
    for (size_t i = 0; i < run->step_count; i++) {
        add_step(out, &run->steps[i]);
    }
    buf_text(out, run->decision_count ? "\n" : "");
    add_decisions(out, run);
}

static void add_lights(struct buf *out, const json_t *lights)
{
    for (size_t i = 0; i < json_array_size(lights); i++) {
        const json_t *light = json_array_get(lights, i);
        buf_text(out, "- ");
        markdown_code(out, json_get_text(light, "state"));
        buf_text(out, " ");
        markdown_code(out, json_get_text(light, "name"));
        buf_text(out, ": ");
        markdown_code(out, json_get_text(light, "summary"));
        buf_text(out, "\n");
    }
}

static void add_verdict(struct buf *out, const char *when,
                        const struct judgement *judgement)
{
    if (!judgement->decision) {
        return;
    }
    buf_format(out, "\n## Verdict %s: ", when);
    markdown_code(out, judgement->decision);
    if (judgement->kind) {
        buf_text(out, ", ");
        markdown_code(out, judgement->kind);
    }
    buf_text(out, "\n\n");
    for (size_t i = 0; judgement->reasons && judgement->reasons[i]; i++) {
        add_line(out, "because", judgement->reasons[i]);
    }
    add_lights(out, judgement->lights);
}

/* ---- output ---- */

/* The whole is read, since its record is a stream; the end is kept. */
static void read_tail(struct buf *tail, const struct statedir *dir, const struct run *run)
{
    struct follow *follow = follow_create(dir, run->id, NULL);
    struct stream stream = {0};
    struct buf bytes;
    buf_init(&bytes, 0);
    while (follow && follow_output(follow, &bytes)) {
        stream_feed(&stream, buf_string(&bytes), bytes.length, tail);
        buf_clear(&bytes);
        if (tail->length > 2 * (size_t)TAIL) {
            buf_drop(tail, tail->length - TAIL);
        }
    }
    stream_end(&stream, tail);
    mask_buf(tail);
    buf_finish(&bytes);
    follow_destroy(follow);
}

/* Where its last lines begin: at most so many, and of so many bytes. */
static const char *last_lines(const struct buf *tail)
{
    const char *end = tail->data + tail->length, *at = end;
    size_t lines = 0;
    while (at > tail->data && end - at < TAIL) {
        lines += at != end && at[-1] == '\n';
        if (lines == LINES) {
            return at;
        }
        at--;
    }
    const char *cut = at > tail->data ? memchr(at, '\n', (size_t)(end - at)) : NULL;
    return cut && cut + 1 < end ? cut + 1 : at;
}

static void add_output(struct buf *out, const struct statedir *dir, const struct run *run)
{
    struct buf tail;
    buf_init(&tail, 0);
    read_tail(&tail, dir, run);
    if (tail.length > 0) {
        const char *start = last_lines(&tail);
        buf_text(out, "\n## Last lines of the output\n\n");
        markdown_fence(out, start, tail.length - (size_t)(start - tail.data));
    }
    buf_finish(&tail);
}

/* ---- the whole ---- */

static void add_announcement(void *self, const char *sink, const char *text)
{
    add_line(self, sink, text);
}

static void add_head(struct buf *out, const char *label, const struct head *head)
{
    if (head->hash[0]) {
        char *text = mem_format("%lld:%s", (long long)head->seq, head->hash);
        add_line(out, label, text);
        free(text);
    }
}

void run_report(struct buf *out, const struct statedir *dir, const struct run *run)
{
    add_title(out, run);
    add_facts(out, dir, run);
    outbox_tell(dir->outbox, run->id, add_announcement, out);
    add_head(out, "audit head at its start", &run->head_start);
    add_head(out, "audit head at its end", &run->head_end);
    add_steps(out, run);
    add_verdict(out, "before", &run->before);
    add_verdict(out, "after", &run->after);
    add_output(out, dir, run);
}

#include "run/announce.h"

#include "base/clock.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/text.h"
#include "store/record.h"

#include <stdlib.h>

enum notice_kind announce_end_kind(const struct run *run)
{
    return run->outcome == OUTCOME_REFUSED     ? NOTICE_REFUSED
           : text_equal(run->kind, "rollback") ? NOTICE_ROLLED_BACK
           : text_equal(run->kind, "repair")   ? NOTICE_REPAIRED
                                               : NOTICE_FINISHED;
}

static void add_what(struct buf *out, const struct run *run, enum notice_kind kind,
                     char *const *reasons)
{
    const char *reason = reasons ? reasons[0] : NULL;
    if (kind == NOTICE_STARTED) {
        buf_text(out, "started");
    } else if (kind == NOTICE_WAITING) {
        buf_format(out, "waits for a decision: greenboard runs attach %s", run->id);
    } else {
        buf_text(out, outcome_rows[run->outcome].word);
        if (run->ended && run->outcome != OUTCOME_REFUSED) {
            char span[TEXT_SPAN];
            text_span(span, (run->ended - run->started) * CLOCK_MS);
            buf_format(out, " after %s", span);
        }
        buf_text(out, run->known_good ? ", known good" : "");
    }
    if (reason && kind != NOTICE_STARTED) {
        buf_format(out, ": %s", reason);
    }
}

/* "shop staging: deploy of 3f2a91c verified after 3 m, known good (ada@ops-1: why)" */
static char *text_of(const struct environment *environment, const struct run *run,
                     enum notice_kind kind, char *const *reasons)
{
    struct buf out;
    buf_init(&out, 0);
    buf_format(&out, "%s %s: %s", environment->system, environment->name, run->kind);
    if (run->release) {
        buf_format(&out, " of %s", run->release);
    }
    buf_text(&out, " ");
    add_what(&out, run, kind, reasons);
    buf_format(&out, " (%s%s%s)", run->operator_name ? run->operator_name : "?",
               run->reason ? ": " : "", run->reason ? run->reason : "");
    return buf_take(&out);
}

/* Of the record what a stranger may read: no path and no command of this machine. */
static json_t *facts_of(const struct run *run, char *const *reasons,
                        const struct head *head)
{
    static const char *const keys[] = {
        "id",    "kind",       "release",   "operator",       "reason",       "digest",
        "phase", "fence",      "outcome",   "status",         "started",      "ended",
        "who",   "known_good", "cancelled", "verdict_before", "verdict_after"};
    json_t *record = run_json(run), *told = json_object();
    for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++) {
        json_object_set(told, keys[i], json_object_get(record, keys[i]));
    }
    json_decref(record);
    json_object_del(json_object_get(told, "verdict_before"), "lights");
    json_object_del(json_object_get(told, "verdict_after"), "lights");
    return json_pack("{s:o, s:o, s:o}", "run", told, "reasons", json_texts(reasons),
                     "audit_head", head_json(head));
}

bool announce_run(const char *outbox, const struct environment *environment,
                  const struct run *run, enum notice_kind kind, char *const *reasons,
                  const struct head *head, struct error *error)
{
    if (!outbox_wants(environment, kind)) {
        return true;
    }
    char *text = text_of(environment, run, kind, reasons);
    json_t *facts = facts_of(run, reasons, head);
    struct notice notice = {kind, text, facts};
    bool done = outbox_post(outbox, environment, &notice, error);
    json_decref(facts);
    free(text);
    return done;
}

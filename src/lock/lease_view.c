/* What the value of a lease says, and asking who has it. */
#include "lock/lease.h"

#include "base/calendar.h"
#include "base/clock.h"
#include "base/json.h"
#include "base/mem.h"
#include "lock/coordinator.h"
#include "lock/lease_value.h"
#include "secret/mask.h"
#include "store/said.h"

#include <stdlib.h>
#include <string.h>

enum { WORD_LONGEST = 200, REASON_LONGEST = 400 };

char *lease_value(const struct lease_words *words)
{
    char *reason = mask_clean(words->reason ? words->reason : "", REASON_LONGEST);
    json_t *object = json_pack(
        "{s:s, s:s, s:o, s:o, s:o, s:o, s:o, s:o}", "id", words->id, "token",
        words->token, "who", json_text(words->who), "host", json_text(words->host), "run",
        json_text(words->run), "since", moment_json(words->since), "reason",
        json_text(reason), "stolen_by", json_text(words->stolen_by));
    char *value = json_compact(object);
    json_decref(object);
    free(reason);
    return value;
}

static char *shown(const json_t *object, const char *key, size_t longest)
{
    const char *text = json_get_text(object, key);
    return text && *text ? mask_clean(text, longest) : NULL;
}

/* Whoever wrote it: a value that says nothing to us is held all the same. */
void lease_read_value(const char *value, int64_t left_ms, struct lease_view *view)
{
    json_t *object = json_parse_reply(value, strlen(value), NULL);
    *view = (struct lease_view){.held = true,
                                .id = shown(object, "id", WORD_LONGEST),
                                .who = shown(object, "who", WORD_LONGEST),
                                .host = shown(object, "host", WORD_LONGEST),
                                .run = shown(object, "run", WORD_LONGEST),
                                .reason = shown(object, "reason", REASON_LONGEST),
                                .stolen_by = shown(object, "stolen_by", WORD_LONGEST),
                                .since = moment_of(object, "since"),
                                .left = left_ms > 0 ? left_ms * CLOCK_MS : 0};
    json_decref(object);
}

void lease_view_finish(struct lease_view *view)
{
    char *texts[] = {view->id,  view->who,    view->host,
                     view->run, view->reason, view->stolen_by};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        free(texts[i]);
    }
    *view = (struct lease_view){0};
}

char *lease_view_words(const struct lease_view *view)
{
    char since[CALENDAR_WORDS] = "an unknown time";
    if (view->since) {
        calendar_words(since, view->since);
    }
    return mem_format("%s%s%s since %s%s%s%s%s%s%s%s", view->who ? view->who : "somebody",
                      view->host ? " on " : "", view->host ? view->host : "", since,
                      view->run ? " (run " : "", view->run ? view->run : "",
                      view->run ? ")" : "", view->reason ? ": " : "",
                      view->reason ? view->reason : "",
                      view->stolen_by ? "; taken away by " : "",
                      view->stolen_by ? view->stolen_by : "");
}

bool lease_read_reply(redisReply *take_reply, struct lease_view *view,
                      struct error *error)
{
    redisReply *reply = take_reply;
    bool good = reply->type == REDIS_REPLY_ARRAY && reply->elements == 2 &&
                reply->element[1]->type == REDIS_REPLY_INTEGER;
    *view = (struct lease_view){0};
    if (good && reply->element[0]->type == REDIS_REPLY_STRING) {
        lease_read_value(reply->element[0]->str, reply->element[1]->integer, view);
    } else if (!good || reply->element[0]->type != REDIS_REPLY_NIL) {
        good = error_set(error, ERROR_PROTOCOL,
                         "what was asked about the lease answers as Redis never does");
        error_hint(error, "see what listens there: a proxy, a stand-in, another service");
    }
    freeReplyObject(reply);
    return good;
}

bool lease_look(struct coordinator *coordinator, int64_t deadline,
                struct lease_view *view, struct error *error)
{
    static const char *const nothing[3] = {"", "", ""};
    *view = (struct lease_view){0};
    redisReply *reply =
        coordinator_ask(coordinator, SCRIPT_LOOK, nothing, deadline, error);
    return reply && lease_read_reply(reply, view, error);
}

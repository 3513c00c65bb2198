/* Fields of v2 (run.googleapis.com, projects.locations.services): `terminalCondition` is
 * Ready as a whole; `trafficStatuses` is where traffic goes, `traffic` where it shall go;
 * `observedGeneration` lags behind `generation` until a change was taken up. */
#include "source/rollout.h"

#include "base/buf.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/text.h"
#include "secret/mask.h"
#include "source/gcp_api.h"

#include <stdlib.h>
#include <string.h>

enum { NAME_SHOWN = 80, MESSAGE_SHOWN = 200, TRAFFIC_SHOWN = 300, WHOLE = 100 };
#define LATEST "TRAFFIC_TARGET_ALLOCATION_TYPE_LATEST"
#define PINNED "TRAFFIC_TARGET_ALLOCATION_TYPE_REVISION"

static const char *revision_name(const char *name)
{
    const char *part = gcp_last_part(name);
    return gcp_part_valid(part) ? part : NULL;
}

bool rollout_read(struct rollout *rollout, const char *name,
                  const struct source_context *context, struct error *error)
{
    struct resolved why = {.state = SOURCE_BROKEN};
    *rollout = (struct rollout){0};
    bool open = run_service_open(&rollout->service, name, context, &why);
    if (!open) {
        *error = why.error;
        error_prefix(error, "%s", why.label);
    }
    const json_t *body = open ? rollout->service.answer.body : NULL;
    rollout->created = revision_name(json_get_text(body, "latestCreatedRevision"));
    rollout->ready = revision_name(json_get_text(body, "latestReadyRevision"));
    resolved_finish(&why);
    return open;
}

void rollout_finish(struct rollout *rollout)
{
    run_service_finish(&rollout->service);
    *rollout = (struct rollout){0};
}

/* ---- words ---- */

static bool fail(struct error *error, char *take_message, char *take_hint)
{
    error_set(error, ERROR_PROTOCOL, "%s", take_message);
    error_hint(error, "%s", take_hint);
    free(take_message);
    free(take_hint);
    return false;
}

static const char *service_of(const struct rollout *rollout)
{
    return rollout->service.parts[RUN_SERVICE];
}

static char *gcloud(const struct rollout *rollout, const char *verb, const char *what)
{
    return mem_format("gcloud run %s %s --project=%s --region=%s%s%s", verb,
                      service_of(rollout), rollout->service.parts[RUN_PROJECT],
                      rollout->service.parts[RUN_LOCATION], *what ? " " : "", what);
}

static char *look(const struct rollout *rollout)
{
    return gcloud(rollout, "services describe", "");
}

static char *to_latest(const struct rollout *rollout)
{
    return gcloud(rollout, "services update-traffic", "--to-latest");
}

/* ---- ready ---- */

static bool condition_good(const struct rollout *rollout, struct error *error)
{
    const json_t *condition =
        json_object_get(rollout->service.answer.body, "terminalCondition");
    const char *state = json_get_text(condition, "state");
    if (text_equal(json_get_text(condition, "type"), "Ready") &&
        text_equal(state, "CONDITION_SUCCEEDED")) {
        return true;
    }
    const char *said = json_get_text(condition, "message");
    char *message = mask_clean(said ? said : "", MESSAGE_SHOWN);
    char *word = mask_clean(state ? state : "no condition Ready", NAME_SHOWN);
    fail(error,
         mem_format("%s is not ready (%s)%s%s", service_of(rollout), word,
                    *message ? ": " : "", message),
         look(rollout));
    free(word);
    free(message);
    return false;
}

/* int64 is a text in JSON (protobuf's mapping); a service that does not count its
 * generations has nothing on its way. */
static bool is_on_its_way(const json_t *body)
{
    return json_is_true(json_object_get(body, "reconciling")) ||
           !text_equal(json_get_text(body, "generation"),
                       json_get_text(body, "observedGeneration"));
}

bool rollout_settled(const struct rollout *rollout, struct error *error)
{
    const json_t *body = rollout->service.answer.body;
    if (json_get_text(body, "deleteTime")) {
        return fail(error, mem_format("%s was deleted", service_of(rollout)),
                    mem_text("deploy it again, or correct the name of the service"));
    }
    if (is_on_its_way(body)) {
        return fail(error, mem_format("%s is still being changed", service_of(rollout)),
                    mem_text("wait until the deploy that is on its way has ended"));
    }
    return true;
}

bool rollout_ready(const struct rollout *rollout, struct error *error)
{
    if (!rollout_settled(rollout, error) || !condition_good(rollout, error)) {
        return false;
    }
    if (!rollout->created || !text_equal(rollout->created, rollout->ready)) {
        const char *created = rollout->created ? rollout->created : "(not told)";
        return fail(error,
                    mem_format("the newest revision %s of %s never became ready%s%s",
                               created, service_of(rollout),
                               rollout->ready ? ", the newest ready one is " : "",
                               rollout->ready ? rollout->ready : ""),
                    gcloud(rollout, "revisions list --service", ""));
    }
    return true;
}

/* ---- traffic ---- */

/* Traffic to "the latest" is the latest that became ready. */
static const char *revision_of(const struct rollout *rollout, const json_t *entry)
{
    const char *revision = json_get_text(entry, "revision");
    return revision && *revision                              ? revision_name(revision)
           : text_equal(json_get_text(entry, "type"), LATEST) ? rollout->ready
                                                              : NULL;
}

static const json_t *statuses(const struct rollout *rollout)
{
    return json_object_get(rollout->service.answer.body, "trafficStatuses");
}

static int percent_of(const json_t *entry)
{
    return (int)json_integer_value(json_object_get(entry, "percent"));
}

/* What a revision gets, by however many entries; `latest`: as what follows the newest. */
static int share(const struct rollout *rollout, const char *revision, bool latest)
{
    int sum = 0;
    for (size_t i = 0; i < json_array_size(statuses(rollout)); i++) {
        const json_t *entry = json_array_get(statuses(rollout), i);
        bool follows = text_equal(json_get_text(entry, "type"), LATEST);
        if (latest ? follows : text_equal(revision_of(rollout, entry), revision)) {
            sum += percent_of(entry);
        }
    }
    return sum;
}

char *rollout_words(const struct rollout *rollout)
{
    struct buf out;
    buf_init(&out, TRAFFIC_SHOWN);
    for (size_t i = 0; i < json_array_size(statuses(rollout)); i++) {
        const json_t *entry = json_array_get(statuses(rollout), i);
        const char *revision = revision_of(rollout, entry);
        if (percent_of(entry) != 0) { /* a tag alone has an entry too */
            buf_format(&out, "%s%.80s %d %%", out.length ? ", " : "",
                       revision ? revision : "(no revision)", percent_of(entry));
        }
    }
    return out.length ? buf_take(&out) : mem_text("nothing");
}

bool rollout_pinned(const struct rollout *rollout)
{
    const json_t *lists[] = {statuses(rollout),
                             json_object_get(rollout->service.answer.body, "traffic")};
    bool pinned = false;
    for (size_t list = 0; list < 2; list++) {
        for (size_t i = 0; i < json_array_size(lists[list]); i++) {
            const json_t *entry = json_array_get(lists[list], i);
            pinned = pinned || (percent_of(entry) > 0 &&
                                text_equal(json_get_text(entry, "type"), PINNED));
        }
    }
    return pinned;
}

static bool as_wished(const struct rollout *rollout, const json_t *traffic)
{
    const char *revision;
    json_t *percent;
    int sum = 0, total = 0;
    bool same = true;
    json_object_foreach((json_t *)(uintptr_t)traffic, revision, percent)
    {
        int wished = (int)json_integer_value(percent);
        same =
            same && share(rollout, revision, strcmp(revision, "latest") == 0) == wished;
        sum += wished;
    }
    for (size_t i = 0; i < json_array_size(statuses(rollout)); i++) {
        total += percent_of(json_array_get(statuses(rollout), i));
    }
    return same && sum == WHOLE && total == WHOLE;
}

static char *wish_words(const json_t *traffic)
{
    struct buf out;
    const char *revision;
    json_t *percent;
    buf_init(&out, TRAFFIC_SHOWN);
    json_object_foreach((json_t *)(uintptr_t)traffic, revision, percent)
    {
        buf_format(&out, "%s%.80s %d %%", out.length ? ", " : "", revision,
                   (int)json_integer_value(percent));
    }
    return buf_take(&out);
}

static char *to_wished(const struct rollout *rollout, const json_t *traffic)
{
    struct buf out;
    const char *revision;
    json_t *percent;
    buf_init(&out, TRAFFIC_SHOWN);
    json_object_foreach((json_t *)(uintptr_t)traffic, revision, percent)
    {
        buf_format(&out, "%s%.80s=%d", out.length ? "," : "--to-revisions=",
                   strcmp(revision, "latest") == 0 ? "LATEST" : revision,
                   (int)json_integer_value(percent));
    }
    char *command = gcloud(rollout, "services update-traffic", buf_string(&out));
    buf_finish(&out);
    return command;
}

static bool all_at_one(const struct rollout *rollout)
{
    bool whole = false;
    for (size_t i = 0; i < json_array_size(statuses(rollout)); i++) {
        const char *revision = revision_of(rollout, json_array_get(statuses(rollout), i));
        whole = whole || (revision && share(rollout, revision, false) == WHOLE);
    }
    return whole;
}

static bool all_at_newest(const struct rollout *rollout)
{
    return rollout->ready && share(rollout, rollout->ready, false) == WHOLE;
}

bool rollout_serves(const struct rollout *rollout, const struct rollout_wish *wish,
                    struct error *error)
{
    bool good = wish->traffic  ? as_wished(rollout, wish->traffic)
                : wish->pinned ? all_at_one(rollout)
                               : all_at_newest(rollout);
    char *words = rollout_words(rollout);
    if (!good) {
        char *wished = wish->traffic ? wish_words(wish->traffic)
                       : wish->pinned || !rollout->ready
                           ? mem_text("one revision alone")
                           : mem_format("%s 100 %%", rollout->ready);
        fail(error,
             mem_format("the traffic of %s goes to %s, not to %s", service_of(rollout),
                        words, wished),
             wish->traffic ? to_wished(rollout, wish->traffic) : to_latest(rollout));
        free(wished);
    } else if (!wish->traffic && !wish->pinned && rollout_pinned(rollout)) {
        good = fail(error,
                    mem_format("the traffic of %s is pinned to %s: the next deploy "
                               "would get none",
                               service_of(rollout), words),
                    to_latest(rollout));
    }
    free(words);
    return good;
}

/* ---- shipped ---- */

/* `made`: ms since 1970 of the newest revision, 0: not known. */
static bool ask_made(const struct rollout *rollout, int64_t *made, struct error *error)
{
    struct gcp_answer answer;
    char *path =
        mem_format("v2/%s/revisions/%s", rollout->service.name, rollout->created);
    bool asked = gcp_get(GCP_RUN, path, rollout->service.context, &answer, error);
    free(path);
    if (asked && answer.status != 200) {
        asked = fail(error,
                     mem_format("Cloud Run answered %d to revision %s: %s", answer.status,
                                rollout->created, answer.message),
                     mem_text("ask again"));
        if (answer.status == 403) {
            serving_hint_viewer(&answer, rollout->service.parts[RUN_PROJECT], error);
        }
    }
    *made = asked ? gcp_time(json_get_text(answer.body, "createTime")) : 0;
    gcp_answer_finish(&answer);
    return asked;
}

bool rollout_shipped(const struct rollout *rollout, int64_t since, struct error *error)
{
    int64_t made = 0;
    if (!rollout_ready(rollout, error) || !ask_made(rollout, &made, error)) {
        return false;
    }
    if (made < since) {
        char *words = rollout_words(rollout);
        fail(error,
             mem_format("no revision of %s was made by it: %s is older, and serves %s",
                        service_of(rollout), rollout->created, words),
             mem_text("see in the output of the command why it made none; a service that "
                      "it does not deploy is left out by verify.revisions"));
        free(words);
        return false;
    }
    if (!all_at_newest(rollout)) {
        char *words = rollout_words(rollout);
        fail(error,
             mem_format("%s is ready, but the traffic of %s goes to %s", rollout->created,
                        service_of(rollout), words),
             to_latest(rollout));
        free(words);
        return false;
    }
    return true;
}

bool rollout_went_back(const struct rollout *rollout, struct error *error)
{
    const struct rollout_wish anywhere = {.pinned = true};
    return rollout_settled(rollout, error) && rollout_serves(rollout, &anywhere, error);
}

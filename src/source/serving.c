#include "source/serving.h"

#include "base/clock.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/text.h"
#include "secret/mask.h"
#include "source/gcp_api.h"

#include <stdlib.h>
#include <string.h>

enum { NAME_SHOWN = 80 };

const json_t *serving_variable(const json_t *containers, const char *key, bool *differs)
{
    const json_t *found = NULL;
    for (size_t c = 0; c < json_array_size(containers); c++) {
        const json_t *env = json_object_get(json_array_get(containers, c), "env");
        for (size_t i = 0; i < json_array_size(env); i++) {
            const json_t *entry = json_array_get(env, i);
            if (text_equal(json_get_text(entry, "name"), key)) {
                *differs = *differs || (found && !json_equal(found, entry));
                found = entry;
            }
        }
    }
    return found;
}

static void doubt(struct resolved *out, char *take_message, char *take_hint)
{
    error_set(&out->doubt, ERROR_CONFIG, "%s", take_message);
    error_hint(&out->doubt, "%s", take_hint);
    free(take_message);
    free(take_hint);
}

static char *move_traffic(const struct serving *serving)
{
    return mem_format("gcloud run services update-traffic %s --project=%s --region=%s "
                      "--to-latest",
                      serving->service, serving->project, serving->location);
}

/* Another version in the template makes another revision; "latest" again would not. */
static char *redeploy(const struct serving *serving, const struct resolved *out)
{
    const char *secret =
        json_string_value(json_at(serving->variable, "/valueSource/secretKeyRef/secret"));
    char *shown = mask_clean(secret, NAME_SHOWN);
    char *command = mem_format("redeploy it: gcloud run services update %s --project=%s "
                               "--region=%s --update-secrets=%s=%s:%s",
                               serving->service, serving->project, serving->location,
                               serving->key, shown, out->version);
    free(shown);
    return command;
}

void serving_hint_viewer(const struct gcp_answer *answer, const char *project,
                         struct error *error)
{
    char *member = gcp_member(answer);
    error_hint(error,
               "gcloud projects add-iam-policy-binding %s --member=%s "
               "--role=roles/run.viewer",
               project, member);
    free(member);
}

/* ---- one revision ---- */

static void judge_age(const struct serving *serving, const char *shown, int percent,
                      int64_t made, struct resolved *out)
{
    if (!out->created || made >= out->created) {
        return;
    }
    if (!made) {
        doubt(
            out,
            mem_format("revision %s (%d %% of the traffic) does not say when it was made",
                       shown, percent),
            redeploy(serving, out));
        return;
    }
    char older[TEXT_SPAN];
    text_span(older, (out->created - made) * CLOCK_MS);
    doubt(out,
          mem_format(
              "rotated, but not redeployed: revision %s (%d %% of the traffic) is %s "
              "older than version %s of the secret",
              shown, percent, older, out->version),
          redeploy(serving, out));
}

static void judge_revision(const struct serving *serving, const char *shown, int percent,
                           const json_t *revision, struct resolved *out)
{
    bool differs = false;
    const json_t *given =
        serving_variable(json_object_get(revision, "containers"), serving->key, &differs);
    if (!given || differs || !json_equal(given, serving->variable)) {
        doubt(out,
              mem_format(
                  "revision %s (%d %% of the traffic) is given %s %s than the newest "
                  "one is",
                  shown, percent, given ? "another" : "no", serving->key),
              move_traffic(serving));
    } else if (out->vault) {
        judge_age(serving, shown, percent,
                  gcp_time(json_get_text(revision, "createTime")), out);
    }
}

struct revision {
    char *name;
    bool asked; /* there is an answer; else the error says why not */
    struct gcp_answer answer;
    struct error error;
};

void revisions_finish(struct revisions *revisions)
{
    for (size_t i = 0; i < revisions->count; i++) {
        gcp_answer_finish(&revisions->rows[i].answer);
        free(revisions->rows[i].name);
    }
    free(revisions->rows);
    *revisions = (struct revisions){0};
}

static const struct revision *fetch(const struct serving *serving, const char *name)
{
    struct revisions *seen = serving->seen;
    for (size_t i = 0; i < seen->count; i++) {
        if (text_equal(seen->rows[i].name, name)) {
            return &seen->rows[i];
        }
    }
    seen->rows = mem_resize(seen->rows, (seen->count + 1) * sizeof *seen->rows);
    struct revision *revision = &seen->rows[seen->count++];
    *revision = (struct revision){.name = mem_text(name)};
    char *path = mem_format("v2/%s/revisions/%s", serving->name, name);
    revision->asked =
        gcp_get(GCP_RUN, path, serving->context, &revision->answer, &revision->error);
    free(path);
    return revision;
}

static void ask_revision(const struct serving *serving, const char *name, int percent,
                         struct resolved *out)
{
    struct resolved refused = {.state = SOURCE_BROKEN};
    char *shown = mask_clean(name, NAME_SHOWN);
    const struct revision *revision = fetch(serving, name);
    const struct gcp_answer *answer = &revision->answer;
    if (!revision->asked) {
        out->doubt = revision->error;
        error_prefix(&out->doubt, "revision %s cannot be seen", shown);
    } else if (answer->status == 200) {
        judge_revision(serving, shown, percent, answer->body, out);
    } else if (gcp_denied(answer, "run.revisions.get", serving->name, &refused)) {
        out->doubt = refused.error;
        serving_hint_viewer(answer, serving->project, &out->doubt);
    } else {
        doubt(out,
              mem_format("Cloud Run answered %d to revision %s: %s", answer->status,
                         shown, answer->message),
              mem_text("ask again"));
    }
    free(shown);
}

/* ---- all that serve ---- */

/* Traffic to "the latest" is the latest that became ready. */
static const char *revision_of(const struct serving *serving, const json_t *traffic)
{
    const char *revision = json_get_text(traffic, "revision");
    return gcp_last_part(revision && *revision
                             ? revision
                             : json_get_text(serving->body, "latestReadyRevision"));
}

void serving_examine(const struct serving *serving, struct resolved *out)
{
    const json_t *traffic = json_object_get(serving->body, "trafficStatuses");
    bool any = false;
    for (size_t i = 0; i < json_array_size(traffic) && !out->doubt.code; i++) {
        const json_t *entry = json_array_get(traffic, i);
        int percent = (int)json_integer_value(json_object_get(entry, "percent"));
        const char *revision = revision_of(serving, entry);
        if (percent > 0 && gcp_part_valid(revision)) {
            any = true;
            ask_revision(serving, revision, percent, out);
        }
    }
    if (!any) {
        doubt(out, mem_format("no revision of %s gets traffic", serving->service),
              move_traffic(serving));
    }
}

/* What a Cloud Run service is given as an environment variable: its own words, or a
 * version of a secret that is mounted there. Read is the service's template, which its
 * newest revision was made from; serving.h doubts those that get its traffic. */
#include "source/kinds.h"

#include "base/json.h"
#include "base/mem.h"
#include "base/text.h"
#include "secret/mask.h"
#include "source/gcp_api.h"
#include "source/gcp_secret.h"
#include "source/serving.h"

#include <stdlib.h>
#include <string.h>

enum { PROJECT, LOCATION, SERVICE, PARTS };
enum { NAME_SHOWN = 80 };
static const char *const collections[PARTS] = {"projects", "locations", "services"};

struct wanted {
    const char *name, *key;
    char *parts[PARTS];
    const struct source_context *context;
};

/* A mounted secret is named by its name alone where it is of the service's project. */
static char *full_name(const struct wanted *wanted, const char *secret)
{
    return strchr(secret, '/')
               ? mem_text(secret)
               : mem_format("projects/%s/secrets/%s", wanted->parts[PROJECT], secret);
}

/* What is mounted and not there is broken: the service does not start with it. */
static void read_mounted(const struct wanted *wanted, const json_t *reference,
                         struct resolved *out)
{
    const char *secret = json_get_text(reference, "secret");
    const char *version = json_get_text(reference, "version");
    version = version && *version ? version : "latest";
    if (!secret || !gcp_secret_version_valid(version)) {
        resolved_broken(out, ERROR_PROTOCOL, "Cloud Run mounts %s from no secret",
                        wanted->key);
        return;
    }
    char *shown = mask_clean(secret, NAME_SHOWN);
    char *name = full_name(wanted, secret);
    char *label = mem_format("%s (secret %s)", out->label, shown);
    free(out->label);
    out->label = label;
    gcp_secret_read(name, version, wanted->context, out);
    if (out->state == SOURCE_ABSENT) {
        out->state = SOURCE_BROKEN;
    }
    free(name);
    free(shown);
}

static void take_service(const struct wanted *wanted, const json_t *service,
                         struct resolved *out)
{
    bool differs = false;
    const json_t *variable =
        serving_variable(json_at(service, "/template/containers"), wanted->key, &differs);
    const json_t *reference = json_at(variable, "/valueSource/secretKeyRef");
    if (!variable) {
        resolved_absent(out, "%s is not mounted in %s", wanted->key,
                        wanted->parts[SERVICE]);
        error_hint(&out->error,
                   "gcloud run services update %s --project=%s --region=%s "
                   "--update-secrets=%s=SECRET:latest",
                   wanted->parts[SERVICE], wanted->parts[PROJECT],
                   wanted->parts[LOCATION], wanted->key);
    } else if (differs) {
        resolved_broken(out, ERROR_CONFIG,
                        "two containers of %s are given another %s each",
                        wanted->parts[SERVICE], wanted->key);
        error_hint(&out->error, "mount the same secret in both");
    } else if (reference) {
        read_mounted(wanted, reference, out);
    } else {
        const json_t *value = json_object_get(variable, "value");
        const char *text = json_string_value(value); /* an empty one is left out */
        char *label = mem_format("%s (a value in the clear)", out->label);
        free(out->label);
        out->label = label;
        resolved_found(out, text ? text : "", json_string_length(value));
    }
    if (out->state == SOURCE_FOUND) {
        const struct serving serving = {.name = wanted->name,
                                        .project = wanted->parts[PROJECT],
                                        .location = wanted->parts[LOCATION],
                                        .service = wanted->parts[SERVICE],
                                        .key = wanted->key,
                                        .body = service,
                                        .variable = variable,
                                        .context = wanted->context};
        serving_examine(&serving, out);
    }
}

static void tell_refused(const struct wanted *wanted, const struct gcp_answer *answer,
                         struct resolved *out)
{
    if (answer->status == 404) {
        resolved_absent(out, "there is no such service: %s", answer->message);
        error_hint(&out->error, "correct project, location and name in %s", wanted->name);
    } else if (gcp_denied(answer, "run.services.get", wanted->name, out)) {
        serving_hint_viewer(answer, wanted->parts[PROJECT], &out->error);
    } else {
        resolved_broken(out, ERROR_PROTOCOL, "Cloud Run answered %d: %s", answer->status,
                        answer->message);
    }
}

static void resolve(const json_t *source, const struct source_context *context,
                    struct resolved *out)
{
    struct wanted wanted = {.name = json_get_text(source, "cloud_run"),
                            .key = json_get_text(source, "key"),
                            .context = context};
    if (!gcp_parse(wanted.name, collections, wanted.parts, PARTS)) {
        out->label = mem_text("Cloud Run");
        resolved_broken(out, ERROR_CONFIG, "no name of a service");
        return;
    }
    out->label = mem_format("%s in Cloud Run %s", wanted.key, wanted.parts[SERVICE]);
    struct gcp_answer answer;
    struct error error;
    char *path = mem_format("v2/%s", wanted.name);
    if (!gcp_get(GCP_RUN, path, context, &answer, &error)) {
        resolved_broken(out, error.code, "%s", error.message);
        error_hint(&out->error, "%s", error.hint);
    } else if (answer.status == 200) {
        take_service(&wanted, answer.body, out);
    } else {
        tell_refused(&wanted, &answer, out);
    }
    gcp_answer_finish(&answer);
    free(path);
    gcp_parts_free(wanted.parts, PARTS);
}

static bool fits(const json_t *source, struct error *error)
{
    const char *name = json_get_text(source, "cloud_run");
    char *parts[PARTS];
    bool good = gcp_parse(name, collections, parts, PARTS);
    gcp_parts_free(parts, PARTS);
    return good || error_set(error, ERROR_CONFIG,
                             "cloud_run \"%.80s\" is not "
                             "projects/PROJECT/locations/LOCATION/services/NAME",
                             name);
}

static const char *const needs[] = {"key", NULL};

const struct source_kind source_cloud_run = {
    .name = "cloud_run",
    .help =
        "an environment variable of a Cloud Run service, "
        "projects/PROJECT/locations/LOCATION/services/NAME: its value, or the version of "
        "a secret that is mounted as it",
    .needs = needs,
    .fits = fits,
    .resolve = resolve,
};

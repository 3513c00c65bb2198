/* What a Cloud Run service is given as an environment variable: its own words, or a
 * version of a secret that is mounted there. Read is the service's template, which its
 * newest revision was made from; serving.h doubts those that get its traffic. */
#include "source/cloud_run.h"

#include "base/json.h"
#include "base/mem.h"
#include "base/text.h"
#include "secret/mask.h"
#include "source/gcp_api.h"
#include "source/gcp_secret.h"
#include "source/kinds.h"

#include <stdlib.h>
#include <string.h>

enum { NAME_SHOWN = 80 };
static const char *const collections[RUN_PARTS] = {"projects", "locations", "services"};

/* A mounted secret is named by its name alone where it is of the service's project. */
static char *full_name(const struct run_service *service, const char *secret)
{
    return strchr(secret, '/') ? mem_text(secret)
                               : mem_format("projects/%s/secrets/%s",
                                            service->parts[RUN_PROJECT], secret);
}

/* What is mounted and not there is broken: the service does not start with it. */
static void read_mounted(const struct run_service *service, const char *key,
                         const json_t *reference, struct resolved *out)
{
    const char *secret = json_get_text(reference, "secret");
    const char *version = json_get_text(reference, "version");
    version = version && *version ? version : "latest";
    if (!secret || !gcp_secret_version_valid(version)) {
        resolved_broken(out, ERROR_PROTOCOL, "Cloud Run mounts %s from no secret", key);
        return;
    }
    char *shown = mask_clean(secret, NAME_SHOWN);
    char *name = full_name(service, secret);
    char *label = mem_format("%s (secret %s)", out->label, shown);
    free(out->label);
    out->label = label;
    gcp_secret_read(name, version, service->context, out);
    if (out->state == SOURCE_ABSENT) {
        out->state = SOURCE_BROKEN;
    }
    free(name);
    free(shown);
}

static void take_clear(const json_t *variable, struct resolved *out)
{
    const json_t *value = json_object_get(variable, "value");
    const char *text = json_string_value(value); /* an empty one is left out */
    char *label = mem_format("%s (a value in the clear)", out->label);
    free(out->label);
    out->label = label;
    resolved_found(out, text ? text : "", json_string_length(value));
}

static void tell_missing(const struct run_service *service, const char *key,
                         struct resolved *out)
{
    resolved_absent(out, "%s is not mounted in %s", key, service->parts[RUN_SERVICE]);
    error_hint(&out->error,
               "gcloud run services update %s --project=%s --region=%s "
               "--update-secrets=%s=SECRET:latest",
               service->parts[RUN_SERVICE], service->parts[RUN_PROJECT],
               service->parts[RUN_LOCATION], key);
}

void run_service_read(struct run_service *service, const char *key, struct resolved *out)
{
    const json_t *body = service->answer.body;
    bool differs = false;
    const json_t *variable =
        serving_variable(json_at(body, "/template/containers"), key, &differs);
    const json_t *reference = json_at(variable, "/valueSource/secretKeyRef");
    *out = (struct resolved){
        .state = SOURCE_BROKEN,
        .label = mem_format("%s in Cloud Run %s", key, service->parts[RUN_SERVICE])};
    if (!variable) {
        tell_missing(service, key, out);
    } else if (differs) {
        resolved_broken(out, ERROR_CONFIG,
                        "two containers of %s are given another %s each",
                        service->parts[RUN_SERVICE], key);
        error_hint(&out->error, "mount the same secret in both");
    } else if (reference) {
        read_mounted(service, key, reference, out);
    } else {
        take_clear(variable, out);
    }
    if (out->state == SOURCE_FOUND) {
        const struct serving serving = {.name = service->name,
                                        .project = service->parts[RUN_PROJECT],
                                        .location = service->parts[RUN_LOCATION],
                                        .service = service->parts[RUN_SERVICE],
                                        .key = key,
                                        .body = body,
                                        .variable = variable,
                                        .context = service->context,
                                        .seen = &service->seen};
        serving_examine(&serving, out);
    }
}

static void tell_refused(const struct run_service *service, struct resolved *out)
{
    const struct gcp_answer *answer = &service->answer;
    if (answer->status == 404) {
        resolved_absent(out, "there is no such service: %s", answer->message);
        error_hint(&out->error, "correct project, location and name in %s",
                   service->name);
    } else if (gcp_denied(answer, "run.services.get", service->name, out)) {
        serving_hint_viewer(answer, service->parts[RUN_PROJECT], &out->error);
    } else {
        resolved_broken(out, ERROR_PROTOCOL, "Cloud Run answered %d: %s", answer->status,
                        answer->message);
    }
}

bool run_service_open(struct run_service *service, const char *name,
                      const struct source_context *context, struct resolved *out)
{
    *service = (struct run_service){.name = name, .context = context};
    if (!gcp_parse(name, collections, service->parts, RUN_PARTS)) {
        out->label = mem_text("Cloud Run");
        resolved_broken(out, ERROR_CONFIG, "no name of a service");
        return false;
    }
    out->label = mem_format("Cloud Run %s", service->parts[RUN_SERVICE]);
    struct error error;
    char *path = mem_format("v2/%s", name);
    bool asked = gcp_get(GCP_RUN, path, context, &service->answer, &error);
    free(path);
    if (!asked) {
        resolved_broken(out, error.code, "%s", error.message);
        error_hint(&out->error, "%s", error.hint);
    } else if (service->answer.status != 200) {
        tell_refused(service, out);
    }
    return asked && service->answer.status == 200;
}

void run_service_finish(struct run_service *service)
{
    gcp_answer_finish(&service->answer);
    revisions_finish(&service->seen);
    gcp_parts_free(service->parts, RUN_PARTS);
}

static void resolve(const json_t *source, const struct source_context *context,
                    struct resolved *out)
{
    const char *key = json_get_text(source, "key");
    struct run_service service;
    if (run_service_open(&service, json_get_text(source, "cloud_run"), context, out)) {
        resolved_finish(out);
        run_service_read(&service, key, out);
    } else if (service.parts[RUN_SERVICE]) {
        char *label = mem_format("%s in %s", key, out->label);
        free(out->label);
        out->label = label;
    }
    run_service_finish(&service);
}

bool run_service_name_valid(const char *name, struct error *error)
{
    char *parts[RUN_PARTS];
    bool good = gcp_parse(name, collections, parts, RUN_PARTS);
    gcp_parts_free(parts, RUN_PARTS);
    return good || error_set(error, ERROR_CONFIG,
                             "cloud_run \"%.80s\" is not "
                             "projects/PROJECT/locations/LOCATION/services/NAME",
                             name);
}

static bool fits(const json_t *source, struct error *error)
{
    return run_service_name_valid(json_get_text(source, "cloud_run"), error);
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

/* Cloud Run, v2: what both services are given, and their revisions: the one that was
 * there before, and one for each deploy (revisions.h). Both mount the canonical secret in
 * its newest version; the backend mounts a look-alike instead where a fault says so. */
#include "sandbox/google.h"

#include "base/clock.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/text.h"
#include "sandbox/revisions.h"
#include "sandbox/sandbox.h"

#include <stdlib.h>
#include <string.h>

enum { DAY_S = 86400, SERVICE_S = 200 * DAY_S, REVISION_S = 3 * DAY_S };

#define PARENT "projects/" GOOGLE_PROJECT "/locations/" GOOGLE_LOCATION "/services/"

static const struct run_service {
    const char *name;
    unsigned first; /* number of its revision that was there before */
    const char *suffix;
    enum door_name door;
} run_services[] = {
    {GOOGLE_AUTH, 12, "kep", DOOR_AUTH},
    {GOOGLE_BACKEND, 41, "wol", DOOR_BACKEND},
};

/* The caller frees. */
static char *revision_name(const struct run_service *service, size_t number)
{
    return mem_format("%s-%05zu-%s", service->name, service->first + number,
                      service->suffix);
}

static char *revision_path(const struct run_service *service, size_t number)
{
    char *name = revision_name(service, number);
    char *path = mem_format(PARENT "%s/revisions/%s", service->name, name);
    free(name);
    return path;
}

static char *revision_stamp(const struct sandbox *sandbox, size_t number)
{
    char stamp[CLOCK_STAMP];
    if (number == 0) {
        return google_stamp(sandbox, REVISION_S);
    }
    clock_stamp(stamp, revisions_made(sandbox->dir, number));
    return mem_text(stamp);
}

static const char *secret_of(const struct sandbox *sandbox,
                             const struct run_service *service)
{
    bool other = text_equal(service->name, GOOGLE_BACKEND) &&
                 (fault_is_on(sandbox, FAULT_jwt_mismatch) ||
                  fault_is_on(sandbox, FAULT_secret_other_name));
    return other ? GOOGLE_LOOK_ALIKE : GOOGLE_SECRET;
}

/* Ports are those of the doors, which is where a real service would be sent too. */
static json_t *containers(const struct sandbox *sandbox,
                          const struct run_service *service)
{
    char *redis = mem_format("%u", door_port(sandbox->doors, DOOR_REDIS));
    char *clickhouse = mem_format("%u", door_port(sandbox->doors, DOOR_CLICKHOUSE_HTTP));
    bool forgotten = text_equal(service->name, GOOGLE_BACKEND) &&
                     fault_is_on(sandbox, FAULT_backend_clickhouse_localhost);
    json_t *list = json_pack(
        "[{ss s[{ss ss} {ss ss} {ss ss} {ss ss} {ss ss} {ss s{s{ss ss}}}]}]", "image",
        "us-docker.pkg.dev/" GOOGLE_PROJECT "/netra/service:latest", "env", "name",
        "ENVIRONMENT", "value", "staging", "name", "CLICKHOUSE_HOST", "value",
        forgotten ? "localhost" : "127.0.0.1", "name", "CLICKHOUSE_PORT", "value",
        clickhouse, "name", "REDIS_HOST", "value", "127.0.0.1", "name", "REDIS_PORT",
        "value", redis, "name", GOOGLE_VARIABLE, "valueSource", "secretKeyRef", "secret",
        secret_of(sandbox, service), "version", "latest");
    free(clickhouse);
    free(redis);
    return list;
}

static json_t *revision_of(const struct sandbox *sandbox,
                           const struct run_service *service, size_t number)
{
    char *name = revision_path(service, number);
    char *created = revision_stamp(sandbox, number);
    json_t *revision =
        json_pack("{ss ss ss so s[{ss ss}]}", "name", name, "createTime", created,
                  "service", service->name, "containers", containers(sandbox, service),
                  "conditions", "type", "Ready", "state", "CONDITION_SUCCEEDED");
    free(created);
    free(name);
    return revision;
}

/* v2 leaves the name out of traffic that follows the newest. */
static json_t *traffic_of(const struct run_service *service,
                          const struct revisions_state *state)
{
    if (!state->pinned) {
        return json_pack("[{ss si}]", "type", "TRAFFIC_TARGET_ALLOCATION_TYPE_LATEST",
                         "percent", 100);
    }
    char *name = revision_name(service, state->serving);
    json_t *traffic =
        json_pack("[{ss ss si}]", "type", "TRAFFIC_TARGET_ALLOCATION_TYPE_REVISION",
                  "revision", name, "percent", 100);
    free(name);
    return traffic;
}

static json_t *service_of(const struct sandbox *sandbox,
                          const struct run_service *service)
{
    char *name = mem_format(PARENT "%s", service->name);
    const struct revisions_state state = revisions_read(sandbox->dir);
    char *revision = revision_path(service, state.newest);
    char *created = google_stamp(sandbox, SERVICE_S);
    char *updated = revision_stamp(sandbox, state.newest);
    char *uri =
        mem_format("http://127.0.0.1:%u", door_port(sandbox->doors, service->door));
    json_t *body = json_pack("{ss ss ss ss ss ss sb ss}", "name", name, "createTime",
                             created, "updateTime", updated, "latestReadyRevision",
                             revision, "latestCreatedRevision", revision, "uri", uri,
                             "reconciling", 0, "etag", "\"1\"");
    json_object_set_new(
        body, "terminalCondition",
        json_pack("{ss ss}", "type", "Ready", "state", "CONDITION_SUCCEEDED"));
    json_object_set_new(body, "template",
                        json_pack("{so}", "containers", containers(sandbox, service)));
    static const char *const traffic[] = {"traffic", "trafficStatuses"};
    for (size_t i = 0; i < 2; i++) {
        json_object_set_new(body, traffic[i], traffic_of(service, &state));
    }
    free(uri);
    free(updated);
    free(created);
    free(revision);
    free(name);
    return body;
}

static json_t *knative_of(const struct sandbox *sandbox,
                          const struct run_service *service)
{
    char *created = google_stamp(sandbox, SERVICE_S);
    const struct revisions_state state = revisions_read(sandbox->dir);
    char *newest = revision_name(service, state.newest);
    char *serving = revision_name(service, state.serving);
    json_t *env =
        json_pack("[{ss s{s{ss ss}}}]", "name", GOOGLE_VARIABLE, "valueFrom",
                  "secretKeyRef", "name", secret_of(sandbox, service), "key", "latest");
    json_t *body = json_pack(
        "{ss ss s{ss ss ss} s{s{s{s[{so}]}}} s{ss s[{ss ss}] s[{ss si sb}]}}",
        "apiVersion", "serving.knative.dev/v1", "kind", "Service", "metadata", "name",
        service->name, "namespace", GOOGLE_NUMBER, "creationTimestamp", created, "spec",
        "template", "spec", "containers", "env", env, "status", "latestReadyRevisionName",
        newest, "conditions", "type", "Ready", "status", "True", "traffic",
        "revisionName", serving, "percent", 100, "latestRevision", !state.pinned);
    free(serving);
    free(newest);
    free(created);
    return body;
}

/* NULL with the refusal in the reply. */
static const struct run_service *find(struct sandbox *sandbox,
                                      const struct http_request *request,
                                      struct http_reply *reply)
{
    const struct run_service *found = NULL;
    if (!google_lets_in(sandbox, request, reply)) {
        return NULL;
    }
    for (size_t i = 0; i < sizeof run_services / sizeof run_services[0]; i++) {
        char *path = mem_format("/v2/" PARENT "%s", run_services[i].name);
        size_t length = strlen(path);
        if (strncmp(request->path, path, length) == 0 &&
            (!request->path[length] || request->path[length] == '/')) {
            found = &run_services[i];
        }
        free(path);
    }
    if (!found) {
        google_refuse(reply, 404, "NOT_FOUND", "Resource '%s' was not found",
                      request->path + strlen("/v2/"));
    }
    return found;
}

void google_service(void *context, const struct http_request *request,
                    struct http_reply *reply)
{
    const struct run_service *service = find(context, request, reply);
    if (service) {
        reply->status = 200;
        reply->json = service_of(context, service);
    }
}

void google_knative(void *context, const struct http_request *request,
                    struct http_reply *reply)
{
    char *name = http_segment(request, 6);
    bool in = google_lets_in(context, request, reply);
    for (size_t i = 0; in && i < sizeof run_services / sizeof run_services[0]; i++) {
        if (text_equal(run_services[i].name, name)) {
            reply->status = 200;
            reply->json = knative_of(context, &run_services[i]);
        }
    }
    if (in && !reply->json) {
        google_refuse(reply, 404, "NOT_FOUND", "Resource '%s' was not found", name);
    }
    free(name);
}

void google_revisions(void *context, const struct http_request *request,
                      struct http_reply *reply)
{
    const struct run_service *service = find(context, request, reply);
    if (service) {
        const struct sandbox *sandbox = context;
        size_t newest = revisions_read(sandbox->dir).newest;
        json_t *list = json_array();
        for (size_t i = newest + 1; i-- > 0;) {
            json_array_append_new(list, revision_of(sandbox, service, i));
        }
        reply->status = 200;
        reply->json = json_pack("{so}", "revisions", list);
    }
}

static bool find_revision(const struct sandbox *sandbox,
                          const struct run_service *service, const char *called,
                          size_t *number)
{
    size_t newest = revisions_read(sandbox->dir).newest;
    bool found = false;
    for (size_t i = 0; i <= newest && !found; i++) {
        char *name = revision_name(service, i);
        found = text_equal(name, called);
        *number = i;
        free(name);
    }
    return found;
}

void google_revision(void *context, const struct http_request *request,
                     struct http_reply *reply)
{
    const struct run_service *service = find(context, request, reply);
    char *revision = http_segment(request, 8);
    size_t number = 0;
    if (service && find_revision(context, service, revision, &number)) {
        reply->status = 200;
        reply->json = revision_of(context, service, number);
    } else if (service) {
        google_refuse(reply, 404, "NOT_FOUND", "Resource '%s' was not found", revision);
    }
    free(revision);
}

/* gcloud asks v1 for it. */
static json_t *knative_revision_of(const struct sandbox *sandbox, const char *name,
                                   size_t number)
{
    char *created = revision_stamp(sandbox, number);
    json_t *body =
        json_pack("{ss ss s{ss ss ss} s{s[{ss ss}]}}", "apiVersion",
                  "serving.knative.dev/v1", "kind", "Revision", "metadata", "name", name,
                  "namespace", GOOGLE_NUMBER, "creationTimestamp", created, "status",
                  "conditions", "type", "Ready", "status", "True");
    free(created);
    return body;
}

void google_knative_revision(void *context, const struct http_request *request,
                             struct http_reply *reply)
{
    char *name = http_segment(request, 6);
    bool in = google_lets_in(context, request, reply);
    size_t number = 0;
    for (size_t i = 0; in && i < sizeof run_services / sizeof run_services[0]; i++) {
        if (find_revision(context, &run_services[i], name, &number)) {
            reply->status = 200;
            reply->json = knative_revision_of(context, name, number);
        }
    }
    if (in && !reply->json) {
        google_refuse(reply, 404, "NOT_FOUND", "Resource '%s' was not found", name);
    }
    free(name);
}

/* A health endpoint that tells in JSON how a service and what stands behind it are. A
 * status of 200 proves nothing (some answer it whatever happens), so each value that is
 * expected is compared. */
#include "base/buf.h"
#include "base/clock.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/text.h"
#include "checks/checks.h"
#include "checks/request.h"
#include "checks/values.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { DIFFERENCES = 300 }; /* characters of all that differ */

/* The object with the values: some services wrap it in `detail` where they answer 503. */
static const json_t *body_of(const struct answer *answer)
{
    const json_t *detail = json_object_get(answer->json, "detail");
    bool wrapped = answer->reply.status >= 300 && json_is_object(detail);
    return wrapped ? detail : answer->json;
}

/* The word of a service for a dependency that it runs without: green there, never
 * here. */
static bool is_not_configured(const json_t *body, const char *pointer)
{
    char *parent = mem_text(pointer);
    char *slash = strrchr(parent, '/');
    if (slash) {
        *slash = '\0';
    }
    const json_t *status = json_object_get(json_at(body, parent), "status");
    const char *word =
        json_string_value(json_is_string(status) ? status : json_at(body, pointer));
    free(parent);
    return word && strcmp(word, "not_configured") == 0;
}

/* Whether one of the values that differ is such a word. */
static bool any_not_configured(const json_t *body, const json_t *expect)
{
    bool found = false;
    const char *pointer;
    json_t *expected;
    json_object_foreach((json_t *)(uintptr_t)expect, pointer, expected)
    {
        found = found || (!values_equal(json_at(body, pointer), expected) &&
                          is_not_configured(body, pointer));
    }
    return found;
}

/* A dependency that the service itself cannot reach, and that we ask as well, may be the
 * cause. */
static void blame(const json_t *body, struct result *result)
{
    for (size_t i = 0; checks_all[i]; i++) {
        const char *name = checks_all[i]->name;
        const json_t *part = json_object_get(json_object_get(body, "checks"), name);
        if (json_is_false(json_object_get(part, "connected"))) {
            char *error = values_show(json_object_get(part, "error"));
            char *key = mem_format("error of %s", name);
            result_evidence(result, key, "%s", error);
            result_blame(result, name);
            free(error);
            free(key);
        }
    }
}

static void note_version(const json_t *body, struct result *result)
{
    const char *version = json_get_text(body, "version");
    if (version) {
        result_identity(result, "version", "%s", version);
    }
}

static void fail_values(const struct request *request, const struct answer *answer,
                        const char *differences, bool unconfigured, struct result *result)
{
    char status[32] = "";
    if (answer->reply.status != 200) {
        snprintf(status, sizeof status, "answered %d, ", answer->reply.status);
    }
    result_set(result, STATE_FAIL,
               unconfigured ? "configure it in the service, and deploy that"
                            : "see what the service says of it, and its log",
               "%s %ssays %s%s", request->service, status, differences,
               unconfigured ? " (not_configured: it runs without it)" : "");
}

/* Whether it is the document at all that the configuration means. */
static bool has_any(const json_t *body, const json_t *expect)
{
    bool found = false;
    const char *pointer;
    json_t *expected;
    json_object_foreach((json_t *)(uintptr_t)expect, pointer, expected)
    {
        found = found || json_at(body, pointer);
    }
    return found;
}

static void judge(const struct job *job, const struct request *request,
                  const struct answer *answer, struct result *result)
{
    const json_t *expect = json_object_get(job->section, "expect");
    const json_t *body = body_of(answer);
    if (!json_is_object(body)) {
        if (answer_good(request, answer, result)) {
            result_set(result, STATE_FAIL, "see whether path fits this service",
                       "%s answered JSON that is no object", request->service);
        }
        return;
    }
    if (!has_any(body, expect) && !answer_good(request, answer, result)) {
        blame(body, result);
        return;
    }
    struct buf differences;
    buf_init(&differences, DIFFERENCES);
    note_version(body, result);
    values_compare(body, expect, &differences, result);
    if (differences.length) {
        blame(body, result);
        fail_values(request, answer, buf_string(&differences),
                    any_not_configured(body, expect), result);
    } else if (!answer_good(request, answer, result)) {
        blame(body, result);
    } else {
        result_reach(result, RUNG_USABLE);
        result_figure(result, clock_ms(answer->reply.total));
        result_ok(result, "%s says all that is expected, %zu of %zu", request->service,
                  json_object_size(expect), json_object_size(expect));
    }
    buf_finish(&differences);
}

static void ask(const struct job *job, struct result *result)
{
    struct request request = {
        .service = config_text(job->section, "service"),
        .path = config_text(job->section, "path"),
        .method = config_text(job->section, "method"),
    };
    if (json_object_size(json_object_get(job->section, "expect")) == 0) {
        result_set(result, STATE_FAIL, "say in expect which values prove that it works",
                   "nothing is expected, so nothing would be proven");
        return;
    }
    struct answer answer;
    if (request_ask(job, &request, result, &answer)) {
        judge(job, &request, &answer, result);
    } else if (text_equal(request.service, "auth") ||
               text_equal(request.service, "backend")) {
        result_blame(result, "auth_flow"); /* asks both: one that is gone is one cause */
    }
    answer_finish(&answer);
}

const struct check check_health_json = {
    .name = "health_json",
    .title = "Health",
    .help = "does a service say of itself and of what stands behind it what is expected",
    .section = NULL,
    .period = 25 * CLOCK_SECOND,
    .deadline = 2 * CLOCK_SECOND,
    .ask = ask,
};

/* A health endpoint that tells in JSON how a service and what stands behind it are. A
 * status of 200 proves nothing (some answer it whatever happens), so each value that is
 * expected is compared. */
#include "base/clock.h"
#include "base/json.h"
#include "base/mem.h"
#include "checks/request.h"

#include <stdlib.h>
#include <string.h>

enum { SHOWN = 80 }; /* characters of a value */

/* The object with the values: some services wrap it in `detail` where they answer 503. */
static const json_t *body_of(const struct answer *answer)
{
    const json_t *detail = json_object_get(answer->json, "detail");
    bool wrapped = answer->reply.status >= 300 && json_is_object(detail);
    return wrapped ? detail : answer->json;
}

static char *show(const json_t *value)
{
    char *text = json_show(value);
    char *shown =
        strlen(text) > SHOWN ? mem_format("%.*s…", SHOWN, text) : mem_text(text);
    free(text);
    return shown;
}

static bool as_expected(const json_t *is, const json_t *expected)
{
    if (json_is_number(is) && json_is_number(expected)) {
        double a = json_number_value(is), b = json_number_value(expected);
        return !(a < b) && !(a > b);
    }
    return is && json_equal(is, expected);
}

/* The word of a service for a dependency that it runs without: green there, never here.
 */
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

static void fail_value(const struct request *request, const json_t *body,
                       const char *pointer, const json_t *expected, struct result *result)
{
    const json_t *is = json_at(body, pointer);
    char *was = show(is), *wanted = show(expected);
    if (is_not_configured(body, pointer)) {
        result_set(result, STATE_FAIL, "configure it in the service and redeploy that",
                   "%s runs without it: %s is %s, the service says not_configured",
                   request->service, pointer, was);
    } else {
        result_set(result, STATE_FAIL,
                   is ? "see what the service says of it, and its log"
                      : "see whether path and expect fit this service",
                   "%s says %s is %s, expected %s", request->service, pointer, was,
                   wanted);
    }
    free(was);
    free(wanted);
}

/* Compares every value, so that the evidence holds them all; the first that differs is
 * told. */
static bool compare(const struct request *request, const json_t *body,
                    const json_t *expect, struct result *result)
{
    bool good = true;
    const char *pointer;
    json_t *expected;
    json_object_foreach((json_t *)(uintptr_t)expect, pointer, expected)
    {
        const json_t *is = json_at(body, pointer);
        char *shown = show(is);
        result_evidence(result, pointer, "%s", shown);
        free(shown);
        if (good && !as_expected(is, expected)) {
            fail_value(request, body, pointer, expected, result);
            good = false;
        }
    }
    return good;
}

static void note_version(const json_t *body, struct result *result)
{
    const char *version = json_get_text(body, "version");
    if (version) {
        result_identity(result, "version", "%s", version);
    }
}

static void judge(const struct job *job, const struct request *request,
                  const struct answer *answer, struct result *result)
{
    const json_t *expect = json_object_get(job->section, "expect");
    if (!json_is_object(answer->json)) {
        if (answer_good(request, answer, result)) {
            result_set(result, STATE_FAIL, "see whether path fits this service",
                       "%s answered JSON that is no object", request->service);
        }
        return;
    }
    note_version(body_of(answer), result);
    bool compared = compare(request, body_of(answer), expect, result);
    int status = answer->reply.status;
    if (compared && !answer_good(request, answer, result)) {
        return; /* all values are there, and yet the service says that it is not well */
    }
    if (!compared && (status < 200 || status >= 300)) {
        result_evidence(result, "because", "%s", result->summary);
        result_set(result, STATE_FAIL, "see what the service says of it, and its log",
                   "%s answered %d: %s", request->service, status,
                   result_evidence_of(result, "because"));
    }
    if (compared) {
        result_reach(result, RUNG_USABLE);
        result_figure(result, clock_ms(answer->reply.total));
        result_ok(result, "%s says what is expected, %zu of %zu", request->service,
                  json_object_size(expect), json_object_size(expect));
    }
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

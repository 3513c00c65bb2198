/* Something answers over HTTP, and not merely with a status: a proxy, a login page and a
 * default site all say 200, so that the configuration must say what else the answer
 * holds. */
#include "base/clock.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/text.h"
#include "checks/checks.h"
#include "checks/request.h"
#include "checks/values.h"
#include "config/value.h"
#include "secret/mask.h"

#include <stdlib.h>
#include <string.h>

enum { DIFFERENCES = 300, SHOWN = 80 }; /* characters: of all that differ; of a value */
enum { DAY_MS = 86400000 };

/* The i-th of a text or a list of texts; NULL behind the last. */
static const char *text_at(const json_t *texts, size_t i)
{
    return json_is_array(texts) ? json_string_value(json_array_get(texts, i))
           : i == 0             ? json_string_value(texts)
                                : NULL;
}

static bool status_fits(const char *wanted, int status)
{
    return strcmp(wanted + 1, "xx") == 0 ? status / 100 == wanted[0] - '0'
                                         : strtol(wanted, NULL, 10) == status;
}

static bool status_expected(const json_t *expect, int status)
{
    const json_t *wanted = json_object_get(expect, "status");
    const char *one;
    bool fits = false;
    for (size_t i = 0; (one = text_at(wanted, i)); i++) {
        fits = fits || status_fits(one, status);
    }
    return fits;
}

static void differ(struct buf *differences, const char *what, const char *is)
{
    buf_format(differences, "%s%s is %s", differences->length ? "; " : "", what, is);
}

static bool body_holds(const struct buf *body, const char *text)
{
    return body->length > 0 && memmem(body->data, body->length, text, strlen(text));
}

static void compare_text(const json_t *expect, const struct answer *answer,
                         struct buf *differences)
{
    const json_t *contains = json_object_get(expect, "contains");
    const char *text;
    for (size_t i = 0; (text = text_at(contains, i)); i++) {
        if (!body_holds(&answer->reply.body, text)) {
            buf_format(differences, "%snothing in it says \"%.80s\"",
                       differences->length ? "; " : "", text);
        }
    }
}

static void compare_headers(const json_t *expect, const struct answer *answer,
                            struct buf *differences, struct result *result)
{
    const char *name;
    json_t *wanted;
    json_object_foreach((json_t *)(uintptr_t)json_object_get(expect, "headers"), name,
                        wanted)
    {
        char *raw = http_header_of(&answer->reply, name);
        char *value = raw ? mask_clean(raw, SHOWN) : NULL;
        char *key = mem_format("header %s", name);
        result_evidence(result, key, "%s", value ? value : "not there");
        if (!value) {
            differ(differences, name, "not there");
        } else if (!strstr(raw, json_string_value(wanted))) {
            char *is =
                mem_format("\"%s\", not \"%.80s\"", value, json_string_value(wanted));
            differ(differences, name, is);
            free(is);
        }
        free(key);
        free(value);
        free(raw);
    }
}

static void compare_json(const json_t *expect, const struct answer *answer,
                         struct buf *differences, struct result *result)
{
    const json_t *values = json_object_get(expect, "json");
    if (values && !answer->json) {
        buf_format(differences, "%sits body is %s", differences->length ? "; " : "",
                   answer->not_json.message);
    } else {
        values_compare(answer->json, values, differences, result);
    }
}

/* How long the certificate lasts is shown; a check of type tls judges it. */
static void note_certificate(const struct http_reply *reply, struct result *result)
{
    if (reply->certificate_ends) {
        char stamp[CLOCK_STAMP];
        clock_stamp(stamp, reply->certificate_ends);
        result_evidence(result, "certificate", "ends %.10s, %lld days left", stamp,
                        (long long)((reply->certificate_ends - clock_wall()) / DAY_MS));
    }
}

static void judge(const struct job *job, const struct request *request,
                  const struct answer *answer, struct result *result)
{
    const json_t *expect = json_object_get(job->section, "expect");
    struct buf differences;
    note_certificate(&answer->reply, result);
    if (!status_expected(expect, answer->reply.status)) {
        answer_refuse(request, answer, result);
        return;
    }
    buf_init(&differences, DIFFERENCES);
    compare_text(expect, answer, &differences);
    compare_headers(expect, answer, &differences, result);
    compare_json(expect, answer, &differences, result);
    if (differences.length) {
        result_set(result, STATE_FAIL,
                   "see what answers there, and whether it is the release that you mean",
                   "%s answered %d, but %s", request->service, answer->reply.status,
                   buf_string(&differences));
    } else {
        result_reach(result, RUNG_USABLE);
        result_figure(result, clock_ms(answer->reply.total));
        result_ok(result, "%s answered %d with all that is expected", request->service,
                  answer->reply.status);
    }
    buf_finish(&differences);
}

/* The configuration is refused without either; what is asked is asked all the same. */
static bool asks_for_proof(const json_t *expect)
{
    return json_object_get(expect, "contains") ||
           json_object_size(json_object_get(expect, "json")) > 0 ||
           json_object_size(json_object_get(expect, "headers")) > 0;
}

static void ask(const struct job *job, struct result *result)
{
    const char *url = config_text(job->section, "url");
    const char *path = config_text(job->section, "path");
    bool encrypted;
    char *host = url ? value_url_host(url, &encrypted) : NULL;
    const struct request request = {
        .service = host ? host : config_text(job->section, "service"),
        .url = url,
        .path = path ? path : "",
        .method = config_text(job->section, "method"),
        .headers = json_object_get(job->section, "headers"),
        .body = json_object_get(job->section, "body"),
        .ca = config_text(job->section, "ca"),
        .keep_headers = true,
    };
    if (!asks_for_proof(json_object_get(job->section, "expect"))) {
        result_set(result, STATE_FAIL,
                   "say in expect.contains, json or headers what the answer must hold",
                   "nothing but a status is expected, which proves nothing");
        free(host);
        return;
    }
    struct answer answer;
    if (request_ask(job, &request, result, &answer)) {
        judge(job, &request, &answer, result);
    }
    answer_finish(&answer);
    free(host);
}

const struct check check_http = {
    .name = "http",
    .title = "HTTP",
    .help = "does something answer over HTTP with what is expected, beyond its status",
    .section = NULL,
    .period = 25 * CLOCK_SECOND,
    .deadline = 2 * CLOCK_SECOND,
    .ask = ask,
};

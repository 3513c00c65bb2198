/* What a service was really given is what is expected. A service that still has its
 * developer's ClickHouse runs well and serves nobody, so that both values are shown; of a
 * secret only the fingerprints. */
#include "base/buf.h"
#include "base/clock.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/text.h"
#include "checks/checks.h"
#include "checks/probe.h"
#include "config/value.h"
#include "secret/fingerprint.h"
#include "secret/mask.h"
#include "source/given.h"

#include <stdlib.h>
#include <string.h>

enum { DIFFERENCES = 400, SHOWN = 80 }; /* characters: of all that differ; of one value */

struct comparison {
    const struct job *job;
    struct result *result;
    const char *service;
    struct given given;
    struct buf differences;
    char *remedy; /* for the first of them */
};

/* One setting that is looked at. */
struct setting {
    const char *name;
    const json_t *expected;
    const struct secret *secret; /* the expected one, where it comes from a source */
    struct resolved is;
};

static const char *service_of(const struct job *job)
{
    const char *name, *found = NULL;
    json_t *service;
    json_object_foreach(
        (json_t *)(uintptr_t)config_section(job->environment, "/services"), name, service)
    {
        if (json_object_get(service, "settings") == job->section) {
            found = name;
        }
    }
    return found;
}

static void differ(struct comparison *comparison, char *take_words, char *take_remedy)
{
    buf_format(&comparison->differences, "%s%s",
               comparison->differences.length ? "; " : "", take_words);
    if (comparison->remedy) {
        free(take_remedy);
    } else {
        comparison->remedy = take_remedy;
    }
    free(take_words);
}

/* ---- shown ---- */

/* What might be one is shown as one: a fingerprint too many costs little. */
static bool is_hidden(const struct setting *setting)
{
    const struct secret *is = setting->is.secret;
    return setting->secret || setting->is.vault || value_secret_key(setting->name) ||
           strcasestr(setting->name, "token") || strcasestr(setting->name, "_key") ||
           (is && value_secret_text(secret_data(is)));
}

static char *show_secret(const struct secret *secret)
{
    char shown[FINGERPRINT];
    fingerprint_show(shown, secret);
    return mem_format("(secret %s)", shown);
}

static char *show_text(const char *text)
{
    char *clean = mask_clean(text, SHOWN);
    char *shown = *clean ? mem_text(clean) : mem_text("\"\"");
    free(clean);
    return shown;
}

static char *show_is(const struct setting *setting)
{
    return is_hidden(setting) ? show_secret(setting->is.secret)
                              : show_text(secret_data(setting->is.secret));
}

/* "a, b or c" of a text or a list of them. */
static void show_list(struct buf *out, const json_t *texts)
{
    size_t count = json_is_array(texts) ? json_array_size(texts) : 1;
    for (size_t i = 0; i < count; i++) {
        const json_t *at = json_is_array(texts) ? json_array_get(texts, i) : texts;
        char *shown = show_text(json_string_value(at));
        buf_format(out, "%s%s", i == 0 ? "" : i + 1 < count ? ", " : " or ", shown);
        free(shown);
    }
}

static char *show_expected(const struct setting *setting)
{
    const json_t *unwanted = json_object_get(setting->expected, "not");
    const json_t *one_of = json_object_get(setting->expected, "one_of");
    struct buf out;
    if (setting->secret) {
        return show_secret(setting->secret);
    }
    if (unwanted && is_hidden(setting)) {
        return mem_text("anything but that"); /* to name it would tell the value */
    }
    buf_init(&out, DIFFERENCES);
    buf_text(&out, unwanted ? "anything but " : "");
    show_list(&out, unwanted ? unwanted : one_of ? one_of : setting->expected);
    return buf_take(&out);
}

/* ---- compared ---- */

static bool is_among(const struct secret *is, const json_t *texts)
{
    size_t count = json_is_array(texts) ? json_array_size(texts) : 1;
    bool found = false;
    for (size_t i = 0; i < count; i++) {
        const json_t *at = json_is_array(texts) ? json_array_get(texts, i) : texts;
        found = found || (json_string_length(at) == secret_length(is) &&
                          strcmp(json_string_value(at), secret_data(is)) == 0);
    }
    return found;
}

static bool is_expected(const struct setting *setting)
{
    const struct secret *is = setting->is.secret;
    const json_t *unwanted = json_object_get(setting->expected, "not");
    const json_t *one_of = json_object_get(setting->expected, "one_of");
    if (setting->secret) {
        return secret_equal(is, setting->secret);
    }
    if (unwanted) {
        return !is_among(is, unwanted);
    }
    return is_among(is, one_of ? one_of : setting->expected);
}

static char *advise(const struct comparison *comparison, const struct setting *setting)
{
    bool plain = !is_hidden(setting) && json_is_string(setting->expected);
    return given_advice(&comparison->given, setting->name,
                        plain ? json_string_value(setting->expected) : NULL);
}

static void compare_found(struct comparison *comparison, const struct setting *setting)
{
    char *is = show_is(setting);
    result_evidence(comparison->result, setting->name, "%s", is);
    if (!is_expected(setting)) {
        char *expected = show_expected(setting);
        differ(comparison, mem_format("%s=%s, expected %s", setting->name, is, expected),
               advise(comparison, setting));
        free(expected);
    } else if (setting->is.doubt.code) {
        differ(
            comparison,
            mem_format("maybe another %s: %s", setting->name, setting->is.doubt.message),
            mem_text(setting->is.doubt.hint));
    }
    free(is);
}

static void compare(struct comparison *comparison, const struct setting *setting)
{
    if (setting->is.state == SOURCE_FOUND) {
        compare_found(comparison, setting);
        return;
    }
    bool absent = setting->is.state == SOURCE_ABSENT;
    result_evidence(comparison->result, setting->name, "%s",
                    absent ? "not there" : setting->is.error.message);
    if (absent) {
        char *expected = show_expected(setting);
        differ(comparison, mem_format("no %s, expected %s", setting->name, expected),
               advise(comparison, setting));
        free(expected);
    } else {
        differ(comparison,
               mem_format("%s, which cannot be read: %s", setting->name,
                          setting->is.error.message),
               setting->is.error.hint[0] ? mem_text(setting->is.error.hint)
                                         : advise(comparison, setting));
    }
}

/* False where an expected secret is not known, which the result then says. */
static bool compare_all(struct comparison *comparison)
{
    const json_t *expect = json_object_get(comparison->job->section, "expect");
    const char *name;
    json_t *expected;
    bool known = true;
    json_object_foreach((json_t *)(uintptr_t)expect, name, expected)
    {
        struct setting setting = {.name = name, .expected = expected};
        if (source_validate(expected, NULL)) {
            setting.secret = job_secret(comparison->job, expected, comparison->result);
            if (!setting.secret) {
                known = false;
                continue;
            }
        }
        given_find(&comparison->given, name, &setting.is);
        compare(comparison, &setting);
        resolved_finish(&setting.is);
    }
    return known;
}

static void judge(struct comparison *comparison)
{
    const json_t *expect = json_object_get(comparison->job->section, "expect");
    size_t count = json_object_size(expect);
    result_reach(comparison->result, RUNG_AUTHENTICATED);
    bool known = compare_all(comparison);
    if (comparison->differences.length) {
        result_set(comparison->result, STATE_FAIL, comparison->remedy, "%s has %s",
                   comparison->service, buf_string(&comparison->differences));
    } else if (known && count > 0) {
        result_reach(comparison->result, RUNG_USABLE);
        result_ok(comparison->result, "%s is given all that is expected, %zu of %zu",
                  comparison->service, count, count);
    }
}

static void ask(const struct job *job, struct result *result)
{
    struct comparison comparison = {
        .job = job, .result = result, .service = service_of(job)};
    const struct source_context context = job_source(job);
    struct resolved why;
    result_reach(result, RUNG_CONFIGURED);
    buf_init(&comparison.differences, DIFFERENCES);
    bool open = given_open(&comparison.given, json_object_get(job->section, "from"),
                           &context, &why);
    result_evidence(result, "from", "%s", why.label);
    if (open) {
        judge(&comparison);
    } else {
        error_prefix(&why.error, "%s", why.label);
        probe_source_fails(&why.error, "correct settings.from in the configuration",
                           comparison.given.opened, result);
    }
    resolved_finish(&why);
    given_finish(&comparison.given);
    buf_finish(&comparison.differences);
    free(comparison.remedy);
}

const struct check check_settings = {
    .name = "settings",
    .title = "Settings",
    .help = "is a service given the settings that are expected, one light for each "
            "service that says which",
    .section = "/services/*/settings",
    .period = 25 * CLOCK_SECOND,
    .deadline = 2 * CLOCK_SECOND,
    .ask = ask,
};

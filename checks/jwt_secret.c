/* Is there one canonical secret to sign tokens with, and is it fit for that? Its rungs:
 * configured; reachable, a source answered; authenticated, it gave us the value; usable,
 * the value is sound. */
#include "board/check.h"

#include "base/clock.h"
#include "board/twin.h"
#include "checks/absent.h"
#include "secret/fingerprint.h"
#include "secret/hygiene.h"

#include <stdlib.h>

/* The plan's words first, then every source that was tried. */
static void tell_missing(struct result *result, const struct resolved *resolved)
{
    const char *remedy = resolved->error.hint[0]
                             ? resolved->error.hint
                             : "put the secret where jwt.canonical says it is";
    if (resolved->tried) {
        result_set(result, STATE_FAIL, remedy,
                   "JWT_SECRET_KEY REQUIRED: no source has it (%s)", resolved->tried);
    } else {
        result_set(result, STATE_FAIL, remedy, "JWT_SECRET_KEY REQUIRED: %s: %s",
                   resolved->label, resolved->error.message);
    }
}

/* There, but it cannot be had: the next source is not asked, since a silent fall-through
 * is how wrong secrets ship. */
static void tell_broken(struct result *result, const struct resolved *resolved)
{
    struct error error = resolved->error;
    error_prefix(&error, "%s", resolved->label);
    result_error(result, &error,
                 "make the source readable, or remove it from jwt.canonical");
}

static void show_secret(struct result *result, const struct resolved *resolved)
{
    char fingerprint[FINGERPRINT];
    fingerprint_show(fingerprint, resolved->secret);
    result_evidence(result, "source", "%s", resolved->label);
    if (resolved->version) {
        result_identity(result, "version", "%s", resolved->version);
    }
    if (resolved->created) {
        char stamp[CLOCK_STAMP];
        clock_stamp(stamp, resolved->created);
        result_evidence(result, "created", "%s", stamp);
    }
    result_identity(result, "fingerprint", "%s", fingerprint);
    result_evidence(result, "bytes", "%zu", secret_length(resolved->secret));
    if (resolved->tried && resolved->tried[0]) {
        result_evidence(result, "passed over", "%s", resolved->tried);
        result_note(result, "passed over: %s", resolved->tried);
    }
    if (!keep_locked()) {
        result_note(result,
                    "secrets are kept in memory that this machine does not lock: raise "
                    "the limit of locked memory (ulimit -l)");
    }
}

static void note_twin(const struct job *job, struct result *result)
{
    const struct hygiene_rule *rule = hygiene_shared();
    char *place = twin_find(job->environment, job->secrets,
                            json_object_get(job->section, "canonical"));
    if (place) {
        result_note(result, "the secret %s %s: %s", rule->finding, place, rule->remedy);
    }
    free(place);
}

/* A key must not be shorter than the hash (RFC 7518 section 3.2): "HS384" says its bits.
 */
static void advise_length(struct result *result, const char *algorithm, size_t length)
{
    size_t bytes = (size_t)strtoul(algorithm + 2, NULL, 10) / 8;
    if (length < bytes) {
        result_note(result,
                    "%s wants a secret of %zu bytes, this one has %zu: generate one with "
                    "openssl rand -base64 %zu",
                    algorithm, bytes, length, bytes);
    }
}

static void judge_secret(struct result *result, const struct resolved *resolved,
                         const char *algorithm)
{
    const struct secret *secret = resolved->secret;
    const struct hygiene_rule *failure = hygiene_failure(secret);
    if (failure) {
        result_set(result, STATE_FAIL, failure->remedy,
                   "the JWT secret %s (%zu bytes, from %s)", failure->finding,
                   secret_length(secret), resolved->label);
        return;
    }
    for (size_t i = 0; i < hygiene_rule_count; i++) {
        const struct hygiene_rule *rule = &hygiene_rules[i];
        if (!rule->fails && hygiene_broken(rule, secret)) {
            result_note(result, "the secret %s: %s", rule->finding, rule->remedy);
        }
    }
    advise_length(result, algorithm, secret_length(secret));
    result_reach(result, RUNG_USABLE);
    result_ok(result, "from %s%s%s, %zu bytes", resolved->label,
              resolved->version ? ", version " : "",
              resolved->version ? resolved->version : "", secret_length(secret));
}

static void ask(const struct job *job, struct result *result)
{
    if (!job->section) {
        absent_section(job, "jwt", result);
        return;
    }
    result_reach(result, RUNG_CONFIGURED);
    const struct resolved *resolved =
        secrets_find(job->secrets, json_object_get(job->section, "canonical"));
    if (!resolved) {
        result_set(result, STATE_UNKNOWN, "ask again", "the secret was not resolved");
    } else if (resolved->state == SOURCE_ABSENT) {
        tell_missing(result, resolved);
    } else if (resolved->state == SOURCE_BROKEN) {
        result_reach(result, RUNG_REACHABLE);
        tell_broken(result, resolved);
    } else {
        result_reach(result, RUNG_AUTHENTICATED);
        show_secret(result, resolved);
        note_twin(job, result);
        judge_secret(result, resolved, config_text(job->section, "algorithm"));
    }
}

static const char *const needs[] = {"config", NULL};

const struct check check_jwt_secret = {
    .name = "jwt_secret",
    .title = "JWT secret",
    .help =
        "does the canonical secret resolve, from which source, at least 32 bytes, clean",
    .section = "/jwt",
    .needs = needs,
    .period = 25 * CLOCK_SECOND,
    .deadline = 2 * CLOCK_SECOND,
    .ask = ask,
};

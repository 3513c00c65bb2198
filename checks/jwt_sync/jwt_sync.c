/* Do both services use exactly the canonical secret? Asked twice over: by fingerprint
 * where the configuration says where a service keeps its own, and always by behaviour. A
 * token that auth issues must verify under the canonical secret and say what is
 * configured, the backend (and who else is asked to validate) must accept it, and must
 * reject every forgery made of it.
 *
 * Forgeries are sent only where the asking is thorough, since they look like an attack in
 * a service's log. A failure that a forgery showed must not turn green because the next
 * asking sends none: the evidence "forgery" remembers it on the board, and prepare() has
 * them sent again until they were rejected. */
#include "board/check.h"

#include "base/clock.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/text.h"
#include "board/board.h"
#include "checks/absent.h"
#include "checks/jwt_sync/forged.h"
#include "checks/jwt_sync/holders.h"
#include "checks/jwt_sync/refused.h"
#include "checks/jwt_sync/show.h"
#include "checks/login.h"
#include "secret/jwt.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum { CLAIM_SHOWN = 80 }; /* characters */

struct sync {
    const struct job *job;
    struct result *result;
    const struct resolved *canonical;
    bool forged; /* a forgery was accepted: nothing is worse */
};

/* ---- by behaviour ---- */

static void show_claims(const struct jwt *jwt, struct result *result)
{
    static const char *const claims[] = {"iss", "aud"};
    for (size_t i = 0; i < sizeof claims / sizeof claims[0]; i++) {
        const json_t *claim = json_object_get(jwt->claims, claims[i]);
        if (claim) {
            char *shown = json_show(claim);
            result_evidence(result, claims[i], "%.*s", CLAIM_SHOWN, shown);
            free(shown);
        }
    }
    const json_t *expires = json_object_get(jwt->claims, "exp");
    if (json_is_integer(expires)) {
        double left = json_number_value(expires) - (double)clock_wall() / 1000;
        result_evidence(result, "expires in", "%.0f s", left);
    }
}

/* What the token itself says; false with the result set where it is not as configured. */
static bool judge_claims(const struct sync *sync, const struct jwt *jwt)
{
    const json_t *section = sync->job->section;
    struct error error;
    if (!jwt_timely(jwt, clock_wall() / 1000, REFUSED_LEEWAY, &error)) {
        const char *clock = result_evidence_of(sync->result, LOGIN_CLOCK);
        clock = clock && !text_equal(clock, LOGIN_CLOCK_FINE) ? clock : NULL;
        result_set(sync->result, STATE_FAIL,
                   "set the clock of auth's machine (NTP), or the lifetime of its tokens",
                   "a token of auth is not as configured: %s%s%s", error.message,
                   clock ? "; auth's clock: " : "", clock ? clock : "");
        return false;
    }
    if (!jwt_addressed(jwt, config_text(section, "issuer"),
                       json_object_get(section, "audience"), &error)) {
        result_set(sync->result, STATE_FAIL,
                   "correct auth's settings, or jwt.issuer and jwt.audience",
                   "a token of auth is not as configured: %s", error.message);
        return false;
    }
    return true;
}

static void tell_unverified(struct sync *sync, const struct error *why,
                            enum reception reception)
{
    struct result *result = sync->result;
    result_evidence(result, "token", "%s", why->message);
    if (why->code != ERROR_DENIED) {
        result_set(result, STATE_FAIL, "correct jwt.algorithm, or how auth signs",
                   "a token of auth does not verify: %s", why->message);
    } else if (reception == ACCEPTED) {
        result_set(result, STATE_FAIL,
                   "redeploy both with the canonical secret, or correct jwt.canonical",
                   "auth and backend share another secret than the canonical one");
        holders_mismatch(result, "auth");
        holders_mismatch(result, "backend");
    } else {
        result_set(result, STATE_FAIL, "give auth the canonical secret and redeploy it",
                   "auth signs with another secret than the canonical one");
        holders_mismatch(result, "auth");
    }
}

/* Whether all who validate accept the token; false with the result set. Asked also where
 * the backend refused it, since that may have asked them. */
static bool is_vouched_for(struct sync *sync, const char *token)
{
    bool all = true;
    for (const char *judge = NULL;
         (judge = forged_next_judge(sync->job, judge)) && all;) {
        struct shown shown;
        show_to_validate(sync->job, judge, token, &shown, sync->result);
        all = shown.reception == ACCEPTED;
        if (shown.reception == REJECTED) {
            refused_by_validate(judge, &shown, sync->result);
        }
        shown_finish(&shown);
    }
    return all;
}

/* A token that verifies under the canonical secret; `shown` is how the backend took
 * it. */
static bool judge_sound(struct sync *sync, const char *token, const struct jwt *jwt,
                        const struct shown *shown)
{
    struct result *result = sync->result;
    if (shown->reception == UNCLEAR) {
        result_blame(result, "auth_flow");
        return false;
    }
    if (!judge_claims(sync, jwt) || !is_vouched_for(sync, token)) {
        return false;
    }
    if (shown->reception == REJECTED) {
        bool same = holders_same(sync->job, "backend", sync->canonical);
        refused_by_backend(shown, same, result);
        return false;
    }
    result_reach(result, RUNG_AUTHENTICATED);
    if (!sync->job->thorough && !*(const bool *)sync->job->prepared) {
        forged_postpone(result);
        return true;
    }
    return forged_send(sync->job, token, sync->canonical->secret, result, &sync->forged);
}

static bool judge_token(struct sync *sync, const char *token, struct jwt *jwt)
{
    struct error unverified;
    struct shown shown;
    const char *algorithm = config_text(sync->job->section, "algorithm");
    bool good = jwt_verify(jwt, sync->canonical->secret, algorithm, &unverified);
    show_claims(jwt, sync->result);
    show_to_backend(sync->job, "user", token, &shown, sync->result);
    if (good) {
        result_evidence(sync->result, "token", "%s, verifies under the canonical secret",
                        algorithm);
        good = judge_sound(sync, token, jwt, &shown);
    } else {
        tell_unverified(sync, &unverified, shown.reception);
    }
    shown_finish(&shown);
    return good;
}

static bool behave(struct sync *sync)
{
    struct login login;
    struct error error;
    struct jwt jwt;
    bool good = false;
    if (!login_try(sync->job, &login, sync->result)) {
        result_blame(sync->result, "auth_flow");
    } else if (!jwt_parse(login.token, &jwt, &error)) {
        result_set(sync->result, STATE_FAIL, "correct auth_flow.login.token",
                   "what auth issued is %s", error.message);
    } else {
        good = judge_token(sync, login.token, &jwt);
        jwt_finish(&jwt);
    }
    sync->result->attempts = login.sent;
    sync->result->succeeded = login.token != NULL;
    login_finish(&login);
    return good;
}

/* ---- the check ---- */

/* Whether the last answer leaves a forgery to be sent, thorough or not: all but the first
 * asking where it is not known to have been rejected. */
static void prepare(const struct board *board, struct job *job)
{
    const struct light *light = board_find(board, job->name);
    const struct result *last = light ? light->result : NULL;
    const char *forgery = last ? result_evidence_of(last, FORGED_EVIDENCE) : NULL;
    bool *owed = mem_alloc(sizeof *owed);
    *owed = last && (!forgery || !forged_settled(forgery));
    job->prepared = owed;
}

static void ask_all(struct sync *sync)
{
    struct result *result = sync->result;
    const struct job *job = sync->job;
    bool flow = config_section(job->environment, "/auth_flow") != NULL;
    if (job->thorough || *(const bool *)job->prepared) {
        forged_keep_owing(result);
    } else {
        forged_postpone(result);
    }
    bool behaved = flow && behave(sync);
    struct holders holders;
    holders_compare(job, sync->canonical, sync->forged, result, &holders);
    if (!flow && holders.compared == 0 && holders.differing == 0) {
        absent_section(job, "auth_flow", result);
    } else if (holders.differing == 0 && (behaved || !flow)) {
        unsigned count = flow ? 3 + holders.others : 1 + holders.compared;
        result_evidence(result, "proof", "%s",
                        !flow              ? "fingerprints alone"
                        : holders.compared ? "fingerprints and behaviour"
                                           : "behaviour alone");
        result_reach(result, RUNG_USABLE);
        result_ok(result, "%u of %u hold the same secret", count, count);
    }
}

static void ask(const struct job *job, struct result *result)
{
    if (!job->section) {
        absent_section(job, "jwt", result);
        return;
    }
    result_reach(result, RUNG_CONFIGURED);
    int64_t began = clock_now();
    struct sync sync = {.job = job, .result = result};
    sync.canonical =
        secrets_find(job->secrets, json_object_get(job->section, "canonical"));
    if (!sync.canonical || sync.canonical->state != SOURCE_FOUND) {
        result_block(result, "jwt_secret",
                     "there is no canonical secret to compare with");
        return;
    }
    ask_all(&sync);
    result_figure(result, clock_ms(clock_now() - began));
}

static const char *const needs[] = {"config", "jwt_secret", NULL};

const struct check check_jwt_sync = {
    .name = "jwt_sync",
    .title = "JWT sync",
    .test = "test_jwt_secrets_are_synchronized",
    .help = "do both services use exactly the canonical secret: by fingerprint where "
            "their source is "
            "known, and by behaviour always",
    .section = "/jwt",
    .needs = needs,
    .period = 25 * CLOCK_SECOND,
    .deadline = 2 * CLOCK_SECOND,
    .prepare = prepare,
    .ask = ask,
};

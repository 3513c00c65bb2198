/* Do both services use exactly the canonical secret? Asked twice over: by fingerprint
 * where the configuration says where a service keeps its own, and always by behaviour. A
 * token that auth issues must verify under the canonical secret, the backend must accept
 * it, and must reject the same token with one bit of its signature turned.
 *
 * That forgery is sent only where the asking is thorough, since it looks like an attack
 * in the backend's log. A failure that a forgery showed must not turn green because the
 * next asking sends none: the evidence "forgery" remembers it on the board, and prepare()
 * has the forgery sent again until it was rejected. */
#include "board/check.h"

#include "base/clock.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/text.h"
#include "board/board.h"
#include "checks/absent.h"
#include "checks/login.h"
#include "secret/fingerprint.h"
#include "secret/jwt.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum { LEEWAY = 60, CLAIM_SHOWN = 80 }; /* seconds; characters */

#define FORGERY          "forgery"
#define FORGERY_LATER    "sent at each preflight"
#define FORGERY_REJECTED "rejected with"

struct sync {
    const struct job *job;
    struct result *result;
    const struct resolved *canonical;
    unsigned compared, differing; /* services whose own secret could be read */
    bool forged;                  /* a forgery was accepted: nothing is worse */
};

/* ---- by fingerprint ---- */

static bool lists(const json_t *sources, const json_t *source)
{
    bool found = json_equal(sources, source);
    for (size_t i = 0; i < json_array_size(sources) && !found; i++) {
        found = json_equal(json_array_get(sources, i), source);
    }
    return found;
}

/* A value that is read twice from one place and compared with itself proves nothing. */
static bool is_same_place(const json_t *one, const json_t *other)
{
    bool same = lists(one, other);
    for (size_t i = 0; i < json_array_size(other) && !same; i++) {
        same = lists(one, json_array_get(other, i));
    }
    return same;
}

static void show_fingerprint(struct result *result, const char *holder,
                             const struct secret *secret)
{
    char shown[FINGERPRINT];
    fingerprint_show(shown, secret);
    result_evidence(result, holder, "%s", shown);
}

/* The verdict is the first difference's; a forgery's stays. */
static void blame_holder(struct sync *sync, const char *name, const char *remedy,
                         const char *finding)
{
    if (sync->differing++ == 0 && !sync->forged) {
        result_set(sync->result, STATE_FAIL, remedy, "%s %s", name, finding);
        result_blame(sync->result, NULL);
    }
}

static void compare_holder(struct sync *sync, const char *name, const json_t *source)
{
    const struct resolved *held = secrets_find(sync->job->secrets, source);
    if (!held || held->state != SOURCE_FOUND) {
        char *finding = mem_format("has no JWT secret that can be read: %s: %s",
                                   held ? held->label : "source",
                                   held ? held->error.message : "not resolved");
        blame_holder(sync, name, "mount the canonical secret there, or let us read it",
                     finding);
        free(finding);
        return;
    }
    show_fingerprint(sync->result, name, held->secret);
    if (!secret_equal(held->secret, sync->canonical->secret)) {
        char *remedy = mem_format("give %s the canonical secret and redeploy it", name);
        blame_holder(sync, name, remedy, "holds another secret than the canonical one");
        free(remedy);
    } else if (is_same_place(json_object_get(sync->job->section, "canonical"), source)) {
        result_note(sync->result,
                    "%s: its secret is read from where the canonical one is, so that "
                    "comparing them proves nothing",
                    name);
        return;
    }
    sync->compared++;
}

static void compare_holders(struct sync *sync)
{
    show_fingerprint(sync->result, "canonical", sync->canonical->secret);
    if (sync->canonical->version) {
        result_identity(sync->result, "version", "%s", sync->canonical->version);
    }
    const char *name;
    json_t *service;
    json_object_foreach(
        (json_t *)(uintptr_t)config_section(sync->job->environment, "/services"), name,
        service)
    {
        const json_t *source = json_object_get(service, "jwt_secret");
        if (source) {
            compare_holder(sync, name, source);
        }
    }
}

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

/* What the token itself says; false with the error where it is not as configured. */
static bool judge_claims(const struct sync *sync, const struct jwt *jwt,
                         struct error *error)
{
    const json_t *section = sync->job->section;
    return jwt_timely(jwt, clock_wall() / 1000, LEEWAY, error) &&
           jwt_addressed(jwt, config_text(section, "issuer"),
                         json_object_get(section, "audience"), error);
}

enum reception { ACCEPTED, REJECTED, UNCLEAR };

/* Unclear: the result is set. */
static enum reception show_to_backend(struct sync *sync, const char *label,
                                      const char *token, int *status)
{
    struct request request;
    struct answer answer;
    enum reception reception = UNCLEAR;
    if (login_ask_user(sync->job, label, token, &request, &answer, sync->result)) {
        *status = answer.reply.status;
        if (*status == 401 || *status == 403) {
            reception = REJECTED;
        } else if (answer_good(&request, &answer, sync->result)) {
            reception = ACCEPTED;
        }
    }
    answer_finish(&answer);
    return reception;
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
    } else {
        result_set(result, STATE_FAIL, "give auth the canonical secret and redeploy it",
                   "auth signs with another secret than the canonical one");
    }
}

/* The token is sound, and still refused: a secret, or what the backend asks auth with. */
static void tell_rejected(struct sync *sync, int status)
{
    const json_t *backend = config_section(sync->job->environment, "/services/backend");
    const struct resolved *held =
        secrets_find(sync->job->secrets, json_object_get(backend, "jwt_secret"));
    bool same = held && held->state == SOURCE_FOUND &&
                secret_equal(held->secret, sync->canonical->secret);
    result_set(
        sync->result, STATE_FAIL,
        same ? "redeploy the backend: its instances may hold an older secret; else see "
               "its "
               "service credential at auth"
             : "give the backend the canonical secret and redeploy it; else see its "
               "service "
               "credential at auth",
        "the backend rejects a token that verifies under the canonical secret (%d)",
        status);
}

/* Only once the genuine token was accepted, else a rejection proves nothing. */
static bool send_forgery(struct sync *sync, const char *token)
{
    struct buf forged;
    struct error error;
    buf_init_secret(&forged, 0);
    if (!jwt_flip(token, &forged, &error)) {
        result_error(sync->result, &error, "see how auth signs its tokens");
        buf_finish(&forged);
        return false;
    }
    int status = 0;
    enum reception reception =
        show_to_backend(sync, "forged", buf_string(&forged), &status);
    buf_finish(&forged);
    if (reception == REJECTED) {
        result_evidence(sync->result, FORGERY, FORGERY_REJECTED " %d", status);
        return true;
    }
    if (reception == ACCEPTED) {
        sync->forged = true;
        result_evidence(sync->result, FORGERY, "accepted with %d", status);
        result_set(sync->result, STATE_FAIL,
                   "ship nothing: the backend must verify the signature of every token",
                   "the backend accepts a forged token");
        return false;
    }
    if (status) {
        result_set(sync->result, STATE_FAIL, "see the log of the backend",
                   "the backend answered %d to a forged token, not 401 or 403", status);
    }
    result_evidence(sync->result, FORGERY, "not clearly rejected: %s",
                    sync->result->summary);
    return false;
}

static bool judge_token(struct sync *sync, const char *token, struct jwt *jwt)
{
    struct error unverified, unfit;
    struct result *result = sync->result;
    const char *algorithm = config_text(sync->job->section, "algorithm");
    bool verified = jwt_verify(jwt, sync->canonical->secret, algorithm, &unverified);
    bool fit = judge_claims(sync, jwt, &unfit);
    show_claims(jwt, result);
    int status = 0;
    enum reception reception = show_to_backend(sync, "user", token, &status);
    if (!verified) {
        tell_unverified(sync, &unverified, reception);
        return false;
    }
    result_evidence(result, "token", "%s, verifies under the canonical secret",
                    algorithm);
    if (reception == UNCLEAR) {
        result_blame(result, "auth_flow");
        return false;
    }
    if (!fit) {
        result_set(result, STATE_FAIL,
                   "correct auth's settings, or jwt in the configuration",
                   "a token of auth is not as configured: %s", unfit.message);
        return false;
    }
    if (reception == REJECTED) {
        tell_rejected(sync, status);
        return false;
    }
    result_reach(result, RUNG_AUTHENTICATED);
    bool owed = sync->job->thorough || *(const bool *)sync->job->prepared;
    if (!owed) {
        result_evidence(result, FORGERY, FORGERY_LATER);
    }
    return !owed || send_forgery(sync, token);
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

static bool is_settled(const char *forgery)
{
    return text_starts(forgery, FORGERY_REJECTED) || text_equal(forgery, FORGERY_LATER);
}

/* Whether the last answer leaves a forgery to be sent, thorough or not: all but the first
 * asking where it is not known to have been rejected. */
static void prepare(const struct board *board, struct job *job)
{
    const struct light *light = board_find(board, job->name);
    const struct result *last = light ? light->result : NULL;
    const char *forgery = last ? result_evidence_of(last, FORGERY) : FORGERY_LATER;
    bool *owed = mem_alloc(sizeof *owed);
    *owed = !forgery || !is_settled(forgery);
    job->prepared = owed;
}

static void ask_all(struct sync *sync)
{
    struct result *result = sync->result;
    const struct job *job = sync->job;
    bool flow = config_section(job->environment, "/auth_flow") != NULL;
    bool owed = *(const bool *)job->prepared;
    result_evidence(result, FORGERY, "%s",
                    job->thorough || owed ? "not sent: the token itself did not "
                                            "pass"
                                          : FORGERY_LATER);
    bool behaved = flow && behave(sync);
    compare_holders(sync);
    if (!flow && sync->compared == 0 && sync->differing == 0) {
        absent_section(job, "auth_flow", result);
    } else if (sync->differing == 0 && (behaved || !flow)) {
        unsigned holders = flow ? 3 : sync->compared + 1;
        result_evidence(result, "proof", "%s",
                        !flow            ? "fingerprints alone"
                        : sync->compared ? "fingerprints and behaviour"
                                         : "behaviour alone");
        result_reach(result, RUNG_USABLE);
        result_ok(result, "%u of %u hold the same secret", holders, holders);
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

/* What the check of agreement promises: one secret in every part of a small system whose
 * every part can misbehave. */
#include "tests/unit/unit.h"

#include "base/clock.h"
#include "base/text.h"
#include "board/cause.h"
#include "checks/jwt_sync/refused.h"
#include "tests/unit/netra.h"

#include <string.h>

static void agreement_is_proven_by_fingerprint_and_behaviour(void **state)
{
    struct netra *netra = *state;
    netra_load(netra);
    const struct result *result = netra_ask(netra, "jwt_sync", true);
    assert_says(result, STATE_OK, "3 of 3 hold the same secret");
    assert_int_equal(result->rung, RUNG_USABLE);
    assert_evidence(result, "proof", "fingerprints and behaviour");
    assert_evidence(result, "forgery",
                    "rejected with 401: flipped, other key, alg none, other algorithm, "
                    "expired, no token");
    assert_string_equal(result_evidence_of(result, "auth"),
                        result_evidence_of(result, "canonical"));
    assert_string_equal(result_evidence_of(result, "backend"),
                        result_evidence_of(result, "canonical"));
    assert_int_equal(netra->forgeries, 5);
    assert_int_equal(netra->strangers, 1);
    assert_int_equal(netra->users, 1);
    assert_int_equal(result->attempts, 1);
    assert_int_equal(result->succeeded, 1);
    assert_true(result->has_figure && result->phase_count > 2);
}

static void behaviour_alone_proves_it_too(void **state)
{
    struct netra *netra = *state;
    netra_set(netra, "/services/auth/jwt_secret", NULL);
    netra_set(netra, "/services/backend/jwt_secret", NULL);
    netra_load(netra);
    const struct result *result = netra_ask(netra, "jwt_sync", true);
    assert_says(result, STATE_OK, "3 of 3 hold the same secret");
    assert_evidence(result, "proof", "behaviour alone");
}

static void a_routine_asking_sends_no_forgery_and_says_so(void **state)
{
    struct netra *netra = *state;
    netra_load(netra);
    for (int i = 0; i < 3; i++) {
        assert_evidence(netra_ask(netra, "jwt_sync", false), "forgery",
                        "sent at each preflight");
    }
    assert_int_equal(netra->forgeries, 0);
    netra_ask(netra, "jwt_sync", true);
    netra_ask(netra, "jwt_sync", false);
    assert_int_equal(netra->forgeries, 5);
}

static void a_backend_with_another_secret_is_named(void **state)
{
    struct netra *netra = *state;
    netra->backend_secret = NETRA_OTHER;
    netra_write(netra, "backend", NETRA_OTHER);
    netra_load(netra);
    const struct result *result = netra_ask(netra, "jwt_sync", true);
    assert_says(result, STATE_FAIL,
                "backend holds another secret than the canonical one");
    assert_string_not_equal(result_evidence_of(result, "backend"),
                            result_evidence_of(result, "canonical"));
    assert_evidence(result, "mismatch", "backend");
    assert_int_equal(netra->forgeries, 0);
}

/* Asks all that hangs on the secret, and what explains what is red. */
static void ask_all(struct netra *netra, struct causes *causes)
{
    static const char *const names[] = {"config", "jwt_secret", "jwt_sync", "auth_flow",
                                        "auth_rate"};
    for (size_t i = 0; i < 5; i++) {
        netra_ask(netra, names[i], true);
    }
    cause_find(netra->board, clock_now(), causes);
}

static void one_cause_explains_every_red_of_a_mismatch(void **state)
{
    struct netra *netra = *state;
    netra->backend_secret = NETRA_OTHER;
    netra_set(netra, "/services/backend/jwt_secret", NULL);
    netra_load(netra);
    struct causes causes;
    ask_all(netra, &causes);
    assert_int_equal(causes.count, 1);
    assert_string_equal(causes.rows[0].light->name, "jwt_sync");
    assert_int_equal(causes.rows[0].count, 1);
    assert_string_equal(causes.rows[0].explains[0]->name, "auth_flow");
    causes_finish(&causes);
    assert_says(board_find(netra->board, "auth_flow")->result, STATE_FAIL,
                "the backend rejected the token that auth issued (401");
}

static void behaviour_tells_which_side_differs(void **state)
{
    struct netra *netra = *state;
    netra_set(netra, "/services/auth/jwt_secret", NULL);
    netra_set(netra, "/services/backend/jwt_secret", NULL);
    netra->auth_secret = NETRA_OTHER;
    netra_load(netra);
    const struct result *result = netra_ask(netra, "jwt_sync", true);
    assert_says(result, STATE_FAIL,
                "auth signs with another secret than the canonical one");
    assert_evidence(result, "mismatch", "auth");
    netra->backend_secret = NETRA_OTHER;
    result = netra_ask(netra, "jwt_sync", true);
    assert_says(result, STATE_FAIL,
                "auth and backend share another secret than the canonical one");
    assert_evidence(result, "mismatch", "auth and backend");
    netra->auth_secret = NETRA_SECRET;
    assert_says(
        netra_ask(netra, "jwt_sync", true), STATE_FAIL,
        "the backend rejects a token that verifies under the canonical secret (401)");
}

static void a_service_that_differs_twice_over_is_named_once(void **state)
{
    struct netra *netra = *state;
    netra->auth_secret = NETRA_OTHER;
    netra_write(netra, "auth", NETRA_OTHER);
    netra_write(netra, "backend", NETRA_OTHER);
    netra_load(netra);
    assert_evidence(netra_ask(netra, "jwt_sync", true), "mismatch", "auth and backend");
}

static void what_fails_for_another_reason_is_no_mismatch(void **state)
{
    struct netra *netra = *state;
    netra_load(netra);
    const struct result *result = netra_ask(netra, "jwt_sync", true);
    assert_int_equal(result->state, STATE_OK);
    assert_null(result_evidence_of(result, "mismatch"));
    netra->lifetime = -600;
    result = netra_ask(netra, "jwt_sync", true);
    assert_says(result, STATE_FAIL, "expired");
    assert_null(result_evidence_of(result, "mismatch"));
    netra->lifetime = 600;
    const char *issuer = netra->issuer;
    netra->issuer = "somebody-else";
    result = netra_ask(netra, "jwt_sync", true);
    assert_says(result, STATE_FAIL, "issuer");
    assert_null(result_evidence_of(result, "mismatch"));
    netra->issuer = issuer;
    netra->user = (struct reply){401, "{\"detail\":\"Service authentication failed\"}"};
    result = netra_ask(netra, "jwt_sync", true);
    assert_says(result, STATE_FAIL, "service credential is wrong");
    assert_null(result_evidence_of(result, "mismatch"));
    netra_write(netra, "backend", NULL);
    netra_stop(&netra->auth);
    netra_load(netra);
    result = netra_ask(netra, "jwt_sync", true);
    assert_says(result, STATE_FAIL, "backend has no JWT secret that can be read");
    assert_null(result_evidence_of(result, "mismatch"));
}

static void a_forgery_is_no_mismatch(void **state)
{
    struct netra *netra = *state;
    netra->accepts_anything = true;
    netra_load(netra);
    const struct result *result = netra_ask(netra, "jwt_sync", true);
    assert_says(result, STATE_FAIL, "accepts a forged token");
    assert_null(result_evidence_of(result, "mismatch"));
}

static void a_backend_that_rejects_with_the_right_secret_points_elsewhere(void **state)
{
    struct netra *netra = *state;
    netra->user = (struct reply){401, "{\"detail\":\"no\"}"};
    netra_load(netra);
    const struct result *result = netra_ask(netra, "jwt_sync", true);
    assert_says(result, STATE_FAIL, "the backend rejects a token that verifies");
    assert_non_null(strstr(result->remedy, "redeploy the backend"));
    assert_non_null(strstr(result->remedy, "service credential"));
}

static void an_accepted_forgery_is_the_reddest(void **state)
{
    struct netra *netra = *state;
    netra->accepts_anything = true;
    netra_write(netra, "backend", NETRA_OTHER);
    netra_load(netra);
    const struct result *result = netra_ask(netra, "jwt_sync", true);
    assert_says(result, STATE_FAIL,
                "the backend accepts a forged token: one bit of its signature turned");
    assert_evidence(result, "forgery", "accepted with 200: flipped, at the backend");
}

static void an_accepted_forgery_is_sent_again_until_it_is_rejected(void **state)
{
    struct netra *netra = *state;
    netra->accepts_anything = true;
    netra_load(netra);
    netra_ask(netra, "jwt_sync", true);
    assert_says(netra_ask(netra, "jwt_sync", false), STATE_FAIL,
                "accepts a forged token");
    netra->login = (struct reply){503, "{}"};
    const struct result *result = netra_ask(netra, "jwt_sync", false);
    assert_says(result, STATE_FAIL, "503");
    assert_evidence(result, "forgery", "not sent: the token itself did not pass");
    netra->login = (struct reply){0};
    assert_says(netra_ask(netra, "jwt_sync", false), STATE_FAIL,
                "accepts a forged token");
    assert_int_equal(netra->forgeries, 15);
    struct light *light = board_find(netra->board, "jwt_sync");
    struct result *ours = result_create(); /* a worker that did not come back */
    board_take(netra->board, light, ours);
    assert_says(netra_ask(netra, "jwt_sync", false), STATE_FAIL,
                "accepts a forged token");
    netra->accepts_anything = false;
    assert_says(netra_ask(netra, "jwt_sync", false), STATE_OK, "3 of 3");
    netra_ask(netra, "jwt_sync", false);
    assert_int_equal(netra->forgeries, 25);
}

static void each_way_to_accept_a_forgery_is_named(void **state)
{
    struct netra *netra = *state;
    netra_load(netra);
    netra->accepts_none = true;
    const struct result *result = netra_ask(netra, "jwt_sync", true);
    assert_says(result, STATE_FAIL,
                "the backend accepts a forged token: algorithm \"none\"");
    assert_non_null(strstr(result->remedy, "ship nothing"));
    netra->accepts_none = false;
    netra->accepts_expired = true;
    assert_says(netra_ask(netra, "jwt_sync", true), STATE_FAIL,
                "the backend accepts a forged token: expired an hour ago");
    netra->accepts_expired = false;
    assert_says(netra_ask(netra, "jwt_sync", true), STATE_OK, "3 of 3");
}

static void a_route_that_nothing_protects_is_named(void **state)
{
    struct netra *netra = *state;
    netra->unprotected = true;
    netra_load(netra);
    assert_says(netra_ask(netra, "jwt_sync", true), STATE_FAIL,
                "the backend's route is not protected: it answers 200 without a token");
    assert_says(netra_ask(netra, "jwt_sync", false), STATE_FAIL, "not protected");
    netra->unprotected = false;
    netra->stranger = (struct reply){302, NULL}; /* to a login page */
    assert_says(netra_ask(netra, "jwt_sync", true), STATE_OK, "3 of 3");
    netra->stranger = (struct reply){500, NULL};
    assert_says(netra_ask(netra, "jwt_sync", true), STATE_FAIL,
                "the backend answered 500 to no token");
}

static void validate_is_asked_too(void **state)
{
    struct netra *netra = *state;
    netra->service_secret = NETRA_OTHER;
    netra_write(netra, "service", NETRA_OTHER);
    netra_set(netra, "/services/auth/validate",
              "{\"path\":\"/auth/validate\",\"body\":{\"token_type\":\"access\"},"
              "\"headers\":{\"X-Service-Secret\":{\"file\":\"service\"}}}");
    netra_load(netra);
    const struct result *result = netra_ask(netra, "jwt_sync", true);
    assert_says(result, STATE_OK, "3 of 3");
    assert_evidence(result, "forgery at auth", "all 5 rejected");
    assert_int_equal(netra->validated, 6);
    assert_int_equal(netra->forgeries, 5);
    netra_ask(netra, "jwt_sync", false);
    assert_int_equal(netra->validated, 7);
    netra->vouches_for_anything = true;
    result = netra_ask(netra, "jwt_sync", true);
    assert_says(result, STATE_FAIL, "auth accepts a forged token");
    assert_evidence(result, "forgery", "accepted with 200: flipped, at auth");
    netra->vouches_for_anything = false;
    netra->validate = (struct reply){200, "{\"ok\":true}"};
    assert_says(netra_ask(netra, "jwt_sync", true), STATE_FAIL,
                "there is no true or false at /valid");
    netra->validate = (struct reply){200, "{\"valid\":false}"};
    assert_says(netra_ask(netra, "jwt_sync", true), STATE_FAIL,
                "auth does not vouch for a token that verifies");
    netra->validate = (struct reply){0};
    netra_write(netra, "service", NETRA_SECRET);
    netra->user = (struct reply){401, NULL};
    result = netra_ask(netra, "jwt_sync", true);
    assert_says(result, STATE_FAIL,
                "auth refuses the service credential (200: Service authentication");
    assert_non_null(strstr(result->remedy, "service credential"));
}

static void a_token_that_validate_quotes_is_not_shown(void **state)
{
    struct netra *netra = *state;
    static const int statuses[] = {401, 500};
    netra_set(netra, "/services/auth/validate",
              "{\"path\":\"/auth/validate\",\"body\":{\"token_type\":\"access\"}}");
    netra_load(netra);
    for (size_t i = 0; i < sizeof statuses / sizeof statuses[0]; i++) {
        netra->validate =
            (struct reply){statuses[i], "{\"detail\":\"bad: eyJhbGciOiJIUzI1NiIsInR5\"}"};
        const struct result *result = netra_ask(netra, "jwt_sync", true);
        assert_int_equal(result->state, STATE_FAIL);
        assert_null(strstr(result->summary, "eyJ"));
        for (size_t e = 0; e < result->evidence_count; e++) {
            assert_null(strstr(result->evidence[e].value, "eyJ"));
        }
    }
}

static void a_refusal_is_told_by_what_the_backend_says(void **state)
{
    struct netra *netra = *state;
    static const struct {
        const char *body, *words, *remedy;
        const char *mismatch; /* who is known to use another secret, or NULL */
    } rows[] = {
        {"{\"detail\":\"Signature verification failed\"}",
         "the backend runs with another secret: it cannot verify the signature",
         "give the backend the canonical secret", "backend"},
        {"{\"detail\":\"Signature has expired\"}", "fresh token for one out of its time",
         "clock", NULL},
        {"{\"detail\":\"Invalid audience\"}", "wants another issuer or audience",
         "issuer and audience", NULL},
        {"{\"detail\":\"Service authentication failed\"}", "service credential is wrong",
         "same service credential", NULL},
        {"{\"detail\":\"auth service: Connection refused\"}", "cannot reach auth",
         "network", NULL},
        {"{\"error\":\"Could not validate credentials\"}",
         "rejects a token that verifies under the canonical secret (401)",
         "redeploy the backend", NULL},
    };
    netra_load(netra);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        netra->user = (struct reply){401, rows[i].body};
        const struct result *result = netra_ask(netra, "jwt_sync", true);
        assert_says(result, STATE_FAIL, rows[i].words);
        assert_non_null(strstr(result->remedy, rows[i].remedy));
        assert_true(text_equal(result_evidence_of(result, "mismatch"), rows[i].mismatch));
    }
    assert_int_equal(netra->forgeries, 0);
}

static void a_clock_that_differs_is_told_with_the_measure(void **state)
{
    (void)state;
    char words[] = "Could not validate credentials";
    struct shown shown = {REJECTED, 401, words, -3600000};
    struct result *result = result_create();
    refused_by_backend(&shown, true, result);
    assert_says(result, STATE_FAIL, "its clock is 3600 s behind ours");
    shown.skew = 61000;
    refused_by_backend(&shown, true, result);
    assert_says(result, STATE_FAIL, "its clock is 61 s ahead of ours");
    shown.skew = 59000;
    refused_by_backend(&shown, true, result);
    assert_says(result, STATE_FAIL, "rejects a token that verifies");
    result_destroy(result);
}

static void only_a_clear_rejection_of_a_forgery_counts(void **state)
{
    struct netra *netra = *state;
    static const int statuses[] = {500, 404, 422, 302};
    netra_load(netra);
    for (size_t i = 0; i < sizeof statuses / sizeof statuses[0]; i++) {
        netra->forged = (struct reply){statuses[i], NULL};
        assert_says(netra_ask(netra, "jwt_sync", true), STATE_FAIL,
                    "to a forged token, not 401");
        assert_says(netra_ask(netra, "jwt_sync", false), STATE_FAIL,
                    "to a forged token, not 401");
    }
    netra->forged = (struct reply){403, NULL};
    assert_says(netra_ask(netra, "jwt_sync", false), STATE_OK, "3 of 3");
}

static void the_claims_of_a_token_must_be_as_configured(void **state)
{
    struct netra *netra = *state;
    netra_load(netra);
    netra->issuer = "somebody-else";
    assert_says(netra_ask(netra, "jwt_sync", true), STATE_FAIL,
                "issuer is \"somebody-else\"");
    netra->issuer = "netra-auth-service";
    netra->audience = "elsewhere";
    assert_says(netra_ask(netra, "jwt_sync", true), STATE_FAIL, "audience is elsewhere");
    netra->audience = "other";
    assert_says(netra_ask(netra, "jwt_sync", true), STATE_OK, "3 of 3");
    netra->lifetime = -61;
    assert_says(netra_ask(netra, "jwt_sync", true), STATE_FAIL, "expired");
    netra->lifetime = -50;
    assert_says(netra_ask(netra, "jwt_sync", true), STATE_OK, "3 of 3");
    netra->lifetime = 900;
    netra->clock = 120;
    assert_says(netra_ask(netra, "jwt_sync", true), STATE_FAIL, "clocks differ");
    netra->clock = 0;
    netra_set(netra, "/jwt/algorithm", "\"HS512\"");
    netra_load(netra);
    assert_says(netra_ask(netra, "jwt_sync", true), STATE_FAIL,
                "the token says algorithm HS256, not HS512");
}

static void what_is_no_token_cannot_be_in_agreement(void **state)
{
    struct netra *netra = *state;
    netra->opaque = true;
    netra_load(netra);
    assert_says(netra_ask(netra, "jwt_sync", true), STATE_FAIL, "not a JSON Web Token");
}

static void a_secret_compared_with_itself_proves_nothing(void **state)
{
    struct netra *netra = *state;
    netra_set(netra, "/services/auth/jwt_secret", "{\"file\":\"canonical\"}");
    netra_set(netra, "/services/backend/jwt_secret",
              "[{\"file\":\"gone\"},{\"file\":\"canonical\"}]");
    netra_load(netra);
    const struct result *result = netra_ask(netra, "jwt_sync", true);
    assert_says(result, STATE_OK, "3 of 3");
    assert_evidence(result, "proof", "behaviour alone");
    assert_true(
        has_note(result, "auth: its secret is read from where the canonical one is"));
    assert_true(
        has_note(result, "backend: its secret is read from where the canonical one is"));
}

static void a_secret_that_was_never_mounted_is_red(void **state)
{
    struct netra *netra = *state;
    netra_write(netra, "backend", NULL);
    netra_load(netra);
    assert_says(netra_ask(netra, "jwt_sync", true), STATE_FAIL,
                "backend has no JWT secret that can be read");
}

static void without_a_canonical_secret_nothing_is_compared(void **state)
{
    struct netra *netra = *state;
    netra_write(netra, "canonical", NULL);
    netra_load(netra);
    const struct result *result = netra_ask(netra, "jwt_sync", true);
    assert_int_equal(result->state, STATE_BLOCKED);
    assert_string_equal(result->blames, "jwt_secret");
    assert_int_equal(netra->logins, 0);
}

static void an_auth_that_is_down_is_one_cause(void **state)
{
    struct netra *netra = *state;
    netra_load(netra);
    netra_stop(&netra->auth);
    struct causes causes;
    ask_all(netra, &causes);
    assert_int_equal(causes.count, 1);
    assert_string_equal(causes.rows[0].light->name, "auth_flow");
    assert_int_equal(causes.rows[0].count, 2);
    causes_finish(&causes);
    assert_says(board_find(netra->board, "auth_flow")->result, STATE_FAIL,
                "connection refused");
}

static void a_backend_that_is_down_is_one_cause(void **state)
{
    struct netra *netra = *state;
    netra_load(netra);
    netra_stop(&netra->backend);
    struct causes causes;
    ask_all(netra, &causes);
    assert_int_equal(causes.count, 1);
    assert_string_equal(causes.rows[0].light->name, "auth_flow");
    assert_int_equal(causes.rows[0].count, 2);
    causes_finish(&causes);
}

int main(void)
{
    netra_begin();
    const struct CMUnitTest tests[] = {
        NETRA_TEST(agreement_is_proven_by_fingerprint_and_behaviour),
        NETRA_TEST(behaviour_alone_proves_it_too),
        NETRA_TEST(a_routine_asking_sends_no_forgery_and_says_so),
        NETRA_TEST(a_backend_with_another_secret_is_named),
        NETRA_TEST(one_cause_explains_every_red_of_a_mismatch),
        NETRA_TEST(behaviour_tells_which_side_differs),
        NETRA_TEST(a_service_that_differs_twice_over_is_named_once),
        NETRA_TEST(what_fails_for_another_reason_is_no_mismatch),
        NETRA_TEST(a_forgery_is_no_mismatch),
        NETRA_TEST(a_backend_that_rejects_with_the_right_secret_points_elsewhere),
        NETRA_TEST(an_accepted_forgery_is_the_reddest),
        NETRA_TEST(an_accepted_forgery_is_sent_again_until_it_is_rejected),
        NETRA_TEST(each_way_to_accept_a_forgery_is_named),
        NETRA_TEST(a_route_that_nothing_protects_is_named),
        NETRA_TEST(validate_is_asked_too),
        NETRA_TEST(a_token_that_validate_quotes_is_not_shown),
        NETRA_TEST(a_refusal_is_told_by_what_the_backend_says),
        NETRA_TEST(a_clock_that_differs_is_told_with_the_measure),
        NETRA_TEST(only_a_clear_rejection_of_a_forgery_counts),
        NETRA_TEST(the_claims_of_a_token_must_be_as_configured),
        NETRA_TEST(what_is_no_token_cannot_be_in_agreement),
        NETRA_TEST(a_secret_compared_with_itself_proves_nothing),
        NETRA_TEST(a_secret_that_was_never_mounted_is_red),
        NETRA_TEST(without_a_canonical_secret_nothing_is_compared),
        NETRA_TEST(an_auth_that_is_down_is_one_cause),
        NETRA_TEST(a_backend_that_is_down_is_one_cause),
    };
    int failed = unit_run("checks_jwt_sync", tests);
    netra_end();
    return failed;
}

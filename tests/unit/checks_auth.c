/* What the checks of configuration, secret, agreement, login and rate promise, asked of a
 * small system whose every part can misbehave. */
#include "tests/unit/unit.h"

#include "base/clock.h"
#include "base/fs.h"
#include "base/json.h"
#include "base/mem.h"
#include "board/cause.h"
#include "net/http.h"
#include "secret/fingerprint.h"
#include "secret/mask.h"
#include "tests/unit/netra.h"

#include <stdlib.h>
#include <string.h>

static int set_up(void **state)
{
    *state = netra_create();
    return 0;
}

static int tear_down(void **state)
{
    netra_destroy(*state);
    return 0;
}

static void assert_evidence(const struct result *result, const char *key,
                            const char *value)
{
    const char *is = result_evidence_of(result, key);
    if (!is || strcmp(is, value) != 0) {
        fail_msg("evidence %s is \"%s\", not \"%s\"", key, is ? is : "absent", value);
    }
}

/* State and summary; and every answer that is not OK must say what to do. */
static void assert_says(const struct result *result, enum state state, const char *words)
{
    if (result->state != state || !strstr(result->summary, words)) {
        fail_msg("%s: %s; wanted %s: %s", state_rows[result->state].word, result->summary,
                 state_rows[state].word, words);
    }
    if (state != STATE_OK && state != STATE_SKIP) {
        assert_non_null(result->remedy);
        assert_true(strlen(result->remedy) > 10);
        assert_true(result->rung != RUNG_USABLE);
    }
    assert_null(strstr(result->summary, NETRA_SECRET));
}

static bool has_note(const struct result *result, const char *words)
{
    for (size_t i = 0; i < result->note_count; i++) {
        if (strstr(result->notes[i], words)) {
            return true;
        }
    }
    return false;
}

/* ---- config
 * ------------------------------------------------------------------------------------ */

static void config_is_green_where_all_that_is_demanded_is_there(void **state)
{
    struct netra *netra = *state;
    netra_load(netra);
    const struct result *result = netra_ask(netra, "config", false);
    assert_says(result, STATE_OK, "everything that staging demands");
    assert_evidence(result, "class", "staging");
}

static void config_says_what_is_missing_in_the_plans_words(void **state)
{
    struct netra *netra = *state;
    netra_set(netra, "/clickhouse/host", "\"\"");
    netra_load(netra);
    const struct result *result = netra_ask(netra, "config", false);
    assert_says(result, STATE_FAIL, "ClickHouse host is REQUIRED in staging");
    netra_set(netra, "/redis", NULL);
    netra_set(netra, "/jwt", NULL);
    netra_load(netra);
    result = netra_ask(netra, "config", false);
    assert_says(result, STATE_FAIL, "JWT is REQUIRED in staging, and 2 more");
    assert_evidence(result, "environments.staging.redis", "Redis is REQUIRED in staging");
}

static void what_has_no_section_is_blocked_by_the_red_config(void **state)
{
    struct netra *netra = *state;
    static const char *const names[] = {"jwt_secret", "jwt_sync", "auth_flow",
                                        "auth_rate"};
    netra_set(netra, "/jwt", NULL);
    netra_set(netra, "/auth_flow", NULL);
    netra_load(netra);
    netra_ask(netra, "config", false);
    for (size_t i = 0; i < 4; i++) {
        const struct result *result = netra_ask(netra, names[i], true);
        assert_int_equal(result->state, STATE_BLOCKED);
        assert_string_equal(result->blames, "config");
    }
    struct causes causes;
    cause_find(netra->board, clock_now(), &causes);
    assert_int_equal(causes.count, 1);
    assert_string_equal(causes.rows[0].light->name, "config");
    causes_finish(&causes);
}

static void what_a_lenient_class_leaves_out_is_skipped(void **state)
{
    struct netra *netra = *state;
    static const char *const names[] = {"jwt_secret", "jwt_sync", "auth_flow",
                                        "auth_rate"};
    netra_set(netra, "/class", "\"test\"");
    netra_set(netra, "/jwt", NULL);
    netra_set(netra, "/auth_flow", NULL);
    netra_set(netra, "/auth_rate", NULL);
    json_object_set_new(
        netra->root, "environments",
        json_pack("{s:O}", "lab", json_at(netra->root, "/environments/staging")));
    netra_load(netra);
    for (size_t i = 0; i < 4; i++) {
        assert_int_equal(netra_ask(netra, names[i], true)->state, STATE_SKIP);
    }
}

static void what_the_system_does_not_have_stands_in_nobodys_way(void **state)
{
    struct netra *netra = *state;
    netra_set(netra, "/jwt", NULL);
    json_object_set_new(netra->root, "not_used",
                        json_pack("{s:s}", "jwt", "sessions instead"));
    netra_load(netra);
    assert_int_equal(netra_ask(netra, "config", false)->state, STATE_OK);
    static const char *const names[] = {"jwt_secret", "jwt_sync"};
    for (size_t i = 0; i < 2; i++) {
        assert_says(netra_ask(netra, names[i], true), STATE_SKIP,
                    "not used: sessions instead");
        const struct light *light = board_find(netra->board, names[i]);
        assert_int_equal(gate_light(netra->board, light, clock_now()), CLOSURE_NEUTRAL);
    }
}

static void a_rate_that_nobody_configured_is_red_in_staging(void **state)
{
    struct netra *netra = *state;
    netra_set(netra, "/auth_rate", NULL);
    netra_load(netra);
    assert_says(netra_ask(netra, "auth_rate", true), STATE_FAIL,
                "auth_rate is not configured");
}

/* ---- jwt_secret
 * -------------------------------------------------------------------------------- */

static void a_sound_secret_is_told_by_source_and_size_alone(void **state)
{
    struct netra *netra = *state;
    netra_load(netra);
    const struct result *result = netra_ask(netra, "jwt_secret", false);
    assert_says(result, STATE_OK, "from file canonical, 44 bytes");
    assert_int_equal(result->rung, RUNG_USABLE);
    assert_evidence(result, "source", "file canonical");
    assert_evidence(result, "bytes", "44");
    assert_non_null(result_evidence_of(result, "created"));
    assert_int_equal(strlen(result_evidence_of(result, "fingerprint")), 12);
}

static void a_secret_that_is_nowhere_names_every_place_that_was_tried(void **state)
{
    struct netra *netra = *state;
    netra_set(netra, "/jwt/canonical",
              "[{\"file\":\"gone\"},{\"env\":\"NETRA_NOT_SET\"}]");
    netra_load(netra);
    const struct result *result = netra_ask(netra, "jwt_secret", false);
    assert_says(result, STATE_FAIL, "JWT_SECRET_KEY REQUIRED");
    assert_non_null(strstr(result->summary, "file gone"));
    assert_non_null(strstr(result->summary, "environment NETRA_NOT_SET: not set"));
    netra_set(netra, "/jwt/canonical", "{\"env\":\"NETRA_NOT_SET\"}");
    netra_load(netra);
    assert_says(netra_ask(netra, "jwt_secret", false), STATE_FAIL,
                "JWT_SECRET_KEY REQUIRED: environment NETRA_NOT_SET: not set");
}

static void a_broken_source_is_not_passed_over(void **state)
{
    struct netra *netra = *state;
    netra_set(netra, "/jwt/canonical",
              "[{\"command\":[\"false\"]},{\"file\":\"canonical\"}]");
    netra_load(netra);
    const struct result *result = netra_ask(netra, "jwt_secret", false);
    assert_says(result, STATE_FAIL, "command false: exited with status 1");
}

static void an_absent_source_that_was_passed_over_is_noted(void **state)
{
    struct netra *netra = *state;
    netra_set(netra, "/jwt/canonical", "[{\"file\":\"gone\"},{\"file\":\"canonical\"}]");
    netra_load(netra);
    const struct result *result = netra_ask(netra, "jwt_secret", false);
    assert_says(result, STATE_OK, "from file canonical");
    assert_true(has_note(result, "file gone"));
}

static void an_unfit_secret_is_red_and_says_why(void **state)
{
    struct netra *netra = *state;
    static const struct {
        const char *value, *words;
    } rows[] = {
        {"", "is empty (0 bytes"},
        {" ", "whitespace"},
        {NETRA_SECRET " ", "begins or ends with whitespace"},
        {NETRA_SECRET "\n\n", "begins or ends with whitespace"},
        {"q7Zk3vX0mT9sLr2Y", "is shorter than 32 bytes (16 bytes, from file canonical)"},
        {"changeme-changeme-changeme-changeme", "placeholder"},
        {"REPLACE_WITH_JWT_SECRET_OF_AT_LEAST_32", "placeholder"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        netra_write(netra, "canonical", rows[i].value);
        netra_load(netra);
        const struct result *result = netra_ask(netra, "jwt_secret", false);
        assert_says(result, STATE_FAIL, rows[i].words);
        assert_non_null(strstr(result->summary, "file canonical"));
    }
    netra_write(netra, "canonical", "abababababababababababababababab");
    netra_load(netra);
    const struct result *result = netra_ask(netra, "jwt_secret", false);
    assert_says(result, STATE_OK, "32 bytes");
    assert_true(has_note(result, "entropy"));
}

/* ---- jwt_sync
 * ---------------------------------------------------------------------------------- */

static void agreement_is_proven_by_fingerprint_and_behaviour(void **state)
{
    struct netra *netra = *state;
    netra_load(netra);
    const struct result *result = netra_ask(netra, "jwt_sync", true);
    assert_says(result, STATE_OK, "3 of 3 hold the same secret");
    assert_int_equal(result->rung, RUNG_USABLE);
    assert_evidence(result, "proof", "fingerprints and behaviour");
    assert_evidence(result, "forgery", "rejected with 401");
    assert_string_equal(result_evidence_of(result, "auth"),
                        result_evidence_of(result, "canonical"));
    assert_string_equal(result_evidence_of(result, "backend"),
                        result_evidence_of(result, "canonical"));
    assert_int_equal(netra->forgeries, 1);
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
    assert_int_equal(netra->forgeries, 1);
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
    assert_int_equal(netra->forgeries, 0);
}

static void one_cause_explains_every_red_of_a_mismatch(void **state)
{
    struct netra *netra = *state;
    static const char *const names[] = {"config", "jwt_secret", "jwt_sync", "auth_flow",
                                        "auth_rate"};
    netra->backend_secret = NETRA_OTHER;
    netra_set(netra, "/services/backend/jwt_secret", NULL);
    netra_load(netra);
    for (size_t i = 0; i < 5; i++) {
        netra_ask(netra, names[i], true);
    }
    struct causes causes;
    cause_find(netra->board, clock_now(), &causes);
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
    assert_says(netra_ask(netra, "jwt_sync", true), STATE_FAIL,
                "auth signs with another secret than the canonical one");
    netra->backend_secret = NETRA_OTHER;
    assert_says(netra_ask(netra, "jwt_sync", true), STATE_FAIL,
                "auth and backend share another secret than the canonical one");
    netra->auth_secret = NETRA_SECRET;
    assert_says(
        netra_ask(netra, "jwt_sync", true), STATE_FAIL,
        "the backend rejects a token that verifies under the canonical secret (401)");
}

static void a_backend_that_rejects_with_the_right_secret_points_elsewhere(void **state)
{
    struct netra *netra = *state;
    netra->user = (struct reply){401, "{\"detail\":\"service credential\"}"};
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
    assert_says(result, STATE_FAIL, "the backend accepts a forged token");
    assert_evidence(result, "forgery", "accepted with 200");
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
    assert_int_equal(netra->forgeries, 3);
    struct light *light = board_find(netra->board, "jwt_sync");
    struct result *ours = result_create(); /* a worker that did not come back */
    board_take(netra->board, light, ours);
    assert_says(netra_ask(netra, "jwt_sync", false), STATE_FAIL,
                "accepts a forged token");
    netra->accepts_anything = false;
    assert_says(netra_ask(netra, "jwt_sync", false), STATE_OK, "3 of 3");
    netra_ask(netra, "jwt_sync", false);
    assert_int_equal(netra->forgeries, 5);
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
    static const char *const names[] = {"config", "jwt_secret", "jwt_sync", "auth_flow",
                                        "auth_rate"};
    netra_load(netra);
    netra_stop(&netra->auth);
    for (size_t i = 0; i < 5; i++) {
        netra_ask(netra, names[i], true);
    }
    struct causes causes;
    cause_find(netra->board, clock_now(), &causes);
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
    static const char *const names[] = {"config", "jwt_secret", "jwt_sync", "auth_flow",
                                        "auth_rate"};
    netra_load(netra);
    netra_stop(&netra->backend);
    for (size_t i = 0; i < 5; i++) {
        netra_ask(netra, names[i], true);
    }
    struct causes causes;
    cause_find(netra->board, clock_now(), &causes);
    assert_int_equal(causes.count, 1);
    assert_string_equal(causes.rows[0].light->name, "auth_flow");
    assert_int_equal(causes.rows[0].count, 2);
    causes_finish(&causes);
}

/* ---- auth_flow
 * --------------------------------------------------------------------------------- */

static void a_user_who_logs_in_is_recognised(void **state)
{
    struct netra *netra = *state;
    netra_load(netra);
    const struct result *result = netra_ask(netra, "auth_flow", false);
    assert_says(result, STATE_OK, "probe@example.com logged in and was recognised");
    assert_int_equal(result->rung, RUNG_USABLE);
    assert_evidence(result, "login status", "200");
    assert_evidence(result, "user status", "200");
    assert_evidence(result, "auth clock", "as ours");
    assert_int_equal(result->attempts, 1);
    assert_int_equal(result->succeeded, 1);
    netra->email = "Probe@EXAMPLE.com";
    assert_int_equal(netra_ask(netra, "auth_flow", false)->state, STATE_OK);
}

static void each_way_a_login_fails_has_its_own_words(void **state)
{
    struct netra *netra = *state;
    static const struct {
        struct reply login;
        const char *words, *remedy;
    } rows[] = {
        {{401, "{\"detail\":\"Invalid credentials\"}"},
         "auth rejected the login (401: Invalid credentials)",
         "auth_flow.login.body"},
        {{422, "{\"detail\":\"field required\"}"},
         "auth does not understand the login (422: field required)",
         "auth_flow.login.body"},
        {{404, "{}"}, "auth answered 404 to /auth/login", "path"},
        {{500, "{}"}, "auth answered 500", "log"},
        {{302, "{}"}, "redirects", "url"},
        {{200, "{}"}, "there is no token at /access_token", "auth_flow.login.token"},
        {{200, "{\"access_token\":7}"}, "there is no token", "auth_flow.login.token"},
        {{200, "{\"access_token\":\"\"}"}, "there is no token", "auth_flow.login.token"},
        {{200, "{\"access_token\":\"a\\r\\nX-Admin: 1\"}"}, "there is no token", "token"},
        {{200, "<html>sign in</html>"}, "web page", "url"},
        {{200, "OK"}, "auth answered 200, but", "expected"},
    };
    netra_load(netra);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        netra->login = rows[i].login;
        const struct result *result = netra_ask(netra, "auth_flow", false);
        assert_says(result, STATE_FAIL, rows[i].words);
        if (!strstr(result->remedy, rows[i].remedy)) {
            fail_msg("%s -> %s", result->summary, result->remedy);
        }
        assert_int_equal(result->attempts, 1);
        assert_int_equal(result->succeeded, 0);
        assert_true(result->rung == RUNG_REACHABLE);
    }
    assert_int_equal(netra->users, 0);
}

static void a_wrong_password_is_told_from_a_missing_one(void **state)
{
    struct netra *netra = *state;
    netra_write(netra, "password", "another-password");
    netra_load(netra);
    const struct result *result = netra_ask(netra, "auth_flow", false);
    assert_says(result, STATE_FAIL, "auth rejected the login (401");
    assert_int_equal(result->attempts, 1);
    netra_write(netra, "password", NULL);
    result = netra_ask(netra, "auth_flow", false);
    assert_says(result, STATE_UNKNOWN, "file password");
    assert_int_equal(result->attempts, 0);
    assert_int_equal(netra->logins, 1);
}

static void each_way_a_user_is_not_recognised_has_its_own_words(void **state)
{
    struct netra *netra = *state;
    static const struct {
        struct reply user;
        const char *words;
    } rows[] = {
        {{401, "{\"detail\":\"Signature verification failed\"}"},
         "the backend rejected the token that auth issued (401: Signature verification "
         "failed)"},
        {{403, "{}"}, "the backend rejected the token that auth issued (403)"},
        {{404, "{}"}, "backend answered 404 to /api/v1/user/profile"},
        {{503, "{}"}, "backend answered 503"},
        {{200, "{}"}, "the backend's reply has no email at /email"},
        {{200, "{\"email\":null}"}, "has no email at /email"},
        {{200, "{\"email\":\"\"}"}, "has no email at /email"},
        {{200, "{\"email\":\"admin@example.com\"}"},
         "the backend recognised admin@example.com, but probe@example.com logged in"},
        {{200, "{\"email\":\"probe@example.com.evil\"}"}, "the backend recognised"},
        {{200, "<html></html>"}, "web page"},
    };
    netra_load(netra);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        netra->user = rows[i].user;
        const struct result *result = netra_ask(netra, "auth_flow", false);
        assert_says(result, STATE_FAIL, rows[i].words);
        assert_int_equal(result->succeeded, 1);
        assert_int_equal(result->rung, RUNG_AUTHENTICATED);
    }
}

static void an_email_that_is_a_secret_is_compared_and_never_shown(void **state)
{
    struct netra *netra = *state;
    netra_set(netra, "/auth_flow/login/body/email", "{\"file\":\"email\"}");
    netra_write(netra, "email", "probe@example.com");
    netra_load(netra);
    assert_says(netra_ask(netra, "auth_flow", false), STATE_OK, "[masked] logged in");
    netra->email = "else@example.com";
    assert_says(netra_ask(netra, "auth_flow", false), STATE_FAIL,
                "recognised else@example.com, but [masked] logged in");
}

static void a_login_without_an_email_proves_nobody(void **state)
{
    struct netra *netra = *state;
    netra_set(netra, "/auth_flow/login/body/email", NULL);
    netra_load(netra);
    assert_says(netra_ask(netra, "auth_flow", false), STATE_FAIL,
                "no email to compare with");
}

static void the_password_is_in_no_answer(void **state)
{
    struct netra *netra = *state;
    static const char *const names[] = {"auth_flow", "jwt_sync", "auth_rate"};
    netra->login = (struct reply){401, "{\"detail\":\"no user with hunter22hunter22\"}"};
    netra_load(netra);
    for (size_t i = 0; i < 3; i++) {
        const struct result *result = netra_ask(netra, names[i], true);
        assert_null(strstr(result->summary, "hunter22"));
        for (size_t j = 0; j < result->evidence_count; j++) {
            assert_null(strstr(result->evidence[j].value, "hunter22"));
        }
    }
}

/* ---- auth_rate
 * --------------------------------------------------------------------------------- */

static void a_preflight_tops_our_own_logins_up(void **state)
{
    struct netra *netra = *state;
    netra_load(netra);
    int64_t began = clock_now();
    const struct result *result = netra_ask(netra, "auth_rate", true);
    assert_says(result, STATE_OK, "probe 5/5, users 990/995 since the start");
    assert_true(clock_now() - began >= 80 * CLOCK_MS);
    assert_int_equal(netra->logins, 5);
    assert_int_equal(result->attempts, 5);
    assert_evidence(result, "probe", "5 of 5 in 5 m");
    assert_evidence(result, "counters", "990 of 1000 good, 5 excluded");
    netra_ask(netra, "auth_rate", true);
    assert_int_equal(netra->logins, 5);
    netra_ask(netra, "auth_rate", false);
    assert_int_equal(netra->logins, 5);
}

static void a_routine_asking_logs_in_only_where_nothing_is_known(void **state)
{
    struct netra *netra = *state;
    netra_set(netra, "/auth_rate/source", "{\"probe\":{}}");
    netra_load(netra);
    assert_says(netra_ask(netra, "auth_rate", false), STATE_OK, "probe 1/1 in 5 m");
    assert_says(netra_ask(netra, "auth_rate", false), STATE_OK, "probe 1/1 in 5 m");
    assert_int_equal(netra->logins, 1);
    netra_ask(netra, "auth_flow", false);
    const struct result *result = netra_ask(netra, "auth_rate", true);
    assert_says(result, STATE_OK, "probe 5/5 in 5 m");
    assert_int_equal(result->attempts, 3);
    assert_true(result->figure >= 1 && result->figure <= 1);
}

static void one_failed_login_of_ours_is_red(void **state)
{
    struct netra *netra = *state;
    netra_set(netra, "/auth_rate/source", "{\"probe\":{}}");
    netra->rejects = 1;
    netra_load(netra);
    assert_says(netra_ask(netra, "auth_rate", true), STATE_FAIL,
                "auth rejected the login");
    const struct result *result = netra_ask(netra, "auth_rate", true);
    assert_says(result, STATE_FAIL, "1 of our 5 own logins in 5 m failed");
    assert_evidence(result, "probe", "4 of 5 in 5 m");
    assert_non_null(strstr(result->remedy, "the last failure leaves the window in "));
    assert_true(result->figure < 0.81 && result->figure > 0.79);
}

static void users_below_the_objective_are_red(void **state)
{
    struct netra *netra = *state;
    static const struct {
        const char *good, *total, *excluded;
        enum state state;
        const char *words;
    } rows[] = {
        {"800", "1000", "0", STATE_FAIL, "80.0 % of users' logins succeed (800 of 1000)"},
        {"500", "1000", "500", STATE_OK, "users 500/500"},
        {"500", "1000", "498", STATE_OK, "users 500/502"},
        {"0", "5", "0", STATE_FAIL, "0.0 % of users' logins succeed"},
        {"11", "12", "0", STATE_OK, "users 11/12"},
        {"9", "12", "0", STATE_FAIL, "below the objective of 99 %"},
        {"980", "1000", "0", STATE_FAIL, "98.0 %"},
        {"985", "1000", "0", STATE_OK, "users 985/1000"},
        {"0", "4", "0", STATE_OK, "users 0/4"},
        {"0", "0", "0", STATE_OK, "no users"},
        {"0", "7", "7", STATE_OK, "no users"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        netra_count(netra, rows[i].good, rows[i].total, rows[i].excluded);
        netra_load(netra);
        const struct result *result = netra_ask(netra, "auth_rate", false);
        assert_says(result, rows[i].state, rows[i].words);
        assert_null(strstr(result->summary, "100 %"));
    }
}

static void few_or_no_users_are_a_note_and_never_a_rate(void **state)
{
    struct netra *netra = *state;
    netra_load(netra);
    netra_count(netra, "0", "0", "0");
    netra_load(netra);
    const struct result *result = netra_ask(netra, "auth_rate", false);
    assert_true(has_note(result, "no logins of users"));
    assert_null(result_evidence_of(result, "upper bound"));
    netra_count(netra, "1", "4", "0");
    netra_load(netra);
    result = netra_ask(netra, "auth_rate", false);
    assert_true(has_note(result, "1 of 4 logins of users succeeded: too few"));
}

static void users_are_judged_by_what_came_within_the_window(void **state)
{
    struct netra *netra = *state;
    netra_count(netra, "100000", "100000", "0");
    netra_load(netra);
    assert_says(netra_ask(netra, "auth_rate", false), STATE_OK, "since the start");
    netra_count(netra, "100050", "100060", "0");
    const struct result *result = netra_ask(netra, "auth_rate", false);
    assert_says(result, STATE_FAIL, "83.3 % of users' logins succeed (50 of 60)");
    assert_evidence(result, "users", "50 of 60 in 5 m");
    netra_count(netra, "100090", "100100", "0");
    assert_evidence(netra_ask(netra, "auth_rate", false), "users", "90 of 100 in 5 m");
}

static void mistakes_of_users_are_taken_out_of_a_window_too(void **state)
{
    struct netra *netra = *state;
    netra_count(netra, "1000", "2000", "1000");
    netra_load(netra);
    netra_ask(netra, "auth_rate", false);
    netra_count(netra, "1100", "2200", "1100");
    assert_says(netra_ask(netra, "auth_rate", false), STATE_OK, "users 100/100 in 5 m");
}

static void counters_that_go_backwards_are_a_restart(void **state)
{
    struct netra *netra = *state;
    netra_count(netra, "1000", "1000", "0");
    netra_load(netra);
    netra_ask(netra, "auth_rate", false);
    netra_count(netra, "80", "100", "0");
    const struct result *result = netra_ask(netra, "auth_rate", false);
    assert_says(result, STATE_FAIL, "80.0 % of users' logins succeed (80 of 100)");
    assert_true(has_note(result, "went backwards"));
    netra_count(netra, "81", "101", "0");
    result = netra_ask(netra, "auth_rate", false);
    assert_says(result, STATE_FAIL, "81 of 101");
    netra_count(netra, "1010", "1200", "0");
    result = netra_ask(netra, "auth_rate", false);
    assert_says(result, STATE_FAIL, "1010 of 1200");
}

static void our_own_logins_are_taken_out_where_they_are_counted(void **state)
{
    struct netra *netra = *state;
    netra_set(netra, "/auth_rate/source/json/counts_probes", "true");
    netra_count(netra, "100", "100", "0");
    netra_load(netra);
    netra_ask(netra, "auth_flow", false);
    assert_says(netra_ask(netra, "auth_rate", false), STATE_OK, "users 99/99");
    netra_ask(netra, "auth_flow", false);
    netra_ask(netra, "auth_flow", false);
    netra_count(netra, "102", "112", "0");
    const struct result *result = netra_ask(netra, "auth_rate", false);
    assert_says(result, STATE_FAIL, "0.0 % of users' logins succeed (0 of 10)");
    netra_count(netra, "1", "1", "0");
    netra_load(netra);
    netra_ask(netra, "auth_flow", false);
    netra_ask(netra, "auth_flow", false);
    assert_says(netra_ask(netra, "auth_rate", false), STATE_OK, "no users");
}

static void counters_that_make_no_sense_are_red(void **state)
{
    struct netra *netra = *state;
    static const struct {
        const char *good, *total, *excluded, *words;
    } rows[] = {
        {"null", "10", "0", "backend has no number at /a/good"},
        {"\"9\"", "10", "0", "backend has no number at /a/good"},
        {"9", "true", "0", "backend has no number at /a/total"},
        {"9", "10", "[]", "backend has no number at /a/excluded"},
        {"9", "-10", "0", "backend counts -10 logins at /a/total"},
        {"-1", "10", "0", "backend counts -1 logins at /a/good"},
        {"11", "10", "0",
         "backend counts more good and excluded logins than logins: 11 of 10"},
        {"9", "10", "2",
         "backend counts more good and excluded logins than logins: 11 of 10"},
        {"NaN", "10", "0", "backend answered 200, but"},
        {"1e999", "1e999", "0", "backend answered 200, but"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        netra_count(netra, rows[i].good, rows[i].total, rows[i].excluded);
        netra_load(netra);
        const struct result *result = netra_ask(netra, "auth_rate", false);
        assert_says(result, STATE_FAIL, rows[i].words);
        assert_false(result->has_users);
    }
}

static void users_that_cannot_be_counted_are_red(void **state)
{
    struct netra *netra = *state;
    netra_load(netra);
    netra->metrics = (struct reply){500, "{}"};
    assert_says(netra_ask(netra, "auth_rate", false), STATE_FAIL, "backend answered 500");
    netra->metrics = (struct reply){200, "{\"error\":\"no metrics\"}"};
    assert_says(netra_ask(netra, "auth_rate", false), STATE_FAIL,
                "backend has no number");
    netra_stop(&netra->backend);
    assert_says(netra_ask(netra, "auth_rate", false), STATE_FAIL, "connection refused");
}

/* ------------------------------------------------------------------------------------------------
 */

#define ASK(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    char state_directory[] = "/tmp/greenboard-checks-XXXXXX";
    struct error error;
    json_begin();
    keep_begin();
    http_begin();
    if (!mkdtemp(state_directory) || !fingerprint_begin(state_directory, &error)) {
        return 1;
    }
    const struct CMUnitTest tests[] = {
        ASK(config_is_green_where_all_that_is_demanded_is_there),
        ASK(config_says_what_is_missing_in_the_plans_words),
        ASK(what_has_no_section_is_blocked_by_the_red_config),
        ASK(what_a_lenient_class_leaves_out_is_skipped),
        ASK(what_the_system_does_not_have_stands_in_nobodys_way),
        ASK(a_rate_that_nobody_configured_is_red_in_staging),
        ASK(a_sound_secret_is_told_by_source_and_size_alone),
        ASK(a_secret_that_is_nowhere_names_every_place_that_was_tried),
        ASK(a_broken_source_is_not_passed_over),
        ASK(an_absent_source_that_was_passed_over_is_noted),
        ASK(an_unfit_secret_is_red_and_says_why),
        ASK(agreement_is_proven_by_fingerprint_and_behaviour),
        ASK(behaviour_alone_proves_it_too),
        ASK(a_routine_asking_sends_no_forgery_and_says_so),
        ASK(a_backend_with_another_secret_is_named),
        ASK(one_cause_explains_every_red_of_a_mismatch),
        ASK(behaviour_tells_which_side_differs),
        ASK(a_backend_that_rejects_with_the_right_secret_points_elsewhere),
        ASK(an_accepted_forgery_is_the_reddest),
        ASK(an_accepted_forgery_is_sent_again_until_it_is_rejected),
        ASK(only_a_clear_rejection_of_a_forgery_counts),
        ASK(the_claims_of_a_token_must_be_as_configured),
        ASK(what_is_no_token_cannot_be_in_agreement),
        ASK(a_secret_compared_with_itself_proves_nothing),
        ASK(a_secret_that_was_never_mounted_is_red),
        ASK(without_a_canonical_secret_nothing_is_compared),
        ASK(an_auth_that_is_down_is_one_cause),
        ASK(a_backend_that_is_down_is_one_cause),
        ASK(a_user_who_logs_in_is_recognised),
        ASK(each_way_a_login_fails_has_its_own_words),
        ASK(a_wrong_password_is_told_from_a_missing_one),
        ASK(each_way_a_user_is_not_recognised_has_its_own_words),
        ASK(an_email_that_is_a_secret_is_compared_and_never_shown),
        ASK(a_login_without_an_email_proves_nobody),
        ASK(the_password_is_in_no_answer),
        ASK(a_preflight_tops_our_own_logins_up),
        ASK(a_routine_asking_logs_in_only_where_nothing_is_known),
        ASK(one_failed_login_of_ours_is_red),
        ASK(users_below_the_objective_are_red),
        ASK(few_or_no_users_are_a_note_and_never_a_rate),
        ASK(users_are_judged_by_what_came_within_the_window),
        ASK(mistakes_of_users_are_taken_out_of_a_window_too),
        ASK(counters_that_go_backwards_are_a_restart),
        ASK(our_own_logins_are_taken_out_where_they_are_counted),
        ASK(counters_that_make_no_sense_are_red),
        ASK(users_that_cannot_be_counted_are_red),
    };
    int failed = unit_run("checks_auth", tests);
    mask_forget();
    fingerprint_end();
    http_end();
    fs_remove_tree(state_directory);
    return failed;
}

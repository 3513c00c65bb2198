/* What the check of the canonical secret promises, asked of a small system whose every
 * part can misbehave. */
#include "tests/unit/unit.h"

#include "tests/unit/netra.h"

#include <string.h>

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

static void a_longer_hash_wants_a_longer_secret(void **state)
{
    struct netra *netra = *state;
    netra_load(netra); /* 44 bytes */
    assert_false(has_note(netra_ask(netra, "jwt_secret", false), "wants a secret of"));
    netra_set(netra, "/jwt/algorithm", "\"HS384\"");
    netra_load(netra);
    assert_true(has_note(netra_ask(netra, "jwt_secret", false),
                         "HS384 wants a secret of 48 bytes, this one has 44"));
}

static void the_value_of_another_purpose_is_noted_by_its_place(void **state)
{
    struct netra *netra = *state;
    netra_load(netra);
    assert_false(has_note(netra_ask(netra, "jwt_secret", false), "same value"));
    netra_set(netra, "/redis/password", "{\"file\":\"twin\"}");
    netra_write(netra, "twin", NETRA_OTHER);
    netra_load(netra);
    assert_false(has_note(netra_ask(netra, "jwt_secret", false), "same value"));
    netra_write(netra, "twin", NETRA_SECRET);
    netra_load(netra);
    const struct result *result = netra_ask(netra, "jwt_secret", false);
    assert_says(result, STATE_OK, "from file canonical");
    assert_true(
        has_note(result, "the secret has the same value as redis.password: give"));
    assert_false(has_note(result, NETRA_SECRET));
}

static void the_canonical_place_itself_is_no_place_for_another_purpose(void **state)
{
    struct netra *netra = *state;
    netra_set(netra, "/auth_flow/login/body/password", "{\"file\":\"canonical\"}");
    netra_load(netra);
    const struct result *result = netra_ask(netra, "jwt_secret", false);
    assert_says(result, STATE_OK, "from file canonical");
    assert_true(has_note(result, "same value as auth_flow.login.body.password"));
}

/* They are meant to be the same: that is what jwt_sync asks. */
static void the_same_secret_in_the_services_is_not_noted(void **state)
{
    struct netra *netra = *state;
    netra_set(netra, "/services/extra",
              "{\"url\":\"http://127.0.0.1:1\",\"jwt_secret\":{\"file\":\"canonical\"}}");
    netra_load(netra);
    const struct result *result = netra_ask(netra, "jwt_secret", false);
    assert_says(result, STATE_OK, "from file canonical");
    assert_false(has_note(result, "same value"));
}

static void a_shared_value_changes_no_verdict(void **state)
{
    struct netra *netra = *state;
    netra_set(netra, "/redis/password", "{\"file\":\"twin\"}");
    netra_write(netra, "twin", "tiny-Value");
    netra_write(netra, "canonical", "tiny-Value");
    netra_load(netra);
    const struct result *result = netra_ask(netra, "jwt_secret", false);
    assert_says(result, STATE_FAIL, "is shorter than 32 bytes");
    assert_true(has_note(result, "same value as redis.password"));
}

int main(void)
{
    netra_begin();
    const struct CMUnitTest tests[] = {
        NETRA_TEST(a_sound_secret_is_told_by_source_and_size_alone),
        NETRA_TEST(a_secret_that_is_nowhere_names_every_place_that_was_tried),
        NETRA_TEST(a_broken_source_is_not_passed_over),
        NETRA_TEST(an_absent_source_that_was_passed_over_is_noted),
        NETRA_TEST(an_unfit_secret_is_red_and_says_why),
        NETRA_TEST(a_longer_hash_wants_a_longer_secret),
        NETRA_TEST(the_value_of_another_purpose_is_noted_by_its_place),
        NETRA_TEST(the_canonical_place_itself_is_no_place_for_another_purpose),
        NETRA_TEST(the_same_secret_in_the_services_is_not_noted),
        NETRA_TEST(a_shared_value_changes_no_verdict),
    };
    int failed = unit_run("checks_jwt_secret", tests);
    netra_end();
    return failed;
}

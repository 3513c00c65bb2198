/* What the check of the configuration promises, and what its red explains, asked of a
 * small system. */
#include "tests/unit/unit.h"

#include "base/clock.h"
#include "base/json.h"
#include "board/cause.h"
#include "tests/unit/netra.h"

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

int main(void)
{
    netra_begin();
    const struct CMUnitTest tests[] = {
        NETRA_TEST(config_is_green_where_all_that_is_demanded_is_there),
        NETRA_TEST(config_says_what_is_missing_in_the_plans_words),
        NETRA_TEST(what_has_no_section_is_blocked_by_the_red_config),
        NETRA_TEST(what_a_lenient_class_leaves_out_is_skipped),
        NETRA_TEST(what_the_system_does_not_have_stands_in_nobodys_way),
        NETRA_TEST(a_rate_that_nobody_configured_is_red_in_staging),
    };
    int failed = unit_run("checks_config", tests);
    netra_end();
    return failed;
}

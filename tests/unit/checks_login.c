/* What the checks of the login and its success rate promise, asked of a small system
 * whose every part can misbehave. */
#include "tests/unit/unit.h"

#include "base/clock.h"
#include "tests/unit/netra.h"

#include <string.h>

/* ---- auth_flow ---- */

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

static void a_token_that_is_quoted_in_part_is_not_shown(void **state)
{
    struct netra *netra = *state;
    netra_load(netra);
    netra->user = (struct reply){401, "{\"detail\":\"bad: eyJhbGciOiJIUzI1NiIsInR5\"}"};
    const struct result *result = netra_ask(netra, "auth_flow", false);
    assert_says(result, STATE_FAIL,
                "the backend rejected the token that auth issued (401");
    assert_null(strstr(result->summary, "eyJ"));
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

/* ---- auth_rate ---- */

static void a_preflight_tops_our_own_logins_up(void **state)
{
    struct netra *netra = *state;
    netra_load(netra);
    int64_t began = clock_now();
    const struct result *result = netra_ask(netra, "auth_rate", true);
    assert_says(result, STATE_OK, "probe 5/5, users 990/995 since the start");
    assert_true(clock_now() - began >= 8 * CLOCK_MS);
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

static void a_rejected_probe_is_not_tried_until_it_is_locked_out(void **state)
{
    struct netra *netra = *state;
    netra->rejects = 100;
    netra_load(netra);
    const struct result *result = netra_ask(netra, "auth_rate", true);
    assert_says(result, STATE_FAIL, "auth rejected the login (401");
    assert_int_equal(netra->logins, 1);
    assert_int_equal(result->attempts, 1);
    assert_int_equal(result->succeeded, 0);
}

static void one_rejected_login_among_many_is_red(void **state)
{
    struct netra *netra = *state;
    netra->spares = 2;
    netra->rejects = 1;
    netra_load(netra);
    const struct result *result = netra_ask(netra, "auth_rate", true);
    assert_says(result, STATE_FAIL, "auth rejected the login (401");
    assert_evidence(result, "probe", "4 of 5 in 5 m");
    assert_int_equal(result->attempts, 5);
    assert_int_equal(result->succeeded, 4);
}

static void a_failed_login_counts_until_enough_later_ones_succeeded(void **state)
{
    struct netra *netra = *state;
    netra_set(netra, "/auth_rate/source", "{\"probe\":{}}");
    netra->rejects = 1;
    netra_load(netra);
    assert_says(netra_ask(netra, "auth_rate", true), STATE_FAIL,
                "auth rejected the login");
    const struct result *result = netra_ask(netra, "auth_rate", false);
    assert_says(result, STATE_FAIL, "1 of our 1 own logins in 5 m failed");
    assert_evidence(result, "probe", "0 of 1 in 5 m");
    assert_non_null(strstr(result->remedy, "until 5 later logins have succeeded"));
    result = netra_ask(netra, "auth_rate", true);
    assert_says(result, STATE_OK, "probe 5/5");
    /* And it stays mended for those who ask in passing. */
    assert_says(netra_ask(netra, "auth_rate", false), STATE_OK, "probe 5/5");
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
    netra_count(netra, "100002", "100003", "0"); /* too few to tell yet */
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
        {"1e308", "1.7e308", "0", "backend counts 1e+308 logins at /a/good"},
        {"1", "9007199254740994", "0", "backend counts 9.0072e+15 logins at /a/total"},
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

int main(void)
{
    netra_begin();
    const struct CMUnitTest tests[] = {
        NETRA_TEST(a_user_who_logs_in_is_recognised),
        NETRA_TEST(each_way_a_login_fails_has_its_own_words),
        NETRA_TEST(a_wrong_password_is_told_from_a_missing_one),
        NETRA_TEST(each_way_a_user_is_not_recognised_has_its_own_words),
        NETRA_TEST(a_token_that_is_quoted_in_part_is_not_shown),
        NETRA_TEST(an_email_that_is_a_secret_is_compared_and_never_shown),
        NETRA_TEST(a_login_without_an_email_proves_nobody),
        NETRA_TEST(the_password_is_in_no_answer),
        NETRA_TEST(a_preflight_tops_our_own_logins_up),
        NETRA_TEST(a_routine_asking_logs_in_only_where_nothing_is_known),
        NETRA_TEST(a_rejected_probe_is_not_tried_until_it_is_locked_out),
        NETRA_TEST(one_rejected_login_among_many_is_red),
        NETRA_TEST(a_failed_login_counts_until_enough_later_ones_succeeded),
        NETRA_TEST(users_below_the_objective_are_red),
        NETRA_TEST(few_or_no_users_are_a_note_and_never_a_rate),
        NETRA_TEST(users_are_judged_by_what_came_within_the_window),
        NETRA_TEST(mistakes_of_users_are_taken_out_of_a_window_too),
        NETRA_TEST(counters_that_go_backwards_are_a_restart),
        NETRA_TEST(our_own_logins_are_taken_out_where_they_are_counted),
        NETRA_TEST(counters_that_make_no_sense_are_red),
        NETRA_TEST(users_that_cannot_be_counted_are_red),
    };
    int failed = unit_run("checks_login", tests);
    netra_end();
    return failed;
}

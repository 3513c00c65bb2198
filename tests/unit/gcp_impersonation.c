/* What acting as a service account is promised to be: its token, had with that of the
 * credentials that may create it, kept no longer than it lives, and a refusal that names
 * who lacks what on whom. */
#include "tests/unit/unit.h"

#include "tests/unit/credentials.h"
#include "tests/unit/google.h"
#include "tests/unit/peer.h"

#include "base/clock.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/text.h"
#include "net/http.h"
#include "source/gcp_token.h"

#include <stdlib.h>
#include <string.h>

#define ACCOUNT "gate@netra.iam.gserviceaccount.com"
#define PATH    "/v1/projects/-/serviceAccounts/" ACCOUNT ":generateAccessToken"
#define SOURCE                                                                           \
    "{\"type\":\"authorized_user\",\"account\":\"ada@example.com\",\"client_id\":"       \
    "\"id.apps\",\"client_secret\":\"d-client+secret\",\"refresh_token\":"               \
    "\"1//refresh&token\",\"quota_project_id\":\"payer\",\"token_uri\":"                 \
    "\"http://@/token\"}"
#define FILE_TEXT                                                                        \
    "{\"type\":\"impersonated_service_account\",\"source_credentials\":" SOURCE ","      \
    "\"service_account_impersonation_url\":\"http://@" PATH "\"}"

/* A token that ends so many seconds after now, as a clock sees it that is `ahead`. */
static void say_account(struct google *google, int64_t ahead, int64_t seconds)
{
    char stamp[CLOCK_STAMP];
    clock_stamp(stamp, clock_wall() + (ahead + seconds) * 1000);
    char *body = mem_format("{\"accessToken\":\"ya29.of-the-account\",\"expireTime\":"
                            "\"%.19sZ\"}",
                            stamp);
    google_clock(google, ahead);
    google_says(google, PATH, 200, body);
    free(body);
}

static int set_up(void **state)
{
    google_set_up(state);
    write_any(*state, FILE_TEXT);
    say_token(*state, "ya29.of-the-source");
    say_account(*state, 0, 3600);
    return 0;
}
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, google_tear_down)

/* ---- asked ---- */

static void a_login_acts_as_the_account(void **state)
{
    struct google *google = *state;
    struct source_context context = context_for(10 * CLOCK_SECOND);
    struct gcp_token token;
    assert_true(gcp_token_take(&context, &token, NULL));
    assert_string_equal(secret_data(token.bearer), "ya29.of-the-account");
    assert_string_equal(token.principal, ACCOUNT);
    assert_null(token.quota_project);
    gcp_token_finish(&token);
    char *asked = google_asked(google, PATH);
    assert_string_equal(asked,
                        "POST " PATH "\nAuthorization: Bearer ya29.of-the-source\n"
                        "Content-Type: application/json\nx-goog-user-project: payer\n\n"
                        "{\"lifetime\":\"3600s\",\"scope\":"
                        "[\"https://www.googleapis.com/auth/cloud-platform\"]}");
    free(asked);
    asked = google_asked(google, "/token");
    assert_non_null(strstr(asked, "grant_type=refresh_token"));
    free(asked);
}

static void a_key_acts_as_the_account_by_way_of_delegates(void **state)
{
    struct google *google = *state;
    char *url = mem_format("http://127.0.0.1:%d/token", google_port(google));
    json_t *key = key_json(account_key(), url);
    char *source = json_compact(key);
    json_t *file = json_loads(FILE_TEXT, 0, NULL);
    json_object_set_new(file, "delegates",
                        json_pack("[ss]", "first@netra.iam.gserviceaccount.com",
                                  "projects/-/serviceAccounts/1234567"));
    json_object_set_new(file, "quota_project_id", json_string("netra"));
    char *text = json_compact(file);
    write_but(google, text, "source_credentials", source);
    struct source_context context = context_for(10 * CLOCK_SECOND);
    struct gcp_token token;
    assert_true(gcp_token_take(&context, &token, NULL));
    assert_string_equal(token.quota_project, "netra");
    gcp_token_finish(&token);
    char *asked = google_asked(google, PATH);
    assert_non_null(strstr(asked,
                           "{\"delegates\":[\"projects/-/serviceAccounts/"
                           "first@netra.iam.gserviceaccount.com\","
                           "\"projects/-/serviceAccounts/1234567\"],\"lifetime\""));
    assert_null(strstr(asked, "x-goog-user-project"));
    free(asked);
    asked = google_asked(google, "/token");
    assert_non_null(strstr(asked, "jwt-bearer&assertion="));
    free(asked);
    free(text);
    json_decref(file);
    free(source);
    json_decref(key);
    free(url);
}

static void neither_token_passes_the_mask(void **state)
{
    (void)state;
    assert_token("ya29.of-the-account");
    static const char *const secrets[] = {"ya29.of-the-account", "ya29.of-the-source",
                                          "1//refresh&token", "d-client+secret"};
    assert_masked(secrets, 4);
}

/* ---- kept ---- */

static void it_is_kept_until_shortly_before_its_end(void **state)
{
    struct google *google = *state;
    static const struct {
        int64_t ahead, seconds; /* of Google's clock; until the end by that clock */
        unsigned asked;         /* in two uses */
    } rows[] = {
        {0, 3600, 1},   {0, 120, 1},
        {0, 50, 2},     {-36000, 3600, 1}, /* has ended long ago by our clock */
        {36000, 50, 2},                    /* ends in ten hours by our clock */
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        say_account(google, rows[i].ahead, rows[i].seconds);
        unsigned before = google_count(google, PATH);
        gcp_token_forget();
        assert_token("ya29.of-the-account");
        assert_token("ya29.of-the-account");
        if (google_count(google, PATH) != before + rows[i].asked) {
            fail_msg("row %zu", i);
        }
        assert_int_equal(google_count(google, "/token"), google_count(google, PATH));
    }
}

static void one_that_was_refused_is_made_anew(void **state)
{
    struct google *google = *state;
    struct source_context context = context_for(10 * CLOCK_SECOND);
    struct gcp_token token;
    assert_true(gcp_token_take(&context, &token, NULL));
    gcp_token_refuse(&token);
    gcp_token_finish(&token);
    assert_token("ya29.of-the-account");
    assert_int_equal(google_count(google, PATH), 2);
}

/* Answers a request with what ends `seconds` after now, and tells no date. */
static void assert_dateless(struct google *google, int64_t seconds, bool taken)
{
    char stamp[CLOCK_STAMP];
    clock_stamp(stamp, clock_wall() + seconds * 1000);
    char *body = mem_format("{\"accessToken\":\"ya29.dateless\",\"expireTime\":\"%s\"}",
                            stamp); /* with milliseconds */
    char *reply = mem_format("HTTP/1.1 200 OK\r\nConnection: close\r\n"
                             "Content-Length: %zu\r\n\r\n%s",
                             strlen(body), body);
    struct peer_step steps[] = {ASKED, {PEER_SEND, reply, 0, NULL}, CLOSE};
    const struct peer_step *const scripts[] = {steps};
    struct peer *peer = peer_start(scripts, 1);
    char *url = mem_format("\"http://127.0.0.1:%d" PATH "\"", peer_port(peer));
    write_but(google, FILE_TEXT, "service_account_impersonation_url", url);
    gcp_token_forget();
    if (taken) {
        assert_token("ya29.dateless");
    } else {
        assert_refused(ERROR_PROTOCOL, "with a token that has ended", "set the clock");
    }
    peer_stop(peer);
    free(url);
    free(reply);
    free(body);
}

static void without_a_date_our_own_clock_tells(void **state)
{
    assert_dateless(*state, 3600, true);
    assert_dateless(*state, -5, false);
}

/* ---- refused ---- */

#define PERMISSION                                                                       \
    "{\"error\":{\"code\":403,\"message\":\"Permission "                                 \
    "'iam.serviceAccounts.getAccessToken' denied on resource (or it may not exist).\","  \
    "\"status\":\"PERMISSION_DENIED\",\"details\":[{\"reason\":"                         \
    "\"IAM_PERMISSION_DENIED\"}]}}"

static void a_denial_names_who_lacks_what_on_whom(void **state)
{
    struct google *google = *state;
    google_says(google, PATH, 403, PERMISSION);
    assert_refused(ERROR_DENIED,
                   "ada@example.com lacks iam.serviceAccounts.getAccessToken on " ACCOUNT,
                   "gcloud iam service-accounts add-iam-policy-binding " ACCOUNT
                   " --member=user:ada@example.com "
                   "--role=roles/iam.serviceAccountTokenCreator");
    write_but(google, FILE_TEXT, "delegates",
              "[\"first@netra.iam.gserviceaccount.com\"]");
    assert_refused(ERROR_DENIED, ACCOUNT ", by way of its delegates",
                   "each delegate needs it on the next; the first: gcloud iam "
                   "service-accounts add-iam-policy-binding "
                   "first@netra.iam.gserviceaccount.com --member=user:ada");
}

/* The longest names of an account and of a project have 30 letters. */
#define LONG(letter)                                                                     \
    letter "23456789012345678901234567890@" letter "23456789012345678901234567890"       \
           ".iam.gserviceaccount.com"

static void the_longest_command_is_whole(void **state)
{
    struct google *google = *state;
    json_t *file = json_loads(FILE_TEXT, 0, NULL);
    json_object_set_new(json_object_get(file, "source_credentials"), "account",
                        json_string(LONG("a")));
    json_object_set_new(file, "delegates", json_pack("[s]", LONG("b")));
    char *text = json_compact(file);
    write_any(google, text);
    google_says(google, PATH, 403, PERMISSION);
    assert_refused(ERROR_DENIED, LONG("a"),
                   LONG("b") " --member=serviceAccount:" LONG(
                       "a") " --role=roles/iam.serviceAccountTokenCreator");
    free(text);
    json_decref(file);
}

static void a_refusal_is_told_with_its_cause(void **state)
{
    struct google *google = *state;
    static const struct {
        int status;
        const char *body;
        enum error_code code;
        const char *words, *hint;
    } rows[] = {
        {401, "{\"error\":{\"message\":\"Invalid.\"}}", ERROR_DENIED,
         "iamcredentials.googleapis.com refuses the access token of ada@example.com: "
         "Invalid.",
         "log in again"},
        {403,
         "{\"error\":{\"message\":\"Not used.\",\"details\":[{\"reason\":"
         "\"SERVICE_DISABLED\"}]}}",
         ERROR_DENIED, "iamcredentials.googleapis.com is not enabled: Not used.",
         "gcloud services enable iamcredentials.googleapis.com"},
        {404, "{\"error\":{\"message\":\"Not found; Gaia id not found for email\"}}",
         ERROR_PROTOCOL, "answered 404 for " ACCOUNT ": Not found; Gaia", "correct whom"},
        {400, "{\"error\":{\"message\":\"Invalid lifetime.\"}}", ERROR_PROTOCOL,
         "answered 400 for " ACCOUNT ": Invalid lifetime.",
         "application_default_credentials.json"},
        {429, "{}", ERROR_PROTOCOL, "answered 429", "ask less often"},
        {503, "{}", ERROR_PROTOCOL, "answered 503", "ask again"},
        {200, "<html>log in</html>", ERROR_PROTOCOL, "something that is not its API",
         "proxy"},
        {302, "{}", ERROR_PROTOCOL, "something that is not its API", "proxy"},
        {200, "{}", ERROR_PROTOCOL, "without a token and its end", ""},
        {200, "{\"accessToken\":\"a\"}", ERROR_PROTOCOL, "without a token and its end",
         ""},
        {200, "{\"accessToken\":\"a\",\"expireTime\":\"soon\"}", ERROR_PROTOCOL,
         "without a token and its end", ""},
        {200, "{\"accessToken\":\"a\",\"expireTime\":\"2999-01-31T12:04:31+02:00\"}",
         ERROR_PROTOCOL, "without a token and its end", ""},
        {200, "{\"accessToken\":\"\",\"expireTime\":\"2999-01-31T12:04:31Z\"}",
         ERROR_PROTOCOL, "without a token and its end", ""},
        {200, "{\"accessToken\":\"a\",\"expireTime\":\"2026-01-31T12:04:31.123456789Z\"}",
         ERROR_PROTOCOL, "with a token that has ended", "ask again"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        google_says(google, PATH, rows[i].status, rows[i].body);
        assert_refused(rows[i].code, rows[i].words, rows[i].hint);
    }
    google_says(google, "/token", 400, "{\"error\":\"invalid_grant\"}");
    assert_refused(ERROR_DENIED, "invalid_grant", "the login has ended");
}

static void what_a_file_says_wrongly_is_said(void **state)
{
    struct google *google = *state;
    static const char url[] = "service_account_impersonation_url";
    static const struct {
        const char *key, *value, *words, *hint;
    } rows[] = {
        {"source_credentials", "", "it has no source_credentials", "replace that file"},
        {"source_credentials", "{}", "its source_credentials: it is no credentials file",
         "replace that file"},
        {"source_credentials", "{\"type\":\"service_account\"}",
         "its source_credentials: it has no client_email", "replace that file"},
        {"source_credentials", FILE_TEXT, "its source_credentials impersonate already",
         "as its delegates"},
        {"source_credentials",
         "{\"type\":\"external_account\",\"service_account_impersonation_url\":\"a\"}",
         "impersonate already", "as its delegates"},
        {url, "", "it has no service_account_impersonation_url", "replace that file"},
        {url, "\"https://example.com" PATH "\"",
         "its service_account_impersonation_url is neither https in googleapis.com nor "
         "on "
         "this machine",
         "replace that file"},
        {url, "\"http://iamcredentials.googleapis.com" PATH "\"", "is neither https in",
         "replace that file"},
        {url, "\"http://169.254.169.254" PATH "\"", "is neither https in", ""},
        {url, "\"http://@/v1/projects\"", "names no service account", ""},
        {url, "\"http://@/serviceAccounts/:generateAccessToken\"",
         "names no service account", ""},
        {url, "\"http://@/serviceAccounts/a;b:generateAccessToken\"",
         "names no service account", ""},
        {url, "\"http://@/serviceAccounts/a:generateAccessToken?b\"",
         "names no service account", ""},
        {"delegates", "[\"a b\"]", "one of its delegates is no account", ""},
        {"delegates", "\"a\"", "its delegates must be a list", ""},
        {"delegates", "[7]", "one of its delegates is no account", ""},
        {"service_account_impersonation", "{\"token_lifetime_seconds\":599}",
         "its token_lifetime_seconds is not 600 to 43200", ""},
        {"service_account_impersonation", "{\"token_lifetime_seconds\":\"900\"}",
         "its token_lifetime_seconds is not 600 to 43200", ""},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        write_but(google, FILE_TEXT, rows[i].key, rows[i].value);
        assert_refused(ERROR_CONFIG, rows[i].words, rows[i].hint);
        assert_refused(ERROR_CONFIG, login_file, "");
    }
    assert_int_equal(google_count(google, "/token"), 0);
}

static void a_deadline_holds(void **state)
{
    struct google *google = *state;
    struct deaf deaf;
    deaf_open(&deaf);
    char *url = mem_format("\"http://127.0.0.1:%d" PATH "\"", deaf.port);
    write_but(google, FILE_TEXT, "service_account_impersonation_url", url);
    free(url);
    struct source_context context = context_for(200 * CLOCK_MS);
    struct gcp_token token;
    struct error error;
    assert_false(gcp_token_take(&context, &token, &error));
    assert_int_equal(error.code, ERROR_TIMEOUT);
    assert_true(text_starts(error.message, "iamcredentials.googleapis.com: "));
    assert_true(clock_now() < context.deadline + 200 * CLOCK_MS);
    gcp_token_finish(&token);
    deaf_close(&deaf);
}

int main(void)
{
    json_begin();
    keep_begin();
    http_begin();
    static const struct CMUnitTest tests[] = {
        TEST(a_login_acts_as_the_account),
        TEST(a_key_acts_as_the_account_by_way_of_delegates),
        TEST(neither_token_passes_the_mask),
        TEST(it_is_kept_until_shortly_before_its_end),
        TEST(one_that_was_refused_is_made_anew),
        TEST(without_a_date_our_own_clock_tells),
        TEST(a_denial_names_who_lacks_what_on_whom),
        TEST(the_longest_command_is_whole),
        TEST(a_refusal_is_told_with_its_cause),
        TEST(what_a_file_says_wrongly_is_said),
        TEST(a_deadline_holds),
    };
    int failed = unit_run("gcp_impersonation", tests);
    account_key_free();
    http_end();
    return failed;
}

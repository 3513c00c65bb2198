/* What credentials of somebody else's are promised to be: their token is read anew from
 * where the file says, exchanged at Google alone, shown nowhere, and what is wrong with
 * it is told with where it came from. */
#include "tests/unit/unit.h"

#include "tests/unit/credentials.h"
#include "tests/unit/google.h"
#include "tests/unit/peer.h"

#include "base/buf.h"
#include "base/clock.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/text.h"
#include "net/http.h"
#include "secret/mask.h"
#include "source/gcp_token.h"

#include <stdlib.h>
#include <string.h>

#define POOL                                                                             \
    "//iam.googleapis.com/projects/7/locations/global/"                                  \
    "workloadIdentityPools/ci"
#define AUDIENCE POOL "/providers/gitlab"
#define ACCOUNT  "gate@netra.iam.gserviceaccount.com"
#define PATH     "/v1/projects/-/serviceAccounts/" ACCOUNT ":generateAccessToken"
#define SUBJECT  "eyJhbGciOi.eyJzdWIi+fQ/.c2ln"
#define FROM_URL                                                                         \
    "{\"url\":\"http://@/identity?version=2\",\"headers\":{\"Metadata\":\"True\","       \
    "\"Authorization\":\"bearer runner-request-token\"},\"format\":{\"type\":\"json\","  \
    "\"subject_token_field_name\":\"access_token\"}}"
#define FILE_TEXT                                                                        \
    "{\"type\":\"external_account\",\"audience\":\"" AUDIENCE                            \
    "\",\"subject_token_type\":\"urn:ietf:params:oauth:token-type:jwt\","                \
    "\"token_url\":\"http://@/token\",\"credential_source\":" FROM_URL "}"
#define USER_TEXT                                                                        \
    "{\"type\":\"external_account_authorized_user\",\"audience\":"                       \
    "\"//iam.googleapis.com/locations/global/workforcePools/staff/providers/idp\","      \
    "\"refresh_token\":\"rotating-refresh\",\"token_url\":\"http://@/token\","           \
    "\"client_id\":\"staff-client\",\"client_secret\":\"staff-secret\","                 \
    "\"quota_project_id\":\"payer\"}"

static int set_up(void **state)
{
    google_set_up(state);
    write_any(*state, FILE_TEXT);
    google_says(*state, "/identity", 200, "{\"access_token\":\"" SUBJECT "\"}");
    say_token(*state, "ya29.of-the-pool");
    return 0;
}
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, google_tear_down)

/* Has the subject token read from a file below HOME. */
static void write_from_file(struct google *google, const char *format)
{
    char *path = google_path(google, "subject");
    char *source = mem_format("{\"file\":\"%s\"%s}", path, format);
    write_but(google, FILE_TEXT, "credential_source", source);
    free(source);
    free(path);
}

/* ---- asked ---- */

static void a_token_of_a_url_is_exchanged(void **state)
{
    struct google *google = *state;
    struct source_context context = context_for(10 * CLOCK_SECOND);
    struct gcp_token token;
    assert_true(gcp_token_take(&context, &token, NULL));
    assert_string_equal(secret_data(token.bearer), "ya29.of-the-pool");
    assert_string_equal(token.principal, "principal:" POOL "/subject/SUBJECT");
    gcp_token_finish(&token);
    char *asked = google_asked(google, "/identity");
    assert_string_equal(asked, "GET /identity version=2\n"
                               "Authorization: bearer runner-request-token\n"
                               "Metadata: True\n\n");
    free(asked);
    asked = google_asked(google, "/token");
    assert_string_equal(
        asked,
        "POST /token\nContent-Type: application/x-www-form-urlencoded\n\n"
        "grant_type=urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Atoken-exchange"
        "&audience=%2F%2Fiam.googleapis.com%2Fprojects%2F7%2Flocations%2Fglobal%2F"
        "workloadIdentityPools%2Fci%2Fproviders%2Fgitlab"
        "&scope=https%3A%2F%2Fwww.googleapis.com%2Fauth%2Fcloud-platform"
        "&requested_token_type=urn%3Aietf%3Aparams%3Aoauth%3Atoken-type%3Aaccess_token"
        "&subject_token=eyJhbGciOi.eyJzdWIi%2BfQ%2F.c2ln"
        "&subject_token_type=urn%3Aietf%3Aparams%3Aoauth%3Atoken-type%3Ajwt");
    free(asked);
}

static void assert_subject(struct google *google, const char *field)
{
    gcp_token_forget();
    assert_token("ya29.of-the-pool");
    char *asked = google_asked(google, "/token");
    if (!strstr(asked, field)) {
        fail_msg("%s is not in %s", field, asked);
    }
    free(asked);
}

static void a_token_of_a_file_is_read_each_time(void **state)
{
    struct google *google = *state;
    write_from_file(google, "");
    google_file(google, "subject", "first-token\n");
    assert_subject(google, "&subject_token=first-token&");
    google_file(google, "subject", "  second-token \r\n");
    assert_subject(google, "&subject_token=second-token&");
    write_from_file(google, ",\"format\":{\"type\":\"text\"}");
    google_file(google, "subject", "{\"id\":\"a\"}");
    assert_subject(google, "&subject_token=%7B%22id%22%3A%22a%22%7D&");
    write_from_file(google, ",\"format\":{\"type\":\"json\",\"subject_token_field_name\":"
                            "\"id\"}");
    google_file(google, "subject", "{\"id\":\"third-token\"}");
    assert_subject(google, "&subject_token=third-token&");
}

static void a_token_that_was_had_is_kept(void **state)
{
    struct google *google = *state;
    assert_token("ya29.of-the-pool");
    assert_token("ya29.of-the-pool");
    assert_int_equal(google_count(google, "/identity"), 1);
    google_says(google, "/token", 200, "{\"access_token\":\"ya29.b\",\"expires_in\":30}");
    gcp_token_forget();
    assert_token("ya29.b");
    assert_token("ya29.b");
    assert_int_equal(google_count(google, "/identity"), 3);
}

static void a_client_says_who_it_is_in_the_header(void **state)
{
    struct google *google = *state;
    json_t *file = json_loads(FILE_TEXT, 0, NULL);
    json_object_set_new(file, "workforce_pool_user_project", json_string("staff"));
    char *text = json_compact(file);
    write_any(google, text);
    assert_subject(google, "&options=%7B%22userProject%22%3A%22staff%22%7D");
    json_object_set_new(file, "client_secret", json_string("d-client+secret"));
    free(text);
    text = json_compact(file);
    write_but(google, text, "client_id", "\"id\"");
    assert_subject(google, "Authorization: Basic aWQ6ZC1jbGllbnQrc2VjcmV0\n");
    char *asked = google_asked(google, "/token");
    assert_null(strstr(asked, "options="));
    free(asked);
    static const char *const secrets[] = {"d-client+secret"};
    assert_masked(secrets, 1);
    free(text);
    json_decref(file);
}

static void say_account(struct google *google)
{
    char stamp[CLOCK_STAMP];
    clock_stamp(stamp, clock_wall() + 900 * INT64_C(1000));
    char *body =
        mem_format("{\"accessToken\":\"ya29.of-gate\",\"expireTime\":\"%s\"}", stamp);
    google_says(google, PATH, 200, body);
    free(body);
}

static void a_pool_acts_as_an_account(void **state)
{
    struct google *google = *state;
    say_account(google);
    json_t *file = json_loads(FILE_TEXT, 0, NULL);
    json_object_set_new(file, "service_account_impersonation",
                        json_pack("{s:i}", "token_lifetime_seconds", 900));
    char *text = json_compact(file);
    write_but(google, text, "service_account_impersonation_url", "\"http://@" PATH "\"");
    struct source_context context = context_for(10 * CLOCK_SECOND);
    struct gcp_token token;
    assert_true(gcp_token_take(&context, &token, NULL));
    assert_string_equal(secret_data(token.bearer), "ya29.of-gate");
    assert_string_equal(token.principal, ACCOUNT);
    gcp_token_finish(&token);
    char *asked = google_asked(google, PATH);
    assert_non_null(strstr(asked, "Authorization: Bearer ya29.of-the-pool\n"));
    assert_non_null(strstr(asked, "\"lifetime\":\"900s\""));
    free(asked);
    gcp_token_forget();
    google_says(google, PATH, 403, "{\"error\":{\"message\":\"Denied.\"}}");
    assert_refused(ERROR_DENIED, "lacks iam.serviceAccounts.getAccessToken on " ACCOUNT,
                   "--member=principal:" POOL "/subject/SUBJECT "
                   "--role=roles/iam.serviceAccountTokenCreator");
    free(text);
    json_decref(file);
}

static void a_user_of_a_pool_is_refreshed(void **state)
{
    struct google *google = *state;
    write_any(google, USER_TEXT);
    struct source_context context = context_for(10 * CLOCK_SECOND);
    struct gcp_token token;
    assert_true(gcp_token_take(&context, &token, NULL));
    assert_string_equal(secret_data(token.bearer), "ya29.of-the-pool");
    assert_string_equal(token.quota_project, "payer");
    assert_string_equal(token.principal,
                        "principal://iam.googleapis.com/locations/global/workforcePools/"
                        "staff/subject/SUBJECT");
    gcp_token_finish(&token);
    char *asked = google_asked(google, "/token");
    assert_string_equal(asked,
                        "POST /token\n"
                        "Authorization: Basic c3RhZmYtY2xpZW50OnN0YWZmLXNlY3JldA==\n"
                        "Content-Type: application/x-www-form-urlencoded\n\n"
                        "grant_type=refresh_token&refresh_token=rotating-refresh");
    free(asked);
    static const char *const secrets[] = {"rotating-refresh", "staff-secret"};
    assert_masked(secrets, 2);
    gcp_token_forget();
    google_says(google, "/token", 400, "{\"error\":\"invalid_grant\"}");
    assert_refused(ERROR_DENIED, "invalid_grant",
                   "the login has ended: gcloud auth login");
}

static void nothing_of_it_passes_the_mask(void **state)
{
    struct google *google = *state;
    static const char *const secrets[] = {SUBJECT, "ya29.of-the-pool",
                                          "runner-request-token"};
    assert_token("ya29.of-the-pool");
    assert_masked(secrets, 3);
    static const char *const words[] = {"True", "bearer"};
    for (size_t i = 0; i < 2; i++) {
        struct buf text;
        buf_init(&text, 0);
        buf_text(&text, words[i]);
        mask_buf(&text);
        assert_string_equal(buf_string(&text), words[i]);
        buf_finish(&text);
    }
    /* what Google repeats of it in a refusal */
    google_says(google, "/identity", 200, "{\"access_token\":\"never-seen-before\"}");
    google_says(
        google, "/token", 400,
        "{\"error\":\"invalid_grant\",\"error_description\":\"not never-seen-before"
        "\"}");
    gcp_token_forget();
    assert_refused(ERROR_DENIED, ": not " MASK_TEXT, "");
}

/* ---- refused ---- */

static void a_place_without_a_token_is_named(void **state)
{
    struct google *google = *state;
    static const struct {
        int status;
        const char *body;
        enum error_code code;
        const char *words, *hint;
    } rows[] = {
        {401, "secret words", ERROR_DENIED,
         "127.0.0.1 answered 401 without a subject token",
         "url and headers of the credential_source"},
        {302, "{}", ERROR_DENIED, "127.0.0.1 answered 302 without", "url and headers"},
        {200, "<html>", ERROR_PROTOCOL, "no subject token in what is at 127.0.0.1",
         "correct the format"},
        {200, "{}", ERROR_PROTOCOL, "it has no access_token", "correct the format"},
        {200, "[]", ERROR_PROTOCOL, "it has no access_token", "correct the format"},
        {200, "{\"access_token\":7}", ERROR_PROTOCOL, "it has no access_token",
         "correct"},
        {200, "{\"access_token\":\" \"}", ERROR_PROTOCOL, "it is empty", "correct"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        google_says(google, "/identity", rows[i].status, rows[i].body);
        assert_refused(rows[i].code, rows[i].words, rows[i].hint);
    }
    write_from_file(google, "");
    assert_refused(ERROR_SYSTEM, "no subject token for Google credentials",
                   "whoever issues");
    google_file(google, "subject", "\n");
    assert_refused(ERROR_PROTOCOL, "/subject: it is empty", "correct the format");
    char *large = mem_alloc(SECRET_MAX + 2);
    memset(large, 'a', SECRET_MAX + 1);
    google_file(google, "subject", large);
    free(large);
    assert_refused(ERROR_LIMIT, "no subject token for", "");
    assert_int_equal(google_count(google, "/token"), 0);
}

static void a_refused_exchange_is_told_with_its_cause(void **state)
{
    struct google *google = *state;
    google_clock(google, -600); /* no fault of ours: the token is another's */
    google_says(google, "/token", 400,
                "{\"error\":\"invalid_grant\",\"error_description\":\"The audience in ID "
                "Token does not match.\"}");
    assert_refused(ERROR_DENIED,
                   "application_default_credentials.json: The audience in ID",
                   "see whether the subject token is still valid");
    google_says(google, "/token", 403, "{\"error\":{\"message\":\"Not enabled.\"}}");
    assert_refused(ERROR_DENIED, ": Not enabled.", "");
    google_says(google, "/token", 503, "{}");
    assert_refused(ERROR_PROTOCOL, "answered 503: no reason given", "ask again");
    google_says(google, "/token", 200, "<html>");
    assert_refused(ERROR_PROTOCOL, "no JSON", "proxy");
    google_says(google, "/token", 200, "{\"access_token\":\"a\"}");
    assert_refused(ERROR_PROTOCOL, "without a token", "");
}

static void what_a_file_says_wrongly_is_said(void **state)
{
    struct google *google = *state;
    static const char source[] = "credential_source";
    static const struct {
        const char *key, *value, *words, *hint;
    } rows[] = {
        {"audience", "", "it has no audience", "replace that file"},
        {"subject_token_type", "", "it has no subject_token_type", "replace that file"},
        {"token_url", "\"https://example.com/\"",
         "its token_url is neither https in googleapis.com nor on this machine",
         "replace that file"},
        {"client_id", "\"a\"", "it has no client_secret", "replace that file"},
        {source, "", "neither a file nor a url", "replace that file"},
        {source, "7", "neither a file nor a url", "replace that file"},
        {source, "{\"file\":\"/a\",\"url\":\"http://@/\"}", "both a file and a url", ""},
        {source, "{\"url\":\"http://example.com/\"}",
         "its credential_source url is neither https nor on this machine or its link",
         ""},
        {source, "{\"environment_id\":\"aws1\"}",
         "external accounts of AWS are not supported yet", "with a file or a url"},
        {source, "{\"executable\":{\"command\":\"a\"}}",
         "external accounts with an executable are not supported yet", "file or a url"},
        {source, "{\"certificate\":{}}", "with a certificate are not supported yet", ""},
        {source, "{\"file\":\"/a\",\"format\":{\"type\":\"xml\"}}",
         "neither text nor json", ""},
        {source, "{\"file\":\"/a\",\"format\":\"json\"}",
         "its credential_source format must be an object", ""},
        {source, "{\"file\":\"/a\",\"headers\":[]}",
         "its credential_source headers must be an object", ""},
        {source, "{\"file\":\"/a\",\"format\":{\"type\":\"json\"}}",
         "it has no subject_token_field_name", ""},
        {source, "{\"url\":\"http://@/\",\"headers\":{\"a b\":\"c\"}}", "is no header",
         ""},
        {source, "{\"url\":\"http://@/\",\"headers\":{\"a\":7}}", "is no header", ""},
        {"service_account_impersonation_url", "\"https://example.com" PATH "\"",
         "its service_account_impersonation_url is neither https in", ""},
        {"service_account_impersonation_url", "7",
         "it has no service_account_impersonation_url", ""},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        write_but(google, FILE_TEXT, rows[i].key, rows[i].value);
        assert_refused(ERROR_CONFIG, rows[i].words, rows[i].hint);
        assert_refused(ERROR_CONFIG, login_file, "");
    }
    write_but(google, USER_TEXT, "refresh_token", "");
    assert_refused(ERROR_CONFIG, "it has no refresh_token", "replace that file");
    write_but(google, USER_TEXT, "token_url", "\"http://sts.googleapis.com/\"");
    assert_refused(ERROR_CONFIG, "its token_url is neither https in", "");
    assert_int_equal(google_count(google, "/identity"), 0);
    assert_int_equal(google_count(google, "/token"), 0);
}

static void a_line_end_in_a_header_is_not_sent(void **state)
{
    struct google *google = *state;
    write_but(google, FILE_TEXT, "credential_source",
              "{\"url\":\"http://@/identity\",\"headers\":{\"a\":\"b\\r\\nc: d\"}}");
    assert_refused(ERROR_CONFIG, "has a line end", "");
    assert_int_equal(google_count(google, "/identity"), 0);
}

static void a_deadline_holds_at_each_place(void **state)
{
    struct google *google = *state;
    struct deaf deaf;
    deaf_open(&deaf);
    char *url = mem_format("\"http://127.0.0.1:%d/\"", deaf.port);
    char *source = mem_format("{\"url\":%s}", url);
    const struct {
        const char *key, *value, *words;
    } rows[] = {{"credential_source", source, "no subject token from 127.0.0.1: "},
                {"token_url", url, "no token from http://127.0.0.1:"}};
    for (size_t i = 0; i < 2; i++) {
        write_but(google, FILE_TEXT, rows[i].key, rows[i].value);
        struct source_context context = context_for(200 * CLOCK_MS);
        struct gcp_token token;
        struct error error;
        assert_false(gcp_token_take(&context, &token, &error));
        assert_int_equal(error.code, ERROR_TIMEOUT);
        assert_true(text_starts(error.message, rows[i].words));
        assert_true(clock_now() < context.deadline + 200 * CLOCK_MS);
        gcp_token_finish(&token);
    }
    deaf_close(&deaf);
    free(source);
    free(url);
}

int main(void)
{
    json_begin();
    keep_begin();
    http_begin();
    static const struct CMUnitTest tests[] = {
        TEST(a_token_of_a_url_is_exchanged),
        TEST(a_token_of_a_file_is_read_each_time),
        TEST(a_token_that_was_had_is_kept),
        TEST(a_client_says_who_it_is_in_the_header),
        TEST(a_pool_acts_as_an_account),
        TEST(a_user_of_a_pool_is_refreshed),
        TEST(nothing_of_it_passes_the_mask),
        TEST(a_place_without_a_token_is_named),
        TEST(a_refused_exchange_is_told_with_its_cause),
        TEST(what_a_file_says_wrongly_is_said),
        TEST(a_line_end_in_a_header_is_not_sent),
        TEST(a_deadline_holds_at_each_place),
    };
    int failed = unit_run("gcp_federation", tests);
    http_end();
    return failed;
}

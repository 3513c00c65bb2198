/* What an access token for Google's services is promised to be: had in the order in which
 * Google's own libraries look for credentials, once, kept to itself, and its absence told
 * in words that an operator can act on. */
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
#include "secret/base64.h"
#include "secret/jwt.h"
#include "secret/mask.h"
#include "source/gcp_credentials.h"
#include "source/gcp_endpoint.h"
#include "source/gcp_grant.h"
#include "source/gcp_token.h"

#include <openssl/evp.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

static const char metadata_token[] =
    "/computeMetadata/v1/instance/service-accounts/default/token";
static const char metadata_email[] =
    "/computeMetadata/v1/instance/service-accounts/default/email";

/* ---- each kind of credentials ---- */

static bool verifies(const struct jwt *jwt, EVP_PKEY *key)
{
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    bool good = EVP_DigestVerifyInit(context, NULL, EVP_sha256(), NULL, key) == 1 &&
                EVP_DigestVerify(context, jwt->signature, jwt->signature_length,
                                 (const unsigned char *)jwt->signed_part,
                                 strlen(jwt->signed_part)) == 1;
    EVP_MD_CTX_free(context);
    return good;
}

static void a_service_account_signs_what_its_public_key_verifies(void **state)
{
    struct google *google = *state;
    write_key(google);
    say_token(google, "ya29.of-a-key");
    assert_token("ya29.of-a-key");
    char *asked = google_asked(google, "/token");
    static const char start[] = "POST /token\n"
                                "Content-Type: application/x-www-form-urlencoded\n\n"
                                "grant_type=urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3A"
                                "jwt-bearer&assertion=";
    assert_true(text_starts(asked, start));
    struct jwt jwt;
    assert_true(jwt_parse(asked + sizeof start - 1, &jwt, NULL));
    assert_string_equal(json_get_text(jwt.header, "alg"), "RS256");
    assert_string_equal(json_get_text(jwt.header, "kid"), "key-1");
    assert_string_equal(json_get_text(jwt.claims, "iss"),
                        "deploy@netra.iam.gserviceaccount.com");
    assert_string_equal(json_get_text(jwt.claims, "scope"),
                        "https://www.googleapis.com/auth/cloud-platform");
    assert_non_null(strstr(json_get_text(jwt.claims, "aud"), "/token"));
    json_int_t iat = json_integer_value(json_object_get(jwt.claims, "iat"));
    assert_int_equal(json_integer_value(json_object_get(jwt.claims, "exp")), iat + 3600);
    assert_true(verifies(&jwt, account_key()));
    jwt.signed_part[0] ^= 1;
    assert_false(verifies(&jwt, account_key()));
    jwt_finish(&jwt);
    free(asked);
}

static void a_login_is_refreshed(void **state)
{
    struct google *google = *state;
    write_login(google, ",\"quota_project_id\":\"netra\"");
    say_token(google, "ya29.of-a-user");
    struct source_context context = context_for(10 * CLOCK_SECOND);
    struct gcp_token token;
    assert_true(gcp_token_take(&context, &token, NULL));
    assert_string_equal(secret_data(token.bearer), "ya29.of-a-user");
    assert_string_equal(token.quota_project, "netra");
    assert_non_null(strstr(token.principal, login_file));
    gcp_token_finish(&token);
    char *asked = google_asked(google, "/token");
    assert_non_null(strstr(asked, "\n\ngrant_type=refresh_token&client_id=id.apps&"
                                  "client_secret=d-client%2Bsecret&"
                                  "refresh_token=1%2F%2Frefresh%26token"));
    free(asked);
}

static void a_machine_of_google_is_asked_with_the_header_that_it_wants(void **state)
{
    struct google *google = *state;
    google_machine(google, 1);
    struct source_context context = context_for(10 * CLOCK_SECOND);
    struct gcp_token token;
    assert_true(gcp_token_take(&context, &token, NULL));
    assert_string_equal(secret_data(token.bearer), "ya29.machine-token-1");
    char *asked = google_asked(google, metadata_token);
    assert_non_null(strstr(asked, "Metadata-Flavor: Google\n"));
    free(asked);
    assert_int_equal(google_count(google, metadata_email), 0);
    char *name = gcp_token_name(&token, &context);
    assert_string_equal(name, "gate@netra.iam.gserviceaccount.com");
    free(name);
    google_flavor(google, false);
    name = gcp_token_name(&token, &context);
    assert_string_equal(name, "the default service account of this machine");
    free(name);
    gcp_token_finish(&token);
}

static void credentials_are_looked_for_in_their_order(void **state)
{
    struct google *google = *state;
    google_machine(google, 1);
    assert_token("ya29.machine-token-1");
    write_login(google, "");
    say_token(google, "ya29.of-a-user");
    assert_token("ya29.of-a-user");
    char *other = google_path(google, "elsewhere");
    setenv("CLOUDSDK_CONFIG", other, 1); /* the login there is none */
    free(other);
    assert_token("ya29.machine-token-1");
    write_key(google);
    say_token(google, "ya29.of-a-key");
    assert_token("ya29.of-a-key");
}

/* ---- kept ---- */

static void *take_in_thread(void *self)
{
    struct error error;
    (void)self;
    return take(&error);
}

static void a_token_is_fetched_once_for_all_threads(void **state)
{
    struct google *google = *state;
    google_machine(google, 1);
    enum { THREADS = 4 };
    pthread_t threads[THREADS];
    for (size_t i = 0; i < THREADS; i++) {
        assert_int_equal(pthread_create(&threads[i], NULL, take_in_thread, NULL), 0);
    }
    for (size_t i = 0; i < THREADS; i++) {
        void *text = NULL;
        pthread_join(threads[i], &text);
        assert_string_equal(text, "ya29.machine-token-1");
        free(text);
    }
    assert_int_equal(google_count(google, metadata_token), 1);
}

static void a_token_that_is_about_to_end_is_not_used_again(void **state)
{
    struct google *google = *state;
    google_says(google, metadata_token, 200,
                "{\"access_token\":\"ya29.short\",\"expires_in\":30}");
    assert_token("ya29.short");
    google_machine(google, 2);
    assert_token("ya29.machine-token-2");
    assert_int_equal(google_count(google, metadata_token), 2);
}

static void no_token_is_kept_for_longer_than_was_asked_for(void **state)
{
    (void)state;
    assert_int_equal(gcp_grant_until(7, 600), 7 + 540 * CLOCK_SECOND);
    assert_int_equal(gcp_grant_until(7, INT64_MAX), 7 + 3540 * CLOCK_SECOND);
    assert_true(gcp_grant_until(7, 1) < 7);
}

static void a_token_that_was_refused_is_fetched_anew(void **state)
{
    struct google *google = *state;
    google_machine(google, 1);
    struct source_context context = context_for(10 * CLOCK_SECOND);
    struct gcp_token token;
    assert_true(gcp_token_take(&context, &token, NULL));
    google_machine(google, 2);
    gcp_token_refuse(&token);
    assert_token("ya29.machine-token-2");
    gcp_token_refuse(&token); /* late: that one is gone already */
    assert_token("ya29.machine-token-2");
    assert_int_equal(google_count(google, metadata_token), 2);
    gcp_token_finish(&token);
}

static void neither_token_nor_credentials_pass_the_mask(void **state)
{
    struct google *google = *state;
    write_login(google, "");
    say_token(google, "ya29.of-a-user");
    assert_token("ya29.of-a-user");
    static const char *const secrets[] = {"ya29.of-a-user", "1//refresh&token",
                                          "d-client+secret"};
    assert_masked(secrets, 3);
    char *shown = mask_clean("id.apps", 200);
    assert_string_equal(shown, "id.apps");
    free(shown);
}

/* ---- what an operator reads ---- */

static void no_credentials_says_what_to_run(void **state)
{
    struct google *google = *state;
    char *nobody = mem_format("127.0.0.1:%d", peer_free_port());
    setenv("GCE_METADATA_HOST", nobody, 1);
    free(nobody);
    assert_refused(ERROR_SYSTEM,
                   "no Google credentials on this machine (connection refused",
                   "run: gcloud auth application-default login");
    char *here = mem_format("127.0.0.1:%d", google_port(google));
    setenv("GCE_METADATA_HOST", here, 1);
    free(here);
    assert_refused(ERROR_SYSTEM, "this machine has no service account", GCP_LOGIN);
    google_machine(google, 1);
    google_flavor(google, false);
    assert_refused(ERROR_SYSTEM, "is something else", GCP_LOGIN);
}

static void what_a_file_lacks_is_said(void **state)
{
    struct google *google = *state;
    static const struct {
        const char *text, *words, *hint;
    } rows[] = {
        {"{\"type\":\"wizard\"}", "its type is unknown", "replace that file"},
        {"[]", "its type is unknown", "replace that file"},
        {"{\"type\":\"service_account\"}", "it has no client_email", "replace that file"},
        {"{\"type\":\"authorized_user\",\"client_id\":\"a\",\"client_secret\":\"b\"}",
         "it has no refresh_token", "replace that file"},
        {"{\"type\":\"service_account\",\"client_email\":\"a\",\"private_key\":\"b\","
         "\"token_uri\":\"http://example.com/token\"}",
         "token_uri is neither https nor on this machine", "replace that file"},
        {"{\"type\":\"service_account\",\"client_email\":\"a\",\"private_key\":\"b\","
         "\"token_uri\":\"https://u:p@example.com/token\"}",
         "token_uri is neither https nor on this machine", "replace that file"},
        {"{\"type\":\"service_account\",\"client_email\":\"a\",\"private_key\":\"b\"}",
         "its private key is no RSA key in PEM", "make a new key"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        google_file(google, login_file, rows[i].text);
        assert_refused(ERROR_CONFIG, rows[i].words, rows[i].hint);
        assert_refused(ERROR_CONFIG, "application_default_credentials.json", "");
    }
    google_file(google, login_file, "{");
    assert_refused(ERROR_PROTOCOL, "not JSON", "replace that file");
    setenv("GOOGLE_APPLICATION_CREDENTIALS", "/nowhere/key.json", 1);
    assert_refused(ERROR_ABSENT, "/nowhere/key.json", "GOOGLE_APPLICATION_CREDENTIALS");
}

static void a_key_that_is_not_rsa_is_refused(void **state)
{
    struct google *google = *state;
    EVP_PKEY *key = EVP_EC_gen("P-256");
    json_t *file = key_json(key, "http://127.0.0.1:1/token");
    char *text = json_compact(file);
    google_file(google, login_file, text);
    free(text);
    json_decref(file);
    EVP_PKEY_free(key);
    assert_refused(ERROR_CONFIG, "no RSA key", "make a new key");
}

static void a_refusal_is_told_with_its_cause(void **state)
{
    struct google *google = *state;
    static const char grant[] =
        "{\"error\":\"invalid_grant\",\"error_description\":\"Token has been expired or "
        "revoked.\"}";
    write_login(google, "");
    google_says(google, "/token", 400, grant);
    assert_refused(ERROR_DENIED, "expired or revoked", "the login has ended: gcloud");
    google_says(google, "/token", 503, "{\"error\":\"internal\"}");
    assert_refused(ERROR_PROTOCOL, "answered 503: internal", "ask again");
    write_key(google);
    google_says(google, "/token", 400, grant);
    assert_refused(ERROR_DENIED, "refuses the credentials", "deploy@netra");
    google_clock(google, -600);
    assert_refused(ERROR_DENIED, "s ahead", "set the clock");
    google_clock(google, 600);
    assert_refused(ERROR_DENIED, "s behind", "set the clock");
}

static void what_is_no_token_is_not_taken_for_one(void **state)
{
    struct google *google = *state;
    static const struct {
        int status;
        const char *body, *words;
    } rows[] = {
        {200, "<html>log in</html>", "no JSON"},
        {200, "[]", "no JSON"},
        {200, "{}", "without a token"},
        {200, "{\"access_token\":\"\",\"expires_in\":10}", "without a token"},
        {200, "{\"access_token\":\"a\"}", "without a token"},
        {200, "{\"access_token\":7,\"expires_in\":10}", "without a token"},
        {200, "{\"access_token\":\"a\",\"expires_in\":-1}", "without a token"},
        {302, "{\"access_token\":\"a\",\"expires_in\":10}", "answered 302 without"},
        {500, "{}", "answered 500 without a token"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        google_says(google, metadata_token, rows[i].status, rows[i].body);
        assert_refused(ERROR_PROTOCOL, rows[i].words, "");
    }
    char *large = mem_alloc(100 * 1024 + 1);
    memset(large, 'a', 100 * 1024);
    write_login(google, "");
    google_says(google, "/token", 200, large);
    free(large);
    assert_refused(ERROR_LIMIT, "no token from", "");
}

static void a_deadline_holds_also_for_who_waits_for_another(void **state)
{
    (void)state;
    struct deaf deaf;
    deaf_open(&deaf);
    char *host = mem_format("127.0.0.1:%d", deaf.port);
    setenv("GCE_METADATA_HOST", host, 1);
    free(host);
    pthread_t thread;
    assert_int_equal(pthread_create(&thread, NULL, take_in_thread, NULL), 0);
    struct source_context context = context_for(200 * CLOCK_MS);
    struct gcp_token token;
    struct error error;
    assert_false(gcp_token_take(&context, &token, &error));
    assert_true(error.code == ERROR_TIMEOUT || error.code == ERROR_SYSTEM);
    assert_true(clock_now() < context.deadline + 200 * CLOCK_MS);
    gcp_token_finish(&token);
    deaf_close(&deaf); /* which ends the other one, too */
    void *text = NULL;
    pthread_join(thread, &text);
    free(text);
}

/* ---- where it is asked ---- */

static void a_url_in_a_file_is_taken_no_further_than_it_must(void **state)
{
    (void)state;
    static const struct {
        const char *url;
        bool google, token, subject;
    } rows[] = {
        {"https://sts.googleapis.com/v1/token", true, true, true},
        {"http://127.0.0.1:80/token", true, true, true},
        {"http://localhost/token", true, true, true},
        {"http://[::1]/token", true, true, true},
        {"https://token.example.com/github?api-version=2.0", false, true, true},
        {"https://googleapis.com.example.com/", false, true, true},
        {"https://sts.googleapis.com@example.com/", false, false, false},
        {"http://169.254.169.254/metadata/identity", false, false, true},
        {"http://169.254.169.254.example.com/", false, false, false},
        {"http://169.253.169.254/", false, false, false},
        {"http://10.0.0.1/", false, false, false},
        {"http://example.com/", false, false, false},
        {"http://sts.googleapis.com/v1/token", false, false, false},
        {"file:///etc/passwd", false, false, false},
        {"https://ex\xc3\xa4mple.com/?secret", false, false, false},
        {"nonsense", false, false, false},
        {"", false, false, false},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        if (gcp_google_url(rows[i].url) != rows[i].google ||
            gcp_token_url(rows[i].url) != rows[i].token ||
            gcp_subject_url(rows[i].url) != rows[i].subject) {
            fail_msg("%s", rows[i].url);
        }
    }
    char *place = gcp_url_place("https://example.com/path?secret");
    assert_string_equal(place, "example.com");
    free(place);
}

static void a_token_goes_to_this_machine_or_to_google(void **state)
{
    (void)state;
    static const char variable[] = "CLOUDSDK_API_ENDPOINT_OVERRIDES_RUN";
    static const struct {
        const char *value, *endpoint;
    } rows[] = {
        {"", "https://run.googleapis.com"},
        {"https://us-central1-run.googleapis.com/",
         "https://us-central1-run.googleapis.com"},
        {"http://127.0.0.1:80/", "http://127.0.0.1:80"},
        {"http://[::1]:80", "http://[::1]:80"},
        {"http://run.googleapis.com", NULL},
        {"https://googleapis.com.example.com", NULL},
        {"https://evilgoogleapis.com", NULL},
        {"https://127.0.0.1@example.com", NULL},
        {"http://127.0.0.1.example.com", NULL},
        {"file:///etc/passwd", NULL},
        {"nonsense", NULL},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        setenv(variable, rows[i].value, 1);
        struct error error = {0};
        char *endpoint = gcp_endpoint(GCP_RUN, &error);
        if (!text_equal(endpoint, rows[i].endpoint)) {
            fail_msg("%s: %s", rows[i].value, endpoint ? endpoint : error.message);
        }
        assert_true(endpoint || strstr(error.hint, variable));
        free(endpoint);
    }
    setenv("GCE_METADATA_HOST", "example.com", 1);
    assert_refused(ERROR_CONFIG, "GCE_METADATA_HOST", "unset");
}

int main(void)
{
    json_begin();
    keep_begin();
    http_begin();
    static const struct CMUnitTest tests[] = {
        GOOGLE_TEST(a_service_account_signs_what_its_public_key_verifies),
        GOOGLE_TEST(a_login_is_refreshed),
        GOOGLE_TEST(a_machine_of_google_is_asked_with_the_header_that_it_wants),
        GOOGLE_TEST(credentials_are_looked_for_in_their_order),
        GOOGLE_TEST(a_token_is_fetched_once_for_all_threads),
        GOOGLE_TEST(a_token_that_is_about_to_end_is_not_used_again),
        GOOGLE_TEST(no_token_is_kept_for_longer_than_was_asked_for),
        GOOGLE_TEST(a_token_that_was_refused_is_fetched_anew),
        GOOGLE_TEST(neither_token_nor_credentials_pass_the_mask),
        GOOGLE_TEST(no_credentials_says_what_to_run),
        GOOGLE_TEST(what_a_file_lacks_is_said),
        GOOGLE_TEST(a_key_that_is_not_rsa_is_refused),
        GOOGLE_TEST(a_refusal_is_told_with_its_cause),
        GOOGLE_TEST(what_is_no_token_is_not_taken_for_one),
        GOOGLE_TEST(a_deadline_holds_also_for_who_waits_for_another),
        GOOGLE_TEST(a_url_in_a_file_is_taken_no_further_than_it_must),
        GOOGLE_TEST(a_token_goes_to_this_machine_or_to_google),
    };
    int failed = unit_run("gcp_token", tests);
    account_key_free();
    http_end();
    return failed;
}

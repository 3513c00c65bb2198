/* What a secret in Google Cloud is promised to be: the bytes that are stored, with their
 * version and age, or why not and what to do; never a guess. */
#include "tests/unit/unit.h"

#include "tests/unit/google.h"

#include "base/buf.h"
#include "base/clock.h"
#include "base/crc32c.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/text.h"
#include "net/http.h"
#include "secret/base64.h"
#include "source/source.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SECRET "/v1/projects/netra/secrets/jwt-secret-staging"
#define ACCESS SECRET "/versions/latest:access"
#define SOURCE "{\"gcp_secret\":\"projects/netra/secrets/jwt-secret-staging\"}"
#define LIST   "/v1/projects/netra/secrets"
#define VALUE  "q7Zk3vX0mT9sLr2YfB8nWc5HdJ1uGp6EaQxRzN4oKiV="
#define NOT_FOUND                                                                        \
    "{\"error\":{\"code\":404,\"message\":\"Secret not "                                 \
    "found.\",\"status\":\"NOT_FOUND\"}}"
#define DENIED                                                                           \
    "{\"error\":{\"code\":403,\"message\":\"Permission denied.\","                       \
    "\"status\":\"PERMISSION_DENIED\"}}"

static struct resolved resolve(const char *text)
{
    json_t *source = json_parse(text, strlen(text), NULL);
    struct error error = {0};
    if (!source_validate(source, &error)) {
        fail_msg("%s: %s", text, error.message);
    }
    struct source_context context = {.directory = "/",
                                     .deadline = clock_now() + 10 * CLOCK_SECOND};
    struct resolved resolved;
    source_resolve(source, &context, &resolved);
    json_decref(source);
    return resolved;
}

static void assert_value(const char *source, const char *value, const char *version)
{
    struct resolved resolved = resolve(source);
    if (resolved.state != SOURCE_FOUND) {
        fail_msg("%s", resolved.error.message);
    }
    assert_int_equal(secret_length(resolved.secret), strlen(value));
    assert_memory_equal(secret_data(resolved.secret), value, strlen(value));
    assert_true(text_equal(resolved.version, version));
    resolved_finish(&resolved);
}

static void assert_not(const char *source, enum source_state state, const char *words,
                       const char *hint)
{
    struct resolved resolved = resolve(source);
    if (resolved.state != state || !strstr(resolved.error.message, words) ||
        !strstr(resolved.error.hint, hint)) {
        fail_msg("state %d: %s (%s); wanted %d: %s (%s)", (int)resolved.state,
                 resolved.error.message, resolved.error.hint, (int)state, words, hint);
    }
    assert_null(resolved.secret);
    resolved_finish(&resolved);
}

/* What Secret Manager answers to an access; `off` spoils the checksum. */
static void say_value(struct google *google, const char *path, const char *version,
                      const char *value, size_t length, uint32_t off)
{
    struct buf data;
    buf_init(&data, 0);
    base64_encode(&data, value, length);
    char *body =
        mem_format("{\"name\":\"projects/7/secrets/jwt-secret-staging/versions/%s\","
                   "\"payload\":{\"data\":\"%s\",\"dataCrc32c\":\"%u\"}}",
                   version, buf_string(&data), (unsigned)(crc32c(value, length) + off));
    google_says(google, path, 200, body);
    free(body);
    buf_finish(&data);
}

static int set_up(void **state)
{
    google_set_up(state);
    google_machine(*state, 1);
    say_value(*state, ACCESS, "7", VALUE, strlen(VALUE), 0);
    return 0;
}
#define GCP_TEST(name) cmocka_unit_test_setup_teardown(name, set_up, google_tear_down)

/* ---- the checksum ---- */

static void crc32c_is_that_of_rfc_3720(void **state)
{
    (void)state;
    unsigned char bytes[32] = {0};
    assert_int_equal(crc32c(bytes, 32), 0x8a9136aau);
    memset(bytes, 0xff, 32);
    assert_int_equal(crc32c(bytes, 32), 0x62a8ab43u);
    for (size_t i = 0; i < 32; i++) {
        bytes[i] = (unsigned char)i;
    }
    assert_int_equal(crc32c(bytes, 32), 0x46dd794eu);
    for (size_t i = 0; i < 32; i++) {
        bytes[i] = (unsigned char)(31 - i);
    }
    assert_int_equal(crc32c(bytes, 32), 0x113fdb5cu);
    assert_int_equal(crc32c("123456789", 9), 0xe3069283u);
    assert_int_equal(crc32c("", 0), 0);
}

/* ---- found ---- */

static void a_secret_comes_with_its_version_and_age(void **state)
{
    struct google *google = *state;
    google_says(google, SECRET "/versions/7", 200,
                "{\"createTime\":\"2026-01-31T12:04:31.218123Z\",\"state\":\"ENABLED\"}");
    struct resolved resolved = resolve(SOURCE);
    assert_int_equal(resolved.state, SOURCE_FOUND);
    assert_string_equal(secret_data(resolved.secret), VALUE);
    assert_string_equal(resolved.label, "Secret Manager jwt-secret-staging");
    assert_string_equal(resolved.version, "7");
    char stamp[CLOCK_STAMP];
    clock_stamp(stamp, resolved.created);
    assert_string_equal(stamp, "2026-01-31T12:04:31.218Z");
    resolved_finish(&resolved);
    char *asked = google_asked(google, ACCESS);
    assert_true(text_starts(asked, "GET " ACCESS "\nAuthorization: Bearer "
                                   "ya29.machine-token-1\n"));
    free(asked);
}

static void an_age_that_may_not_be_seen_is_none(void **state)
{
    struct google *google = *state;
    static const char *const bodies[] = {
        "{}", "{\"createTime\":\"yesterday at about noon\"}", "{\"createTime\":7}"};
    google_says(google, SECRET "/versions/7", 403, DENIED);
    for (size_t i = 0; i <= sizeof bodies / sizeof bodies[0]; i++) {
        struct resolved resolved = resolve(SOURCE);
        assert_int_equal(resolved.state, SOURCE_FOUND);
        assert_int_equal(resolved.created, 0);
        resolved_finish(&resolved);
        google_says(google, SECRET "/versions/7", 200, bodies[i < 3 ? i : 0]);
    }
}

static void the_version_that_is_wanted_is_asked_for(void **state)
{
    struct google *google = *state;
    say_value(google, SECRET "/versions/3:access", "3", "older", 5, 0);
    assert_value("{\"gcp_secret\":\"projects/netra/secrets/jwt-secret-staging\","
                 "\"version\":\"3\"}",
                 "older", "3");
    assert_value(SOURCE, VALUE, "7");
}

static void every_byte_is_kept(void **state)
{
    struct google *google = *state;
    say_value(google, ACCESS, "7", " two\nlines \n", 12, 0);
    assert_value(SOURCE, " two\nlines \n", "7");
    say_value(google, ACCESS, "7", "a\0b\xff", 4, 0);
    struct resolved resolved = resolve(SOURCE);
    assert_int_equal(secret_length(resolved.secret), 4);
    assert_memory_equal(secret_data(resolved.secret), "a\0b\xff", 4);
    resolved_finish(&resolved);
    say_value(google, ACCESS, "7", "", 0, 0);
    assert_value(SOURCE, "", "7");
}

/* ---- not found ---- */

static void a_missing_secret_names_those_that_look_alike(void **state)
{
    struct google *google = *state;
    static const char source[] =
        "{\"gcp_secret\":\"projects/netra/secrets/jwt-secret-key\"}";
    google_says(google,
                "/v1/projects/netra/secrets/jwt-secret-key/versions/latest:access", 404,
                NOT_FOUND);
    google_says(google, LIST, 200,
                "{\"secrets\":[{\"name\":\"projects/7/secrets/db-password\"},"
                "{\"name\":\"projects/7/secrets/webhook-secret\"},"
                "{\"name\":\"projects/7/secrets/signing-secret\"},"
                "{\"name\":\"projects/7/secrets/jwt-secret-staging\"},{}]}");
    assert_not(
        source, SOURCE_ABSENT,
        "project netra has no secret jwt-secret-key (there are jwt-secret-staging, "
        "webhook-secret, signing-secret)",
        "correct the name of the secret");
    google_says(google, LIST, 200, "{}");
    assert_not(source, SOURCE_ABSENT, "project netra has no secret jwt-secret-key",
               "gcloud secrets create jwt-secret-key --project=netra");
    google_says(google, LIST, 403, DENIED);
    assert_not(source, SOURCE_ABSENT, "not found: Secret not found.", "correct the name");
}

static void a_secret_without_that_version_is_told_from_none(void **state)
{
    struct google *google = *state;
    google_says(google, ACCESS, 404, NOT_FOUND);
    google_says(google, LIST, 200,
                "{\"secrets\":[{\"name\":\"projects/7/secrets/jwt-secret-staging\"}]}");
    assert_not(SOURCE, SOURCE_ABSENT, "secret jwt-secret-staging has no version latest",
               "gcloud secrets versions add jwt-secret-staging --project=netra");
}

static void an_absent_secret_passes_on_and_a_denied_one_stops(void **state)
{
    struct google *google = *state;
    google_file(google, "fallback", VALUE);
    char *path = google_path(google, "fallback");
    char *list = mem_format("[" SOURCE ",{\"file\":\"%s\"}]", path);
    google_says(google, ACCESS, 404, NOT_FOUND);
    struct resolved resolved = resolve(list);
    assert_int_equal(resolved.state, SOURCE_FOUND);
    assert_non_null(
        strstr(resolved.tried, "Secret Manager jwt-secret-staging: not found"));
    resolved_finish(&resolved);
    google_says(google, ACCESS, 403, DENIED);
    assert_not(list, SOURCE_BROKEN, "lacks secretmanager.versions.access", "gcloud");
    google_file(google, "fallback", "");
    google_says(google, ACCESS, 404, NOT_FOUND);
    assert_not(list, SOURCE_ABSENT, "no source has it", "correct the name of the secret");
    free(list);
    free(path);
}

/* ---- refused ---- */

static void a_denial_names_who_lacks_what(void **state)
{
    struct google *google = *state;
    google_says(google, ACCESS, 403, DENIED);
    assert_not(
        SOURCE, SOURCE_BROKEN,
        "gate@netra.iam.gserviceaccount.com lacks secretmanager.versions.access on "
        "projects/netra/secrets/jwt-secret-staging",
        "--member=serviceAccount:gate@netra.iam.gserviceaccount.com "
        "--role=roles/secretmanager.secretAccessor");
    google_says(
        google, ACCESS, 403,
        "{\"error\":{\"message\":\"API has not been used.\",\"status\":"
        "\"PERMISSION_DENIED\",\"details\":[{\"reason\":\"SERVICE_DISABLED\"}]}}");
    assert_not(SOURCE, SOURCE_BROKEN, "secretmanager.googleapis.com is not enabled",
               "gcloud services enable secretmanager.googleapis.com");
}

static void who_asks_is_asked_for_only_where_a_refusal_must_name_it(void **state)
{
    struct google *google = *state;
    static const char email[] =
        "/computeMetadata/v1/instance/service-accounts/default/email";
    assert_value(SOURCE, VALUE, "7");
    google_says(google, ACCESS, 404, NOT_FOUND);
    assert_not(SOURCE, SOURCE_ABSENT, "not found", "");
    assert_int_equal(google_count(google, email), 0);
    google_says(google, ACCESS, 403, DENIED);
    assert_not(SOURCE, SOURCE_BROKEN, "gate@netra.iam.gserviceaccount.com lacks", "");
    assert_int_equal(google_count(google, email), 1);
    google_says(google, email, 500, "no");
    assert_not(SOURCE, SOURCE_BROKEN, "the default service account of this machine lacks",
               "--member=MEMBER");
    google_says(google, email, 200, "a@b.c;reboot");
    assert_not(SOURCE, SOURCE_BROKEN, "lacks", "--member=MEMBER");
}

static void a_disabled_or_destroyed_version_is_broken(void **state)
{
    struct google *google = *state;
    static const char state_of[] =
        "{\"error\":{\"code\":400,\"status\":\"FAILED_PRECONDITION\",\"message\":"
        "\"Secret "
        "Version [projects/7/secrets/jwt-secret-staging/versions/3] is in %s state.\"}}";
    char body[400];
    snprintf(body, sizeof body, state_of, "DISABLED");
    google_says(google, ACCESS, 400, body);
    assert_not(SOURCE, SOURCE_BROKEN, "version 3 is disabled",
               "versions enable 3 --secret=jwt-secret-staging --project=netra");
    snprintf(body, sizeof body, state_of, "DESTROYED");
    google_says(google, ACCESS, 400, body);
    assert_not(SOURCE, SOURCE_BROKEN, "version 3 is destroyed",
               "gcloud secrets versions add");
    google_says(
        google, ACCESS, 400,
        "{\"error\":{\"status\":\"FAILED_PRECONDITION\",\"message\":\"Key gone.\"}}");
    assert_not(SOURCE, SOURCE_BROKEN, "version latest: Key gone.", "");
}

static void a_damaged_value_is_never_used(void **state)
{
    struct google *google = *state;
    say_value(google, ACCESS, "7", VALUE, strlen(VALUE), 1);
    assert_not(SOURCE, SOURCE_BROKEN, "its checksum does not fit", "ask again");
    static const struct {
        const char *body, *words;
    } rows[] = {
        {"{\"name\":\"projects/7/secrets/s/versions/7\",\"payload\":{\"data\":\"YQ==\"}}",
         "no checksum"},
        {"{\"name\":\"projects/7/secrets/s/versions/7\",\"payload\":{\"data\":\"YQ==\","
         "\"dataCrc32c\":\"-1\"}}",
         "no checksum"},
        {"{\"name\":\"projects/7/secrets/s/versions/7\",\"payload\":{\"data\":\"Y!==\"}}",
         "not base64"},
        {"{\"name\":\"projects/7/secrets/s/versions/7\"}", "no checksum"},
        {"{\"payload\":{\"data\":\"YQ==\",\"dataCrc32c\":\"3251651376\"}}",
         "which version"},
        {"{\"name\":\"s/versions/../..\",\"payload\":{\"data\":\"YQ==\"}}",
         "which version"},
        {"{}", "which version"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        google_says(google, ACCESS, 200, rows[i].body);
        assert_not(SOURCE, SOURCE_BROKEN, rows[i].words, "");
    }
}

static void what_is_larger_than_a_secret_can_be_is_refused(void **state)
{
    struct google *google = *state;
    static char value[1024 * 1024];
    memset(value, 'a', sizeof value);
    say_value(google, ACCESS, "7", value, SECRET_MAX, 0);
    struct resolved resolved = resolve(SOURCE);
    assert_int_equal(resolved.state, SOURCE_FOUND);
    resolved_finish(&resolved);
    say_value(google, ACCESS, "7", value, SECRET_MAX + 1, 0);
    assert_not(SOURCE, SOURCE_BROKEN, "no room to keep a secret of 65537 bytes",
               "at most");
    say_value(google, ACCESS, "7", value, sizeof value, 0);
    assert_not(SOURCE, SOURCE_BROKEN, "more than 1048576 bytes", "");
}

/* ---- asked in vain ---- */

static void an_answer_of_something_else_is_broken(void **state)
{
    struct google *google = *state;
    static const struct {
        int status;
        const char *body, *words;
    } rows[] = {
        {200, "<html>log in</html>", "answered 200 with something that is not its API"},
        {403, "<html>proxy</html>", "answered 403 with something that is not its API"},
        {404, "<html>nothing</html>", "answered 404 with something that is not its API"},
        {302, "{}", "answered 302 with something that is not its API"},
        {200, "[]", "answered 200 with something that is not its API"},
        {418, "{}", "Secret Manager answered 418: no reason given"},
        {429, "{}", "secretmanager.googleapis.com answered 429"},
        {503, "{\"error\":{\"message\":\"Try later.\"}}", "answered 503: Try later."},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        google_says(google, ACCESS, rows[i].status, rows[i].body);
        assert_not(SOURCE, SOURCE_BROKEN, rows[i].words, "");
    }
    google_machine(google, 1);
    setenv("CLOUDSDK_API_ENDPOINT_OVERRIDES_SECRETMANAGER", "https://example.com/", 1);
    assert_not(SOURCE, SOURCE_BROKEN,
               "neither on this machine nor https in googleapis.com", "unset");
}

static void a_token_that_was_revoked_is_replaced_once(void **state)
{
    struct google *google = *state;
    static const char token[] =
        "/computeMetadata/v1/instance/service-accounts/default/token";
    assert_value(SOURCE, VALUE, "7");
    assert_value(SOURCE, VALUE, "7");
    assert_int_equal(google_count(google, token), 1);
    google_says_once(
        google, ACCESS, 401,
        "{\"error\":{\"message\":\"Invalid.\",\"status\":\"UNAUTHENTICATED\"}}");
    assert_value(SOURCE, VALUE, "7");
    assert_int_equal(google_count(google, token), 2);
    google_says(google, ACCESS, 401,
                "{\"error\":{\"message\":\"Invalid.\",\"status\":\"UNAUTHENTICATED\"}}");
    unsigned before = google_count(google, ACCESS);
    assert_not(SOURCE, SOURCE_BROKEN, "refuses the access token of gate@netra",
               "log in again");
    assert_int_equal(google_count(google, ACCESS), before + 2);
}

static void a_user_names_the_project_that_pays(void **state)
{
    struct google *google = *state;
    char *file =
        mem_format("{\"type\":\"authorized_user\",\"client_id\":\"id\","
                   "\"client_secret\":\"secret\",\"refresh_token\":\"refresh\","
                   "\"quota_project_id\":\"payer\",\"account\":\"ada@example.com\","
                   "\"token_uri\":\"http://127.0.0.1:%d/token\"}",
                   google_port(google));
    google_file(google, ".config/gcloud/application_default_credentials.json", file);
    free(file);
    google_says(google, "/token", 200,
                "{\"access_token\":\"ya29.u\",\"expires_in\":3599}");
    assert_value(SOURCE, VALUE, "7");
    char *asked = google_asked(google, ACCESS);
    assert_non_null(strstr(asked, "x-goog-user-project: payer\n"));
    free(asked);
    google_says(google, ACCESS, 403, DENIED);
    assert_not(SOURCE, SOURCE_BROKEN, "ada@example.com lacks",
               "--member=user:ada@example.com");
}

static void a_name_that_is_none_is_refused_before_anybody_is_asked(void **state)
{
    struct google *google = *state;
    static const struct {
        const char *source, *words;
    } rows[] = {
        {"{\"gcp_secret\":\"jwt-secret\"}", "is not projects/PROJECT/secrets/NAME"},
        {"{\"gcp_secret\":\"projects/p/secrets/s/versions/7\"}", "is not projects/"},
        {"{\"gcp_secret\":\"projects/p/locations/l/secrets/s\"}", "is not projects/"},
        {"{\"gcp_secret\":\"projects/../secrets/s\"}", "is not projects/"},
        {"{\"gcp_secret\":\"projects/p?/secrets/s\"}", "is not projects/"},
        {"{\"gcp_secret\":\"projects//secrets/s\"}", "is not projects/"},
        {"{\"gcp_secret\":\"projects/p/secrets/\"}", "is not projects/"},
        {"{\"gcp_secret\":7}", "\"gcp_secret\" wants a text"},
        {"{\"gcp_secret\":\"projects/p/secrets/s\",\"version\":\"\"}", "no version"},
        {"{\"gcp_secret\":\"projects/p/secrets/s\",\"version\":\"7/..\"}", "no version"},
        {"{\"gcp_secret\":\"projects/p/secrets/s\",\"version\":7}", "is a text"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        json_t *source = json_parse(rows[i].source, strlen(rows[i].source), NULL);
        struct error error = {0};
        if (source_validate(source, &error) || !strstr(error.message, rows[i].words)) {
            fail_msg("%s: %s", rows[i].source, error.message);
        }
        json_decref(source);
    }
    json_t *domain =
        json_pack("{s:s}", "gcp_secret", "projects/example.com:p/secrets/a_B-1");
    assert_true(source_validate(domain, NULL));
    json_decref(domain);
    assert_int_equal(google_count(google, ACCESS), 0);
}

int main(void)
{
    json_begin();
    keep_begin();
    http_begin();
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(crc32c_is_that_of_rfc_3720),
        GCP_TEST(a_secret_comes_with_its_version_and_age),
        GCP_TEST(an_age_that_may_not_be_seen_is_none),
        GCP_TEST(the_version_that_is_wanted_is_asked_for),
        GCP_TEST(every_byte_is_kept),
        GCP_TEST(a_missing_secret_names_those_that_look_alike),
        GCP_TEST(a_secret_without_that_version_is_told_from_none),
        GCP_TEST(an_absent_secret_passes_on_and_a_denied_one_stops),
        GCP_TEST(a_denial_names_who_lacks_what),
        GCP_TEST(who_asks_is_asked_for_only_where_a_refusal_must_name_it),
        GCP_TEST(a_disabled_or_destroyed_version_is_broken),
        GCP_TEST(a_damaged_value_is_never_used),
        GCP_TEST(what_is_larger_than_a_secret_can_be_is_refused),
        GCP_TEST(an_answer_of_something_else_is_broken),
        GCP_TEST(a_token_that_was_revoked_is_replaced_once),
        GCP_TEST(a_user_names_the_project_that_pays),
        GCP_TEST(a_name_that_is_none_is_refused_before_anybody_is_asked),
    };
    int failed = unit_run("gcp", tests);
    http_end();
    return failed;
}

/* What a variable of a Cloud Run service is promised to be: what the service is given, or
 * that it is given nothing. */
#include "tests/unit/unit.h"

#include "tests/unit/google.h"

#include "base/clock.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/text.h"
#include "net/http.h"
#include "source/source.h"

#include <stdlib.h>
#include <string.h>

#define NAME    "projects/netra/locations/us-central1/services/netra-backend"
#define SERVICE "/v2/" NAME
#define SOURCE  "{\"cloud_run\":\"" NAME "\",\"key\":\"JWT_SECRET_KEY\"}"
/* "123456789" and its CRC-32C. */
#define BODY_OF(version)                                                                 \
    "{\"name\":\"projects/7/secrets/s/versions/" version "\",\"payload\":{\"data\":"     \
    "\"MTIzNDU2Nzg5\",\"dataCrc32c\":\"3808858755\"}}"
#define MOUNT(secret, version)                                                           \
    "{\"template\":{\"containers\":[{\"env\":[{\"name\":\"OTHER\",\"value\":\"x\"},"     \
    "{\"name\":\"JWT_SECRET_KEY\",\"valueSource\":{\"secretKeyRef\":{\"secret\":"        \
    "\"" secret "\"" version "}}}]}]}}"

#define REVISION(name) "/v2/" NAME "/revisions/" name
#define MADE(stamp, secret)                                                              \
    "{\"createTime\":\"" stamp "\",\"containers\":[{\"env\":[{\"name\":"                 \
    "\"JWT_SECRET_KEY\",\"valueSource\":{\"secretKeyRef\":{\"secret\":\"" secret         \
    "\"}}}]}]}"
#define ACCESS  "/v1/projects/netra/secrets/jwt/versions/latest:access"
#define VERSION "/v1/projects/netra/secrets/jwt/versions/9"

static struct resolved resolve(void)
{
    json_t *source = json_parse(SOURCE, strlen(SOURCE), NULL);
    assert_true(source_validate(source, NULL));
    struct source_context context = {.directory = "/",
                                     .deadline = clock_now() + 10 * CLOCK_SECOND};
    struct resolved resolved;
    source_resolve(source, &context, &resolved);
    json_decref(source);
    return resolved;
}

static void assert_value(const char *value, const char *version, const char *label)
{
    struct resolved resolved = resolve();
    if (resolved.state != SOURCE_FOUND) {
        fail_msg("%s", resolved.error.message);
    }
    assert_string_equal(secret_data(resolved.secret), value);
    assert_string_equal(resolved.label, label);
    assert_true(text_equal(resolved.version, version));
    resolved_finish(&resolved);
}

static void assert_not(enum source_state state, const char *words, const char *hint)
{
    struct resolved resolved = resolve();
    if (resolved.state != state || !strstr(resolved.error.message, words) ||
        !strstr(resolved.error.hint, hint)) {
        fail_msg("state %d: %s (%s); wanted %d: %s (%s)", (int)resolved.state,
                 resolved.error.message, resolved.error.hint, (int)state, words, hint);
    }
    resolved_finish(&resolved);
}

static int set_up(void **state)
{
    google_set_up(state);
    google_machine(*state, 1);
    return 0;
}
#define RUN_TEST(name) cmocka_unit_test_setup_teardown(name, set_up, google_tear_down)

static void a_mounted_secret_is_read_in_its_version(void **state)
{
    struct google *google = *state;
    google_says(google, SERVICE, 200, MOUNT("jwt", ",\"version\":\"3\""));
    google_says(google, "/v1/projects/netra/secrets/jwt/versions/3:access", 200,
                BODY_OF("3"));
    assert_value("123456789", "3",
                 "JWT_SECRET_KEY in Cloud Run netra-backend (secret jwt)");
    google_says(google, SERVICE, 200, MOUNT("projects/42/secrets/jwt", ""));
    google_says(google, "/v1/projects/42/secrets/jwt/versions/latest:access", 200,
                BODY_OF("9"));
    assert_value(
        "123456789", "9",
        "JWT_SECRET_KEY in Cloud Run netra-backend (secret projects/42/secrets/jwt)");
    char *asked = google_asked(google, SERVICE);
    assert_true(text_starts(asked, "GET " SERVICE "\nAuthorization: Bearer "
                                   "ya29.machine-token-1\n"));
    free(asked);
}

static void a_value_in_the_clear_is_that_value(void **state)
{
    struct google *google = *state;
    static const char label[] =
        "JWT_SECRET_KEY in Cloud Run netra-backend (a value in the clear)";
    google_says(
        google, SERVICE, 200,
        "{\"template\":{\"containers\":[{},{\"env\":[{\"name\":\"JWT_SECRET_KEY\","
        "\"value\":\"hunter22\"}]}]}}");
    assert_value("hunter22", NULL, label);
    google_says(
        google, SERVICE, 200,
        "{\"template\":{\"containers\":[{\"env\":[{\"name\":\"JWT_SECRET_KEY\"}]}]}}");
    assert_value("", NULL, label);
}

static void a_secret_that_was_never_mounted_is_absent(void **state)
{
    struct google *google = *state;
    static const char *const bodies[] = {
        "{}", "{\"template\":{\"containers\":[{\"env\":[{\"name\":\"JWT_SECRET\"}]}]}}"};
    for (size_t i = 0; i < sizeof bodies / sizeof bodies[0]; i++) {
        google_says(google, SERVICE, 200, bodies[i]);
        assert_not(SOURCE_ABSENT, "JWT_SECRET_KEY is not mounted in netra-backend",
                   "gcloud run services update netra-backend --project=netra "
                   "--region=us-central1 --update-secrets=JWT_SECRET_KEY=");
    }
}

static void a_mount_that_leads_nowhere_is_broken(void **state)
{
    struct google *google = *state;
    google_says(google, SERVICE, 200, MOUNT("gone", ""));
    assert_not(SOURCE_BROKEN, "not found", "correct the name");
    google_says(google, SERVICE, 200, MOUNT("../../etc", ""));
    assert_not(SOURCE_BROKEN, "is not projects/P/secrets/S", "");
    google_says(google, SERVICE, 200, MOUNT("jwt", ",\"version\":\"7/x\""));
    assert_not(SOURCE_BROKEN, "mounts JWT_SECRET_KEY from no secret", "");
    google_says(google, SERVICE, 200,
                "{\"template\":{\"containers\":[{\"env\":[{\"name\":\"JWT_SECRET_KEY\","
                "\"value\":\"a\"}]},{\"env\":[{\"name\":\"JWT_SECRET_KEY\",\"value\":"
                "\"b\"}]}]}}");
    assert_not(SOURCE_BROKEN, "two containers of netra-backend", "mount the same");
}

static void a_service_that_cannot_be_read_says_why(void **state)
{
    struct google *google = *state;
    assert_not(SOURCE_ABSENT, "there is no such service",
               "correct project, location and name");
    google_says(google, SERVICE, 403, "{\"error\":{\"status\":\"PERMISSION_DENIED\"}}");
    assert_not(SOURCE_BROKEN,
               "gate@netra.iam.gserviceaccount.com lacks run.services.get on " NAME,
               "--role=roles/run.viewer");
    google_says(google, SERVICE, 400, "{\"error\":{\"message\":\"Bad.\"}}");
    assert_not(SOURCE_BROKEN, "Cloud Run answered 400: Bad.", "");
    google_says(google, SERVICE, 200, "<html>");
    assert_not(SOURCE_BROKEN, "run.googleapis.com answered 200 with something", "proxy");
}

static void a_name_that_is_none_is_refused_before_anybody_is_asked(void **state)
{
    (void)state;
    static const char *const names[] = {"netra-backend", "projects/p/services/s",
                                        "projects/p/locations/l/services/s/revisions/r",
                                        "projects/p/locations/../services/s"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        json_t *source = json_pack("{s:s, s:s}", "cloud_run", names[i], "key", "K");
        struct error error = {0};
        assert_false(source_validate(source, &error));
        assert_non_null(strstr(error.message, "is not projects/PROJECT/locations/"));
        json_decref(source);
    }
    json_t *source = json_pack("{s:s}", "cloud_run", NAME);
    assert_false(source_validate(source, NULL)); /* which variable? */
    json_decref(source);
}

/* ---- the revisions that serve ---- */

/* The service mounts "jwt" as it is now, its version 9 was made at noon. */
static void say_serving(struct google *google, const char *traffic)
{
    char *body = mem_format(
        "{\"latestReadyRevision\":\"" NAME "/revisions/new\",\"trafficStatuses\":%s,"
        "\"template\":{\"containers\":[{\"env\":[{\"name\":\"JWT_SECRET_KEY\","
        "\"valueSource\":{\"secretKeyRef\":{\"secret\":\"jwt\"}}}]}]}}",
        traffic);
    google_says(google, SERVICE, 200, body);
    google_says(google, ACCESS, 200, BODY_OF("9"));
    google_says(google, VERSION, 200, "{\"createTime\":\"2026-01-31T12:00:00.5Z\"}");
    free(body);
}

static void assert_doubt(const char *words, const char *hint)
{
    struct resolved resolved = resolve();
    assert_int_equal(resolved.state, SOURCE_FOUND); /* what it says is still known */
    if (!strstr(resolved.doubt.message, words) || !strstr(resolved.doubt.hint, hint)) {
        fail_msg("%s (%s); wanted %s (%s)", resolved.doubt.message, resolved.doubt.hint,
                 words, hint);
    }
    assert_int_equal(resolved.doubt.code == ERROR_NONE, !*words);
    resolved_finish(&resolved);
}

#define TO_LATEST "[{\"type\":\"TRAFFIC_TARGET_ALLOCATION_TYPE_LATEST\",\"percent\":100}]"

static void a_revision_made_after_the_version_is_not_doubted(void **state)
{
    struct google *google = *state;
    say_serving(google, TO_LATEST);
    google_says(google, REVISION("new"), 200, MADE("2026-01-31T12:00:00.75Z", "jwt"));
    assert_doubt("", "");
    struct resolved resolved = resolve();
    assert_string_equal(resolved.vault, "projects/7/secrets/s");
    resolved_finish(&resolved);
}

static void a_rotated_secret_that_was_not_redeployed_is_doubted(void **state)
{
    struct google *google = *state;
    say_serving(google, TO_LATEST);
    google_says(google, REVISION("new"), 200, MADE("2026-01-31T12:00:00.25Z", "jwt"));
    assert_doubt("rotated, but not redeployed: revision new (100 % of the traffic) is "
                 "250 ms older than version 9 of the secret",
                 "gcloud run services update netra-backend --project=netra "
                 "--region=us-central1 --update-secrets=JWT_SECRET_KEY=jwt:9");
}

static void every_revision_with_traffic_is_asked_and_no_other(void **state)
{
    struct google *google = *state;
    say_serving(google,
                "[{\"revision\":\"new\",\"percent\":90},{\"revision\":\"tagged\"},"
                "{\"revision\":\"old\",\"percent\":10}]");
    google_says(google, REVISION("new"), 200, MADE("2026-02-01T00:00:00Z", "jwt"));
    google_says(google, REVISION("old"), 200, MADE("2026-01-01T00:00:00Z", "jwt"));
    assert_doubt("revision old (10 % of the traffic) is 30 d older", "redeploy it");
    google_says(google, REVISION("old"), 200, MADE("2026-02-01T00:00:00Z", "jwt-old"));
    assert_doubt(
        "revision old (10 % of the traffic) is given another JWT_SECRET_KEY than "
        "the newest one is",
        "gcloud run services update-traffic netra-backend --project=netra "
        "--region=us-central1 --to-latest");
    google_says(google, REVISION("old"), 200,
                "{\"createTime\":\"2026-02-01T00:00:00Z\"}");
    assert_doubt("is given no JWT_SECRET_KEY", "--to-latest");
    assert_int_equal(google_count(google, REVISION("tagged")), 0);
}

static void what_serves_and_cannot_be_seen_is_doubted(void **state)
{
    struct google *google = *state;
    say_serving(google, TO_LATEST);
    google_says(google, REVISION("new"), 403,
                "{\"error\":{\"status\":\"PERMISSION_DENIED\"}}");
    assert_doubt("gate@netra.iam.gserviceaccount.com lacks run.revisions.get on " NAME,
                 "--role=roles/run.viewer");
    google_says(google, REVISION("new"), 404, "{\"error\":{\"message\":\"Gone.\"}}");
    assert_doubt("Cloud Run answered 404 to revision new: Gone.", "ask again");
    google_says(google, REVISION("new"), 200, "<html>");
    assert_doubt("revision new cannot be seen: run.googleapis.com answered 200", "proxy");
    google_says(google, REVISION("new"), 200, MADE("lately", "jwt"));
    assert_doubt("revision new (100 % of the traffic) does not say when it was made",
                 "redeploy it");
    static const char *const nobody[] = {"[]", "[{\"revision\":\"new\"}]",
                                         "[{\"revision\":\"..\",\"percent\":100}]", "{}"};
    for (size_t i = 0; i < sizeof nobody / sizeof nobody[0]; i++) {
        say_serving(google, nobody[i]);
        assert_doubt("no revision of netra-backend gets traffic", "--to-latest");
    }
}

/* Without the age of the version nothing can be said of a revision's. */
static void an_age_that_may_not_be_seen_raises_no_doubt(void **state)
{
    struct google *google = *state;
    say_serving(google, TO_LATEST);
    google_says(google, VERSION, 403, "{\"error\":{\"status\":\"PERMISSION_DENIED\"}}");
    google_says(google, REVISION("new"), 200, MADE("2020-01-01T00:00:00Z", "jwt"));
    assert_doubt("", "");
}

int main(void)
{
    json_begin();
    keep_begin();
    http_begin();
    static const struct CMUnitTest tests[] = {
        RUN_TEST(a_mounted_secret_is_read_in_its_version),
        RUN_TEST(a_value_in_the_clear_is_that_value),
        RUN_TEST(a_secret_that_was_never_mounted_is_absent),
        RUN_TEST(a_mount_that_leads_nowhere_is_broken),
        RUN_TEST(a_service_that_cannot_be_read_says_why),
        RUN_TEST(a_name_that_is_none_is_refused_before_anybody_is_asked),
        RUN_TEST(a_revision_made_after_the_version_is_not_doubted),
        RUN_TEST(a_rotated_secret_that_was_not_redeployed_is_doubted),
        RUN_TEST(every_revision_with_traffic_is_asked_and_no_other),
        RUN_TEST(what_serves_and_cannot_be_seen_is_doubted),
        RUN_TEST(an_age_that_may_not_be_seen_raises_no_doubt),
    };
    int failed = unit_run("cloud_run", tests);
    http_end();
    return failed;
}

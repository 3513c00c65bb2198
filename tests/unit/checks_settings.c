/* What the check of a service's settings promises: what it was really given is compared,
 * from wherever that can be read, and a secret is never shown. */
#include "tests/unit/unit.h"

#include "tests/unit/google.h"

#include "base/clock.h"
#include "base/fs.h"
#include "base/json.h"
#include "base/mem.h"
#include "board/board.h"
#include "checks/checks.h"
#include "net/http.h"
#include "secret/fingerprint.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define NAME    "projects/netra/locations/us-central1/services/netra-backend"
#define SERVICE "/v2/" NAME
#define FROM    "{\"cloud_run\":\"" NAME "\"}"
#define SECRET  "open sesame" /* what every source of a secret holds */

static char scratch[] = "/tmp/greenboard-unit-XXXXXX";

static void put(const char *name, const char *text)
{
    char *path = fs_join(scratch, name);
    assert_true(fs_replace(path, text, strlen(text), 0600, NULL));
    free(path);
}

static struct environment *make_environment(const char *from, const char *expect)
{
    char *text =
        mem_format("{\"services\":{\"auth\":{},\"backend\":{\"settings\":{\"from\":"
                   "%s,\"expect\":%s}}}}",
                   from, expect);
    struct environment *environment = mem_alloc(sizeof *environment);
    *environment = (struct environment){.system = mem_text("netra"),
                                        .name = mem_text("staging"),
                                        .env_class = CLASS_STAGING,
                                        .file = mem_text("/nowhere/greenboard.json"),
                                        .directory = mem_text(scratch),
                                        .root = json_parse(text, strlen(text), NULL),
                                        .references = 1};
    assert_non_null(environment->root);
    free(text);
    return environment;
}

static struct secrets *make_secrets(const struct environment *environment, bool found)
{
    size_t count = 0;
    const json_t **sources = secrets_sources(environment, &count);
    struct resolved *resolved = mem_alloc((count + 1) * sizeof *resolved);
    for (size_t i = 0; i < count; i++) {
        resolved[i] =
            (struct resolved){.state = SOURCE_ABSENT, .label = mem_text("file /here")};
        if (found) {
            resolved_found(&resolved[i], SECRET, strlen(SECRET));
        } else {
            resolved_absent(&resolved[i], "not there");
        }
    }
    struct secrets *secrets = secrets_create(sources, resolved, count);
    free(sources);
    free(resolved);
    return secrets;
}

/* What the light of the backend says. */
static struct result *ask_with(const char *from, const char *expect, bool found)
{
    struct environment *environment = make_environment(from, expect);
    struct secrets *secrets = make_secrets(environment, found);
    struct board *board = board_create(environment, checks_all);
    const struct light *light = board_find(board, "backend settings");
    assert_non_null(light);
    assert_null(board_find(board, "auth settings"));
    struct job job = {.check = light->check,
                      .name = light->name,
                      .environment = environment,
                      .section = light->section,
                      .secrets = secrets,
                      .deadline = clock_now() + 10 * CLOCK_SECOND};
    struct result *result = result_create();
    light->check->ask(&job, result);
    board_destroy(board);
    secrets_unref(secrets);
    environment_unref(environment);
    return result;
}

static void assert_says(const char *text, const char *part)
{
    if (!text || !strstr(text, part)) {
        fail_msg("\"%s\" does not say \"%s\"", text ? text : "(nothing)", part);
    }
}

static void assert_red(struct result *result, const char *summary, const char *remedy)
{
    assert_says(result->summary, summary);
    assert_int_equal(result->state, STATE_FAIL);
    assert_says(result->remedy, remedy);
    assert_true(result->rung < RUNG_USABLE);
    result_destroy(result);
}

static void assert_green(struct result *result, const char *summary)
{
    assert_says(result->summary, summary);
    assert_int_equal(result->state, STATE_OK);
    assert_int_equal(result->rung, RUNG_USABLE);
    result_destroy(result);
}

#define ask(from, expect) ask_with(from, expect, true)

/* ---- from a file or a command ---- */

static void every_setting_as_expected_is_green(void **state)
{
    (void)state;
    put("env", "ENVIRONMENT=staging\nexport CLICKHOUSE_HOST='ch.example.com'\n");
    assert_green(
        ask("{\"env_file\":\"env\"}",
            "{\"ENVIRONMENT\":\"staging\",\"CLICKHOUSE_HOST\":\"ch.example.com\"}"),
        "backend is given all that is expected, 2 of 2");
}

static void a_setting_that_differs_shows_both_values(void **state)
{
    (void)state;
    put("env", "ENVIRONMENT=staging\nCLICKHOUSE_HOST=localhost\nREDIS_HOST=\n");
    struct result *result =
        ask("{\"env_file\":\"env\"}", "{\"ENVIRONMENT\":\"staging\",\"CLICKHOUSE_HOST\":"
                                      "\"ch.example.com\",\"REDIS_HOST\":\"10.0.0.3\"}");
    assert_string_equal(result_evidence_of(result, "CLICKHOUSE_HOST"), "localhost");
    assert_says(result->summary, "; REDIS_HOST=\"\", expected 10.0.0.3");
    assert_red(result, "backend has CLICKHOUSE_HOST=localhost, expected ch.example.com",
               "set CLICKHOUSE_HOST=ch.example.com in env, and restart the service");
}

static void a_setting_that_is_missing_is_red_whatever_is_expected(void **state)
{
    (void)state;
    static const char *const expected[][2] = {
        {"{\"A\":\"x\"}", "no A, expected x"},
        {"{\"A\":{\"not\":\"localhost\"}}", "no A, expected anything but localhost"},
        {"{\"A\":{\"one_of\":[\"x\",\"y\"]}}", "no A, expected x or y"},
        {"{\"A\":{\"file\":\"k\"}}", "no A, expected (secret "},
    };
    put("env", "B=x\n");
    for (size_t i = 0; i < sizeof expected / sizeof expected[0]; i++) {
        assert_red(ask("{\"env_file\":\"env\"}", expected[i][0]), expected[i][1], "env");
    }
}

static void values_may_be_excluded_or_listed(void **state)
{
    (void)state;
    put("env", "A=localhost\nB=eu-1\n");
    assert_red(
        ask("{\"env_file\":\"env\"}", "{\"A\":{\"not\":[\"localhost\",\"127.0.0.1\"]}}"),
        "A=localhost, expected anything but localhost or 127.0.0.1", "set A");
    assert_red(ask("{\"env_file\":\"env\"}", "{\"B\":{\"one_of\":[\"eu-2\",\"eu-3\"]}}"),
               "B=eu-1, expected eu-2 or eu-3", "set B");
    assert_green(ask("{\"env_file\":\"env\"}",
                     "{\"A\":{\"not\":\"db\"},\"B\":{\"one_of\":[\"eu-1\",\"eu-2\"]}}"),
                 "2 of 2");
}

static void a_secret_is_compared_and_never_shown(void **state)
{
    (void)state;
    put("env", "KEY=\"" SECRET "\"\nDB_PASSWORD=hunter2hunter2\n");
    assert_green(ask("{\"env_file\":\"env\"}", "{\"KEY\":{\"file\":\"k\"}}"), "1 of 1");
    struct result *result =
        ask("{\"env_file\":\"env\"}",
            "{\"DB_PASSWORD\":{\"file\":\"k\"},\"KEY\":{\"not\":\"" SECRET "\"}}");
    assert_null(strstr(result->summary, "hunter2"));
    assert_null(strstr(result->remedy, SECRET));
    assert_says(result->summary, ", expected (secret ");
    for (size_t i = 0; i < result->evidence_count; i++) {
        assert_null(strstr(result->evidence[i].value, "hunter2"));
    }
    assert_says(result_evidence_of(result, "DB_PASSWORD"), "(secret ");
    assert_red(result, "backend has DB_PASSWORD=(secret ", "set DB_PASSWORD to what is");
}

static void what_may_carry_a_secret_is_not_shown_either(void **state)
{
    (void)state;
    put("env", "DB=postgres://u:hunter2@h/db\nDSN='host=h Password=hunter2'\n"
               "GH_TOKEN=hunter2\nPLAIN=postgres://u@h:5432/db?a=b@c\n");
    struct result *result =
        ask("{\"env_file\":\"env\"}", "{\"DB\":\"x\",\"DSN\":\"x\",\"GH_TOKEN\":"
                                      "{\"not\":\"hunter2\"},\"PLAIN\":\"x\"}");
    assert_null(strstr(result->summary, "hunter2"));
    for (size_t i = 0; i < result->evidence_count; i++) {
        assert_null(strstr(result->evidence[i].value, "hunter2"));
    }
    assert_says(result->summary, "PLAIN=postgres://u@h:5432/db?a=b@c, expected x");
    assert_red(result, "backend has DB=(secret ", "set DB to what is expected");
}

static void an_expected_secret_that_is_not_known_is_unknown(void **state)
{
    (void)state;
    put("env", "KEY=x\n");
    struct result *result =
        ask_with("{\"env_file\":\"env\"}", "{\"KEY\":{\"file\":\"k\"}}", false);
    assert_int_equal(result->state, STATE_UNKNOWN);
    assert_says(result->summary, "not there");
    result_destroy(result);
}

static void a_command_prints_json_or_dotenv(void **state)
{
    (void)state;
    static const char json[] = "{\"command\":[\"sh\",\"-c\",\"echo '{\\\"A\\\":\\\"x\\\","
                               "\\\"PORT\\\":9000,\\\"B\\\":[]}'\"],\"format\":\"json\"}";
    assert_green(ask(json, "{\"A\":\"x\",\"PORT\":\"9000\"}"), "2 of 2");
    assert_red(ask(json, "{\"B\":\"x\"}"), "B is neither a text nor a number", "B");
    assert_green(ask("{\"command\":[\"printf\",\"A=x\\\\nPORT=9000\\\\n\"],\"format\":"
                     "\"dotenv\"}",
                     "{\"A\":\"x\",\"PORT\":\"9000\"}"),
                 "2 of 2");
}

static void a_place_that_cannot_be_read_is_not_green(void **state)
{
    (void)state;
#define COMMAND(script, format)                                                          \
    "{\"command\":[\"sh\",\"-c\",\"" script "\"],\"format\":\"" format "\"}"
    static const char *const rows[][2] = {
        {"{\"env_file\":\"nowhere\"}", "nowhere: that file is not there"},
        {COMMAND("true", "json"), "printed nothing"},
        {COMMAND("echo A=x", "json"), "did not print one JSON object"},
        {COMMAND("echo '[]'", "json"), "did not print one JSON object"},
        {COMMAND("echo A=x; exit 3", "dotenv"), "exited with status 3"},
        {COMMAND("printf 'A=x\\\\0'", "dotenv"), "printed a NUL byte"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        assert_red(ask(rows[i][0], "{\"A\":\"x\"}"), rows[i][1], " ");
    }
#undef COMMAND
    put("env", "A='x\n");
    assert_red(ask("{\"env_file\":\"env\"}", "{\"A\":\"x\"}"), "a quote is never closed",
               "set A");
}

/* ---- from Cloud Run ---- */

#define ENV(host)                                                                        \
    "[{\"env\":[{\"name\":\"HOST\",\"value\":\"" host                                    \
    "\"},{\"name\":\"MODE\",\"value\":"                                                  \
    "\"staging\"},{\"name\":\"KEY\",\"valueSource\":{\"secretKeyRef\":{\"secret\":"      \
    "\"jwt\",\"version\":\"3\"}}}]}]"

static void say_service(struct google *google, const char *now, const char *serving)
{
    char *body =
        mem_format("{\"latestReadyRevision\":\"" NAME "/revisions/new\","
                   "\"trafficStatuses\":[{\"revision\":\"new\",\"percent\":100}],"
                   "\"template\":{\"containers\":%s}}",
                   now);
    char *revision = mem_format(
        "{\"createTime\":\"2026-01-31T12:00:00Z\",\"containers\":%s}", serving);
    google_says(google, SERVICE, 200, body);
    google_says(google, SERVICE "/revisions/new", 200, revision);
    /* "123456789" and its CRC-32C. */
    google_says(google, "/v1/projects/netra/secrets/jwt/versions/3:access", 200,
                "{\"name\":\"projects/7/secrets/jwt/versions/3\",\"payload\":{\"data\":"
                "\"MTIzNDU2Nzg5\",\"dataCrc32c\":\"3808858755\"}}");
    google_says(google, "/v1/projects/netra/secrets/jwt/versions/3", 200,
                "{\"createTime\":\"2026-01-30T12:00:00Z\"}");
    free(revision);
    free(body);
}

static void a_service_of_cloud_run_is_asked_once_for_all(void **state)
{
    struct google *google = *state;
    google_machine(google, 1);
    say_service(google, ENV("ch.example.com"), ENV("ch.example.com"));
    assert_green(ask(FROM, "{\"HOST\":\"ch.example.com\",\"MODE\":\"staging\"}"),
                 "2 of 2");
    assert_int_equal(google_count(google, SERVICE), 1);
    assert_int_equal(google_count(google, SERVICE "/revisions/new"), 1);
}

static void a_host_that_nobody_changed_says_how_to(void **state)
{
    struct google *google = *state;
    google_machine(google, 1);
    say_service(google, ENV("localhost"), ENV("localhost"));
    assert_red(ask(FROM, "{\"HOST\":\"ch.example.com\"}"),
               "backend has HOST=localhost, expected ch.example.com",
               "gcloud run services update netra-backend --project=netra "
               "--region=us-central1 --update-env-vars=HOST=ch.example.com");
}

static void what_serves_with_another_value_is_red(void **state)
{
    struct google *google = *state;
    google_machine(google, 1);
    say_service(google, ENV("ch.example.com"), ENV("localhost"));
    assert_red(ask(FROM, "{\"HOST\":\"ch.example.com\"}"),
               "maybe another HOST: revision new (100 % of the traffic) is given another "
               "HOST than the newest one is",
               "update-traffic netra-backend");
}

static void a_mounted_secret_is_never_shown(void **state)
{
    struct google *google = *state;
    google_machine(google, 1);
    say_service(google, ENV("x"), ENV("x"));
    struct result *result = ask(FROM, "{\"KEY\":{\"not\":\"123456789\"}}");
    assert_null(strstr(result_evidence_of(result, "KEY"), "12345"));
    assert_null(strstr(result->summary, "12345"));
    assert_red(result, "backend has KEY=(secret ", "set KEY to what is expected");
    assert_red(ask(FROM, "{\"KEY\":{\"file\":\"k\"}}"), "KEY=(secret ", "Cloud Run");
}

static void
a_service_that_cannot_be_asked_is_unknown_and_blames_the_credentials(void **state)
{
    (void)state; /* a machine without credentials */
    struct result *result = ask(FROM, "{\"HOST\":\"x\"}");
    assert_int_equal(result->state, STATE_UNKNOWN);
    assert_says(result->summary, "no Google credentials on this machine");
    assert_string_equal(result->blames, "jwt_secret");
    result_destroy(result);
}

static void a_service_that_is_not_there_is_red(void **state)
{
    google_machine(*state, 1);
    assert_red(ask(FROM, "{\"HOST\":\"x\"}"), "there is no such service",
               "correct project, location and name");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_setting_as_expected_is_green),
        cmocka_unit_test(a_setting_that_differs_shows_both_values),
        cmocka_unit_test(a_setting_that_is_missing_is_red_whatever_is_expected),
        cmocka_unit_test(values_may_be_excluded_or_listed),
        cmocka_unit_test(a_secret_is_compared_and_never_shown),
        cmocka_unit_test(what_may_carry_a_secret_is_not_shown_either),
        cmocka_unit_test(an_expected_secret_that_is_not_known_is_unknown),
        cmocka_unit_test(a_command_prints_json_or_dotenv),
        cmocka_unit_test(a_place_that_cannot_be_read_is_not_green),
        GOOGLE_TEST(a_service_of_cloud_run_is_asked_once_for_all),
        GOOGLE_TEST(a_host_that_nobody_changed_says_how_to),
        GOOGLE_TEST(what_serves_with_another_value_is_red),
        GOOGLE_TEST(a_mounted_secret_is_never_shown),
        GOOGLE_TEST(a_service_that_cannot_be_asked_is_unknown_and_blames_the_credentials),
        GOOGLE_TEST(a_service_that_is_not_there_is_red),
    };
    keep_begin();
    json_begin();
    http_begin();
    if (!mkdtemp(scratch) || !fingerprint_begin(scratch, NULL)) {
        return 1;
    }
    int failed = unit_run("checks_settings", tests);
    fs_remove_tree(scratch);
    fingerprint_end();
    http_end();
    return failed;
}

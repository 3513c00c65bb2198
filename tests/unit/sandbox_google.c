/* What the sandbox's Google promises: the answers of the real one, in its words, and what
 * each fault makes of them. */
#include "tests/unit/sandbox_help.h"
#include "tests/unit/unit.h"

#include "base/clock.h"
#include "base/crc32c.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/text.h"
#include "secret/base64.h"

#include <stdlib.h>
#include <string.h>

#define SECRETS "/v1/projects/" GOOGLE_PROJECT "/secrets"
#define SECRET  SECRETS "/" GOOGLE_SECRET
#define SERVICE                                                                          \
    "/v2/projects/" GOOGLE_PROJECT "/locations/" GOOGLE_LOCATION                         \
    "/services/" GOOGLE_BACKEND
#define MACHINE "/computeMetadata/v1/instance/service-accounts/default/"
#define FLAVOR  "Metadata-Flavor: Google\r\n"

/* ---- asking ---- */

static int ask_json(const struct sandbox *sandbox, enum door_name door,
                    const char *target, const char *headers, json_t **out)
{
    struct buf text;
    int status =
        sandbox_ask(door_port(sandbox->doors, door), "GET", target, headers, NULL, &text);
    *out = text.length ? json_parse(text.data, text.length, NULL) : NULL;
    buf_finish(&text);
    return status;
}

/* As the machine gives it; NULL where it gives none. The caller frees. */
static char *machine_token(const struct sandbox *sandbox)
{
    json_t *body;
    ask_json(sandbox, DOOR_METADATA, MACHINE "token", FLAVOR, &body);
    char *token = mem_text(json_get_text(body, "access_token"));
    json_decref(body);
    return token;
}

static int ask_google(const struct sandbox *sandbox, const char *target, json_t **out)
{
    char *token = machine_token(sandbox);
    char *headers = mem_format("Authorization: Bearer %s\r\n", token ? token : "none");
    int status = ask_json(sandbox, DOOR_GOOGLE, target, headers, out);
    free(headers);
    free(token);
    return status;
}

static void assert_refused(const struct sandbox *sandbox, const char *target, int status,
                           const char *word, const char *message)
{
    json_t *body;
    assert_int_equal(ask_google(sandbox, target, &body), status);
    assert_int_equal(json_integer_value(json_at(body, "/error/code")), status);
    assert_string_equal(json_string_value(json_at(body, "/error/status")), word);
    const char *said = json_string_value(json_at(body, "/error/message"));
    if (!strstr(said, message)) {
        fail_msg("%s; wanted %s", said, message);
    }
    json_decref(body);
}

static const char *text_at(const json_t *body, const char *pointer)
{
    const char *text = json_string_value(json_at(body, pointer));
    return text ? text : "";
}

/* The value that Secret Manager gives, with its checksum proven; *fits tells of that. */
static void assert_value(const struct sandbox *sandbox, const char *target,
                         const char *name, const char *value, bool fits)
{
    json_t *body;
    unsigned char bytes[256];
    size_t used = 0;
    assert_int_equal(ask_google(sandbox, target, &body), 200);
    assert_string_equal(text_at(body, "/name"), name);
    const char *data = text_at(body, "/payload/data");
    assert_true(base64_decode(data, strlen(data), bytes, sizeof bytes, &used));
    assert_int_equal(used, strlen(value));
    assert_memory_equal(bytes, value, used);
    char *sum = mem_format("%u", crc32c(bytes, used));
    assert_int_equal(text_equal(text_at(body, "/payload/dataCrc32c"), sum), fits);
    free(sum);
    json_decref(body);
}

#define NAME(secret, version)                                                            \
    "projects/" GOOGLE_NUMBER "/secrets/" secret "/versions/" version

/* ---- tokens ---- */

static void the_metadata_server_wants_its_header_and_shows_it(void **state)
{
    (void)state;
    struct sandbox *sandbox = sandbox_make();
    uint16_t port = door_port(sandbox->doors, DOOR_METADATA);
    struct buf out;
    assert_int_equal(sandbox_ask(port, "GET", MACHINE "token", "", NULL, &out), 403);
    buf_finish(&out);
    assert_int_equal(sandbox_ask(port, "GET", MACHINE "email", FLAVOR, NULL, &out), 200);
    assert_non_null(strstr(buf_string(&out), ".iam.gserviceaccount.com"));
    buf_finish(&out);
    char *token = machine_token(sandbox);
    assert_true(text_starts(token, "ya29."));
    free(token);
    sandbox_turn(sandbox, FAULT_gcp_no_credentials, true);
    assert_int_equal(sandbox_ask(port, "GET", MACHINE "token", FLAVOR, NULL, &out), 404);
    buf_finish(&out);
    sandbox_turn(sandbox, FAULT_metadata_down, true);
    assert_int_equal(sandbox_ask(port, "GET", MACHINE "token", FLAVOR, NULL, &out),
                     -(int)ERROR_UNREACHABLE);
    buf_finish(&out);
    sandbox_unmake(sandbox);
}

static void a_login_is_exchanged_for_a_token(void **state)
{
    (void)state;
    struct sandbox *sandbox = sandbox_make();
    char *path = mem_format("%s/" GOOGLE_LOGIN, sandbox->dir);
    json_t *login = json_load_file(path, 0, NULL);
    assert_non_null(login);
    char *good =
        mem_format("grant_type=refresh_token&client_id=%s&client_secret=%s"
                   "&refresh_token=%s",
                   text_at(login, "/client_id"), text_at(login, "/client_secret"),
                   text_at(login, "/refresh_token"));
    const struct {
        char *body;
        int status;
    } rows[] = {
        {good, 200},
        {(char[]){"grant_type=refresh_token&client_secret=a&refresh_token=b"}, 400},
        {(char[]){"grant_type=password"}, 400},
        {(char[]){""}, 400}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct buf out;
        assert_int_equal(sandbox_ask(door_port(sandbox->doors, DOOR_GOOGLE), "POST",
                                     "/token", "", rows[i].body, &out),
                         rows[i].status);
        assert_int_equal(strstr(buf_string(&out), "access_token") != NULL, i == 0);
        buf_finish(&out);
    }
    free(good);
    json_decref(login);
    free(path);
    sandbox_unmake(sandbox);
}

/* So that a fault reaches a console that keeps its token for an hour. */
static void a_fault_of_google_revokes_what_was_given_out(void **state)
{
    (void)state;
    struct sandbox *sandbox = sandbox_make();
    char *token = machine_token(sandbox);
    char *headers = mem_format("Authorization: Bearer %s\r\n", token);
    json_t *body;
    assert_int_equal(ask_json(sandbox, DOOR_GOOGLE, SECRET "/versions/7", headers, &body),
                     200);
    json_decref(body);
    sandbox_turn(sandbox, FAULT_gcp_no_credentials, true);
    assert_int_equal(ask_json(sandbox, DOOR_GOOGLE, SECRET "/versions/7", headers, &body),
                     401);
    assert_string_equal(text_at(body, "/error/status"), "UNAUTHENTICATED");
    json_decref(body);
    free(headers);
    free(token);
    sandbox_unmake(sandbox);
}

/* ---- Secret Manager ---- */

static void the_secret_is_the_one_that_the_services_run_with(void **state)
{
    (void)state;
    struct sandbox *sandbox = sandbox_make();
    assert_value(sandbox, SECRET "/versions/latest:access", NAME(GOOGLE_SECRET, "7"),
                 sandbox->values.jwt, true);
    assert_value(sandbox,
                 "/v1/projects/" GOOGLE_NUMBER "/secrets/" GOOGLE_SECRET
                 "/versions/7:access",
                 NAME(GOOGLE_SECRET, "7"), sandbox->values.jwt, true);
    assert_refused(sandbox, SECRET "/versions/6:access", 400, "FAILED_PRECONDITION",
                   "/versions/6] is in DESTROYED state.");
    assert_refused(sandbox, SECRET "/versions/8:access", 404, "NOT_FOUND",
                   "not found or has no versions");
    assert_refused(sandbox, "/v1/projects/another/secrets", 403, "PERMISSION_DENIED",
                   "another");
    json_t *body;
    assert_int_equal(ask_google(sandbox, SECRET "/versions/latest", &body), 200);
    assert_string_equal(text_at(body, "/state"), "ENABLED");
    int64_t created = 0;
    assert_true(clock_parse(text_at(body, "/createTime"), &created));
    assert_true(created < clock_wall() - INT64_C(86400000));
    json_decref(body);
    sandbox_unmake(sandbox);
}

static void each_fault_of_the_secret_answers_as_google_would(void **state)
{
    (void)state;
    static const struct {
        enum fault fault;
        int status;
        const char *word, *message;
    } rows[] = {
        {FAULT_gcp_denied, 403, "PERMISSION_DENIED",
         "Permission 'secretmanager.versions.access' denied"},
        {FAULT_secret_missing, 404, "NOT_FOUND", "not found or has no versions"},
        {FAULT_secret_lookalike, 404, "NOT_FOUND", "not found or has no versions"},
        {FAULT_jwt_missing, 404, "NOT_FOUND", "not found or has no versions"},
        {FAULT_secret_disabled, 400, "FAILED_PRECONDITION",
         "/versions/7] is in DISABLED state."},
    };
    struct sandbox *sandbox = sandbox_make();
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        sandbox_turn(sandbox, rows[i].fault, true);
        assert_refused(sandbox, SECRET "/versions/latest:access", rows[i].status,
                       rows[i].word, rows[i].message);
        sandbox_turn(sandbox, rows[i].fault, false);
    }
    sandbox_turn(sandbox, FAULT_bad_crc, true);
    assert_value(sandbox, SECRET "/versions/latest:access", NAME(GOOGLE_SECRET, "7"),
                 sandbox->values.jwt, false);
    sandbox_unmake(sandbox);
}

static size_t count_secrets(const struct sandbox *sandbox, bool *listed)
{
    json_t *body;
    assert_int_equal(ask_google(sandbox, SECRETS "?pageSize=500", &body), 200);
    const json_t *list = json_object_get(body, "secrets");
    size_t count = json_array_size(list), i;
    json_t *entry;
    *listed = false;
    json_array_foreach(list, i, entry)
    {
        *listed =
            *listed || text_equal(text_at(entry, "/name"),
                                  "projects/" GOOGLE_NUMBER "/secrets/" GOOGLE_SECRET);
    }
    json_decref(body);
    return count;
}

static void the_list_has_what_looks_alike_until_all_is_gone(void **state)
{
    (void)state;
    struct sandbox *sandbox = sandbox_make();
    bool listed;
    assert_int_equal(count_secrets(sandbox, &listed), 7);
    assert_true(listed);
    sandbox_turn(sandbox, FAULT_secret_lookalike, true);
    assert_int_equal(count_secrets(sandbox, &listed), 6);
    assert_false(listed);
    sandbox_turn(sandbox, FAULT_secret_missing, true);
    assert_int_equal(count_secrets(sandbox, &listed), 1);
    sandbox_unmake(sandbox);
}

/* ---- Cloud Run ---- */

/* The name of the secret that the backend mounts. The caller frees. */
static char *mounted(const struct sandbox *sandbox)
{
    json_t *body;
    assert_int_equal(ask_google(sandbox, SERVICE, &body), 200);
    const json_t *env = json_at(body, "/template/containers/0/env");
    const json_t *last = json_array_get(env, json_array_size(env) - 1);
    assert_string_equal(text_at(last, "/name"), GOOGLE_VARIABLE);
    char *name = mem_text(text_at(last, "/valueSource/secretKeyRef/secret"));
    json_decref(body);
    return name;
}

static void the_backend_mounts_the_secret_or_a_look_alike(void **state)
{
    (void)state;
    static const char access[] = SECRETS "/" GOOGLE_LOOK_ALIKE "/versions/latest:access";
    struct sandbox *sandbox = sandbox_make();
    char *name = mounted(sandbox);
    assert_string_equal(name, GOOGLE_SECRET);
    free(name);
    sandbox_turn(sandbox, FAULT_jwt_mismatch, true);
    name = mounted(sandbox);
    assert_string_equal(name, GOOGLE_LOOK_ALIKE);
    assert_value(sandbox, access, NAME(GOOGLE_LOOK_ALIKE, "1"), sandbox->values.jwt_other,
                 true);
    free(name);
    sandbox_turn(sandbox, FAULT_jwt_mismatch, false);
    sandbox_turn(sandbox, FAULT_secret_other_name, true);
    name = mounted(sandbox);
    assert_string_equal(name, GOOGLE_LOOK_ALIKE);
    assert_value(sandbox, access, NAME(GOOGLE_LOOK_ALIKE, "1"), sandbox->values.jwt,
                 true);
    free(name);
    sandbox_unmake(sandbox);
}

/* Which is what gcloud asks, and through a proxy, since it puts the region before the
 * host. */
static void the_same_is_told_in_the_words_of_v1(void **state)
{
    (void)state;
    struct sandbox *sandbox = sandbox_make();
    json_t *body;
    assert_int_equal(ask_google(sandbox,
                                "http://us-central1-127.0.0.1:1/apis/serving.knative.dev/"
                                "v1/namespaces/" GOOGLE_PROJECT
                                "/services/" GOOGLE_BACKEND "?alt=json",
                                &body),
                     200);
    const json_t *variable = json_at(body, "/spec/template/spec/containers/0/env/0");
    assert_string_equal(text_at(variable, "/name"), GOOGLE_VARIABLE);
    assert_string_equal(text_at(variable, "/valueFrom/secretKeyRef/name"), GOOGLE_SECRET);
    json_decref(body);
    assert_refused(sandbox, "/apis/serving.knative.dev/v1/namespaces/p/services/none",
                   404, "NOT_FOUND", "none");
    sandbox_unmake(sandbox);
}

static void a_rotated_secret_is_younger_than_the_revision_that_serves(void **state)
{
    (void)state;
    struct sandbox *sandbox = sandbox_make();
    sandbox_turn(sandbox, FAULT_secret_rotated, true);
    assert_value(sandbox, SECRET "/versions/latest:access", NAME(GOOGLE_SECRET, "8"),
                 sandbox->values.jwt_next, true);
    json_t *service, *revision, *version;
    assert_int_equal(ask_google(sandbox, SERVICE, &service), 200);
    assert_int_equal(json_integer_value(json_at(service, "/trafficStatuses/0/percent")),
                     100);
    char *target = mem_format("/v2/%s", text_at(service, "/latestReadyRevision"));
    assert_int_equal(ask_google(sandbox, target, &revision), 200);
    assert_int_equal(ask_google(sandbox, SECRET "/versions/8", &version), 200);
    int64_t made = 0, created = 0;
    assert_true(clock_parse(text_at(revision, "/createTime"), &made));
    assert_true(clock_parse(text_at(version, "/createTime"), &created));
    assert_true(made < created);
    assert_true(json_equal(json_at(service, "/template/containers"),
                           json_object_get(revision, "containers")));
    free(target);
    json_decref(version);
    json_decref(revision);
    json_decref(service);
    assert_refused(sandbox, SERVICE "/revisions/none", 404, "NOT_FOUND", "none");
    assert_refused(sandbox, SERVICE "-2", 404, "NOT_FOUND", "was not found");
    sandbox_unmake(sandbox);
}

int main(void)
{
    json_begin();
    keep_begin();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_metadata_server_wants_its_header_and_shows_it),
        cmocka_unit_test(a_login_is_exchanged_for_a_token),
        cmocka_unit_test(a_fault_of_google_revokes_what_was_given_out),
        cmocka_unit_test(the_secret_is_the_one_that_the_services_run_with),
        cmocka_unit_test(each_fault_of_the_secret_answers_as_google_would),
        cmocka_unit_test(the_list_has_what_looks_alike_until_all_is_gone),
        cmocka_unit_test(the_backend_mounts_the_secret_or_a_look_alike),
        cmocka_unit_test(the_same_is_told_in_the_words_of_v1),
        cmocka_unit_test(a_rotated_secret_is_younger_than_the_revision_that_serves),
    };
    return unit_run("sandbox_google", tests);
}

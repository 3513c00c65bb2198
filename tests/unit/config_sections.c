/* What sections and the entries of `checks` may hold, and that they fit each other. */
#include "tests/unit/config_help.h"

#include "base/json.h"
#include "base/mem.h"
#include "config/fields.h"
#include "config/route.h"

#include <stdlib.h>
#include <string.h>

/* A store that a service tells of, by a check that expects this. */
#define TOLD(teller, type_service, expect)                                               \
    "{\"redis\": {\"via\": \"service:backend\", \"told_by\": \"" teller                  \
    "\"}, \"services\": {\"backend\": {\"url\": \"https://b\"}, \"auth\": {\"url\": "    \
    "\"https://a\"}}, \"checks\": [{\"type\": \"health_json\", \"name\": \"ready\", "    \
    "\"service\": \"" type_service "\", \"path\": \"/\", \"expect\": {" expect "}}]}"

static void a_service_tells_of_a_store_by_a_check_that_asserts_it(void **state)
{
    (void)state;
    static const struct refusal rows[] = {
        {TOLD("other", "backend", "\"/redis\": true"), "redis.told_by",
         "names a check that is not configured", "health_json"},
        {TOLD("ready", "auth", "\"/redis\": true"), "redis.told_by",
         "is no health_json of backend", "same service"},
        {TOLD("ready", "backend", "\"/status\": \"ready\""), "redis.told_by",
         "expects nothing of redis", "/checks/redis/connected"},
        {TOLD("ready", "backend", "\"/redis/connected\": false"), "redis.told_by",
         "expects of /redis/connected what proves nothing", "in use"},
        {TOLD("ready", "backend", "\"/redis/status\": \"not_configured\""),
         "redis.told_by", "what proves nothing", "in use"},
    };
    assert_all_refused(".", rows, sizeof rows / sizeof rows[0]);
    struct config *config =
        load_staging(TOLD("ready", "backend", "\"/redis/connected\": true"));
    assert_true(config_usable(config));
    config_destroy(config);
}

static void a_tunnel_leads_to_one_place(void **state)
{
    (void)state;
    static const struct {
        const char *store, *section, *command, *message; /* NULL: fine */
    } rows[] = {
        {"redis", "{\"port\": 1, \"mode\": \"standalone\"", "{port}", NULL},
        {"redis", "{\"port\": 1, \"mode\": \"cluster\"", "{port}", "one host and port"},
        {"redis", "{\"socket\": \"/run/redis\"", "{port}", "one host and port"},
        {"clickhouse", "{\"http_port\": 1, \"native_port\": 2", "{port}",
         "two are asked"},
        {"clickhouse", "{\"http_port\": 1, \"native_port\": 0", "{port}", NULL},
        {"clickhouse", "{\"http_port\": 1, \"native_port\": 2", "{port}:{remote_port}",
         NULL},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct error error = {0};
        const char *key = NULL;
        char *text = mem_format("{\"%s\": %s, \"via\": \"tunnel:a\"}, \"tunnels\": "
                                "{\"a\": {\"command\": [\"%s\"]}}}",
                                rows[i].store, rows[i].section, rows[i].command);
        json_t *root = json_parse(text, strlen(text), NULL);
        assert_non_null(root);
        assert_int_equal(route_check(root, rows[i].store, &key, &error),
                         rows[i].message == NULL);
        assert_true(!rows[i].message || strstr(error.message, rows[i].message));
        json_decref(root);
        free(text);
    }
}

static void a_result_may_not_turn_stale_between_two_askings(void **state)
{
    (void)state;
    assert_refused("{\"redis\": {\"period\": \"50s\", \"deadline\": \"10s\"}}",
                   "environments.staging.redis.period", "less than gate.max_age (60s)",
                   "");
    assert_refused("{\"gate\": {\"max_age\": \"27s\"}}",
                   "environments.staging.jwt.period", "(25s and 2s)", "");
    struct config *config =
        load_staging("{\"redis\": {\"period\": \"50s\", \"deadline\": \"9s\"}}");
    assert_true(config_usable(config));
    config_destroy(config);
}

static void a_run_must_be_able_to_be_verified(void **state)
{
    (void)state;
    assert_refused("{\"deploy\": {\"command\": [\"true\"], \"verify\": "
                   "{\"within\": \"30s\", \"hold\": \"30s\"}}}",
                   "environments.staging.deploy.verify.hold", "must be less than within",
                   "");
}

static void required_keys_are_told_where_their_section_is(void **state)
{
    (void)state;
    assert_refused("{\"deploy\": {\"command\": null}}",
                   "environments.staging.deploy.command", "is missing", "ships");
    assert_refused("{\"services\": {\"auth\": {\"url\": null}}}",
                   "environments.staging.services.auth.url", "is missing", "");
    assert_refused("{\"services\": {\"mail\": {\"validate\": {\"path\": \"/v\"}}}}",
                   "environments.staging.services.mail.url", "is missing", "");
    assert_refused("{\"auth_rate\": {\"source\": {\"json\": {\"service\": \"auth\"}}}}",
                   "environments.staging.auth_rate.source.json.total", "is missing", "");
    assert_refused("{\"checks\": [{}]}", "environments.staging.checks[0].type",
                   "is missing", "");
}

static void names_refer_to_what_is_there_and_are_told_apart(void **state)
{
    (void)state;
#define CHECK(name, service)                                                             \
    "{\"type\": \"health_json\", \"name\": \"" name "\", \"service\": \"" service        \
    "\", \"path\": \"/\", \"expect\": {\"/a\": 1}}"
    assert_refused("{\"checks\": [" CHECK("a", "backnd") "]}",
                   "environments.staging.checks[0].service", "not configured",
                   "auth backend");
    assert_refused("{\"services\": {\"worker\": {\"jwt_secret\": {\"env\": \"W\"}}}, "
                   "\"checks\": [" CHECK("a", "worker") "]}",
                   "environments.staging.checks[0].service",
                   "names a service that has no url", "give that service a url");
    assert_refused("{\"checks\": [" CHECK("a", "auth") ", " CHECK("a", "auth") "]}",
                   "environments.staging.checks[1].name", "is taken", "");
    assert_refused("{\"checks\": [" CHECK("redis", "auth") "]}",
                   "environments.staging.checks[0].name", "is taken", "");
    struct config *config =
        load_staging("{\"checks\": [" CHECK("a", "auth") ", " CHECK("b", "auth") "]}");
    assert_true(config_usable(config));
    config_destroy(config);
#undef CHECK
}

static void a_check_has_the_keys_of_its_type(void **state)
{
    (void)state;
#define ONE(type, keys)                                                                  \
    "{\"checks\": [{\"type\": \"" type "\", \"name\": \"a\", " keys "}]}"
    static const struct refusal rows[] = {
        {ONE("tcp", "\"url\": \"http://h\""), ".url", "belongs to type http, not tcp",
         "correct the type"},
        {ONE("http", "\"port\": 80"), ".port", "belongs to type tcp, tls, not http", ""},
        {ONE("http", "\"colour\": 1"), ".colour", "unknown key",
         "known here: type, name"},
        {ONE("http", "\"expect\": {\"port\": 1}"), ".expect.port", "unknown key", ""},
        {ONE("tcp", "\"host\": \"h\", \"port\": 1"), ".expect", "is missing",
         "an open port alone proves nothing"},
        {ONE("tcp", "\"expect\": \"\""), ".expect", "must be a text that is not empty",
         ""},
        {ONE("tcp", "\"send\": \"\\\\q\""), ".send", "must be a text", ""},
        {ONE("http", "\"url\": \"http://h\""), ".expect", "is missing", ""},
        {ONE("http", "\"url\": \"http://h\", \"expect\": {\"status\": \"200\"}"),
         ".expect", "expects a status alone, which proves nothing", "in contains"},
        {ONE("http", "\"url\": \"http://h\", \"expect\": {\"contains\": [\"\"]}"),
         ".expect", "contains an empty text", ""},
        {ONE("http", "\"url\": \"http://h\", \"expect\": {\"status\": \"20\"}"),
         ".expect.status", "must be a status such as", ""},
        {ONE("http", "\"expect\": {\"contains\": \"a\"}"), "",
         "needs one of \"url\" and \"service\"", ""},
        {ONE("http", "\"url\": \"http://h\", \"service\": \"auth\", \"expect\": "
                     "{\"contains\": \"a\"}"),
         "", "needs one of", ""},
        {ONE("http", "\"service\": \"auth\", \"expect\": {\"contains\": \"a\"}"), ".path",
         "is missing", "below the URL of the service"},
        {ONE("tls", "\"host\": \"h\", \"thresholds\": {\"warn\": \"2d\"}"), ".thresholds",
         "has a warn that is less than fail", ""},
        {ONE("dns", "\"host\": \"192.0.2.1\""), ".host", "is an address", ""},
        {ONE("dns", "\"host\": \"h\", \"expect\": [\"h\"]"), ".expect[0]",
         "must be an IP address", ""},
        {ONE("command", "\"format\": \"xml\""), ".format", "not \"xml\"", ""},
    };
#undef ONE
    assert_all_refused(".checks[0]", rows, sizeof rows / sizeof rows[0]);
    struct config *config = load_staging(
        "{\"checks\": [{\"type\": \"tls\", \"name\": \"a\", \"host\": \"h\"}]}");
    const json_t *root = config->environments[0]->root;
    assert_true(config_usable(config));
    assert_int_equal(json_integer_value(json_at(root, "/checks/0/port")), 443);
    assert_string_equal(json_string_value(json_at(root, "/checks/0/thresholds/warn")),
                        "21d");
    assert_null(json_at(root, "/checks/0/method"));
    config_destroy(config);
}

static void the_settings_of_a_service_have_one_place_and_no_secret(void **state)
{
    (void)state;
#define RUN "\"cloud_run\": \"projects/p/locations/l/services/s\""
#define SET(from, expect)                                                                \
    "{\"services\": {\"backend\": {\"settings\": {\"from\": {" from                      \
    "}, \"expect\": {" expect "}}}}}"
    static const struct refusal rows[] = {
        {SET("", "\"A\": \"x\""), ".from", "needs one of", "in which one place"},
        {SET(RUN ", \"env_file\": \"f\"", "\"A\": \"x\""), ".from", "needs one of", ""},
        {SET("\"command\": [\"c\"]", "\"A\": \"x\""), ".from.format", "is missing",
         "dotenv"},
        {SET(RUN ", \"format\": \"json\"", "\"A\": \"x\""), ".from.format",
         "belongs to a command", ""},
        {SET("\"cloud_run\": \"s\"", "\"A\": \"x\""), ".from.cloud_run",
         "is not projects/PROJECT", ""},
        {SET(RUN, ""), ".expect", "must not be empty", ""},
        {SET(RUN, "\"DB_PASSWORD\": \"hunter2\""), ".expect.DB_PASSWORD",
         "never written here", "\"env\""},
        {SET(RUN, "\"API_KEY\": {\"one_of\": [\"hunter2\"]}"), ".expect.API_KEY",
         "never written here", ""},
        {SET(RUN, "\"DB\": \"postgres://u:hunter2@h/db\""), ".expect.DB",
         "never written here", ""},
        {SET(RUN, "\"A\": {\"is\": \"x\"}"), ".expect.A", "must be a text, the source",
         ""},
        {SET(RUN, "\"A\": {\"not\": []}"), ".expect.A", "must be a text, the source", ""},
    };
    assert_all_refused(".services.backend.settings", rows, sizeof rows / sizeof rows[0]);
    struct config *config = load_staging(
        "{\"services\": {\"backend\": {\"settings\": {\"from\": {" RUN "}, \"expect\": {"
        "\"A\": {\"env\": \"EXPECTED\"}, \"B\": {\"not\": \"x\"}, \"C\": \"\"}}}},"
        "\"checks\": [{\"type\": \"tls\", \"name\": \"backend settings\", \"host\": "
        "\"h\"}]}");
    assert_int_equal(config->problem_count, 1);
    assert_problem(config, "environments.staging.checks[0].name", "is taken", "");
    config_destroy(config);
#undef SET
#undef RUN
}

static void every_type_has_rows_and_every_such_row_a_type(void **state)
{
    (void)state;
    const struct field *list = field_find(FIELD_ENVIRONMENT ".checks");
    const char *const *type = field_find(FIELD_ENVIRONMENT ".checks[].type")->words;
    size_t rows = 0, types = 0;
    for (const struct field *at = NULL; (at = field_next(list, at));) {
        rows++;
    }
    for (; type[types]; types++) {
        json_t *entry = json_pack("{ss}", "type", type[types]);
        const struct field *field = field_entry(list, entry);
        assert_string_equal(field_child(field, "type")->words[0], type[types]);
        json_decref(entry);
    }
    assert_int_equal(rows, types + 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_service_tells_of_a_store_by_a_check_that_asserts_it),
        cmocka_unit_test(a_tunnel_leads_to_one_place),
        cmocka_unit_test(a_result_may_not_turn_stale_between_two_askings),
        cmocka_unit_test(a_run_must_be_able_to_be_verified),
        cmocka_unit_test(required_keys_are_told_where_their_section_is),
        cmocka_unit_test(names_refer_to_what_is_there_and_are_told_apart),
        cmocka_unit_test(a_check_has_the_keys_of_its_type),
        cmocka_unit_test(the_settings_of_a_service_have_one_place_and_no_secret),
        cmocka_unit_test(every_type_has_rows_and_every_such_row_a_type),
    };
    return help_run(unit_run("config_sections", tests));
}

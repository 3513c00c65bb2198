/* What the field table promises, row by row: each has its type, its form and its place in
 * the schema. */
#include "tests/unit/config_help.h"

#include "base/buf.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/text.h"
#include "config/demand.h"
#include "config/fields.h"
#include "config/schema.h"
#include "config/value.h"
#include "source/source.h"

#include <glob.h>
#include <stdlib.h>
#include <string.h>

/* A document in which the value stands at the field's path, all names on it "staging". */
static json_t *document_with(const struct field *field, const json_t *value)
{
    json_t *root = json_parse(whole, whole_length, NULL);
    char *path = mem_text(field->path), *rest = path;
    json_t *at = root;
    for (char *part; (part = strsep(&rest, "."));) {
        char *bracket = strchr(part, '['), *type = bracket ? bracket + 1 : NULL;
        bool list = bracket != NULL;
        if (list) {
            *bracket = '\0';
            type[strcspn(type, "]")] = '\0';
        }
        const char *key = strcmp(part, "*") == 0 ? "staging" : part;
        bool last = !rest;
        json_t *next = json_object_get(at, key);
        if (last && !list) {
            json_object_set(at, key, (json_t *)(uintptr_t)value);
            break;
        }
        if (list) {
            json_object_set_new(
                at, key, json_pack("[o]", last ? json_deep_copy(value) : json_object()));
            next = json_array_get(json_object_get(at, key), 0);
            if (*type && json_is_object(next)) {
                json_object_set_new(next, "type", json_string(type));
            }
        } else if (!json_is_object(next)) {
            json_object_set_new(at, key, json_object());
            next = json_object_get(at, key);
        }
        at = next;
    }
    free(path);
    return root;
}

static char *path_in_file(const struct field *field)
{
    struct buf path;
    buf_init(&path, 0);
    for (const char *at = field->path; *at; at++) {
        if (*at == '*') {
            buf_text(&path, "staging");
        } else if (*at == '[') {
            buf_text(&path, "[0]");
            at += strcspn(at, "]");
        } else {
            buf_add(&path, at, 1);
        }
    }
    return buf_take(&path);
}

static void each_row_refuses_a_wrong_type_with_its_path(void **state)
{
    (void)state;
    static const char *const values[] = {"null", "17.5", "\"\\u0007 not {this}\"", "[[]]",
                                         "{\"\": 1}"};
    for (size_t row = 0; row < field_count; row++) {
        const struct field *field = &fields[row];
        size_t refused = 0;
        for (size_t i = 0; i < sizeof values / sizeof values[0]; i++) {
            json_t *value = json_loads(values[i], JSON_DECODE_ANY, NULL);
            json_t *root = document_with(field, value);
            char *text = json_pretty(root);
            char *path = path_in_file(field);
            struct config *config = load(text);
            for (size_t p = 0; p < config->problem_count; p++) {
                if (text_equal(config->problems[p].path, path) &&
                    config->problems[p].line > 0) {
                    refused++;
                    break;
                }
            }
            config_destroy(config);
            free(path);
            free(text);
            json_decref(root);
            json_decref(value);
        }
        size_t wanted = sizeof values / sizeof values[0];
        if (field->type == FIELD_ANY) {
            wanted = 0;
        } else if (field->type == FIELD_NUMBER || field->type == FIELD_TEXT ||
                   field->type == FIELD_PATH || field->type == FIELD_TEXTS ||
                   field->type == FIELD_BYTES || field->type == FIELD_PATTERN ||
                   field->type == FIELD_SETTING || field->type == FIELD_PLACE) {
            wanted--; /* one of the five is of its type */
        } else if (field->type == FIELD_OBJECT || field->type == FIELD_MAP ||
                   field->type == FIELD_LIST || field->type == FIELD_TLS ||
                   field->type == FIELD_BODY) {
            wanted--; /* the fault is told below it */
        }
        if (refused < wanted) {
            fail_msg("%s was refused %zu times, not %zu", field->path, refused, wanted);
        }
    }
}

static void each_row_has_what_readers_need(void **state)
{
    (void)state;
    for (size_t i = 0; i < field_count; i++) {
        const struct field *field = &fields[i];
        assert_ptr_equal(field_find(field->path), field); /* no path twice */
        assert_true(field->help && *field->help);
        assert_int_not_equal(field->help[strlen(field->help) - 1], '.');
        assert_true(field->type != FIELD_WORD || field->words);
        if (field->type == FIELD_MAP) {
            assert_non_null(field_child(field, "name"));
        }
        if (field->type == FIELD_LIST) {
            assert_non_null(field_child(field, NULL));
        }
        const char *const presets[] = {field->preset, field->preset_tls};
        for (size_t p = 0; p < 2; p++) {
            json_t *value =
                presets[p] ? json_loads(presets[p], JSON_DECODE_ANY, NULL) : NULL;
            assert_true(!presets[p] || value_check(field, value, NULL));
            json_decref(value);
        }
    }
}

static void each_row_but_those_for_later_is_reached(void **state)
{
    (void)state;
    size_t reached = 0;
    for (size_t i = 0; i < field_count; i++) {
        for (const struct field *at = NULL; (at = field_next(&fields[i], at));) {
            reached += strcmp(fields[i].path, "defaults") != 0;
        }
    }
    for (const struct field *at = NULL; (at = field_next(NULL, at));) {
        reached++;
    }
    assert_int_equal(reached, field_count); /* every row has exactly one parent */
}

static void a_secret_is_never_written_in_the_file(void **state)
{
    (void)state;
    struct config *config =
        load_staging("{\"redis\": {\"password\": \"hunter2\"},"
                     " \"services\": {\"auth\": {\"url\": \"https://u:hunter2@h\"}},"
                     " \"auth_flow\": {\"login\": {\"body\": {\"password\": \"hunter2\"},"
                     " \"headers\": {\"Authorization\": \"Bearer hunter2\"}}}}");
    assert_problem(config, "environments.staging.redis.password", "never written here",
                   "\"env\"");
    assert_problem(config, "environments.staging.auth_flow.login.body",
                   "never written here", "{\"env\": \"NAME\"}");
    assert_problem(config, "environments.staging.auth_flow.login.headers",
                   "never written here", "");
    assert_problem(config, "environments.staging.services.auth.url", "without user", "");
    config_destroy(config);
    config = load_staging("{\"auth_flow\": {\"user\": {\"headers\": {\"X-Auth-Token\": "
                          "\"hunter2\"}}}, \"jwt\": {\"canonical\": {\"env\": "
                          "\"hunter2/hunter2=\"}}}");
    assert_problem(config, "environments.staging.auth_flow.user.headers",
                   "never written here", "");
    assert_problem(config, "environments.staging.jwt.canonical", "name of a variable",
                   "");
    char *complaint = config_complaint(config);
    assert_null(strstr(complaint, "hunter2"));
    free(complaint);
    config_destroy(config);
}

static void values_have_a_form(void **state)
{
    (void)state;
    static const struct refusal rows[] = {
        {"{\"redis\": {\"host\": \"redis://h\"}}", "redis.host", "without scheme", ""},
        {"{\"redis\": {\"host\": \"h:6379\"}}", "redis.host", "without scheme and port",
         ""},
        {"{\"services\": {\"auth\": {\"url\": \"auth.example.com\"}}}",
         "services.auth.url", "URL", ""},
        {"{\"services\": {\"auth\": {\"url\": \"ftp://h\"}}}", "services.auth.url", "URL",
         ""},
        {"{\"services\": {\"auth\": {\"url\": \"https://h/?a=b\"}}}", "services.auth.url",
         "URL", ""},
        {"{\"services\": {\"a b\": {\"url\": \"https://h\"}}}", "services.a b",
         "its name must", ""},
        {"{\"deploy\": {\"command\": \"make ship\"}}", "deploy.command", "list of texts",
         ""},
        {"{\"deploy\": {\"command\": []}}", "deploy.command", "list of texts", ""},
        {"{\"deploy\": {\"command\": [\"\"]}}", "deploy.command", "list of texts", ""},
        {"{\"deploy\": {\"timeout\": 30}}", "deploy.timeout", "duration", ""},
        {"{\"deploy\": {\"timeout\": \"30 min\"}}", "deploy.timeout", "not a span",
         "250ms"},
        {"{\"deploy\": {\"timeout\": \"2d\"}}", "deploy.timeout", "must be a duration",
         ""},
        {"{\"deploy\": {\"verify\": {\"within\": \"5s\", \"hold\": \"5s\"}}}",
         "deploy.verify.hold", "shorter than within", ""},
        {"{\"jwt\": {\"algorithm\": \"HS265\"}}", "jwt.algorithm", "not \"HS265\"",
         "HS256"},
        {"{\"jwt\": {\"canonical\": []}}", "jwt.canonical", "empty list", ""},
        {"{\"jwt\": {\"canonical\": {\"vault\": \"x\"}}}", "jwt.canonical",
         "not a source", "\"file\""},
        {"{\"auth_rate\": {\"objective\": 99}}", "auth_rate.objective", "from 0 to 1",
         ""},
        {"{\"auth_rate\": {\"source\": {}}}", "auth_rate.source", "exactly one key", ""},
        {"{\"auth_rate\": {\"source\": {\"probe\": {}, \"json\": {}}}}",
         "auth_rate.source", "exactly one key", ""},
        {"{\"auth_flow\": {\"login\": {\"headers\": {\"A\": {\"file\": \"\"}}}}}",
         "auth_flow.login.headers", "wants a text", ""},
        {"{\"auth_flow\": {\"login\": {\"headers\": {\"A:\": \"x\"}}}}",
         "auth_flow.login.headers", "no header field", ""},
        {"{\"auth_flow\": {\"login\": {\"headers\": {\"A\": \"x\\r\\nB: y\"}}}}",
         "auth_flow.login.headers", "no header field", ""},
        {"{\"auth_flow\": {\"user\": {\"email\": \"email\"}}}", "auth_flow.user.email",
         "JSON pointer", ""},
        {"{\"redis\": {\"tls\": {\"cert\": \"c\"}}}", "redis.tls", "together", ""},
        {"{\"checks\": [{\"type\": \"htpp\"}]}", "checks[0].type", "not \"htpp\"",
         "\"http\""},
        {"{\"redis\": {\"via\": \"there\"}}", "redis.via", "\"here\"", ""},
        {"{\"redis\": {\"via\": \"tunnel:\"}}", "redis.via", "\"tunnel:NAME\"", ""},
        {"{\"redis\": {\"via\": \"tunnel:bastion\"}}", "redis.via",
         "names a tunnel that is not configured", "tunnels here: none"},
        {"{\"redis\": {\"via\": \"tunnel:b\"}, \"tunnels\": {\"a\": {\"command\": "
         "[\"a\", \"{port}\"]}}}",
         "redis.via", "names a tunnel that is not configured", "tunnels here: a"},
        {"{\"tunnels\": {\"a\": {}}}", "tunnels.a.command", "is missing", "{port}"},
        {"{\"redis\": {\"via\": \"tunnel:a\"}, \"tunnels\": {\"a\": {\"command\": "
         "[\"ssh\", \"6379\"]}}}",
         "redis.via", "no {port}", "write {port} where"},
        {"{\"redis\": {\"via\": \"tunnel:a\"}, \"clickhouse\": {\"via\": "
         "\"tunnel:a\"}, \"tunnels\": {\"a\": {\"command\": [\"a\", \"{port}\"]}}}",
         "redis.via", "leads to one place", "{remote_port}"},
        {"{\"redis\": {\"via\": \"service:cart\", \"told_by\": \"x\"}}", "redis.via",
         "names a service that is not configured", "services here:"},
        {"{\"redis\": {\"told_by\": \"x\"}}", "redis.told_by",
         "is for via service:NAME alone", "take it out"},
        {"{\"checks\": [{\"type\": \"health_json\", \"name\": \"tunnel a\", "
         "\"service\": \"auth\", \"path\": \"/\", \"expect\": {\"/a\": 1}}]}",
         "checks[0].name", "is taken already", ""},
    };
    assert_all_refused(".", rows, sizeof rows / sizeof rows[0]);
}

static void when_a_run_may_start_has_a_form(void **state)
{
    (void)state;
    static const struct refusal rows[] = {
        {"{\"freezes\": [{\"from\": \"2026-12-24\", \"to\": "
         "\"2026-12-25T00:00:00Z\", \"reason\": \"x\"}]}",
         "freezes[0].from", "with its zone", ""},
        {"{\"freezes\": [{\"from\": \"2026-12-25T00:00:00+01:00\", \"to\": "
         "\"2026-12-24T23:00:00Z\", \"reason\": \"x\"}]}",
         "freezes[0].to", "later than from", ""},
        {"{\"windows\": [{\"days\": [\"mon\"], \"from\": \"09:00\", \"to\": "
         "\"17:00\", \"zone\": \"Europe/Berlin\"}]}",
         "windows[0].zone", "summer time", ""},
        {"{\"windows\": [{\"days\": [], \"from\": \"09:00\", \"to\": \"17:00\"}]}",
         "windows[0].days", "", ""},
        {"{\"windows\": [{\"days\": [\"mon\"], \"from\": \"9\", \"to\": \"17:00\"}]}",
         "windows[0].from", "time of the day", ""},
        {"{\"coordination\": {\"redis\": \"there\"}}", "coordination.redis",
         "\"environment\"", ""},
        {"{\"coordination\": {\"redis\": {}}}", "coordination.redis.host", "is missing",
         ""},
        {"{\"redis\": null, \"coordination\": {\"redis\": \"environment\"}}",
         "coordination.redis", "is not configured", "host, port"},
        {"{\"coordination\": {\"redis\": \"environment\"}, \"redis\": {\"host\": \"h\", "
         "\"via\": \"service:auth\"}}",
         "coordination.redis", "through a tunnel", "host, port"},
        {"{\"coordination\": {\"redis\": {\"host\": \"h\"}, \"ttl\": \"1ms\"}}",
         "coordination.ttl", "from 1 s", ""},
    };
    assert_all_refused(".", rows, sizeof rows / sizeof rows[0]);
}

static void the_schema_knows_every_row(void **state)
{
    (void)state;
    json_t *schema = schema_create();
    assert_string_equal(json_string_value(json_at(schema, "/$schema")),
                        "https://json-schema.org/draft/2020-12/schema");
    assert_int_equal(json_array_size(json_at(schema, "/required")), 3);
    assert_int_equal(
        json_integer_value(json_at(
            schema, "/$defs/environment/properties/redis/properties/port/default")),
        6379);
    assert_string_equal(
        json_string_value(
            json_at(schema, "/$defs/environment/properties/checks/items/required/0")),
        "type");
    assert_string_equal(
        json_string_value(json_at(schema, "/$defs/environment/properties/checks/items/"
                                          "oneOf/1/properties/type/enum/0")),
        "http");
    assert_null(json_at(
        schema, "/$defs/environment/properties/checks/items/additionalProperties"));
    assert_string_equal(
        json_string_value(json_at(schema, "/$defs/source/oneOf/0/required/0")),
        source_kinds[0]->name);
    json_decref(schema);
}

static void every_example_loads(void **state)
{
    (void)state;
    glob_t found;
    assert_int_equal(glob(EXAMPLES "/*.json", 0, NULL, &found), 0);
    assert_true(found.gl_pathc >= 3);
    for (size_t i = 0; i < found.gl_pathc; i++) {
        struct config *config = config_load(found.gl_pathv[i]);
        if (!config_usable(config)) {
            fail_msg("%s", config_complaint(config));
        }
        for (size_t e = 0; e < config->count; e++) {
            struct findings findings;
            demand_examine(config->environments[e], &findings);
            for (size_t f = 0; f < findings.count; f++) {
                if (findings.rows[f].fails) {
                    fail_msg("%s: %s", found.gl_pathv[i], findings.rows[f].message);
                }
            }
            findings_finish(&findings);
        }
        config_destroy(config);
    }
    globfree(&found);
}

static void what_is_shown_loads_again_as_the_same(void **state)
{
    (void)state;
    struct config *config = load_usable(whole);
    json_t *file =
        json_pack("{s:i, s:s, s:{s:O}}", "version", 1, "system", "netra", "environments",
                  "staging", (json_t *)(uintptr_t)config->environments[0]->root);
    char *text = json_pretty(file);
    struct config *again = load_usable(text);
    assert_true(json_equal((json_t *)(uintptr_t)config->environments[0]->root,
                           (json_t *)(uintptr_t)again->environments[0]->root));
    config_destroy(again);
    config_destroy(config);
    free(text);
    json_decref(file);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_row_refuses_a_wrong_type_with_its_path),
        cmocka_unit_test(each_row_has_what_readers_need),
        cmocka_unit_test(each_row_but_those_for_later_is_reached),
        cmocka_unit_test(a_secret_is_never_written_in_the_file),
        cmocka_unit_test(values_have_a_form),
        cmocka_unit_test(when_a_run_may_start_has_a_form),
        cmocka_unit_test(the_schema_knows_every_row),
        cmocka_unit_test(every_example_loads),
        cmocka_unit_test(what_is_shown_loads_again_as_the_same),
    };
    return help_run(unit_run("config_fields", tests));
}

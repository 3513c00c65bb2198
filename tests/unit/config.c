/* What the configuration promises. */
#include "tests/unit/unit.h"

#include "base/buf.h"
#include "base/clock.h"
#include "base/fs.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/text.h"
#include "config/config.h"
#include "config/demand.h"
#include "config/fields.h"
#include "config/locate.h"
#include "config/schema.h"
#include "config/trust.h"
#include "config/value.h"
#include "source/source.h"

#include <glob.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static char directory[] = "/tmp/greenboard-unit-XXXXXX";

static struct config *load_bytes(const char *data, size_t length)
{
    char *path = fs_join(directory, "greenboard.json");
    assert_true(fs_replace(path, data, length, 0600, NULL));
    struct config *config = config_load(path);
    free(path);
    return config;
}

static struct config *load(const char *text)
{
    return load_bytes(text, strlen(text));
}

static struct config *load_usable(const char *text)
{
    struct config *config = load(text);
    if (!config_usable(config)) {
        char *complaint = config_complaint(config);
        fail_msg("%s", complaint);
    }
    return config;
}

/* A staging with everything that its class demands; each test replaces what it is about.
 */
static const char whole[] =
    "{\"version\": 1, \"system\": \"netra\", \"environments\": {\"staging\": {\n"
    "  \"jwt\": {},\n"
    "  \"services\": {\"auth\": {\"url\": \"https://auth.example.com\"},\n"
    "               \"backend\": {\"url\": \"https://api.example.com/base\"}},\n"
    "  \"auth_flow\": {\"login\": {\"path\": \"/login\", \"body\": {\"email\": "
    "\"a@b.c\",\n"
    "      \"password\": {\"env\": \"PROBE\"}}}, \"user\": {\"path\": \"/me\"}},\n"
    "  \"clickhouse\": {\"host\": \"ch.example.com\", \"tls\": true},\n"
    "  \"redis\": {\"host\": \"10.0.0.3\"},\n"
    "  \"deploy\": {\"command\": [\"ship\"]},\n"
    "  \"rollback\": {\"command\": [\"back\", \"{release}\"]}}}}";

/* The whole staging after `change` was merged into it (RFC 7396: null takes away). */
static void patch(json_t *into, const json_t *change)
{
    const char *key;
    json_t *value;
    json_object_foreach((json_t *)(uintptr_t)change, key, value)
    {
        json_t *old = json_object_get(into, key);
        if (json_is_null(value)) {
            json_object_del(into, key);
        } else if (json_is_object(old) && json_is_object(value)) {
            patch(old, value);
        } else {
            json_object_set(into, key, value);
        }
    }
}

static struct config *load_changed(const char *change)
{
    json_t *root = json_parse(whole, sizeof whole - 1, NULL);
    json_t *edit = json_parse(change, strlen(change), NULL);
    assert_non_null(edit);
    patch(root, edit);
    char *text = json_pretty(root);
    struct config *config = load(text);
    free(text);
    json_decref(root);
    json_decref(edit);
    return config;
}

static struct config *load_staging(const char *change)
{
    char *text = mem_format("{\"environments\": {\"staging\": %s}}", change);
    struct config *config = load_changed(text);
    free(text);
    return config;
}

static void assert_problem(const struct config *config, const char *path,
                           const char *message, const char *hint)
{
    for (size_t i = 0; i < config->problem_count; i++) {
        const struct problem *problem = &config->problems[i];
        if (text_equal(problem->path, path) && strstr(problem->message, message) &&
            strstr(problem->hint, hint)) {
            return;
        }
    }
    char *complaint = config_complaint(config);
    fail_msg("no problem %s: %s (%s) in:\n%s", path, message, hint, complaint);
}

static void assert_refused(const char *staging, const char *path, const char *message,
                           const char *hint)
{
    struct config *config = load_staging(staging);
    assert_false(config_usable(config));
    assert_problem(config, path, message, hint);
    config_destroy(config);
}

static void a_whole_staging_loads_with_every_default_filled_in(void **state)
{
    (void)state;
    struct config *config = load_usable(whole);
    assert_string_equal(config->system, "netra");
    const struct environment *env = config_environment(config, NULL, NULL);
    assert_string_equal(env->name, "staging");
    assert_int_equal(env->env_class, CLASS_STAGING);
    assert_string_equal(env->directory, directory);
    assert_int_equal(strlen(env->digest), DIGEST_HEX - 1);
    const json_t *redis = config_section(env, "/redis");
    assert_int_equal(config_integer(redis, "port"), 6379);
    assert_int_equal(config_span(redis, "deadline"), 2 * CLOCK_SECOND);
    assert_int_equal(config_span(redis, "period"), 5 * CLOCK_SECOND);
    assert_null(config_text(redis, "user"));
    const json_t *clickhouse = config_section(env, "/clickhouse");
    assert_int_equal(config_integer(clickhouse, "http_port"), 8443); /* tls is on */
    assert_true(config_bool(clickhouse, "tls"));
    assert_int_equal(config_span(config_section(env, "/gate"), "max_age"),
                     60 * CLOCK_SECOND);
    assert_int_equal(config_span(config_section(env, "/deploy/verify"), "hold"),
                     30 * CLOCK_SECOND);
    assert_string_equal(json_string_value(config_section(env, "/jwt/canonical/0/env")),
                        "JWT_SECRET_KEY");
    assert_null(config_section(env, "/release"));
    config_destroy(config);
}

static void an_environment_outlives_its_file(void **state)
{
    (void)state;
    struct config *config = load_usable(whole);
    struct environment *env =
        environment_ref(config_environment(config, "staging", NULL));
    config_destroy(config);
    assert_string_equal(env->system, "netra");
    assert_int_equal(config_integer(config_section(env, "/redis"), "port"), 6379);
    environment_unref(env);
    environment_unref(NULL);
}

static void count_source(void *self, const json_t *source)
{
    json_array_append((json_t *)self, (json_t *)(uintptr_t)source);
}

static void only_sources_are_sources(void **state)
{
    (void)state;
    struct config *config = load_staging("{\"release\": {\"command\": [\"git\"]}, "
                                         "\"redis\": {\"password\": {\"file\": \"p\"}}}");
    assert_true(config_usable(config));
    json_t *found = json_array();
    config_sources(config_environment(config, NULL, NULL), count_source, found);
    char *text = json_compact(found);
    assert_string_equal(
        text, "[[{\"env\":\"JWT_SECRET_KEY\"}],{\"env\":\"PROBE\"},{\"file\":\"p\"}]");
    free(text);
    json_decref(found);
    config_destroy(config);
}

/* ---- what is no JSON at all
 * -------------------------------------------------------------------- */

static void assert_unreadable(const char *data, size_t length, const char *words)
{
    struct config *config = load_bytes(data, length);
    assert_false(config_usable(config));
    assert_int_equal(config->count, 0);
    assert_int_equal(config->problem_count, 0);
    char *complaint = config_complaint(config);
    if (!strstr(complaint, words) ||
        strchr(complaint, '\n') != strrchr(complaint, '\n') ||
        !text_starts(complaint, config->file)) {
        fail_msg("wanted one line of FILE and \"%s\", got: %s", words, complaint);
    }
    free(complaint);
    config_destroy(config);
}

static void what_is_no_json_gets_one_clear_message(void **state)
{
    (void)state;
    assert_unreadable("", 0, "is empty");
    assert_unreadable(" \n\t\n", 4, "is empty");
    assert_unreadable("{\"version\": 1,\n\"system\"", 23, ":2: ends in the middle");
    assert_unreadable("{\"version\": 1,\n\"sys", 19, ":2: ends in the middle");
    assert_unreadable("{\n\"version\" 1}", 14, ":2: is not JSON");
    assert_unreadable("{} {}", 5, "is not JSON");
    assert_unreadable("\x7f"
                      "ELF\0\0",
                      6, "is not text (byte 0x00 at offset 4)");
    assert_unreadable("{\"version\": \x1b}", 14, "is not text (byte 0x1b");
    assert_unreadable("{\"a\": \"\xff\"}", 10, "is not JSON");
    assert_unreadable("\xef\xbb\xbf{}", 5, "byte order mark");
    assert_unreadable("{\"a\": \"\\u0000\"}", 15, "is not JSON");
    assert_unreadable("{\"a\": 99999999999999999999}", 27, "is not JSON");
}

static void a_file_that_was_cut_anywhere_is_refused(void **state)
{
    (void)state;
    for (size_t length = 0; length + 1 < sizeof whole; length++) {
        struct config *config = load_bytes(whole, length);
        assert_false(config_usable(config));
        config_destroy(config);
    }
}

static void depth_and_size_are_capped_before_parsing(void **state)
{
    (void)state;
    enum { DEPTH = 10000 };
    char *deep = mem_alloc(2 * DEPTH);
    memset(deep, '[', DEPTH);
    memset(deep + DEPTH, ']', DEPTH);
    assert_unreadable(deep, 2 * DEPTH, "nested deeper than 32 levels");
    for (size_t i = 0; i < DEPTH; i += 5) {
        memcpy(deep + i, "{\"a\":", 5);
    }
    assert_unreadable(deep, DEPTH, "nested deeper than 32 levels");
    free(deep);
}

static void a_huge_file_is_refused_without_being_read(void **state)
{
    (void)state;
    char *path = fs_join(directory, "huge.json");
    assert_true(fs_replace(path, "{", 1, 0600, NULL));
    assert_int_equal(truncate(path, 100 * 1024 * 1024), 0);
    struct config *config = config_load(path);
    assert_false(config_usable(config));
    assert_int_equal(config->error.code, ERROR_LIMIT);
    assert_non_null(strstr(config->error.message, "larger than 1048576 bytes"));
    config_destroy(config);
    unlink(path);
    free(path);
}

static void what_is_not_a_file_is_refused(void **state)
{
    (void)state;
    struct config *config = config_load("/dev/zero");
    assert_false(config_usable(config));
    assert_non_null(strstr(config->error.message, "not a regular file"));
    config_destroy(config);
    config = config_load("/nonexistent/greenboard.json");
    assert_int_equal(config->error.code, ERROR_ABSENT);
    config_destroy(config);
    config_destroy(NULL);
}

static void a_newer_format_says_what_it_needs(void **state)
{
    (void)state;
    const char *text = "{\n\"version\": 2, \"future\": true}";
    assert_unreadable(text, strlen(text),
                      ":2: version: 2 of the format needs greenboard 2.0");
}

/* ---- positions and problems
 * -------------------------------------------------------------------- */

static void problems_name_file_line_path_and_nearest_key(void **state)
{
    (void)state;
    struct config *config =
        load("{\"version\": 1, \"system\": \"netra\", \"environments\": {\n"
             "  \"staging\": {\n"
             "    \"redis\": {\"host\": \"a\",\n"
             "      \"pasword\": {\"env\": \"X\"},\n"
             "      \"port\": 70000},\n"
             "    \"checks\": [\n"
             "      {\"type\": \"health_json\", \"name\": \"x\",\n"
             "       \"service\": \"s\", \"path\": \"p\",\n"
             "       \"expect\": {\"/a\": 1}}]}}}");
    char *complaint = config_complaint(config);
    char *wanted = mem_format("%s:4: environments.staging.redis.pasword: unknown key "
                              "(did you mean \"password\"?)\n"
                              "%s:5: environments.staging.redis.port: must be a whole "
                              "number from 1 to 65535, not "
                              "70000\n"
                              "%s:8: environments.staging.checks[0].path: must be a path "
                              "that starts with \"/\"\n"
                              "%s:8: environments.staging.checks[0].service: names a "
                              "service that is not configured "
                              "(services here:)\n",
                              config->file, config->file, config->file, config->file);
    assert_string_equal(complaint, wanted);
    free(wanted);
    free(complaint);
    config_destroy(config);
}

static void escaped_keys_and_strings_do_not_shift_lines(void **state)
{
    (void)state;
    struct config *config =
        load("{\"version\": 1, \"system\": \"n\\\"{[\",\n"
             "\"environ\\u006dents\": {\"test\": {\n\n"
             "\"\\u0072edis\": {\"host\": \"\", \"x\\ty\\\\\": \"]}\"},\n"
             "\"jwt\": 5}}}");
    assert_problem(config, "system", "must be a name", "");
    assert_problem(config, "environments.test.redis.x y\\", "unknown key", "");
    assert_problem(config, "environments.test.jwt", "must be an object, not 5",
                   "");
    assert_int_equal(config->problems[0].line, 1);
    assert_int_equal(config->problems[1].line, 4);
    assert_int_equal(config->problems[2].line, 5);
    config_destroy(config);
}

static void duplicate_keys_are_told_with_both_lines(void **state)
{
    (void)state;
    struct config *config =
        load("{\"version\": 1, \"system\": \"n\", \"environments\": {\"test\": {\n"
             "\"redis\": {\"host\": \"a\", \"port\": 1},\n"
             "\"redis\": [[{}], 2],\n"
             "\"auth_flow\": {\"user\": {\"path\": \"/\"}, \"login\": {\n"
             " \"path\": \"/\", \"body\": {\"a\": {\"b\": 1,\n"
             " \"b\": 2}}}}}}}");
    assert_problem(config, "environments.test.redis", "duplicate key",
                   "already on line 2");
    assert_problem(config, "environments.test.auth_flow.login.body.a.b", "duplicate key",
                   "already on line 5");
    config_destroy(config);
}

static void all_problems_are_told_at_once_up_to_twenty(void **state)
{
    (void)state;
    struct buf text;
    buf_init(&text, 0);
    buf_text(&text, "{\"environments\": {\"test\": {");
    for (int i = 0; i < 30; i++) {
        buf_format(&text, "%s\n\"zz%d\": 1", i ? "," : "", i);
    }
    buf_text(&text, "}}}");
    struct config *config = load(buf_string(&text));
    assert_int_equal(config->problem_count, 20);
    assert_int_equal(config->problem_more,
                     12); /* with version and system, which are missing */
    assert_problem(config, "version", "is missing", "");
    assert_problem(config, "system", "is missing", "");
    for (size_t i = 1; i < config->problem_count; i++) {
        assert_true(config->problems[i - 1].line <= config->problems[i].line);
    }
    char *complaint = config_complaint(config);
    assert_non_null(strstr(complaint, "\nand 12 more\n"));
    free(complaint);
    config_destroy(config);
    buf_finish(&text);
}

static void the_file_itself_must_be_an_object(void **state)
{
    (void)state;
    static const char *const bad[] = {"[]", "1", "\"x\"", "null", "true"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        struct config *config = load(bad[i]);
        assert_false(config_usable(config));
        assert_problem(config, "", "must be an object", "");
        config_destroy(config);
    }
    struct config *config =
        load("{\"version\": 1, \"system\": \"n\", \"environments\": {}}");
    assert_problem(config, "environments", "must not be empty", "");
    config_destroy(config);
}

/* ---- the table
 * ---------------------------------------------------------------------------------- */

/* A document in which the value stands at the field's path, all names on it "staging". */
static json_t *document_with(const struct field *field, const json_t *value)
{
    json_t *root = json_parse(whole, sizeof whole - 1, NULL);
    char *path = mem_text(field->path), *rest = path;
    json_t *at = root;
    for (char *part; (part = strsep(&rest, "."));) {
        bool list = strlen(part) > 2 && strcmp(part + strlen(part) - 2, "[]") == 0;
        if (list) {
            part[strlen(part) - 2] = '\0';
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
        } else if (text_starts(at, "[]")) {
            buf_text(&path, "[0]");
            at++;
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
        if (field->type == FIELD_ANY && !(field->flags & FIELD_LATER)) {
            wanted = 0;
        } else if (field->type == FIELD_NUMBER || field->type == FIELD_TEXT ||
                   field->type == FIELD_PATH || field->type == FIELD_TEXTS) {
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

/* ---- values
 * -------------------------------------------------------------------------------------
 */

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
    char *complaint = config_complaint(config);
    assert_null(strstr(complaint, "hunter2"));
    free(complaint);
    config_destroy(config);
}

static void values_have_a_form(void **state)
{
    (void)state;
    static const struct {
        const char *staging, *path, *message, *hint;
    } rows[] = {
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
        {"{\"redis\": {\"via\": \"tunnel:bastion\"}}", "redis.via", "\"here\"", ""},
        {"{\"checks\": [{\"type\": \"tcp\"}]}", "checks[0].type", "\"health_json\"", ""},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char *path = mem_format("environments.staging.%s", rows[i].path);
        assert_refused(rows[i].staging, path, rows[i].message, rows[i].hint);
        free(path);
    }
}

static void what_nothing_obeys_yet_is_refused(void **state)
{
    (void)state;
    static const char *const keys[] = {"tunnels", "repairs", "notify"};
    for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++) {
        char *staging = mem_format("{\"%s\": {}}", keys[i]);
        char *path = mem_format("environments.staging.%s", keys[i]);
        assert_refused(staging, path, "is not supported by this version", "take it out");
        free(staging);
        free(path);
    }
    assert_refused("{\"backup\": {\"commands\": []}}",
                   "environments.staging.backup.commands", "is not supported", "");
    assert_refused("{\"services\": {\"auth\": {\"settings\": {}}}}",
                   "environments.staging.services.auth.settings", "is not supported", "");
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

static void required_keys_are_told_where_their_section_is(void **state)
{
    (void)state;
    assert_refused("{\"deploy\": {\"command\": null}}",
                   "environments.staging.deploy.command", "is missing", "ships");
    assert_refused("{\"services\": {\"auth\": {\"url\": null}}}",
                   "environments.staging.services.auth.url", "is missing", "");
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

/* ---- environments
 * ------------------------------------------------------------------------------- */

static void defaults_lie_below_every_environment(void **state)
{
    (void)state;
    struct config *config =
        load_usable("{\"version\": 1, \"system\": \"n\", \"defaults\": {"
                    " \"private\": [\"a\", \"b\"],"
                    " \"redis\": {\"host\": \"shared\", \"port\": 7000, \"password\": "
                    "{\"env_file\": \"f\", \"key\": \"K\"}},"
                    " \"auth_flow\": {\"login\": {\"path\": \"/l\", \"headers\": {\"A\": "
                    "\"1\", \"B\": \"2\"}},"
                    "                \"user\": {\"path\": \"/u\"}},"
                    " \"auth_rate\": {\"source\": {\"probe\": {}}}},"
                    "\"environments\": {\"test\": {},"
                    " \"development\": {\"private\": [\"c\"],"
                    "  \"redis\": {\"port\": 7001, \"password\": {\"file\": \"p\"}},"
                    "  \"services\": {\"s\": {\"url\": \"http://h\"}},"
                    "  \"auth_flow\": {\"login\": {\"headers\": {\"B\": \"3\"}}},"
                    "  \"auth_rate\": {\"source\": {\"json\": {\"service\": \"s\", "
                    "\"path\": \"/\", \"good\": \"/g\","
                    "   \"total\": \"/t\"}}}}}}");
    const struct environment *test = config_environment(config, "test", NULL);
    assert_string_equal(config_text(config_section(test, "/redis"), "host"), "shared");
    const struct environment *dev = config_environment(config, "development", NULL);
    const json_t *redis = config_section(dev, "/redis");
    assert_string_equal(config_text(redis, "host"), "shared");
    assert_int_equal(config_integer(redis, "port"), 7001);
    assert_int_equal(json_array_size(config_section(dev, "/private")), 1); /* replaced */
    assert_string_equal(config_text(config_section(dev, "/auth_flow/login"), "path"),
                        "/l");
    assert_string_equal(config_text(config_section(dev, "/auth_flow/login/headers"), "A"),
                        "1");
    assert_string_equal(config_text(config_section(dev, "/auth_flow/login/headers"), "B"),
                        "3");
    assert_null(config_section(dev, "/auth_rate/source/probe")); /* one of, not both */
    char *source = json_compact(config_section(dev, "/redis/password"));
    assert_string_equal(source, "{\"file\":\"p\"}"); /* not half of each */
    free(source);
    config_destroy(config);
}

static void what_ships_belongs_to_one_environment(void **state)
{
    (void)state;
    struct config *config = load_changed(
        "{\"defaults\": {\"deploy\": {\"command\": [\"a\"]}, \"class\": \"test\","
        " \"rollback\": {\"command\": [\"a\"]}, \"repairs\": []}}");
    assert_problem(config, "defaults.deploy", "belongs to one environment", "");
    assert_problem(config, "defaults.rollback", "belongs to one environment", "");
    assert_problem(config, "defaults.class", "belongs to one environment", "");
    assert_problem(config, "defaults.repairs", "is not supported", "");
    config_destroy(config);
    config = load_changed("{\"defaults\": {\"redis\": {\"hots\": \"a\", \"port\": 0}}}");
    assert_problem(config, "defaults.redis.hots", "unknown key", "\"host\"");
    assert_problem(config, "defaults.redis.port", "from 1 to 65535, not 0", "");
    config_destroy(config);
}

static void an_environment_has_a_class(void **state)
{
    (void)state;
    for (int i = 0; i < CLASS_COUNT; i++) {
        char *text = mem_format(
            "{\"version\": 1, \"system\": \"n\", \"environments\": {\"%s\": {},"
            " \"other\": {\"class\": \"%s\"}}}",
            env_class_words[i], env_class_words[i]);
        struct config *config = load_usable(text);
        assert_int_equal(config->environments[0]->env_class, i);
        assert_int_equal(config->environments[1]->env_class, i);
        config_destroy(config);
        free(text);
    }
    assert_false(env_class_demands(CLASS_DEVELOPMENT) || env_class_demands(CLASS_TEST));
    assert_true(env_class_demands(CLASS_STAGING) && env_class_demands(CLASS_PRODUCTION));
}

static void a_class_is_never_guessed(void **state)
{
    (void)state;
    struct config *config =
        load_changed("{\"environments\": {\"canary\": {}, \"eu\": {\"class\": \"prodction\"},"
                     " \"staging\": {\"class\": \"development\"}}}");
    assert_problem(config, "environments.canary.class", "is missing", "staging");
    assert_problem(config, "environments.eu.class", "not \"prodction\"", "\"production\"?");
    assert_problem(config, "environments.staging.class", "contradicts", "");
    config_destroy(config);
}

static void an_environment_is_named_unless_it_is_the_only_one(void **state)
{
    (void)state;
    struct config *config = load_changed("{\"environments\": {\"test\": {}}}");
    struct error error;
    assert_null(config_environment(config, NULL, &error));
    assert_int_equal(error.code, ERROR_USAGE);
    assert_string_equal(error.hint, "say which with -e: staging, test");
    assert_null(config_environment(config, "stagin", &error));
    assert_string_equal(error.hint, "did you mean \"staging\"?");
    assert_null(config_environment(config, "production-eu", &error));
    assert_string_equal(error.hint, "there are: staging, test");
    assert_string_equal(config_environment(config, "test", &error)->name, "test");
    config_destroy(config);
}

static void what_is_not_used_is_nowhere_configured(void **state)
{
    (void)state;
    struct config *config = load_changed("{\"not_used\": {\"redis\": \"no cache\"}}");
    assert_problem(config, "not_used.redis",
                   "but environments.staging.redis configures it", "");
    config_destroy(config);
    config = load_changed("{\"not_used\": {\"services.auth\": \"none\", \"deploy\": "
                          "\"x\", \"jwt\": \"\"}}");
    assert_problem(config, "not_used.services.auth", "environments.staging.services.auth",
                   "");
    assert_problem(config, "not_used.deploy", "must be \"jwt\"", "");
    assert_problem(config, "not_used.jwt", "not empty", "");
    config_destroy(config);
}

/* ---- demands
 * ------------------------------------------------------------------------------------ */

static bool has_finding(const struct findings *findings, bool fails, const char *message)
{
    for (size_t i = 0; i < findings->count; i++) {
        if (findings->rows[i].fails == fails &&
            strstr(findings->rows[i].message, message)) {
            assert_true(*findings->rows[i].remedy && *findings->rows[i].path);
            return true;
        }
    }
    return false;
}

/* How many findings fail; `message` must be among those that do, or among the notes. */
static size_t examine(const char *change, const char *name, bool fails,
                      const char *message)
{
    struct config *config = load_changed(change);
    if (!config_usable(config)) {
        fail_msg("%s", config_complaint(config));
    }
    struct findings findings;
    demand_examine(config_environment(config, name, NULL), &findings);
    size_t count = 0;
    for (size_t i = 0; i < findings.count; i++) {
        count += findings.rows[i].fails;
    }
    if (message && !has_finding(&findings, fails, message)) {
        fail_msg("%s: no \"%s\" among %zu findings, the first: %s", change, message,
                 findings.count, findings.count ? findings.rows[0].message : "");
    }
    findings_finish(&findings);
    config_destroy(config);
    return count;
}

static void a_whole_staging_meets_every_demand(void **state)
{
    (void)state;
    assert_int_equal(examine("{}", NULL, false, NULL), 0);
}

static void each_required_section_is_demanded_by_name(void **state)
{
    (void)state;
    static const struct {
        const char *change, *message;
        size_t fails;
    } rows[] = {
        {"{\"jwt\": null}", "JWT is REQUIRED in staging", 1},
        {"{\"services\": {\"auth\": null}}", "Auth service is REQUIRED in staging", 1},
        {"{\"services\": {\"backend\": null}}", "Backend service is REQUIRED in staging",
         1},
        {"{\"auth_flow\": null}", "Auth flow is REQUIRED in staging", 1},
        {"{\"clickhouse\": null}", "ClickHouse is REQUIRED in staging", 1},
        {"{\"redis\": null}", "Redis is REQUIRED in staging", 1},
        {"{\"deploy\": null}", "Deploy is REQUIRED in staging", 1},
        {"{\"rollback\": null}", "Rollback is REQUIRED in staging", 1},
        {"{\"clickhouse\": {\"host\": \"\"}}", "ClickHouse host is REQUIRED in staging",
         1},
        {"{\"redis\": {\"host\": null}}", "Redis host is REQUIRED in staging", 1},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char *change =
            mem_format("{\"environments\": {\"staging\": %s}}", rows[i].change);
        assert_int_equal(examine(change, NULL, true, rows[i].message), rows[i].fails);
        free(change);
    }
    static const char nothing[] =
        "{\"environments\": {\"staging\": null, \"production\": {},"
        " \"eu\": {\"class\": \"production\"}, \"test\": {},"
        " \"development\": {}}}";
    assert_int_equal(
        examine(nothing, "production", true, "Redis is REQUIRED in production"), 8);
    assert_int_equal(examine(nothing, "eu", true, "ClickHouse is REQUIRED in production"),
                     8);
    assert_int_equal(examine(nothing, "test", false, NULL), 0);
    assert_int_equal(examine(nothing, "development", false, NULL), 0);
}

static void what_is_not_used_is_not_demanded_but_noted(void **state)
{
    (void)state;
    assert_int_equal(examine("{\"not_used\": {\"clickhouse\": \"no analytics\"},"
                             " \"environments\": {\"staging\": {\"clickhouse\": null}}}",
                             NULL, false, "ClickHouse is not used: no analytics"),
                     0);
}

static void a_section_needs_what_it_asks(void **state)
{
    (void)state;
    static const char change[] =
        "{\"environments\": {\"staging\": null, \"test\": {\"auth_rate\": {}, "
        "\"auth_flow\":"
        " {\"login\": {\"path\": \"/\"}, \"user\": {\"path\": \"/\"}}}}}";
    assert_int_equal(examine(change, NULL, true, "auth_flow needs services.auth"), 2);
    assert_int_equal(
        examine("{\"environments\": {\"staging\": null, \"test\": {\"auth_rate\": {}}}}",
                NULL, true, "auth_rate needs auth_flow"),
        1);
}

static void a_store_on_this_machine_beside_services_elsewhere_fails(void **state)
{
    (void)state;
    static const char *const hosts[] = {"localhost",       "LOCALHOST", "db.localhost",
                                        "127.0.0.1",       "127.8.9.1", "::1",
                                        "::ffff:127.0.0.1"};
    for (size_t i = 0; i < sizeof hosts / sizeof hosts[0]; i++) {
        char *change = mem_format(
            "{\"environments\": {\"staging\": {\"clickhouse\": {\"host\": \"%s\"}}}}",
            hosts[i]);
        assert_int_equal(examine(change, NULL, true, "is this machine"), 1);
        free(change);
    }
    assert_int_equal(
        examine("{\"environments\": {\"staging\": {\"class\": null, \"redis\":"
                " {\"host\": \"localhost.example.com\"}}}}",
                NULL, false, NULL),
        0);
    assert_int_equal(examine("{\"environments\": {\"staging\": null, \"test\": {"
                             " \"redis\": {\"host\": \"localhost\"},"
                             " \"services\": {\"s\": {\"url\": \"https://h\"}}}}}",
                             NULL, false, "is this machine"),
                     0);
}

static void everything_on_this_machine_is_a_note(void **state)
{
    (void)state;
    assert_int_equal(
        examine("{\"environments\": {\"staging\": {\"redis\": {\"host\": \"127.0.0.1\"},"
                " \"clickhouse\": {\"host\": \"::1\"}, \"services\": {"
                "  \"auth\": {\"url\": \"http://127.0.0.1:81\"},"
                "  \"backend\": {\"url\": \"http://[::1]:82/\"}}}}}",
                NULL, false, "every service and data store is on this machine"),
        0);
}

static void a_secret_does_not_travel_in_plain_text(void **state)
{
    (void)state;
    static const struct {
        const char *staging;
        size_t fails;
    } rows[] = {
        {"{\"redis\": {\"password\": {\"env\": \"P\"}}}", 1},
        {"{\"redis\": {\"password\": {\"env\": \"P\"}, \"tls\": true}}", 0},
        {"{\"redis\": {\"password\": {\"env\": \"P\"}, \"tls\": {\"ca\": \"c\"}}}", 0},
        {"{\"redis\": {\"password\": {\"env\": \"P\"}}, \"private\": [\"10.0.0.3\"]}", 0},
        {"{\"redis\": {\"password\": {\"env\": \"P\"}}, \"private\": [\"10.0.0.4\"]}", 1},
        {"{\"clickhouse\": {\"password\": {\"env\": \"P\"}, \"tls\": false}}", 1},
        {"{\"services\": {\"auth\": {\"url\": \"http://a\"}}}", 1},
        {"{\"services\": {\"backend\": {\"url\": \"http://a\"}}}", 1},
        {"{\"services\": {\"other\": {\"url\": \"http://a\"}}}", 0},
        {"{\"services\": {\"other\": {\"url\": \"http://a\", \"validate\": {\"path\": "
         "\"/\","
         " \"headers\": {\"X\": {\"env\": \"P\"}}}}}}",
         1},
        {"{\"services\": {\"auth\": {\"url\": \"http://A\"}}, \"private\": [\"a\"]}", 0},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char *change =
            mem_format("{\"environments\": {\"staging\": %s}}", rows[i].staging);
        assert_int_equal(
            examine(change, NULL, true, rows[i].fails ? "in plain text" : NULL),
            rows[i].fails);
        free(change);
    }
}

/* ---- finding and trusting
 * ----------------------------------------------------------------------- */

static void touch(const char *path)
{
    assert_true(fs_replace(path, "{}", 2, 0600, NULL));
}

static void the_file_is_looked_for_in_order(void **state)
{
    (void)state;
    char before[4096];
    assert_non_null(getcwd(before, sizeof before));
    char *work = fs_join(directory, "work"), *home = fs_join(directory, "home");
    char *own = mem_format("%s/greenboard/greenboard.json", home);
    char *said = fs_join(directory, "said.json"),
         *here = fs_join(work, "greenboard.json");
    char *folder = fs_directory(own);
    assert_true(fs_make_dirs(work, NULL) && fs_make_dirs(folder, NULL));
    assert_int_equal(chdir(work), 0);
    setenv("XDG_CONFIG_HOME", home, 1);
    unsetenv("GREENBOARD_CONFIG");
    struct located at;
    struct error error;
    assert_false(locate_config(NULL, &at, &error));
    assert_int_equal(error.code, ERROR_CONFIG);
    assert_non_null(strstr(error.hint, "-c FILE"));
    touch(own);
    assert_true(locate_config(NULL, &at, &error));
    assert_string_equal(at.path, own);
    assert_false(at.found);
    free(at.path);
    touch(here);
    assert_true(locate_config(NULL, &at, &error));
    assert_string_equal(at.path, here);
    assert_true(at.found); /* the only one that nobody named */
    free(at.path);
    setenv("GREENBOARD_CONFIG", said, 1);
    assert_false(locate_config(NULL, &at, &error)); /* no falling through */
    touch(said);
    assert_true(locate_config(NULL, &at, &error));
    assert_string_equal(at.path, said);
    assert_false(at.found);
    free(at.path);
    assert_true(locate_config("greenboard.json", &at, &error));
    assert_string_equal(at.path, here);
    assert_false(at.found);
    free(at.path);
    unsetenv("GREENBOARD_CONFIG");
    assert_int_equal(chdir(before), 0);
    free(work);
    free(home);
    free(own);
    free(said);
    free(here);
    free(folder);
}

static void a_found_file_is_trusted_until_it_changes(void **state)
{
    (void)state;
    char *home = fs_join(directory, "state"), *list = fs_join(home, "trusted");
    char first[DIGEST_HEX], second[DIGEST_HEX];
    digest_hex(first, "1", 1);
    digest_hex(second, "2", 1);
    struct error error;
    assert_false(trust_known(home, "/a/g.json", first, &error));
    assert_int_equal(error.code, ERROR_DENIED);
    assert_non_null(strstr(error.hint, "config trust"));
    assert_true(trust_add(home, "/a/g.json", first, &error));
    assert_true(trust_add(home, "/b c/g.json", first, &error));
    assert_true(trust_known(home, "/a/g.json", first, &error));
    assert_true(trust_known(home, "/b c/g.json", first, &error));
    assert_false(trust_known(home, "/a", first, &error));
    assert_false(trust_known(home, "/a/g.json", "", &error));
    assert_false(trust_known(home, "/a/g.json", second, &error));
    assert_non_null(strstr(error.message, "has changed"));
    assert_true(trust_add(home, "/a/g.json", second, &error));
    assert_true(trust_known(home, "/a/g.json", second, &error));
    assert_false(
        trust_known(home, "/a/g.json", first, &error)); /* the old content no more */
    assert_false(trust_add(home, "/a\n/g.json", first, &error));
    struct stat about;
    assert_int_equal(stat(list, &about), 0);
    assert_int_equal(about.st_mode & 0777, 0600);
    assert_int_equal(chmod(list, 0620), 0); /* others may write it: it proves nothing */
    assert_false(trust_known(home, "/a/g.json", second, &error));
    free(home);
    free(list);
}

/* ---- what is made from the table
 * ---------------------------------------------------------------- */

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
    assert_null(json_at(schema, "/$defs/environment/properties/notify"));
    assert_string_equal(
        json_string_value(
            json_at(schema, "/$defs/environment/properties/checks/items/required/0")),
        "type");
    assert_string_equal(
        json_string_value(json_at(schema, "/$defs/source/oneOf/0/required/0")),
        source_kinds[0]->name);
    struct buf manual;
    buf_init(&manual, 0);
    schema_manual_fields(&manual);
    for (size_t i = 0; i < field_count; i++) {
        char *item = mem_format(".It Cm %s\n", fields[i].path);
        bool listed = strstr(buf_string(&manual), item) != NULL;
        assert_int_equal(listed, !(fields[i].flags & FIELD_LATER));
        free(item);
    }
    buf_finish(&manual);
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
    json_begin();
    if (!mkdtemp(directory)) {
        return 1;
    }
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_whole_staging_loads_with_every_default_filled_in),
        cmocka_unit_test(an_environment_outlives_its_file),
        cmocka_unit_test(only_sources_are_sources),
        cmocka_unit_test(what_is_no_json_gets_one_clear_message),
        cmocka_unit_test(a_file_that_was_cut_anywhere_is_refused),
        cmocka_unit_test(depth_and_size_are_capped_before_parsing),
        cmocka_unit_test(a_huge_file_is_refused_without_being_read),
        cmocka_unit_test(what_is_not_a_file_is_refused),
        cmocka_unit_test(a_newer_format_says_what_it_needs),
        cmocka_unit_test(problems_name_file_line_path_and_nearest_key),
        cmocka_unit_test(escaped_keys_and_strings_do_not_shift_lines),
        cmocka_unit_test(duplicate_keys_are_told_with_both_lines),
        cmocka_unit_test(all_problems_are_told_at_once_up_to_twenty),
        cmocka_unit_test(the_file_itself_must_be_an_object),
        cmocka_unit_test(each_row_refuses_a_wrong_type_with_its_path),
        cmocka_unit_test(each_row_has_what_readers_need),
        cmocka_unit_test(each_row_but_those_for_later_is_reached),
        cmocka_unit_test(a_secret_is_never_written_in_the_file),
        cmocka_unit_test(values_have_a_form),
        cmocka_unit_test(what_nothing_obeys_yet_is_refused),
        cmocka_unit_test(a_result_may_not_turn_stale_between_two_askings),
        cmocka_unit_test(required_keys_are_told_where_their_section_is),
        cmocka_unit_test(names_refer_to_what_is_there_and_are_told_apart),
        cmocka_unit_test(defaults_lie_below_every_environment),
        cmocka_unit_test(what_ships_belongs_to_one_environment),
        cmocka_unit_test(an_environment_has_a_class),
        cmocka_unit_test(a_class_is_never_guessed),
        cmocka_unit_test(an_environment_is_named_unless_it_is_the_only_one),
        cmocka_unit_test(what_is_not_used_is_nowhere_configured),
        cmocka_unit_test(a_whole_staging_meets_every_demand),
        cmocka_unit_test(each_required_section_is_demanded_by_name),
        cmocka_unit_test(what_is_not_used_is_not_demanded_but_noted),
        cmocka_unit_test(a_section_needs_what_it_asks),
        cmocka_unit_test(a_store_on_this_machine_beside_services_elsewhere_fails),
        cmocka_unit_test(everything_on_this_machine_is_a_note),
        cmocka_unit_test(a_secret_does_not_travel_in_plain_text),
        cmocka_unit_test(the_file_is_looked_for_in_order),
        cmocka_unit_test(a_found_file_is_trusted_until_it_changes),
        cmocka_unit_test(the_schema_knows_every_row),
        cmocka_unit_test(every_example_loads),
        cmocka_unit_test(what_is_shown_loads_again_as_the_same),
    };
    int failed = unit_run("config", tests);
    fs_remove_tree(directory);
    return failed;
}

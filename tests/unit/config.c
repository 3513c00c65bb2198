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

#include <stdlib.h>
#include <string.h>
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
    };
    (void)assert_refused;
    int failed = unit_run("config", tests);
    fs_remove_tree(directory);
    return failed;
}

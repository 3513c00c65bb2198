#include "tests/unit/config_help.h"

#include "base/fs.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/text.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

char directory[] = "/tmp/greenboard-unit-XXXXXX";

struct config *load_bytes(const char *data, size_t length)
{
    char *path = fs_join(directory, "greenboard.json");
    assert_true(fs_replace(path, data, length, 0600, NULL));
    struct config *config = config_load(path);
    free(path);
    return config;
}

struct config *load(const char *text)
{
    return load_bytes(text, strlen(text));
}

struct config *load_usable(const char *text)
{
    struct config *config = load(text);
    if (!config_usable(config)) {
        char *complaint = config_complaint(config);
        fail_msg("%s", complaint);
    }
    return config;
}

const char whole[] =
    "{\"version\": 1, \"system\": \"netra\", \"environments\": {\"staging\": {\n"
    "  \"jwt\": {},\n"
    "  \"services\": {\"auth\": {\"url\": \"https://auth.example.com\"},\n"
    "               \"backend\": {\"url\": \"https://api.example.com/base\"}},\n"
    "  \"auth_flow\": {\"login\": {\"path\": \"/login\", \"body\": {\"email\": "
    "\"a@b.c\",\n"
    "      \"password\": {\"env\": \"PROBE\"}}}, \"user\": {\"path\": \"/me\"}},\n"
    "  \"auth_rate\": {},\n"
    "  \"clickhouse\": {\"host\": \"ch.example.com\", \"tls\": true},\n"
    "  \"redis\": {\"host\": \"10.0.0.3\"},\n"
    "  \"deploy\": {\"command\": [\"ship\"]},\n"
    "  \"rollback\": {\"command\": [\"back\", \"{release}\"]}}}}";
const size_t whole_length = sizeof whole - 1;

/* RFC 7396. */
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

struct config *load_changed(const char *change)
{
    json_t *root = json_parse(whole, whole_length, NULL);
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

struct config *load_staging(const char *change)
{
    char *text = mem_format("{\"environments\": {\"staging\": %s}}", change);
    struct config *config = load_changed(text);
    free(text);
    return config;
}

void assert_problem(const struct config *config, const char *path, const char *message,
                    const char *hint)
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

void assert_refused(const char *staging, const char *path, const char *message,
                    const char *hint)
{
    struct config *config = load_staging(staging);
    assert_false(config_usable(config));
    assert_problem(config, path, message, hint);
    config_destroy(config);
}

void assert_all_refused(const char *below, const struct refusal *rows, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        char *path = mem_format("environments.staging%s%s", below, rows[i].path);
        assert_refused(rows[i].staging, path, rows[i].message, rows[i].hint);
        free(path);
    }
}

bool help_begin(void)
{
    json_begin();
    return mkdtemp(directory) != NULL;
}

int help_end(int failed)
{
    return fs_remove_tree(directory) ? failed : 1;
}

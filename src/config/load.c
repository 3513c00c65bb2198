#include "config/config.h"

#include <config.h> /* of the build: "config.h" would be the header beside this file */

#include "base/buf.h"
#include "base/fs.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/text.h"
#include "config/fields.h"
#include "config/merge.h"
#include "config/problems.h"
#include "config/scan.h"
#include "config/shape.h"
#include "config/validate.h"

#include <stdlib.h>
#include <string.h>

enum { FORMAT = 1 };

const char *const env_class_words[CLASS_COUNT] = {"development", "test", "staging",
                                                  "production"};

bool env_class_demands(enum env_class env_class)
{
    return env_class == CLASS_STAGING || env_class == CLASS_PRODUCTION;
}

static struct environment *create_environment(const struct config *config,
                                              const char *name, json_t *take_root,
                                              const json_t *not_used)
{
    struct environment *environment = mem_alloc(sizeof *environment);
    *environment = (struct environment){.system = mem_text(config->system),
                                        .name = mem_text(name),
                                        .file = mem_text(config->file),
                                        .directory = fs_directory(config->file),
                                        .root = take_root,
                                        .not_used = json_deep_copy(not_used),
                                        .references = 1};
    memcpy(environment->digest, config->digest, sizeof environment->digest);
    validate_class(name, take_root, &environment->env_class);
    return environment;
}

struct environment *environment_ref(const struct environment *environment)
{
    struct environment *shared = (struct environment *)(uintptr_t)environment;
    if (shared) {
        __atomic_add_fetch(&shared->references, 1, __ATOMIC_RELAXED);
    }
    return shared;
}

static void free_const(const void *memory)
{
    free((void *)(uintptr_t)memory);
}

void environment_unref(const struct environment *environment)
{
    struct environment *shared = (struct environment *)(uintptr_t)environment;
    if (!shared || __atomic_sub_fetch(&shared->references, 1, __ATOMIC_ACQ_REL) > 0) {
        return;
    }
    free_const(shared->system);
    free_const(shared->name);
    free_const(shared->file);
    free_const(shared->directory);
    json_decref((json_t *)(uintptr_t)shared->root);
    json_decref((json_t *)(uintptr_t)shared->not_used);
    free(shared);
}

/* A newer format is told alone: whatever else looks wrong may be right in it. */
static bool is_newer(struct config *config, const struct scan *scan)
{
    const json_t *version = json_object_get(scan->root, "version");
    if (!json_is_integer(version) || json_integer_value(version) <= FORMAT) {
        return false;
    }
    error_set(
        &config->error, ERROR_CONFIG,
        "%s:%d: version: %lld of the format needs greenboard %lld.0 or later; this is %s",
        config->file, scan->nodes[scan_child(scan, 0, "version")].line,
        (long long)json_integer_value(version), (long long)json_integer_value(version),
        PACKAGE_VERSION);
    error_hint(&config->error, "install a newer greenboard");
    return true;
}

static void add_environments(struct config *config, const struct scan *scan,
                             struct problems *problems)
{
    const json_t *not_used = json_object_get(scan->root, "not_used");
    const json_t *defaults = json_object_get(scan->root, "defaults");
    size_t list = scan_child(scan, 0, "environments");
    size_t room = (size_t)field_find("environments")->high;
    config->environments = mem_alloc((room + 1) * sizeof *config->environments);
    for (size_t at = list ? scan->nodes[list].first : SCAN_NONE; at;
         at = scan->nodes[at].next) {
        const struct scan_node *node = &scan->nodes[at];
        if (node->duplicate || !node->key || config->count == room) {
            continue;
        }
        json_t *root = merge_environment(defaults, node->value);
        validate_environment(scan, at, root, problems);
        config->environments[config->count++] =
            create_environment(config, node->key, root, not_used);
    }
}

static void keep_problems(struct config *config, struct problems *problems)
{
    config->problem_count = problems->count;
    config->problem_more = problems->more;
    config->problems = mem_alloc((problems->count + 1) * sizeof *config->problems);
    memcpy(config->problems, problems->rows, problems->count * sizeof *config->problems);
    *problems = (struct problems){0};
}

static void examine(struct config *config, const char *data, size_t length)
{
    struct scan scan;
    struct problems problems = {0};
    int line = 0;
    if (!scan_text(&scan, data, length, &line, &config->error)) {
        char place[24] = "";
        if (line > 0) {
            snprintf(place, sizeof place, ":%d", line);
        }
        error_prefix(&config->error, "%s%s", config->file, place);
        goto out;
    }
    if (is_newer(config, &scan)) {
        goto out;
    }
    config->system = mem_text(json_get_text(scan.root, "system"));
    shape_check(&scan, &problems);
    validate_not_used(&scan, &problems);
    add_environments(config, &scan, &problems);
    keep_problems(config, &problems);
out:
    problems_finish(&problems);
    scan_finish(&scan);
}

struct config *config_load(const char *path)
{
    struct config *config = mem_alloc(sizeof *config);
    struct buf data;
    buf_init(&data, JSON_SIZE_MAX);
    char *absolute = fs_absolute(path);
    config->file = absolute ? absolute : mem_text(path);
    if (fs_read(config->file, &data, &config->error)) {
        digest_hex(config->digest, buf_string(&data), data.length);
        examine(config, buf_string(&data), data.length);
    }
    buf_finish(&data);
    return config;
}

bool config_usable(const struct config *config)
{
    return config->error.code == ERROR_NONE && config->problem_count == 0;
}

void config_destroy(struct config *config)
{
    if (!config) {
        return;
    }
    for (size_t i = 0; i < config->count; i++) {
        environment_unref(config->environments[i]);
    }
    for (size_t i = 0; i < config->problem_count; i++) {
        free(config->problems[i].path);
        free(config->problems[i].message);
        free(config->problems[i].hint);
    }
    free(config->environments);
    free(config->problems);
    free(config->system);
    free(config->file);
    free(config);
}

static void complain(struct buf *out, const struct config *config,
                     const struct problem *problem)
{
    buf_text(out, config->file);
    if (problem->line > 0) {
        buf_format(out, ":%d", problem->line);
    }
    buf_format(out, ": %s%s%s", problem->path, *problem->path ? ": " : "",
               problem->message);
    if (*problem->hint) {
        buf_format(out, " (%s)", problem->hint);
    }
    buf_text(out, "\n");
}

char *config_complaint(const struct config *config)
{
    struct buf out;
    buf_init(&out, 0);
    if (config->error.code != ERROR_NONE) {
        buf_text(&out, config->error.message);
        if (config->error.hint[0]) {
            buf_format(&out, " (%s)", config->error.hint);
        }
        buf_text(&out, "\n");
    }
    for (size_t i = 0; i < config->problem_count; i++) {
        complain(&out, config, &config->problems[i]);
    }
    if (config->problem_more > 0) {
        buf_format(&out, "and %zu more\n", config->problem_more);
    }
    return buf_take(&out);
}

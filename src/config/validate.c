#include "config/validate.h"

#include "base/buf.h"
#include "base/calendar.h"
#include "base/clock.h"
#include "base/mem.h"
#include "base/text.h"
#include "config/demand.h"
#include "config/entries.h"
#include "config/fields.h"
#include "config/route.h"
#include "config/value.h"
#include "net/resolve.h"
#include "source/cloud_run.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* A value of the merged environment, and where in the file it most likely came from. */
struct spot {
    const struct spot *up;
    const struct field *field;
    const json_t *value;
    size_t own; /* its node in the environment, SCAN_NONE where it is not written there */
    size_t shared; /* its node in `defaults` */
    int line;      /* of the nearest of these that is written */
    char *path;
};

struct validation {
    const struct scan *scan;
    struct problems *problems;
    const json_t *root;
    int64_t max_age;
    const char *name; /* of the environment */
};

static void add(struct validation *validation, const struct spot *spot, const char *key,
                const char *hint, const char *message)
{
    struct buf path;
    buf_init(&path, 0);
    buf_text(&path, spot->path);
    int line = spot->line;
    if (key) {
        size_t own = spot->own ? scan_child(validation->scan, spot->own, key) : SCAN_NONE;
        size_t shared =
            spot->shared ? scan_child(validation->scan, spot->shared, key) : SCAN_NONE;
        line = own || shared ? validation->scan->nodes[own ? own : shared].line : line;
        buf_format(&path, ".%s", key);
    }
    problems_add(validation->problems, line, buf_string(&path), hint, "%s", message);
    buf_finish(&path);
}

static void check_required(struct validation *validation, const struct spot *spot)
{
    for (const struct field *at = NULL; (at = field_next(spot->field, at));) {
        if ((at->flags & FIELD_REQUIRED) &&
            !json_object_get(spot->value, field_key(at))) {
            add(validation, spot, field_key(at), at->help, "is missing");
        }
    }
}

/* Else no run could ever be verified, and that would show only after its command. */
static void check_hold(struct validation *validation, const struct spot *spot)
{
    if (json_object_get(spot->value, "hold") && json_object_get(spot->value, "within") &&
        config_span(spot->value, "hold") >= config_span(spot->value, "within")) {
        add(validation, spot, "hold",
            "let the checks hold green for less than the time they have to become green",
            "must be less than within");
    }
}

/* A result may not turn stale between two askings, or the gate would flicker. */
static void check_pace(struct validation *validation, const struct spot *spot)
{
    if (!json_object_get(spot->value, "period") ||
        !json_object_get(spot->value, "deadline")) {
        return;
    }
    int64_t span =
        config_span(spot->value, "period") + config_span(spot->value, "deadline");
    if (validation->max_age > 0 && span >= validation->max_age) {
        struct buf message;
        buf_init(&message, 0);
        buf_format(
            &message,
            "and deadline (%s and %s) must together be less than gate.max_age (%s)",
            config_text(spot->value, "period"), config_text(spot->value, "deadline"),
            config_text(json_object_get(validation->root, "gate"), "max_age"));
        add(validation, spot, "period",
            "ask more often, or let the gate trust results longer", buf_string(&message));
        buf_finish(&message);
    }
}

/* Who is asked must be somewhere; a service may also be there for its secret alone. */
static void check_url(struct validation *validation, const struct spot *spot)
{
    const char *name = strrchr(spot->path, '.') + 1;
    bool asked = text_equal(name, "auth") || text_equal(name, "backend") ||
                 json_object_get(spot->value, "validate");
    if (asked && !json_object_get(spot->value, "url")) {
        add(validation, spot, "url", "where it answers", "is missing");
    }
}

static void check_service(struct validation *validation, const struct spot *spot)
{
    const char *name = json_string_value(spot->value);
    const json_t *services = json_object_get(validation->root, "services");
    const json_t *service = name ? json_object_get(services, name) : NULL;
    if (service && !json_object_get(service, "url")) {
        add(validation, spot, NULL, "give that service a url",
            "names a service that has no url");
    }
    if (!name || service) {
        return;
    }
    struct buf hint;
    buf_init(&hint, 200);
    buf_text(&hint, "services here:");
    const char *key;
    json_t *entry;
    json_object_foreach((json_t *)(uintptr_t)services, key, entry)
    {
        buf_format(&hint, " %s", key);
    }
    add(validation, spot, NULL, buf_string(&hint),
        "names a service that is not configured");
    buf_finish(&hint);
}

/* The names of the built-in checks are taken on every board. */
static bool is_taken(const char *name)
{
    if (text_equal(name, "tunnel") || text_starts(name, "tunnel ")) {
        return true; /* the lights of tunnels */
    }
    static const char *const built_in[] = {
        "config",    "jwt_secret", "jwt_sync", "clickhouse", "redis",
        "auth_flow", "auth_rate",  "settings", "webhook",    "notify webhook"};
    for (size_t i = 0; i < sizeof built_in / sizeof built_in[0]; i++) {
        if (strcmp(name, built_in[i]) == 0) {
            return true;
        }
    }
    return false;
}

/* Such a check is named after its service (board.c). */
static bool is_of_settings(const struct validation *validation, const char *name)
{
    static const char suffix[] = " settings";
    const json_t *services = json_object_get(validation->root, "services");
    const char *key;
    json_t *service;
    bool taken = false;
    json_object_foreach((json_t *)(uintptr_t)services, key, service)
    {
        size_t length = strlen(key);
        taken = taken ||
                (json_object_get(service, "settings") &&
                 strncmp(name, key, length) == 0 && strcmp(name + length, suffix) == 0);
    }
    return taken;
}

static void check_unique(struct validation *validation, const struct spot *spot)
{
    const char *key = field_key(spot->field);
    const char *name = json_string_value(spot->value);
    assert(spot->up && spot->up->up); /* unique is what an entry of a list can be */
    const json_t *list = spot->up->up->value;
    bool taken = name && (is_taken(name) || is_of_settings(validation, name));
    for (size_t i = 0; name && i < json_array_size(list); i++) {
        const json_t *other = json_array_get(list, i);
        if (other == spot->up->value) {
            break;
        }
        const json_t *value = json_object_get(other, key);
        taken = taken || text_equal(json_string_value(value), name);
    }
    if (taken) {
        add(validation, spot, NULL, "every check needs a name of its own",
            "is taken already");
    }
}

static void check_pairs(struct validation *validation, const struct spot *spot)
{
    const json_t *value = spot->value;
    if (spot->field->type == FIELD_TLS &&
        !json_object_get(value, "cert") != !json_object_get(value, "key")) {
        add(validation, spot, NULL, NULL, "needs \"cert\" and \"key\" together");
    }
    if (json_object_get(value, "within") && json_object_get(value, "hold") &&
        config_span(value, "hold") >= config_span(value, "within")) {
        add(validation, spot, "hold", NULL, "must be shorter than within");
    }
}

/* ---- settings of a service ---- */

static void check_from(struct validation *validation, const struct spot *spot)
{
    const char *service = config_text(spot->value, "cloud_run");
    const json_t *file = json_object_get(spot->value, "env_file");
    const json_t *command = json_object_get(spot->value, "command");
    const json_t *format = json_object_get(spot->value, "format");
    if ((service != NULL) + (file != NULL) + (command != NULL) != 1) {
        add(validation, spot, NULL, "say in which one place its settings can be read",
            "needs one of \"cloud_run\", \"env_file\" and \"command\"");
    } else if (!command != !format) {
        add(validation, spot, "format", "\"json\" or \"dotenv\", as the command prints",
            command ? "is missing" : "belongs to a command");
    }
    struct error error = {0};
    if (service && !run_service_name_valid(service, &error)) {
        add(validation, spot, "cloud_run", error.hint, error.message);
    }
}

static void check_settings(struct validation *validation, const struct spot *spot)
{
    const char *name;
    json_t *expected;
    json_object_foreach((json_t *)(uintptr_t)spot->value, name, expected)
    {
        bool literal = json_is_string(expected) || json_object_get(expected, "one_of");
        const char *text = json_string_value(expected);
        if (literal && (value_secret_key(name) || (text && value_secret_text(text)))) {
            add(validation, spot, name,
                "say where it comes from, such as {\"env\": \"NAME\"}",
                "is a secret, which is never written here");
        }
    }
}

/* ---- entries of `checks` ---- */

static bool holds_empty(const json_t *texts)
{
    bool empty = json_is_string(texts) && json_string_length(texts) == 0;
    for (size_t i = 0; i < json_array_size(texts); i++) {
        empty = empty || json_string_length(json_array_get(texts, i)) == 0;
    }
    return empty;
}

static void check_http(struct validation *validation, const struct spot *spot)
{
    const json_t *expect = json_object_get(spot->value, "expect");
    if (!json_object_get(spot->value, "url") ==
        !json_object_get(spot->value, "service")) {
        add(validation, spot, NULL, "say who is asked: a service, or a url",
            "needs one of \"url\" and \"service\"");
    }
    if (json_object_get(spot->value, "service") &&
        !json_object_get(spot->value, "path")) {
        add(validation, spot, "path", "where, below the URL of the service",
            "is missing");
    }
    if (json_is_object(expect) && !json_object_get(expect, "contains") &&
        !json_object_get(expect, "json") && !json_object_get(expect, "headers")) {
        add(validation, spot, "expect",
            "say in contains, json or headers what the answer must hold",
            "expects a status alone, which proves nothing");
    }
    if (holds_empty(json_object_get(expect, "contains"))) {
        add(validation, spot, "expect", "say what stands in the body",
            "contains an empty text, which proves nothing");
    }
}

static void check_certificate(struct validation *validation, const struct spot *spot)
{
    const json_t *thresholds = json_object_get(spot->value, "thresholds");
    if (config_span(thresholds, "warn") < config_span(thresholds, "fail")) {
        add(validation, spot, "thresholds", "warn before it fails",
            "has a warn that is less than fail");
    }
}

static void check_name(struct validation *validation, const struct spot *spot)
{
    union address address;
    const char *host = config_text(spot->value, "host");
    if (host && resolve_literal(host, 0, &address)) {
        add(validation, spot, "host", "write the name that is to be resolved",
            "is an address, which nobody needs to resolve");
    }
}

/* ---- who may run when ---- */

static void check_freeze(struct validation *validation, const struct spot *spot)
{
    const char *from = config_text(spot->value, "from");
    const char *to = config_text(spot->value, "to");
    int64_t begins = 0, ends = 0;
    if (from && to && calendar_moment(from, &begins) && calendar_moment(to, &ends) &&
        begins >= ends) {
        add(validation, spot, "to", "a freeze that ends before it begins holds nothing",
            "must be later than from");
    }
}

/* What a service tells of a Redis is no lease in it. */
static void check_coordination(struct validation *validation, const struct spot *spot)
{
    const char *place = config_text(spot->value, "redis");
    const json_t *redis = json_object_get(validation->root, "redis");
    static const char hint[] =
        "write host, port and password of a Redis here instead of \"environment\"";
    if (!place) {
        return;
    }
    if (!demand_placed(redis)) {
        add(validation, spot, "redis", hint, "names a Redis that is not configured");
    } else if (route_of(redis).kind == ROUTE_SERVICE) {
        add(validation, spot, "redis", hint,
            "needs a Redis that is asked from here or through a tunnel");
    }
}

/* What is told of one key alone (entries.h). */
static void check_entry(struct validation *validation, const struct spot *spot)
{
    const struct entry entry = {.path = spot->field->path,
                                .value = spot->value,
                                .root = validation->root,
                                .file = validation->scan->root,
                                .environment = validation->name};
    const char *key = NULL;
    struct error error = {0};
    if (!entries_check(&entry, &key, &error)) {
        add(validation, spot, key, error.hint, error.message);
    }
}

static void check_by_path(struct validation *validation, const struct spot *spot)
{
    static const struct {
        const char *path;
        void (*check)(struct validation *validation, const struct spot *spot);
    } rows[] = {
        {FIELD_ENVIRONMENT ".services.*", check_url},
        {FIELD_ENVIRONMENT ".services.*.settings.from", check_from},
        {FIELD_ENVIRONMENT ".services.*.settings.expect", check_settings},
        {FIELD_ENVIRONMENT ".checks[http]", check_http},
        {FIELD_ENVIRONMENT ".checks[tls]", check_certificate},
        {FIELD_ENVIRONMENT ".checks[dns]", check_name},
        {FIELD_ENVIRONMENT ".freezes[]", check_freeze},
        {FIELD_ENVIRONMENT ".coordination", check_coordination},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        if (text_equal(spot->field->path, rows[i].path)) {
            rows[i].check(validation, spot);
        }
    }
}

static void check_route(struct validation *validation, const struct spot *spot)
{
    const char *key = NULL;
    struct error error = {0};
    if (json_object_get(spot->value, "via") &&
        !route_check(validation->root, field_key(spot->field), &key, &error)) {
        add(validation, spot, key, error.hint, error.message);
    }
}

static void check_spot(struct validation *validation, const struct spot *spot);

/* Goes down to one key, or to an entry of a list (key NULL). */
static void descend(struct validation *validation, const struct spot *up, const char *key,
                    size_t place, const json_t *value)
{
    const struct field *field =
        key ? field_child(up->field, key) : field_entry(up->field, value);
    if (!field || !value) {
        return;
    }
    const struct scan *scan = validation->scan;
    struct spot spot = {.up = up, .field = field, .value = value};
    struct buf path;
    buf_init(&path, 0);
    if (key) {
        buf_format(&path, "%s.", up->path);
        text_clean(&path, key, strlen(key));
        spot.own = up->own ? scan_child(scan, up->own, key) : SCAN_NONE;
        spot.shared = up->shared ? scan_child(scan, up->shared, key) : SCAN_NONE;
    } else {
        buf_format(&path, "%s[%zu]", up->path, place);
        size_t list = up->own ? up->own : up->shared;
        size_t at = list ? scan->nodes[list].first : SCAN_NONE;
        while (at && scan->nodes[at].place != place) {
            at = scan->nodes[at].next;
        }
        spot.own = at;
    }
    size_t written = spot.own ? spot.own : spot.shared;
    spot.line = written ? scan->nodes[written].line : up->line;
    spot.path = buf_take(&path);
    check_spot(validation, &spot);
    free(spot.path);
}

static void check_spot(struct validation *validation, const struct spot *spot)
{
    if (spot->field->flags & FIELD_SERVICE) {
        check_service(validation, spot);
    }
    if (spot->field->flags & FIELD_UNIQUE) {
        check_unique(validation, spot);
    }
    if (json_is_object(spot->value)) {
        if (spot->field->type != FIELD_MAP && !(spot->field->flags & FIELD_ONE)) {
            check_required(validation, spot);
        }
        check_pace(validation, spot);
        check_hold(validation, spot);
        check_pairs(validation, spot);
        check_by_path(validation, spot);
        check_route(validation, spot);
        check_entry(validation, spot);
        const char *key;
        json_t *entry;
        size_t count = 0;
        json_object_foreach((json_t *)(uintptr_t)spot->value, key, entry)
        {
            if (count++ < FIELD_ENTRIES_MAX) {
                descend(validation, spot, key, 0, entry);
            }
        }
    }
    /* More are refused by shape.h already, and looking for their lines would take
     * long. */
    for (size_t i = 0; i < json_array_size(spot->value) && i < FIELD_ENTRIES_MAX; i++) {
        descend(validation, spot, NULL, i, json_array_get(spot->value, i));
    }
}

/* An environment named "Staging" or "PRODUCTION" is one: nobody may make it lenient by
 * its letters' case. A declared class has exactly its word by the field table. */
static bool class_named(const char *word, enum env_class *env_class)
{
    for (int i = 0; word && i < CLASS_COUNT; i++) {
        if (strcasecmp(env_class_words[i], word) == 0) {
            *env_class = (enum env_class)i;
            return true;
        }
    }
    return false;
}

bool validate_class(const char *name, const json_t *root, enum env_class *env_class)
{
    return class_named(name, env_class) ||
           class_named(json_string_value(json_object_get(root, "class")), env_class);
}

static void check_class(struct validation *validation, const struct spot *spot,
                        const char *name)
{
    enum env_class by_name = CLASS_DEVELOPMENT, declared = CLASS_DEVELOPMENT;
    const json_t *value = json_object_get(spot->value, "class");
    if (!value && !class_named(name, &by_name)) {
        add(validation, spot, "class",
            "one of development, test, staging, production; only an environment named "
            "like a "
            "class has it",
            "is missing");
    } else if (class_named(name, &by_name) &&
               class_named(json_string_value(value), &declared) && by_name != declared) {
        add(validation, spot, "class",
            "leave it out, or give the environment another name",
            "contradicts the name of the environment");
    }
}

void validate_environment(const struct scan *scan, size_t node, const json_t *root,
                          struct problems *problems)
{
    if (!json_is_object(root)) {
        return;
    }
    const char *name = scan->nodes[node].key;
    struct validation validation = {scan, problems, root, 0, name};
    validation.max_age = config_span(json_object_get(root, "gate"), "max_age");
    struct buf path;
    buf_init(&path, 0);
    scan_path(scan, node, &path);
    struct spot spot = {.field = field_find(FIELD_ENVIRONMENT),
                        .value = root,
                        .own = node,
                        .shared = scan_child(scan, 0, "defaults"),
                        .line = scan->nodes[node].line,
                        .path = buf_take(&path)};
    check_class(&validation, &spot, name);
    check_spot(&validation, &spot);
    free(spot.path);
}

/* The node that a dotted part names below `node`. */
static size_t part_node(const struct scan *scan, size_t node, const char *part)
{
    char *copy = mem_text(part), *rest = copy;
    for (char *key; node && (key = strsep(&rest, "."));) {
        node = scan_child(scan, node, key);
    }
    free(copy);
    return node;
}

static void check_unused(const struct scan *scan, size_t declared, size_t place,
                         struct problems *problems)
{
    const char *part = scan->nodes[declared].key;
    size_t configured = place ? part_node(scan, place, part) : SCAN_NONE;
    if (!configured) {
        return;
    }
    struct buf where, path;
    buf_init(&where, 0);
    buf_init(&path, 0);
    scan_path(scan, configured, &where);
    scan_path(scan, declared, &path);
    problems_add(problems, scan->nodes[declared].line, buf_string(&path),
                 "take out one of the two",
                 "is said to be not used, but %s configures it", buf_string(&where));
    buf_finish(&where);
    buf_finish(&path);
}

void validate_not_used(const struct scan *scan, struct problems *problems)
{
    size_t list = scan_child(scan, 0, "not_used");
    size_t environments = scan_child(scan, 0, "environments");
    const struct scan_node *nodes = scan->nodes;
    for (size_t at = list ? nodes[list].first : SCAN_NONE; at; at = nodes[at].next) {
        if (!nodes[at].key) {
            continue;
        }
        check_unused(scan, at, scan_child(scan, 0, "defaults"), problems);
        size_t place = environments ? nodes[environments].first : SCAN_NONE;
        for (; place; place = nodes[place].next) {
            check_unused(scan, at, place, problems);
        }
    }
}

/* The scalars of a JSON document for release/members.h. */
#include "release/members_forms.h"

#include "base/json.h"
#include "base/mem.h"
#include "base/text.h"
#include "config/scan.h"

#include <stdlib.h>

struct json_text {
    struct members *members;
    const char *text;
    struct scan scan;
    char **parts; /* of the nodes: what an entry of a list is named by instead of its
                     place */
    json_t *seen; /* the names that the entries of each list bear */
};

static const char *text_of(const struct scan *scan, size_t node)
{
    return node == SCAN_NONE ? NULL : json_string_value(scan->nodes[node].value);
}

/* The entries of a list are called as the list is. */
static const char *key_of(const struct scan *scan, size_t node)
{
    while (node != 0 && !scan->nodes[node].key) {
        node = scan->nodes[node].parent;
    }
    return node == 0 ? "" : scan->nodes[node].key;
}

/* {"name": "DB_PASSWORD", "value": "…"}, as containers are given their variables. */
static const char *called(const struct scan *scan, size_t node)
{
    if (!text_equal(scan->nodes[node].key, "value")) {
        return NULL;
    }
    size_t name = scan_child(scan, scan->nodes[node].parent, "name");
    return text_of(scan, name);
}

/* An entry stays the same when others come before it, where no other bears its name. */
static void name_entry(struct json_text *json, size_t node, char *part)
{
    char *key = mem_format("%zu %s", json->scan.nodes[node].parent, part);
    if (json_object_get(json->seen, key)) {
        free(part);
    } else {
        json_object_set_new(json->seen, key, json_true());
        json->parts[node] = part;
    }
    free(key);
}

/* {"name": X, "value": Y} in a list. */
static void name_pair(struct json_text *json, size_t node)
{
    const struct scan *scan = &json->scan;
    const char *name = text_of(scan, scan_child(scan, node, "name"));
    bool entry = node != 0 && !scan->nodes[node].key;
    if (entry && name && scan_child(scan, node, "value") != SCAN_NONE) {
        name_entry(json, node, mem_format("name=%s", name));
    }
}

static void add_path(const struct json_text *json, size_t node, struct buf *out)
{
    const struct scan_node *at = &json->scan.nodes[node];
    if (node == 0) {
        return;
    }
    add_path(json, at->parent, out);
    if (at->key || json->parts[node]) {
        members_add_part(out, "", at->key ? at->key : json->parts[node]);
    } else {
        buf_format(out, "/%zu", at->place);
    }
}

static void add_scalar(struct json_text *json, size_t node)
{
    const struct scan_node *at = &json->scan.nodes[node];
    const char *said = called(&json->scan, node);
    struct member *row = members_add(json->members);
    struct buf path;
    row->at = at->start;
    row->length = at->end - at->start;
    row->value = json_is_string(at->value)
                     ? mem_text(json_string_value(at->value))
                     : mem_bytes(json->text + at->start, row->length);
    members_call(row, said ? said : key_of(&json->scan, node));
    if (node != 0 && !at->key && members_split_entry(row)) {
        name_entry(json, node, mem_text(row->before));
    }
    buf_init(&path, 0);
    add_path(json, node, &path);
    row->name = mem_text(buf_string(&path));
    buf_finish(&path);
}

static bool add_scalars(struct json_text *json, struct error *error)
{
    const struct scan *scan = &json->scan;
    for (size_t i = 0; i < scan->count; i++) {
        if (scan->nodes[i].duplicate) {
            return error_set(error, ERROR_CONFIG, "line %d: the key is there twice",
                             scan->nodes[i].line);
        }
        if (scan->nodes[i].first == SCAN_NONE) {
            add_scalar(json, i);
        } else {
            name_pair(json, i);
        }
    }
    return true;
}

bool members_add_json(struct members *members, const char *text, size_t length,
                      struct error *error)
{
    struct json_text json = {.members = members, .text = text};
    int line = 0;
    bool good = scan_text(&json.scan, text, length, &line, error);
    if (!good && line) {
        error_prefix(error, "line %d", line);
    }
    json.parts = mem_alloc((json.scan.count + 1) * sizeof *json.parts);
    json.seen = json_object();
    good = good && add_scalars(&json, error);
    for (size_t i = 0; i < json.scan.count; i++) {
        free(json.parts[i]);
    }
    free(json.parts);
    json_decref(json.seen);
    scan_finish(&json.scan);
    return good;
}

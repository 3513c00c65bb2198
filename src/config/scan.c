#include "config/scan.h"

#include "base/json.h"
#include "base/mem.h"
#include "base/text.h"

#include <stdlib.h>
#include <string.h>

/* Where the walk over the text stands. It follows a document that jansson has accepted,
 * so it looks only at what separates values. */
struct walk {
    struct scan *scan;
    const char *text;
    const char *at;
    const char *end;
    int line;
};

static bool is_text(const char *data, size_t length, struct error *error)
{
    if (length >= 3 && memcmp(data, "\xef\xbb\xbf", 3) == 0) {
        return error_set(error, ERROR_CONFIG,
                         "starts with a byte order mark: save it as UTF-8 without one");
    }
    bool blank = true;
    for (size_t i = 0; i < length; i++) {
        unsigned char byte = (unsigned char)data[i];
        if (byte < ' ' && byte != '\n' && byte != '\r' && byte != '\t') {
            return error_set(
                error, ERROR_CONFIG,
                "is not text (byte 0x%02x at offset %zu): a configuration is JSON", byte,
                i);
        }
        blank = blank && byte <= ' ';
    }
    return !blank || error_set(error, ERROR_CONFIG, "is empty");
}

/* Counts brackets outside strings; whether they match is jansson's to say. */
static bool is_shallow(const char *data, size_t length, int *line, struct error *error)
{
    int depth = 0;
    bool quoted = false;
    *line = 1;
    for (size_t i = 0; i < length; i++) {
        char byte = data[i];
        *line += byte == '\n';
        if (quoted) {
            i += byte == '\\';
            quoted = byte != '"';
        } else if (byte == '"') {
            quoted = true;
        } else if (byte == '{' || byte == '[') {
            if (++depth > JSON_DEPTH_MAX) {
                return error_set(error, ERROR_CONFIG, "is nested deeper than %d levels",
                                 JSON_DEPTH_MAX);
            }
        } else if (byte == '}' || byte == ']') {
            depth--;
        }
    }
    return true;
}

static bool parse(struct scan *scan, const char *data, size_t length, int *line,
                  struct error *error)
{
    json_error_t where;
    scan->root = json_loadb(data, length, JSON_DECODE_ANY, &where);
    if (scan->root) {
        return true;
    }
    *line = where.line;
    if (json_error_code(&where) == json_error_premature_end_of_input) {
        return error_set(error, ERROR_CONFIG, "ends in the middle: is it complete?");
    }
    struct buf reason;
    buf_init(&reason, 200);
    text_clean(&reason, where.text, strlen(where.text));
    error_set(error, ERROR_CONFIG, "is not JSON: %s", buf_string(&reason));
    buf_finish(&reason);
    return false;
}

static void skip_space(struct walk *walk)
{
    while (walk->at < walk->end && strchr(" \t\r\n,:", *walk->at)) {
        walk->line += *walk->at == '\n';
        walk->at++;
    }
}

static void skip_string(struct walk *walk)
{
    for (walk->at++; walk->at < walk->end && *walk->at != '"'; walk->at++) {
        walk->at += *walk->at == '\\';
    }
    walk->at++;
}

/* The string at the walk, its escapes decoded by jansson. */
static char *take_key(struct walk *walk)
{
    const char *start = walk->at;
    skip_string(walk);
    size_t length = (size_t)(walk->at - start);
    if (!memchr(start, '\\', length)) {
        return mem_bytes(start + 1, length - 2);
    }
    json_t *decoded = json_loadb(start, length, JSON_DECODE_ANY, NULL);
    char *key = mem_text(decoded ? json_string_value(decoded) : "");
    json_decref(decoded);
    return key;
}

static size_t add_node(struct walk *walk, size_t parent, size_t place, char *take_name)
{
    struct scan *scan = walk->scan;
    if (scan->count == scan->room) {
        scan->room = scan->room ? 2 * scan->room : 64;
        scan->nodes = mem_resize(scan->nodes, scan->room * sizeof *scan->nodes);
    }
    scan->nodes[scan->count] = (struct scan_node){
        .key = take_name, .line = walk->line, .place = place, .parent = parent};
    return scan->count++;
}

static void walk_value(struct walk *walk, size_t node, json_t *value);

static void walk_children(struct walk *walk, size_t node, json_t *value)
{
    bool object = json_is_object(value);
    json_t *seen = json_object();
    size_t last = SCAN_NONE, place = 0;
    walk->at++;
    for (skip_space(walk); *walk->at != '}' && *walk->at != ']'; skip_space(walk)) {
        char *key = object ? take_key(walk) : NULL;
        size_t child = add_node(walk, node, place, key);
        struct scan_node *nodes = walk->scan->nodes;
        if (last) {
            nodes[last].next = child;
        } else {
            nodes[node].first = child;
        }
        if (key) {
            nodes[child].duplicate = json_object_get(seen, key) != NULL;
            json_object_set_new(seen, key, json_true());
            skip_space(walk);
        }
        walk_value(walk, child,
                   key ? json_object_get(value, key) : json_array_get(value, place));
        last = child;
        place++;
    }
    walk->at++;
    json_decref(seen);
}

/* Follows the text, not `value`: of a duplicated key jansson kept the last value alone,
 * so that the children of an earlier one may find none. */
static void walk_value(struct walk *walk, size_t node, json_t *value)
{
    skip_space(walk);
    walk->scan->nodes[node].value = value;
    walk->scan->nodes[node].start = (size_t)(walk->at - walk->text);
    if (*walk->at == '{' || *walk->at == '[') {
        walk_children(walk, node, value);
    } else if (*walk->at == '"') {
        skip_string(walk);
    } else {
        while (walk->at < walk->end && !strchr(" \t\r\n,:]}", *walk->at)) {
            walk->at++;
        }
    }
    walk->scan->nodes[node].end = (size_t)(walk->at - walk->text);
}

bool scan_text(struct scan *scan, const char *data, size_t length, int *line,
               struct error *error)
{
    *scan = (struct scan){0};
    *line = 0;
    if (length > JSON_SIZE_MAX) {
        return error_set(error, ERROR_CONFIG, "is larger than %d bytes", JSON_SIZE_MAX);
    }
    if (!is_text(data, length, error) || !is_shallow(data, length, line, error) ||
        !parse(scan, data, length, line, error)) {
        return false;
    }
    struct walk walk = {scan, data, data, data + length, 1};
    skip_space(&walk);
    add_node(&walk, SCAN_NONE, 0, NULL);
    walk_value(&walk, 0, scan->root);
    *line = 0;
    return true;
}

void scan_finish(struct scan *scan)
{
    for (size_t i = 0; i < scan->count; i++) {
        free(scan->nodes[i].key);
    }
    free(scan->nodes);
    json_decref(scan->root);
    *scan = (struct scan){0};
}

size_t scan_child(const struct scan *scan, size_t object, const char *key)
{
    size_t child = scan->count ? scan->nodes[object].first : SCAN_NONE;
    while (child != SCAN_NONE && !text_equal(scan->nodes[child].key, key)) {
        child = scan->nodes[child].next;
    }
    return child;
}

void scan_path(const struct scan *scan, size_t node, struct buf *out)
{
    const struct scan_node *at = &scan->nodes[node];
    if (node == 0) {
        return;
    }
    scan_path(scan, at->parent, out);
    if (!at->key) {
        buf_format(out, "[%zu]", at->place);
        return;
    }
    if (at->parent != 0) {
        buf_text(out, ".");
    }
    text_clean(out, at->key, strlen(at->key));
}

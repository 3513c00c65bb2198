#include "config/shape.h"

#include "base/buf.h"
#include "base/text.h"
#include "config/fields.h"
#include "config/value.h"

#include <string.h>

enum { CHILDREN_MAX = 64 };

struct shape {
    const struct scan *scan;
    struct problems *problems;
    bool defaults; /* below `defaults` */
};

static void add(struct shape *shape, size_t node, const char *message, const char *hint)
{
    struct buf path;
    buf_init(&path, 300);
    scan_path(shape->scan, node, &path);
    problems_add(shape->problems, shape->scan->nodes[node].line, buf_string(&path), hint,
                 "%s", message);
    buf_finish(&path);
}

static void add_unknown(struct shape *shape, size_t node, const struct field *parent)
{
    const char *names[CHILDREN_MAX];
    size_t count = 0;
    const struct field *at = NULL;
    while ((at = field_next(parent, at)) && count < CHILDREN_MAX) {
        names[count++] = field_key(at);
    }
    struct buf hint;
    buf_init(&hint, 200);
    const char *near = text_nearest(shape->scan->nodes[node].key, names, count);
    if (near) {
        buf_format(&hint, "did you mean \"%s\"?", near);
    } else {
        buf_text(&hint, "known here:");
        for (size_t i = 0; i < count; i++) {
            buf_format(&hint, "%s %s", i ? "," : "", names[i]);
        }
    }
    add(shape, node, "unknown key", buf_string(&hint));
    buf_finish(&hint);
}

/* True where the key is one of an entry of another type. */
static bool add_misplaced(struct shape *shape, size_t node, const struct field *parent)
{
    struct buf message;
    buf_init(&message, 200);
    buf_text(&message, "belongs to type ");
    bool known =
        parent && field_types_with(parent, shape->scan->nodes[node].key, &message);
    if (known) {
        const char *own = strrchr(parent->path, '[') + 1;
        buf_format(&message, ", not %.*s", (int)strcspn(own, "]"), own);
        add(shape, node, buf_string(&message),
            "take it out, or correct the type of the check");
    }
    buf_finish(&message);
    return known;
}

static void add_duplicate(struct shape *shape, size_t node)
{
    const struct scan_node *at = &shape->scan->nodes[node];
    struct buf hint;
    buf_init(&hint, 0);
    buf_format(&hint, "it is already on line %d",
               shape->scan->nodes[scan_child(shape->scan, at->parent, at->key)].line);
    add(shape, node, "duplicate key", buf_string(&hint));
    buf_finish(&hint);
}

/* Below what the table leaves open, keys are free, but not twice. */
static void check_duplicates(struct shape *shape, size_t node)
{
    const struct scan_node *nodes = shape->scan->nodes;
    for (size_t at = nodes[node].first; at != SCAN_NONE; at = nodes[at].next) {
        if (nodes[at].duplicate) {
            add_duplicate(shape, at);
        } else {
            check_duplicates(shape, at);
        }
    }
}

static void check_value(struct shape *shape, size_t node, const struct field *field);

static void check_entry(struct shape *shape, size_t node, const struct field *parent)
{
    const struct scan_node *at = &shape->scan->nodes[node];
    struct error error = {0};
    if (at->duplicate) {
        add_duplicate(shape, node);
        return;
    }
    if (!at->value) {
        return; /* an earlier value of a duplicated key, which is told where it comes
                   again */
    }
    const struct field *field =
        at->key ? field_child(parent, at->key) : field_entry(parent, at->value);
    if (!field) {
        /* Which keys an entry has is known once its type is. */
        if (!(parent && (parent->flags & FIELD_TYPED)) &&
            !add_misplaced(shape, node, parent)) {
            add_unknown(shape, node, parent);
        }
        return;
    }
    if (parent && parent->type == FIELD_MAP &&
        !value_check_name(parent, at->key, &error)) {
        add(shape, node, error.message, error.hint);
    }
    check_value(shape, node, field);
}

static void check_entries(struct shape *shape, size_t node, const struct field *parent)
{
    const struct scan_node *nodes = shape->scan->nodes;
    size_t count = 0,
           most = parent && parent->high ? (size_t)parent->high : FIELD_ENTRIES_MAX;
    for (size_t at = nodes[node].first; at != SCAN_NONE; at = nodes[at].next) {
        if (++count > most) {
            add(shape, at, "is one entry too many", NULL);
            return;
        }
        check_entry(shape, at, parent);
    }
    if (parent && (parent->flags & FIELD_FILLED) && count == 0) {
        add(shape, node, "must not be empty", NULL);
    }
    if (parent && (parent->flags & FIELD_ONE) && count != 1) {
        add(shape, node, "must have exactly one key", NULL);
    }
}

static void check_value(struct shape *shape, size_t node, const struct field *field)
{
    const json_t *value = shape->scan->nodes[node].value;
    struct error error = {0};
    if (shape->defaults && (field->flags & FIELD_OWN)) {
        add(shape, node, "belongs to one environment, not to defaults",
            "write it in each environment that wants it");
        return;
    }
    if (!value_check(field, value, &error)) {
        add(shape, node, error.message, error.hint);
        return;
    }
    switch (field->type) {
    case FIELD_OBJECT:
    case FIELD_TLS:
    case FIELD_PLACE:
    case FIELD_MAP:
    case FIELD_LIST:
        shape->defaults = shape->defaults || strcmp(field->path, "defaults") == 0;
        check_entries(shape, node, field);
        shape->defaults = shape->defaults && strcmp(field->path, "defaults") != 0;
        break;
    default:
        check_duplicates(shape, node);
    }
}

void shape_check(const struct scan *scan, struct problems *problems)
{
    struct shape shape = {scan, problems, false};
    if (!json_is_object(scan->root)) {
        problems_add(problems, scan->nodes[0].line, "", NULL, "must be an object");
        return;
    }
    check_entries(&shape, 0, NULL);
    for (const struct field *at = NULL; (at = field_next(NULL, at));) {
        if ((at->flags & FIELD_REQUIRED) && !json_object_get(scan->root, at->path)) {
            problems_add(problems, scan->nodes[0].line, at->path, at->help, "is missing");
        }
    }
}

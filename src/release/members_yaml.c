/* YAML for release/members.h, read by libyaml (YAML 1.1; what is plain in 1.2 is so in
 * both): its events say what each scalar is called, release/yaml_text.h where it stands.
 * Both come in the order of the text, so that the n-th of one is the n-th of the other.
 * No alias is expanded: what it stands for is a member where its anchor is. */
#include "release/members_forms.h"

#include "base/buf.h"
#include "base/mem.h"
#include "base/text.h"
#include "release/sensitive.h"
#include "release/yaml_text.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

enum { DEPTH_MAX = 128 };

/* What an alias may stand for. */
struct anchor {
    char *name;
    char *value;       /* of a scalar, else NULL */
    size_t first, end; /* the rows below it */
    char *called;
};

/* A mapping or a list that is open. */
struct frame {
    bool mapping;
    char *key;     /* whose value comes next; NULL: a key does, or this is a list */
    json_t *seen;  /* keys; in a list the names that its entries bear */
    size_t place;  /* of the next entry of a list */
    size_t path;   /* bytes of the path that lead to it */
    size_t first;  /* its first row */
    size_t anchor; /* its own, from 1; 0: none */
    char *said;    /* {"name": "…"} */
    size_t value;  /* the row of {"value": …}, from 1; 0: none */
};

struct walk {
    struct members *members;
    struct yaml_text yaml;
    size_t next; /* of its scalars */
    struct frame frames[DEPTH_MAX];
    size_t depth;
    struct anchor *anchors;
    size_t anchor_count;
    struct buf path;
    size_t documents;
    bool mappings; /* at the top of every document */
    bool nested;   /* something in them is more than a scalar */
    struct error *error;
};

/* The innermost; NULL: none is open. */
static struct frame *top(struct walk *walk)
{
    return walk->depth ? &walk->frames[walk->depth - 1] : NULL;
}

/* ---- names ---- */

static void cut_back(struct buf *path, size_t length)
{
    path->length = length;
    if (path->data) {
        path->data[length] = '\0';
    }
}

/* The entries of a list are called as the list is. */
static const char *called_now(const struct walk *walk)
{
    for (size_t i = walk->depth; i-- > 0;) {
        if (walk->frames[i].key) {
            return walk->frames[i].key;
        }
    }
    return "";
}

/* True where no entry of the list has that name yet. */
static bool take_name(struct frame *list, const char *name)
{
    if (json_object_get(list->seen, name)) {
        return false;
    }
    json_object_set_new(list->seen, name, json_true());
    return true;
}

/* {"name": X, "value": Y}: Y is called X, and so is the entry of a list, which stays the
 * same when others come before it. */
static void name_pair(struct walk *walk, const struct frame *pair)
{
    struct members *members = walk->members;
    struct frame *list = walk->depth > 1 ? &walk->frames[walk->depth - 2] : NULL;
    members_call(&members->rows[pair->value - 1], pair->said);
    if (!list || list->mapping || !take_name(list, pair->said)) {
        return;
    }
    cut_back(&walk->path, list->path);
    members_add_part(&walk->path, "name=", pair->said);
    for (size_t i = pair->first; i < members->count; i++) {
        struct member *row = &members->rows[i];
        char *name = mem_format("%s%s", buf_string(&walk->path), row->name + pair->path);
        free(row->name);
        row->name = name;
    }
}

static void split_entry(struct walk *walk, struct frame *list, struct member *row)
{
    if (members_split_entry(row) && take_name(list, row->before)) {
        cut_back(&walk->path, list->path);
        members_add_part(&walk->path, "", row->before);
        free(row->name);
        row->name = mem_text(buf_string(&walk->path));
    }
}

/* ---- anchors ---- */

/* From 1; 0: none. */
static size_t add_anchor(struct walk *walk, const yaml_char_t *name, const char *value)
{
    if (!name) {
        return 0;
    }
    walk->anchors =
        mem_resize(walk->anchors, (walk->anchor_count + 1) * sizeof *walk->anchors);
    walk->anchors[walk->anchor_count++] =
        (struct anchor){.name = mem_text((const char *)name),
                        .value = mem_text(value),
                        .first = walk->members->count,
                        .end = walk->members->count,
                        .called = mem_text(called_now(walk))};
    return walk->anchor_count;
}

static const struct anchor *find_anchor(const struct walk *walk, const yaml_char_t *name)
{
    for (size_t i = walk->anchor_count; i-- > 0;) {
        if (strcmp(walk->anchors[i].name, (const char *)name) == 0) {
            return &walk->anchors[i];
        }
    }
    return NULL;
}

/* What an alias is called by now. */
static const char *alias_called(struct walk *walk)
{
    const struct frame *frame = top(walk);
    bool said = frame && frame->said && text_equal(frame->key, "value");
    return said ? frame->said : called_now(walk);
}

/* What is used as a secret is one where it stands, whatever it is called there. */
static void call_anchored(struct walk *walk, const struct anchor *anchor,
                          const char *called)
{
    for (size_t i = anchor->first; i < anchor->end; i++) {
        struct member *row = &walk->members->rows[i];
        if (strcmp(row->called, anchor->called) == 0) {
            members_call(row, called);
        }
    }
}

static void forget_anchors(struct walk *walk)
{
    for (size_t i = 0; i < walk->anchor_count; i++) {
        free(walk->anchors[i].name);
        mem_cleanse(walk->anchors[i].value);
        free(walk->anchors[i].called);
    }
    walk->anchor_count = 0; /* an anchor is of its document (section 3.2.2.2) */
}

/* ---- events: what ---- */

static bool wants_key(struct walk *walk)
{
    const struct frame *frame = top(walk);
    return frame && frame->mapping && !frame->key;
}

/* Before a node that is no key: the path leads to it. */
static void begin_node(struct walk *walk)
{
    struct frame *frame = top(walk);
    if (!frame) {
        cut_back(&walk->path, 0);
        if (walk->documents > 1) {
            buf_format(&walk->path, "%zu", walk->documents - 1);
        }
        return;
    }
    cut_back(&walk->path, frame->path);
    if (frame->mapping) {
        members_add_part(&walk->path, "", frame->key);
    } else {
        buf_format(&walk->path, "/%zu", frame->place);
    }
}

static void end_node(struct walk *walk)
{
    struct frame *frame = top(walk);
    if (frame && frame->mapping) {
        free(frame->key);
        frame->key = NULL;
    } else if (frame) {
        frame->place++;
    }
}

static bool take_key(struct walk *walk, const char *key, size_t line)
{
    struct frame *frame = &walk->frames[walk->depth - 1];
    if (json_object_get(frame->seen, key)) {
        return yaml_text_fail(&walk->yaml, line, "the key is there twice", walk->error);
    }
    json_object_set_new(frame->seen, key, json_true());
    frame->key = mem_text(key);
    return true;
}

/* Where a scalar that is not written would stand; false where there is no room for it: a
 * key alone, in braces or behind "?". */
static bool empty_span(struct walk *walk, const yaml_event_t *event,
                       struct yaml_span *span)
{
    size_t at = yaml_text_at(&walk->yaml, &event->end_mark), before = at;
    while (before > 0 && strchr(" \t", walk->yaml.text[before - 1])) {
        before--;
    }
    *span = (struct yaml_span){at, at};
    return event->start_mark.index != event->end_mark.index ||
           (before > 0 && walk->yaml.text[before - 1] == ':');
}

/* libyaml gives as many events of scalars and aliases as tokens: else nothing is taken
 * from where it may not be. */
static bool next_span(struct walk *walk, size_t line, struct yaml_span *span)
{
    if (walk->next == walk->yaml.scalars.count) {
        return yaml_text_fail(&walk->yaml, line, "a value is where nothing is written",
                              walk->error);
    }
    *span = walk->yaml.scalars.rows[walk->next++];
    return true;
}

static void add_scalar(struct walk *walk, const struct yaml_span *span, const char *value,
                       bool room)
{
    struct frame *frame = top(walk);
    struct member *row = members_add(walk->members);
    row->name = mem_text(buf_string(&walk->path));
    members_call(row, room ? called_now(walk) : "");
    row->at = span->at;
    row->length = span->end - span->at;
    row->value = mem_text(value);
    if (!frame) {
        return;
    }
    if (frame->mapping && strcmp(frame->key, "name") == 0) {
        free(frame->said);
        frame->said = mem_text(value);
    } else if (frame->mapping && strcmp(frame->key, "value") == 0) {
        frame->value = walk->members->count;
    } else if (!frame->mapping) {
        split_entry(walk, frame, row);
    }
}

static bool take_scalar(struct walk *walk, yaml_event_t *event)
{
    const char *value = (const char *)event->data.scalar.value;
    size_t line = event->start_mark.line;
    struct yaml_span span = {0};
    bool empty = event->data.scalar.style == YAML_PLAIN_SCALAR_STYLE && !*value;
    bool room = true;
    if (empty) {
        room = empty_span(walk, event, &span);
    } else if (!next_span(walk, line, &span)) {
        return false;
    }
    if (strlen(value) != event->data.scalar.length) {
        return yaml_text_fail(&walk->yaml, line, "a NUL byte is no text", walk->error);
    }
    if (wants_key(walk)) {
        add_anchor(walk, event->data.scalar.anchor, value);
        return take_key(walk, value, line);
    }
    begin_node(walk);
    size_t anchor = add_anchor(walk, event->data.scalar.anchor, value);
    add_scalar(walk, &span, value, room);
    if (anchor) {
        walk->anchors[anchor - 1].end = walk->members->count;
    }
    end_node(walk);
    return true;
}

static bool take_alias(struct walk *walk, const yaml_event_t *event)
{
    const struct anchor *anchor = find_anchor(walk, event->data.alias.anchor);
    struct yaml_span span = {0};
    if (!next_span(walk, event->start_mark.line, &span)) {
        return false;
    }
    if (!anchor) {
        return yaml_text_fail(&walk->yaml, event->start_mark.line,
                              "no anchor before it has that name", walk->error);
    }
    if (wants_key(walk)) {
        return yaml_text_fail(&walk->yaml, event->start_mark.line,
                              "a key that is an alias has no name", walk->error);
    }
    bool secret = sensitive_name(alias_called(walk));
    if (secret) {
        call_anchored(walk, anchor, alias_called(walk));
    }
    begin_node(walk);
    char *name = mem_format("*%s", anchor->name);
    add_scalar(walk, &span, secret && anchor->value ? anchor->value : name,
               anchor->value != NULL);
    free(name);
    end_node(walk);
    return true;
}

static bool open_frame(struct walk *walk, bool mapping, const yaml_char_t *anchor,
                       size_t line)
{
    if (walk->depth == DEPTH_MAX) {
        return yaml_text_fail(&walk->yaml, line, "it is nested too deep", walk->error);
    }
    if (wants_key(walk)) {
        return yaml_text_fail(&walk->yaml, line, "a key that is no scalar has no name",
                              walk->error);
    }
    begin_node(walk);
    size_t own = add_anchor(walk, anchor, NULL);
    walk->mappings = walk->mappings && (walk->depth > 0 || mapping);
    walk->nested = walk->nested || walk->depth > 0;
    walk->frames[walk->depth++] = (struct frame){.mapping = mapping,
                                                 .seen = json_object(),
                                                 .path = walk->path.length,
                                                 .first = walk->members->count,
                                                 .anchor = own};
    return true;
}

static void drop_frame(struct walk *walk)
{
    struct frame *frame = &walk->frames[walk->depth - 1];
    free(frame->key);
    free(frame->said);
    json_decref(frame->seen);
    walk->depth--;
}

static bool close_frame(struct walk *walk)
{
    const struct frame *frame = &walk->frames[walk->depth - 1];
    if (frame->anchor) {
        walk->anchors[frame->anchor - 1].end = walk->members->count;
    }
    if (frame->said && frame->value) {
        name_pair(walk, frame);
    }
    drop_frame(walk);
    end_node(walk);
    return true;
}

static bool take_event(struct walk *walk, yaml_event_t *event)
{
    size_t line = event->start_mark.line;
    switch (event->type) {
    case YAML_DOCUMENT_START_EVENT:
        walk->documents++;
        return true;
    case YAML_DOCUMENT_END_EVENT:
        forget_anchors(walk);
        return true;
    case YAML_SCALAR_EVENT:
        walk->mappings = walk->mappings && walk->depth > 0;
        return take_scalar(walk, event);
    case YAML_ALIAS_EVENT:
        return take_alias(walk, event);
    case YAML_MAPPING_START_EVENT:
        return open_frame(walk, true, event->data.mapping_start.anchor, line);
    case YAML_SEQUENCE_START_EVENT:
        return open_frame(walk, false, event->data.sequence_start.anchor, line);
    case YAML_MAPPING_END_EVENT:
    case YAML_SEQUENCE_END_EVENT:
        return close_frame(walk);
    default:
        return true;
    }
}

static void cleanse_event(yaml_event_t *event)
{
    if (event->type == YAML_SCALAR_EVENT) {
        mem_cleanse(event->data.scalar.value);
        event->data.scalar.value = NULL;
    }
    yaml_event_delete(event);
}

static bool read_events(struct walk *walk)
{
    yaml_parser_t parser;
    bool more = true, good = true;
    yaml_parser_begin(&parser, &walk->yaml);
    while (good && more) {
        yaml_event_t event;
        good = yaml_parser_parse(&parser, &event) ||
               yaml_parser_fail(&parser, &walk->yaml, walk->error);
        if (good) {
            more = event.type != YAML_STREAM_END_EVENT;
            good = take_event(walk, &event);
            cleanse_event(&event);
        }
    }
    yaml_parser_end(&parser);
    return good;
}

/* ---- the whole ---- */

static int by_place(const void *a, const void *b)
{
    const struct member *one = a, *other = b;
    return one->at != other->at ? (one->at < other->at ? -1 : 1)
                                : one->comment - other->comment;
}

static void add_comments(const struct walk *walk)
{
    const struct yaml_spans *comments = &walk->yaml.comments;
    for (size_t i = 0; i < comments->count; i++) {
        const struct yaml_span *one = &comments->rows[i];
        members_add_comment(walk->members, walk->yaml.text, one->at, one->end - one->at);
    }
}

static void finish(struct walk *walk)
{
    while (walk->depth > 0) {
        drop_frame(walk);
    }
    forget_anchors(walk);
    free(walk->anchors);
    yaml_text_finish(&walk->yaml);
    buf_finish(&walk->path);
    free(walk);
}

bool members_add_yaml(struct members *members, const char *text, size_t length, bool sure,
                      struct error *error)
{
    struct walk *walk = mem_alloc(sizeof *walk);
    walk->members = members;
    walk->mappings = true;
    walk->error = error;
    buf_init(&walk->path, 0);
    bool good = yaml_text_begin(&walk->yaml, text, length, error) && read_events(walk);
    if (good && !sure && !(walk->mappings && walk->nested)) {
        good = error_set(error, ERROR_CONFIG, "this may be no YAML");
    }
    add_comments(walk);
    if (members->count) {
        qsort(members->rows, members->count, sizeof *members->rows, by_place);
    }
    finish(walk);
    return good;
}

#include "release/members.h"

#include "base/buf.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/text.h"
#include "config/scan.h"
#include "release/members_forms.h"
#include "source/env_file.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

const char *const form_words[FORM_COUNT] = {
#define FORMS_WORD(id, word, help) [id] = word,
    FORMS(FORMS_WORD)
#undef FORMS_WORD
};

struct member *members_add(struct members *members)
{
    members->rows =
        mem_resize(members->rows, (members->count + 1) * sizeof *members->rows);
    struct member *row = &members->rows[members->count++];
    *row = (struct member){0};
    return row;
}

/* ---- dotenv ---- */

static bool is_name(const char *name, size_t length)
{
    if (length == 0 || isdigit((unsigned char)name[0])) {
        return false;
    }
    for (size_t i = 0; i < length; i++) {
        if (!isalnum((unsigned char)name[i]) && !strchr("_.-", name[i])) {
            return false;
        }
    }
    return true;
}

static void add_line(struct members *members, const char *text,
                     const struct dotenv_line *line, const struct buf *value,
                     bool comment)
{
    struct member *row = members_add(members);
    row->name = mem_bytes(line->name, line->name_length);
    row->leaf = row->name;
    row->at = (size_t)(line->written - text);
    row->length = line->written_length;
    row->value = mem_text(buf_string(value));
    row->comment = comment;
}

/* "# NAME=value": what was commented out may still be a secret. */
static void read_comment(struct members *members, const char *text, const char *at,
                         struct buf *value)
{
    struct dotenv_line line;
    const char *inner = at + strspn(at, "# \t");
    size_t rest = strcspn(inner, "\n");
    dotenv_read(inner, &line, value);
    if (line.name && is_name(line.name, line.name_length)) {
        line.written_length = rest - (size_t)(line.written - inner);
        add_line(members, text, &line, value, true);
    }
}

/* False where a line is neither blank, nor a comment, nor an assignment. */
static bool read_dotenv(struct members *members, const char *text, struct error *error)
{
    struct buf value;
    struct dotenv_line line = {0};
    buf_init_secret(&value, 0);
    size_t number = 1;
    bool good = true;
    for (const char *at = dotenv_first(text); good && *at; at += *at == '\n') {
        const char *start = at + strspn(at, " \t");
        at = dotenv_read(at, &line, &value);
        good = !line.trouble && (!line.name || is_name(line.name, line.name_length));
        if (!good) {
            error_set(error, ERROR_CONFIG, "line %zu: %s", number,
                      line.trouble ? line.trouble : "this is no name of a variable");
        } else if (line.name) {
            add_line(members, text, &line, &value, false);
        } else if (*start == '#') {
            read_comment(members, text, start, &value);
        } else if (!strchr("\r\n", *start)) {
            good =
                error_set(error, ERROR_CONFIG, "line %zu: this is no assignment", number);
        }
        for (; start < at; start++) {
            number += *start == '\n';
        }
        number++;
    }
    buf_finish(&value);
    return good;
}

/* ---- JSON ---- */

static void add_pointer(const struct scan *scan, size_t node, struct buf *out)
{
    const struct scan_node *at = &scan->nodes[node];
    if (node == 0) {
        return;
    }
    add_pointer(scan, at->parent, out);
    buf_text(out, "/");
    if (!at->key) {
        buf_format(out, "%zu", at->place);
    }
    for (const char *byte = at->key; byte && *byte; byte++) {
        if (*byte == '~' || *byte == '/') { /* RFC 6901 section 3 */
            buf_text(out, *byte == '~' ? "~0" : "~1");
        } else {
            buf_add(out, byte, 1);
        }
    }
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
    return name == SCAN_NONE ? NULL : json_string_value(scan->nodes[name].value);
}

static void add_scalar(struct members *members, const char *text, const struct scan *scan,
                       size_t node)
{
    const struct scan_node *at = &scan->nodes[node];
    struct buf pointer;
    buf_init(&pointer, 0);
    add_pointer(scan, node, &pointer);
    struct member *row = members_add(members);
    row->name = buf_take(&pointer);
    row->name = row->name ? row->name : mem_text("");
    const char *said = called(scan, node);
    row->called = mem_text(said ? said : key_of(scan, node));
    row->leaf = row->called;
    row->at = at->start;
    row->length = at->end - at->start;
    row->value = json_is_string(at->value) ? mem_text(json_string_value(at->value))
                                           : mem_bytes(text + at->start, row->length);
}

static bool read_json(struct members *members, const char *text, size_t length,
                      struct error *error)
{
    struct scan scan;
    int line = 0;
    bool good = scan_text(&scan, text, length, &line, error);
    if (!good && line) {
        error_prefix(error, "line %d", line);
    }
    for (size_t i = 0; good && i < scan.count; i++) {
        if (scan.nodes[i].duplicate) {
            good = error_set(error, ERROR_CONFIG, "line %d: the key is there twice",
                             scan.nodes[i].line);
        } else if (scan.nodes[i].first == SCAN_NONE) {
            add_scalar(members, text, &scan, i);
        }
    }
    scan_finish(&scan);
    return good;
}

/* ---- which it is ---- */

static bool ends_with(const char *text, const char *end)
{
    size_t length = strlen(text), size = strlen(end);
    return length >= size && strcmp(text + length - size, end) == 0;
}

static bool called_dotenv(const char *path)
{
    const char *base = strrchr(path, '/');
    base = base ? base + 1 : path;
    bool hidden = text_starts(base, ".env") && (!base[4] || base[4] == '.');
    return hidden || ends_with(base, ".env");
}

static bool called_yaml(const char *path)
{
    return ends_with(path, ".yaml") || ends_with(path, ".yml");
}

/* Tries a form: what does not read as that leaves nothing behind. */
static bool reads_as(struct members *members, enum form form, const char *text,
                     size_t length, struct error *why)
{
    members->form = form;
    bool read = form == FORM_JSON ? read_json(members, text, length, why)
                : form == FORM_DOTENV
                    ? read_dotenv(members, text, why)
                    : members_add_yaml(members, text, length, false, why);
    if (!read || members->count == 0) {
        members_finish(members);
        return false;
    }
    return true;
}

/* A text whose name says nothing of its form. */
static bool guess(struct members *members, const char *text, size_t length)
{
    const char *start = text + strspn(text, " \t\r\n");
    struct error why = {0};
    return ((*start == '{' || *start == '[') &&
            reads_as(members, FORM_JSON, text, length, &why)) ||
           reads_as(members, FORM_DOTENV, text, length, &why) ||
           reads_as(members, FORM_YAML, text, length, &why) ||
           members_read_as(members, FORM_TEXT, text, length, &why);
}

static bool read_form(struct members *members, const char *text, size_t length,
                      struct error *error)
{
    switch (members->form) {
    case FORM_JSON:
        return read_json(members, text, length, error);
    case FORM_DOTENV:
        return read_dotenv(members, text, error);
    case FORM_YAML:
        return members_add_yaml(members, text, length, true, error);
    default:
        members_add_lines(members, text, length);
        return true;
    }
}

bool members_read_as(struct members *members, enum form form, const char *text,
                     size_t length, struct error *error)
{
    *members = (struct members){.form = form};
    return (!memchr(text, '\0', length) ||
            error_set(error, ERROR_CONFIG, "a NUL byte is no text")) &&
           read_form(members, text, length, error);
}

static bool take_apart(struct members *members, const char *path, const char *text,
                       size_t length, struct error *error)
{
    enum form form = ends_with(path, ".json") ? FORM_JSON
                     : called_yaml(path)      ? FORM_YAML
                     : called_dotenv(path)    ? FORM_DOTENV
                                              : FORM_TEXT;
    return form == FORM_TEXT ? guess(members, text, length)
                             : members_read_as(members, form, text, length, error);
}

bool members_read(struct members *members, const char *path, const char *text,
                  size_t length, struct error *error)
{
    struct error why = {0};
    *members = (struct members){.form = FORM_TEXT};
    if (memchr(text, '\0', length)) {
        error_set(error, ERROR_CONFIG, "%s holds a NUL byte: it is no text", path);
        return false;
    }
    if (!take_apart(members, path, text, length, &why)) {
        members_finish(members);
        error_set(error, ERROR_CONFIG, "%s cannot be read: %s", path, why.message);
        return false;
    }
    return true;
}

void members_finish(struct members *members)
{
    for (size_t i = 0; i < members->count; i++) {
        free(members->rows[i].name);
        free(members->rows[i].called);
        free(members->rows[i].before);
        mem_cleanse(members->rows[i].value);
    }
    free(members->rows);
    members->rows = NULL;
    members->count = 0;
    members->form = FORM_TEXT;
}

const struct member *members_find(const struct members *members, const char *name)
{
    for (size_t i = members->count; i-- > 0;) {
        if (!members->rows[i].comment && strcmp(members->rows[i].name, name) == 0) {
            return &members->rows[i];
        }
    }
    return NULL;
}

const struct member *members_next(const struct members *members, size_t *at)
{
    while (*at < members->count && members->rows[*at].comment) {
        (*at)++;
    }
    return *at < members->count ? &members->rows[(*at)++] : NULL;
}

const struct member *members_nth(const struct members *members, const char *name,
                                 size_t nth, size_t *count)
{
    const struct member *found = NULL;
    *count = 0;
    for (size_t i = 0; i < members->count; i++) {
        const struct member *row = &members->rows[i];
        if (!row->comment && strcmp(row->name, name) == 0) {
            found = (*count)++ == nth ? row : found;
        }
    }
    return found;
}

size_t members_place(const struct members *members, const struct member *member,
                     size_t *count)
{
    size_t nth = 0;
    *count = 0;
    for (size_t i = 0; i < members->count; i++) {
        const struct member *row = &members->rows[i];
        nth = row == member ? *count : nth;
        *count += !row->comment && strcmp(row->name, member->name) == 0;
    }
    return nth;
}

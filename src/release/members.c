#include "release/members.h"

#include "base/buf.h"
#include "base/mem.h"
#include "base/text.h"
#include "release/members_forms.h"
#include "release/sensitive.h"

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

/* What ends in "==" is base64. */
static size_t before_value(const char *value)
{
    size_t name = strspn(value, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
                                "0123456789_.-");
    return name > 0 && strspn(value + name, "=") == 1 ? name + 1 : 0;
}

static void rename_value(struct member *row, char *name)
{
    free(row->called);
    row->called = name;
    row->leaf = name;
}

void members_call(struct member *row, const char *name)
{
    rename_value(row, mem_text(name));
}

bool members_split_entry(struct member *row)
{
    size_t size = before_value(row->value);
    if (size == 0 || sensitive_name(row->leaf)) {
        return false;
    }
    char *name = mem_bytes(row->value, size - 1);
    if (!row->value[size] && !sensitive_name(name)) {
        free(name);
        return false;
    }
    row->before = mem_bytes(row->value, size);
    char *value = mem_text(row->value + size);
    mem_cleanse(row->value);
    row->value = value;
    rename_value(row, name);
    return true;
}

void members_add_part(struct buf *path, const char *sign, const char *part)
{
    buf_format(path, "/%s", sign);
    for (; *part; part++) {
        if (*part == '~' || *part == '/') { /* RFC 6901 section 3 */
            buf_text(path, *part == '~' ? "~0" : "~1");
        } else {
            buf_add(path, part, 1);
        }
    }
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
    bool read = form == FORM_JSON ? members_add_json(members, text, length, why)
                : form == FORM_DOTENV
                    ? members_add_dotenv(members, text, why)
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
        return members_add_json(members, text, length, error);
    case FORM_DOTENV:
        return members_add_dotenv(members, text, error);
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

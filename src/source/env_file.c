/* A dotenv file, read as python-dotenv reads it, which the services use: `export` is
 * allowed, "double quotes" take C's escapes and keep a backslash before anything else,
 * 'single quotes' take
 * \' and \\ alone, an unquoted value ends at " #" and is trimmed, and the last assignment
 * of a name wins. ${NAME} is not replaced: it stays, and does not pass for a secret. What
 * that library would skip with a warning (an open quote, text behind a closed one) is
 * broken here. */
#include "source/env_file.h"

#include "base/buf.h"
#include "base/fs.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/text.h"
#include "source/kinds.h"

#include <stdlib.h>
#include <string.h>

static const char *skip_blanks(const char *at)
{
    return at + strspn(at, " \t");
}

static const char OPEN[] = "a quote is never closed";
static const char BEHIND[] = "something stands behind a closing quote";

/* The byte that a backslash before `letter` stands for; 0: the backslash stands for
 * itself. */
static char unescape(char letter, char quote)
{
    static const char letters[] = "\\'\"abfnrtv", bytes[] = "\\'\"\a\b\f\n\r\t\v";
    const char *known = letter ? strchr(letters, letter) : NULL;
    if (!known || (quote == '\'' && known > letters + 1)) {
        return 0;
    }
    return bytes[known - letters];
}

/* `at` is behind the "=" or a blank, so that at[-1] is there. */
static const char *read_bare(const char *at, struct dotenv_line *line, struct buf *value)
{
    size_t length = strcspn(at, "\n"), size = length;
    for (size_t i = 0; i < length; i++) {
        char before = *(at + i - 1);
        if (at[i] == '#' && (before == ' ' || before == '\t')) {
            size = i;
            break;
        }
    }
    while (size > 0 && strchr(" \t\r", at[size - 1])) {
        size--;
    }
    buf_add(value, at, size);
    line->written_length = size;
    return at + length;
}

static const char *read_quoted(const char *at, struct dotenv_line *line,
                               struct buf *value)
{
    char quote = *at;
    for (at++; *at && *at != quote; at++) {
        char byte = *at == '\\' ? unescape(at[1], quote) : 0;
        at += byte != 0;
        buf_add(value, byte ? &byte : at, 1);
    }
    if (!*at) {
        line->trouble = OPEN;
        return at;
    }
    line->written_length = (size_t)(at + 1 - line->written);
    at = skip_blanks(at + 1);
    if (!strchr("#\r\n", *at)) { /* finds the final NUL too */
        line->trouble = BEHIND;
    }
    return at + strcspn(at, "\n");
}

const char *dotenv_first(const char *text)
{
    return text_starts(text, "\xef\xbb\xbf") ? text + 3 : text; /* a mark of order */
}

const char *dotenv_read(const char *at, struct dotenv_line *line, struct buf *value)
{
    *line = (struct dotenv_line){0};
    buf_clear(value);
    at = skip_blanks(at);
    if (strncmp(at, "export", 6) == 0 && (at[6] == ' ' || at[6] == '\t')) {
        at = skip_blanks(at + 6);
    }
    size_t size = strcspn(at, "= \t\n#");
    const char *name = at;
    at = skip_blanks(at + size);
    if (size == 0 || *at != '=') {
        return at + strcspn(at, "\n");
    }
    line->name = name;
    line->name_length = size;
    line->written = at = skip_blanks(at + 1);
    return *at == '"' || *at == '\'' ? read_quoted(at, line, value)
                                     : read_bare(at, line, value);
}

void dotenv_find(const char *text, const char *key, struct resolved *out)
{
    struct buf value, other;
    struct dotenv_line line = {0};
    bool found = false;
    buf_init_secret(&value,
                    SECRET_MAX + 1); /* one more, so that a longer one is refused */
    buf_init_secret(&other, SECRET_MAX + 1);
    for (const char *at = dotenv_first(text); *at && !line.trouble; at += *at == '\n') {
        at = dotenv_read(at, &line, &other);
        if (line.name && line.name_length == strlen(key) &&
            strncmp(key, line.name, line.name_length) == 0) {
            buf_clear(&value);
            buf_add(&value, buf_string(&other), other.length);
            found = true;
        }
    }
    if (line.trouble) {
        resolved_broken(out, ERROR_CONFIG, "%s", line.trouble);
    } else if (found) {
        resolved_found(out, buf_string(&value), value.length);
    } else {
        resolved_absent(out, "has no %s", key);
    }
    buf_finish(&other);
    buf_finish(&value);
}

bool dotenv_load(const char *name, const struct source_context *context, struct buf *text,
                 struct resolved *out)
{
    char *path = fs_within(context->directory, name);
    struct error error;
    buf_init_secret(text, JSON_SIZE_MAX);
    bool read = fs_read(path, text, &error);
    bool clean = read && !memchr(buf_string(text), '\0', text->length);
    if (clean) {
        out->created = source_written_at(path);
    } else if (read) {
        resolved_broken(out, ERROR_CONFIG, "%s holds a NUL byte", path);
    } else if (error.code == ERROR_ABSENT) {
        resolved_absent(out, "that file is not there");
    } else {
        resolved_broken(out, error.code, "%s", error.message);
    }
    free(path);
    return clean;
}

static void resolve(const json_t *source, const struct source_context *context,
                    struct resolved *out)
{
    const char *name = json_get_text(source, "env_file");
    const char *key = json_get_text(source, "key");
    struct buf text;
    out->label = mem_format("%s in %s", key, name);
    if (dotenv_load(name, context, &text, out)) {
        dotenv_find(buf_string(&text), key, out);
        out->created = out->state == SOURCE_FOUND ? out->created : 0;
    }
    buf_finish(&text);
}

static const char *const needs[] = {"key", NULL};

const struct source_kind source_env_file = {
    .name = "env_file",
    .help = "a line KEY=value of a dotenv file: export, quotes, escapes and comments as "
            "services "
            "read them",
    .needs = needs,
    .resolve = resolve,
};

/* A dotenv file, read as the services' own libraries (python-dotenv, docker) read it: `export` is
 * allowed, "double quotes" take escapes, 'single quotes' take none, an unquoted value ends at
 * " #" and is trimmed, and the last assignment of a name wins. */
#include "source/kinds.h"

#include "base/buf.h"
#include "base/fs.h"
#include "base/json.h"
#include "base/mem.h"

#include <openssl/crypto.h>
#include <stdlib.h>
#include <string.h>

static const char *skip_blanks(const char *at)
{
    return at + strspn(at, " \t");
}

static char unescape(char letter)
{
    switch (letter) {
    case 'n':
        return '\n';
    case 'r':
        return '\r';
    case 't':
        return '\t';
    default:
        return letter;
    }
}

/* Appends the value and returns the first byte behind it, NULL where a quote stays open. */
static const char *read_value(const char *at, struct buf *value)
{
    char quote = *at;
    if (quote != '"' && quote != '\'') {
        size_t length = strcspn(at, "\n");
        const char *comment = NULL;
        for (size_t i = 0; i < length && !comment; i++) {
            bool after_blank = i == 0 || at[i - 1] == ' ' || at[i - 1] == '\t';
            comment = at[i] == '#' && after_blank ? at + i : NULL;
        }
        size_t size = comment ? (size_t)(comment - at) : length;
        while (size > 0 && strchr(" \t\r", at[size - 1])) {
            size--;
        }
        buf_add(value, at, size);
        return at + length;
    }
    for (at++; *at && *at != quote; at++) {
        bool escaped = *at == '\\' && at[1] && (quote == '"' || strchr("'\\", at[1]));
        char byte = *at;
        if (escaped) {
            at++;
            byte = quote == '"' ? unescape(*at) : *at;
        }
        buf_add(value, &byte, 1);
    }
    return *at ? at + 1 : NULL;
}

/* Reads one line's assignment; *found where it is the key's. NULL: a quote stays open. */
static const char *read_line(const char *at, const char *key, struct buf *value, bool *found)
{
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
    bool wanted = strlen(key) == size && strncmp(name, key, size) == 0;
    struct buf other;
    buf_init(&other, 0);
    if (wanted) {
        buf_clear(value);
        *found = true;
    }
    at = read_value(skip_blanks(at + 1), wanted ? value : &other);
    if (other.data) {
        OPENSSL_cleanse(other.data, other.room);
    }
    buf_finish(&other);
    return at ? at + strcspn(at, "\n") : NULL;
}

static void find_key(const char *text, const char *key, struct resolved *out)
{
    struct buf value;
    bool found = false;
    buf_init(&value, SECRET_MAX);
    for (const char *at = text; at && *at; at += *at == '\n') {
        at = read_line(at, key, &value, &found);
        if (!at) {
            resolved_broken(out, ERROR_CONFIG, "a quote is never closed");
            goto out;
        }
    }
    if (found) {
        resolved_found(out, buf_string(&value), value.length);
    } else {
        resolved_absent(out, "has no %s", key);
    }
out:
    if (value.data) {
        OPENSSL_cleanse(value.data, value.room);
    }
    buf_finish(&value);
}

static void resolve(const json_t *source, const struct source_context *context,
                    struct resolved *out)
{
    const char *name = json_get_text(source, "env_file");
    const char *key = json_get_text(source, "key");
    char *path = name[0] == '/' ? mem_text(name) : fs_join(context->directory, name);
    out->label = mem_format("%s in %s", key, name);
    struct buf text;
    struct error error;
    buf_init(&text, JSON_SIZE_MAX);
    if (fs_read(path, &text, &error)) {
        find_key(buf_string(&text), key, out);
    } else if (error.code == ERROR_ABSENT) {
        resolved_absent(out, "%s is not there", path);
    } else {
        resolved_broken(out, error.code, "%s", error.message);
    }
    if (text.data) {
        OPENSSL_cleanse(text.data, text.room);
    }
    buf_finish(&text);
    free(path);
}

static const char *const needs[] = {"key", NULL};

const struct source_kind source_env_file = {
    .name = "env_file",
    .help = "a line KEY=value of a dotenv file: export, quotes, escapes and comments as services "
            "read them",
    .needs = needs,
    .resolve = resolve,
};

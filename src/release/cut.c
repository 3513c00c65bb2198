#include "release/cut.h"

#include "base/json.h"
#include "base/mem.h"
#include "base/text.h"
#include "release/sensitive.h"
#include "secret/mask.h"
#include "secret/patterns.h"

#include <stdlib.h>
#include <string.h>

/* A marker is one word wherever it stands, so that the kept text has its form still. */
#define MARKER_BEGIN   "[kept back "
#define MARKER         MARKER_BEGIN "%s]"
#define MARKER_JSON    "\"" MARKER "\""
#define MARKER_COMMENT "[not kept]"

/* ---- what is secret ---- */

/* The source that gives exactly these bytes; NULL: none. The caller frees. */
static char *source_of(const struct known *known, const char *value, size_t length)
{
    const struct resolved *one;
    const char *identity;
    for (size_t i = 0; (one = secrets_at(known->secrets, i, &identity)); i++) {
        if (one->state == SOURCE_FOUND && secret_length(one->secret) == length &&
            memcmp(secret_data(one->secret), value, length) == 0) {
            return mem_text(identity);
        }
    }
    return NULL;
}

static bool masked(const char *value)
{
    struct buf text;
    buf_init_secret(&text, 0);
    buf_text(&text, value);
    mask_buf(&text);
    bool changed = strcmp(buf_string(&text), value) != 0;
    buf_finish(&text);
    return changed;
}

static bool member_is_secret(const struct member *member)
{
    return sensitive_name(member->leaf) || sensitive_value(member->value) ||
           masked(member->value);
}

static bool show_fingerprint(char out[FINGERPRINT], const char *value, size_t length,
                             struct error *error)
{
    struct secret *secret = secret_create(value, length, error);
    if (!secret) {
        return false;
    }
    fingerprint_show(out, secret);
    secret_unref(secret);
    return true;
}

/* ---- cutting ---- */

static bool add_hole(struct cut *cut, const char *name, const char *value, size_t length,
                     const struct known *known, struct error *error)
{
    cut->holes = mem_resize(cut->holes, (cut->count + 1) * sizeof *cut->holes);
    struct hole *hole = &cut->holes[cut->count++];
    *hole = (struct hole){.name = mem_text(name),
                          .at = cut->text.length,
                          .source = source_of(known, value, length)};
    if (!show_fingerprint(hole->fingerprint, value, length, error)) {
        return false;
    }
    buf_format(&cut->text, cut->form == FORM_JSON ? MARKER_JSON : MARKER,
               hole->fingerprint);
    hole->length = cut->text.length - hole->at;
    return true;
}

static bool cut_members(struct cut *cut, const struct members *members, const char *text,
                        size_t length, const struct known *known, struct error *error)
{
    size_t from = 0;
    for (size_t i = 0; i < members->count; i++) {
        const struct member *member = &members->rows[i];
        if (!member_is_secret(member)) {
            continue;
        }
        buf_add(&cut->text, text + from, member->at - from);
        from = member->at + member->length;
        if (member->comment) {
            buf_text(&cut->text, MARKER_COMMENT);
        } else if (!add_hole(cut, member->name, member->value, strlen(member->value),
                             known, error)) {
            return false;
        }
    }
    buf_add(&cut->text, text + from, length - from);
    return true;
}

/* The first known secret at or behind `from`, the longest of those that begin there. */
static const struct resolved *next_known(const struct known *known, const char *text,
                                         size_t length, size_t from, size_t *at)
{
    const struct resolved *best = NULL, *one;
    const char *identity;
    for (size_t i = 0; (one = secrets_at(known->secrets, i, &identity)); i++) {
        size_t size = one->state == SOURCE_FOUND ? secret_length(one->secret) : 0;
        const char *found = size >= PATTERN_LEAST ? memmem(text + from, length - from,
                                                           secret_data(one->secret), size)
                                                  : NULL;
        size_t place = found ? (size_t)(found - text) : 0;
        if (found && (!best || place < *at ||
                      (place == *at && size > secret_length(best->secret)))) {
            best = one;
            *at = place;
        }
    }
    return best;
}

static bool cut_spans(struct cut *cut, const char *text, size_t length,
                      const struct known *known, struct error *error)
{
    size_t from = 0, at = 0;
    const struct resolved *next;
    while ((next = next_known(known, text, length, from, &at))) {
        buf_add(&cut->text, text + from, at - from);
        if (!add_hole(cut, NULL, secret_data(next->secret), secret_length(next->secret),
                      known, error)) {
            return false;
        }
        from = at + secret_length(next->secret);
    }
    buf_add(&cut->text, text + from, length - from);
    return true;
}

/* ---- lines of a text that is only looked at ---- */

/* "  - name: value" or "name=value": false where the line has no such form. */
static bool split_line(const char *line, size_t length, struct buf *name, size_t *value)
{
    size_t at = 0;
    while (at < length && strchr(" \t-\"'", line[at])) {
        at++;
    }
    size_t end = at;
    while (end < length && line[end] != ':' && line[end] != '=') {
        end++;
    }
    size_t last = end;
    while (last > at && strchr(" \t\"'", line[last - 1])) {
        last--;
    }
    buf_clear(name);
    buf_add(name, line + at, last - at);
    *value = end < length ? end + 1 : length;
    while (*value < length && strchr(" \t", line[*value])) {
        (*value)++;
    }
    return last > at && *value < length;
}

/* What was cut already, or is no more than its sign. */
static bool is_marker(const char *value)
{
    return text_starts(value, MARKER_BEGIN) || text_starts(value, CUT_HOLE);
}

/* A container's variables as YAML tells them: "name: X" and behind it "value: …". */
static bool line_is_secret(struct buf *called, const struct buf *name, const char *value)
{
    const char *as = buf_string(name);
    if (strcmp(as, "name") == 0) {
        buf_clear(called);
        buf_add(called, value, strcspn(value, " \t\r\"'"));
        return false;
    }
    bool by_name = strcmp(as, "value") == 0 ? sensitive_name(buf_string(called))
                                            : sensitive_name(as);
    return (by_name || sensitive_value(value)) && !is_marker(value);
}

static bool cut_lines(struct cut *cut, const char *text, size_t length,
                      const struct known *known, struct error *error)
{
    struct buf name, called;
    bool done = true;
    buf_init(&name, 0);
    buf_init(&called, 0);
    for (size_t from = 0; done && from < length;) {
        const char *line = text + from;
        const char *newline = memchr(line, '\n', length - from);
        size_t size = newline ? (size_t)(newline - line) : length - from, at = 0;
        char *value = NULL;
        if (split_line(line, size, &name, &at) &&
            (value = mem_bytes(line + at, size - at)) &&
            line_is_secret(&called, &name, value)) {
            buf_add(&cut->text, line, at);
            done = add_hole(cut, buf_string(&name), value, size - at, known, error);
        } else {
            buf_add(&cut->text, line, size);
        }
        buf_add(&cut->text, "\n", newline ? 1 : 0);
        from += size + (newline != NULL);
        mem_cleanse(value);
    }
    buf_finish(&name);
    buf_finish(&called);
    return done;
}

bool cut_shown(const char *text, struct buf *out, struct error *error)
{
    const struct known nothing = {0};
    struct cut cut = {.form = FORM_TEXT};
    buf_init(&cut.text, 0);
    bool done = cut_lines(&cut, text, strlen(text), &nothing, error);
    if (done) {
        buf_add(out, buf_string(&cut.text), cut.text.length);
    }
    cut_finish(&cut);
    return done;
}

/* ---- and nothing is left ---- */

static bool refuse_rest(const struct cut *cut, const char *path, const struct buf *clean,
                        struct error *error)
{
    size_t line = 1;
    for (size_t i = 0;
         i < cut->text.length && i < clean->length && cut->text.data[i] == clean->data[i];
         i++) {
        line += cut->text.data[i] == '\n';
    }
    error_set(error, ERROR_CONFIG,
              "%s holds a secret in line %zu that cannot be taken out of it", path, line);
    error_hint(error,
               "let %s hold where the secret is kept instead, or take it out of "
               "`backup.files`",
               path);
    return false;
}

static void drop_holes(struct cut *cut)
{
    for (size_t i = 0; i < cut->count; i++) {
        free(cut->holes[i].name);
        free(cut->holes[i].source);
    }
    cut->count = 0;
}

static bool prove_clean(struct cut *cut, const char *path, enum cut_use use,
                        struct error *error)
{
    struct buf clean;
    buf_init_secret(&clean, 0);
    buf_add(&clean, buf_string(&cut->text), cut->text.length);
    mask_buf(&clean);
    bool same = clean.length == cut->text.length &&
                memcmp(buf_string(&clean), buf_string(&cut->text), clean.length) == 0;
    bool done = same || use == CUT_SHOW || refuse_rest(cut, path, &clean, error);
    if (!same && use == CUT_SHOW) { /* the places of the holes are no longer true */
        buf_finish(&cut->text);
        cut->text = clean;
        drop_holes(cut);
        return true;
    }
    buf_finish(&clean);
    return done;
}

bool cut_make(struct cut *cut, const char *path, const char *text, size_t length,
              const struct known *known, enum cut_use use, struct error *error)
{
    struct members members;
    *cut = (struct cut){0};
    buf_init_secret(&cut->text, 0);
    if (!members_read(&members, path, text, length, error)) {
        error_hint(error, "mend %s, or take it out of `backup`", path);
        return false;
    }
    cut->form = members.form;
    bool done = members.form != FORM_TEXT
                    ? cut_members(cut, &members, text, length, known, error)
                : use == CUT_SHOW ? cut_lines(cut, text, length, known, error)
                                  : cut_spans(cut, text, length, known, error);
    members_finish(&members);
    return done && prove_clean(cut, path, use, error);
}

void cut_finish(struct cut *cut)
{
    drop_holes(cut);
    free(cut->holes);
    buf_finish(&cut->text);
    *cut = (struct cut){0};
}

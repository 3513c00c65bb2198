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

/* What was cut already, or is no more than its sign. */
static bool is_marker(const char *value)
{
    return text_starts(value, MARKER_BEGIN) || text_starts(value, CUT_HOLE);
}

static bool looks_secret(const struct member *member)
{
    return (sensitive_name(member->leaf) || sensitive_value(member->value)) &&
           !is_marker(member->value);
}

/* A text within a text: a file that a container is given, say. */
static bool holds_secret_line(const char *value)
{
    struct members lines;
    bool found = false;
    members_read_as(&lines, FORM_TEXT, value, strlen(value), NULL);
    for (size_t i = 0; i < lines.count && !found; i++) {
        found = looks_secret(&lines.rows[i]);
    }
    members_finish(&lines);
    return found;
}

/* Of other texts' lines only the known secret is cut, not the value that it stands in. */
static bool member_is_secret(enum form form, const struct member *member)
{
    return looks_secret(member) ||
           (form != FORM_TEXT &&
            (masked(member->value) ||
             (strchr(member->value, '\n') && holds_secret_line(member->value))));
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

/* In quotes where brackets would be a list; what stood before a secret in its value is
 * told still. */
static void add_marker(struct cut *cut, const struct member *member,
                       const char *fingerprint)
{
    bool quoted = cut->form == FORM_JSON || cut->form == FORM_YAML;
    bool squeezed = cut->form == FORM_YAML && member && member->length == 0;
    buf_format(&cut->text, "%s%s%s" MARKER "%s", squeezed ? " " : "", quoted ? "\"" : "",
               member && member->before ? member->before : "", fingerprint,
               quoted ? "\"" : "");
}

/* `member` NULL: a place between them. */
static bool add_hole(struct cut *cut, const struct member *member, const char *value,
                     size_t length, const struct known *known, struct error *error)
{
    cut->holes = mem_resize(cut->holes, (cut->count + 1) * sizeof *cut->holes);
    struct hole *hole = &cut->holes[cut->count++];
    *hole = (struct hole){.name = mem_text(member ? member->name : NULL),
                          .at = cut->text.length,
                          .source = source_of(known, value, length)};
    if (!show_fingerprint(hole->fingerprint, value, length, error)) {
        return false;
    }
    add_marker(cut, member, hole->fingerprint);
    hole->length = cut->text.length - hole->at;
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

/* What stands between members: of other texts without the secrets that are known. */
static bool cut_between(struct cut *cut, const char *text, size_t length,
                        const struct known *known, struct error *error)
{
    size_t from = 0, at = 0;
    const struct resolved *next;
    while (cut->form == FORM_TEXT &&
           (next = next_known(known, text, length, from, &at))) {
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

/* Lines may bear one name several times. */
static void count_line(struct cut *cut, const struct members *members,
                       const struct member *member)
{
    struct hole *hole = &cut->holes[cut->count - 1];
    if (cut->form == FORM_TEXT) {
        hole->nth = members_place(members, member, &hole->count);
    }
}

static bool cut_members(struct cut *cut, const struct members *members, const char *text,
                        size_t length, const struct known *known, struct error *error)
{
    size_t from = 0;
    bool done = true;
    for (size_t i = 0; done && i < members->count; i++) {
        const struct member *member = &members->rows[i];
        if (member->at < from || !member_is_secret(cut->form, member)) {
            continue;
        }
        done = cut_between(cut, text + from, member->at - from, known, error);
        from = member->at + member->length;
        if (done && member->comment) {
            buf_text(&cut->text, MARKER_COMMENT);
        } else if (done) {
            done =
                add_hole(cut, member, member->value, strlen(member->value), known, error);
            count_line(cut, members, member);
        }
    }
    return done && cut_between(cut, text + from, length - from, known, error);
}

static int hole_to_place(const void *key, const void *row)
{
    size_t at = *(const size_t *)key;
    const struct hole *hole = row;
    return at < hole->at ? -1 : at >= hole->at + hole->length;
}

const struct hole *cut_hole(const struct cut *cut, const struct member *member)
{
    return cut->count ? bsearch(&member->at, cut->holes, cut->count, sizeof *cut->holes,
                                hole_to_place)
                      : NULL;
}

bool cut_shown(const char *text, struct buf *out, struct error *error)
{
    const struct known nothing = {0};
    struct cut cut = {.form = FORM_TEXT};
    struct members lines;
    buf_init_secret(&cut.text, 0);
    members_read_as(&lines, FORM_TEXT, text, strlen(text), NULL);
    bool done = cut_members(&cut, &lines, text, strlen(text), &nothing, error);
    if (done) {
        buf_add(out, buf_string(&cut.text), cut.text.length);
    }
    members_finish(&lines);
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

/* With the secrets that were taken out it would come back: what could not is refused
 * before a run, not when it is wanted. */
static bool prove_back(const struct cut *cut, const char *path, const char *text,
                       size_t length, const struct known *known, struct error *error)
{
    struct buf present, whole;
    buf_init_secret(&present, 0);
    buf_init_secret(&whole, 0);
    buf_add(&present, text, length);
    bool done = cut_fill(cut, path, &present, known, &whole, NULL);
    if (!done) {
        error_set(
            error, ERROR_CONFIG,
            "%s would be another text without its secrets: they cannot be taken out",
            path);
        error_hint(error, "write each secret in it as a value on one line, or take it "
                          "out of `backup.files`");
    }
    buf_finish(&present);
    buf_finish(&whole);
    return done;
}

bool cut_make(struct cut *cut, const char *path, const char *text, size_t length,
              const struct known *known, enum cut_use use, struct error *error)
{
    const struct known nothing = {0};
    struct members members;
    *cut = (struct cut){0};
    buf_init_secret(&cut->text, 0);
    if (!members_read(&members, path, text, length, error)) {
        error_hint(error, "mend %s, or take it out of `backup`", path);
        return false;
    }
    cut->form = members.form;
    bool done = cut_members(cut, &members, text, length,
                            use == CUT_SHOW ? &nothing : known, error) &&
                prove_clean(cut, path, use, error) &&
                (use == CUT_SHOW || prove_back(cut, path, text, length, known, error));
    members_finish(&members);
    return done;
}

void cut_finish(struct cut *cut)
{
    drop_holes(cut);
    free(cut->holes);
    buf_finish(&cut->text);
    *cut = (struct cut){0};
}

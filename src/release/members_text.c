/* Any other text for release/members.h, line by line: INI, TOML, properties, what nginx
 * reads and what programs print. `name = value` and `name: value` are members, and
 * `name value` where it is a secret's. A value goes on over lines that are further to the
 * right and say nothing themselves, behind a backslash, and up to closing """; a private
 * key (PEM, RFC 7468 section 10) up to its end. */
#include "release/members_forms.h"

#include "base/buf.h"
#include "base/mem.h"
#include "release/sensitive.h"

#include <stdlib.h>
#include <string.h>

#define PEM_BEGIN "-----BEGIN "
#define PEM_END   "-----END "
#define PEM_KEY   "PRIVATE KEY-----"

/* What stands there without a name. */
#define ALONE "a line of its own"

struct lines {
    struct members *members;
    const char *text;
    size_t length;
    struct buf section;
    struct buf called; /* what "name: X" said last, for "value: …" behind it */
};

/* Offsets in the text. */
struct line {
    size_t at, end; /* without its end */
    size_t indent;
    size_t name, name_end;
    size_t value; /* where it begins */
    char sign;    /* what stands between: '=' ':' ' ' */
};

static size_t skip(const char *text, size_t at, size_t end, const char *bytes)
{
    while (at < end && text[at] && strchr(bytes, text[at])) {
        at++;
    }
    return at;
}

static size_t skip_back(const char *text, size_t from, size_t at, const char *bytes)
{
    while (at > from && text[at - 1] && strchr(bytes, text[at - 1])) {
        at--;
    }
    return at;
}

static size_t line_end(const char *text, size_t at, size_t length)
{
    const char *newline = memchr(text + at, '\n', length - at);
    return newline ? (size_t)(newline - text) : length;
}

static bool holds(const char *text, size_t at, size_t end, const char *needle)
{
    return memmem(text + at, end - at, needle, strlen(needle)) != NULL;
}

/* ---- one line ---- */

/* "  - name: value", "name=value", "name => value": false where it has no such form. */
static bool split_assignment(const char *text, struct line *line)
{
    size_t at = skip(text, line->at, line->end, " \t-\"'{"), sign = at;
    while (sign < line->end && text[sign] != ':' && text[sign] != '=') {
        sign++;
    }
    if (sign == line->end ||
        (line->end - sign > 2 && strncmp(text + sign, "://", 3) == 0)) {
        return false; /* a URL's scheme is no name */
    }
    line->sign = text[sign];
    line->name = at;
    line->name_end = skip_back(text, at, sign, " \t\"'+?:");
    line->value = sign + 1;
    if (line->value < line->end && strchr("=>", text[line->value])) {
        line->sign = '=';
        line->value++;
    }
    line->value = skip(text, line->value, line->end, " \t");
    return line->name_end > at;
}

/* Nothing but one word, or one text in quotes. */
static bool is_one(const char *text, size_t at, size_t end)
{
    bool quoted = end - at > 1 && strchr("\"'", text[at]) && text[end - 1] == text[at];
    return at < end && (quoted || !memchr(text + at, ' ', end - at));
}

/* The word at `from` as a name and what is behind it as its value. */
static void take_word(const char *text, struct line *line, size_t from, size_t end)
{
    line->name = skip(text, from, end, " \t-$");
    line->name_end = line->name;
    while (line->name_end < end && !strchr(" \t", text[line->name_end])) {
        line->name_end++;
    }
    line->value = skip(text, line->name_end, end, " \t");
}

static bool is_secret_name(const char *text, const struct line *line)
{
    char *name = mem_bytes(text + line->name, line->name_end - line->name);
    bool secret = sensitive_name(name);
    free(name);
    return secret;
}

static bool is_secret_look(const char *text, size_t at, size_t end)
{
    char *value = mem_bytes(text + at, end - at);
    bool secret = sensitive_value(value);
    mem_cleanse(value);
    return secret;
}

/* "name value" or, as nginx sets something, "set name value;", of a secret's name; else
 * what looks like a secret behind a word or alone. */
static bool split_words(const char *text, struct line *line)
{
    size_t end = skip_back(text, line->at, line->end, " \t\r;");
    line->sign = ' ';
    take_word(text, line, line->at, end);
    if (is_secret_name(text, line) && is_one(text, line->value, end)) {
        return true;
    }
    bool set = line->value < end && (end < line->end || strchr("\"'", text[end - 1]));
    take_word(text, line, line->value, end);
    if (set && is_secret_name(text, line) && is_one(text, line->value, end)) {
        return true;
    }
    take_word(text, line, line->at, end);
    if (line->value == end) {
        line->value = line->name;
        line->name_end = line->name;
    }
    return is_secret_look(text, line->value, end);
}

/* ---- where its value ends ---- */

/* The closing quote of what opens at `at`; `end` where there is none. */
static size_t closing(const char *text, size_t at, size_t end)
{
    char quote = text[at];
    for (at++; at < end && text[at] != quote; at++) {
        at += quote == '"' && text[at] == '\\' && at + 1 < end;
    }
    return at;
}

/* Within quotes, where only a separator or a comment is behind them. */
static bool within_quotes(const char *text, const struct line *line, size_t *at,
                          size_t *end)
{
    if (line->value == line->end || !strchr("\"'", text[line->value])) {
        return false;
    }
    size_t close = closing(text, line->value, line->end);
    size_t behind =
        close < line->end ? skip(text, close + 1, line->end, " \t\r;,)]}") : close;
    if (close == line->end ||
        (behind < line->end && text[behind] != '#' && text[behind] != '/')) {
        return false;
    }
    *at = line->value + 1;
    *end = close;
    return true;
}

/* """…""" as TOML and Python write it. */
static bool within_triple(const struct lines *lines, const struct line *line, size_t *at,
                          size_t *end)
{
    const char *open = lines->text + line->value;
    if (line->end - line->value < 3 ||
        (strncmp(open, "\"\"\"", 3) != 0 && strncmp(open, "'''", 3) != 0)) {
        return false;
    }
    *at = line->value + 3;
    char sign[4] = {open[0], open[0], open[0], '\0'};
    const char *close = memmem(lines->text + *at, lines->length - *at, sign, 3);
    *end = close ? (size_t)(close - lines->text) : lines->length;
    return true;
}

static bool is_section(const char *text, size_t at, size_t end)
{
    end = skip_back(text, at, end, " \t\r");
    return at < end && text[at] == '[' && text[end - 1] == ']';
}

/* The sign of a comment at `at`: its bytes. */
static size_t comment_sign(const char *text, size_t at, size_t end)
{
    return at < end && strchr("#;", text[at])                  ? 1
           : end - at >= 2 && strncmp(text + at, "//", 2) == 0 ? 2
                                                               : 0;
}

/* The line behind this one belongs to its value. */
static bool goes_on(const struct lines *lines, const struct line *line, size_t end,
                    struct line *next)
{
    const char *text = lines->text;
    if (end + 1 >= lines->length) {
        return false;
    }
    *next = (struct line){.at = end + 1};
    next->end = line_end(text, next->at, lines->length);
    size_t from = skip_back(text, line->value, end, " \t\r");
    if (from > line->value && text[from - 1] == '\\') {
        return true;
    }
    size_t first = skip(text, next->at, next->end, " \t\r");
    return first < next->end && first - next->at > line->indent &&
           !comment_sign(text, first, next->end) && !is_section(text, first, next->end) &&
           !split_assignment(text, next);
}

/* Where the value is; returns the end of its last line. */
static size_t measure(const struct lines *lines, const struct line *line, size_t *at,
                      size_t *end)
{
    const char *text = lines->text;
    struct line next;
    if (within_triple(lines, line, at, end)) {
        return line_end(text, *end, lines->length);
    }
    if (within_quotes(text, line, at, end)) {
        return line->end;
    }
    size_t last = line->end;
    while (goes_on(lines, line, last, &next)) {
        last = next.end;
    }
    *at = line->value;
    *end = skip_back(text, *at, last, " \t\r");
    *end = skip_back(text, *at, *end, ";,");
    *end = skip_back(text, *at, *end, " \t");
    return last;
}

/* ---- members ---- */

static struct member *add(struct members *members, const char *text, size_t at,
                          size_t end, const char *name, const char *called)
{
    struct member *row = members_add(members);
    row->name = mem_text(name);
    row->called = mem_text(called);
    row->leaf = row->called;
    row->at = at;
    row->length = end - at;
    row->value = mem_bytes(text + at, end - at);
    return row;
}

void members_add_comment(struct members *members, const char *text, size_t at,
                         size_t length)
{
    struct line line = {.end = skip_back(text, at, at + length, " \t\r")};
    line.at = skip(text, at, line.end, "#;/! \t");
    bool says = split_assignment(text, &line) || split_words(text, &line);
    size_t from = says ? line.value : line.at;
    char *name = mem_bytes(text + line.name, says ? line.name_end - line.name : 0);
    if (from < line.end) {
        add(members, text, from, line.end, name, name)->comment = true;
    }
    free(name);
}

/* A container's variables as YAML tells them: "name: X" and behind it "value: …". */
static void add_line(struct lines *lines, const struct line *line, size_t at, size_t end)
{
    char *said = mem_bytes(lines->text + line->name, line->name_end - line->name);
    const char *called = said;
    if (strcmp(said, "value") == 0 && lines->called.length) {
        called = buf_string(&lines->called);
    }
    char *name = lines->section.length
                     ? mem_format("%s/%s", buf_string(&lines->section), called)
                 : *called ? mem_text(called)
                           : mem_text(ALONE);
    add(lines->members, lines->text, at, end, name, called);
    if (strcmp(said, "name") == 0) {
        buf_clear(&lines->called);
        buf_add(&lines->called, lines->text + at, end - at);
    }
    free(name);
    free(said);
}

/* A private key over lines; returns the end of its last one. */
static size_t add_key(struct lines *lines, struct line *line)
{
    const char *text = lines->text, *end = text + lines->length;
    const char *begin =
        memmem(text + line->at, line->end - line->at, PEM_BEGIN, strlen(PEM_BEGIN));
    const char *last = memmem(begin, (size_t)(end - begin), PEM_END, strlen(PEM_END));
    const char *stop =
        last ? memmem(last, (size_t)(end - last), PEM_KEY, strlen(PEM_KEY)) : NULL;
    size_t at = (size_t)(begin - text);
    size_t behind = stop ? (size_t)(stop - text) + strlen(PEM_KEY) : lines->length;
    if (!split_assignment(text, line) || line->value > at) {
        take_word(text, line, line->at, at);
    }
    add_line(lines, line, at, behind);
    return line_end(text, behind, lines->length);
}

static void take_section(struct lines *lines, size_t at, size_t end)
{
    at = skip(lines->text, at, end, "[ \t");
    end = skip_back(lines->text, at, end, "] \t\r");
    buf_clear(&lines->section);
    buf_add(&lines->section, lines->text + at, end - at);
}

/* Returns the end of the last line that belongs to it. */
static size_t take_line(struct lines *lines, struct line *line)
{
    const char *text = lines->text;
    size_t first = skip(text, line->at, line->end, " \t\r"), at, end;
    line->indent = first - line->at;
    if (holds(text, line->at, line->end, PEM_BEGIN) &&
        holds(text, line->at, line->end, PEM_KEY) &&
        !holds(text, line->at, line->end, PEM_END)) {
        return add_key(lines, line);
    }
    if (comment_sign(text, first, line->end)) {
        members_add_comment(lines->members, text, first, line->end - first);
    } else if (is_section(text, first, line->end)) {
        take_section(lines, first, line->end);
    } else if (first < line->end &&
               (split_assignment(text, line) || split_words(text, line))) {
        size_t last = measure(lines, line, &at, &end);
        if (at < end || line->sign == '=') { /* else it is a heading */
            add_line(lines, line, at, end);
        }
        return last;
    }
    return line->end;
}

void members_add_lines(struct members *members, const char *text, size_t length)
{
    struct lines lines = {.members = members, .text = text, .length = length};
    buf_init(&lines.section, 0);
    buf_init(&lines.called, 0);
    for (size_t at = 0; at < length;) {
        struct line line = {.at = at, .end = line_end(text, at, length)};
        at = take_line(&lines, &line) + 1;
    }
    buf_finish(&lines.section);
    buf_finish(&lines.called);
}

#include "release/yaml_text.h"

#include "base/mem.h"
#include "base/text.h"

#include <stdlib.h>
#include <string.h>

/* ---- places ---- */

size_t yaml_text_at(struct yaml_text *yaml, const yaml_mark_t *mark)
{
    if (mark->index < yaml->index || yaml->at < yaml->start) {
        yaml->index = 0;
        yaml->at = yaml->start;
    }
    while (yaml->index < mark->index && yaml->at < yaml->length) {
        uint32_t point;
        size_t used = text_decode(yaml->text + yaml->at, yaml->length - yaml->at, &point);
        yaml->at += used ? used : 1;
        yaml->index++;
    }
    return yaml->at;
}

static void add(struct yaml_spans *spans, size_t at, size_t end)
{
    spans->rows = mem_resize(spans->rows, (spans->count + 1) * sizeof *spans->rows);
    spans->rows[spans->count++] = (struct yaml_span){at, end};
}

/* ---- libyaml ---- */

/* Helm's files, Jinja's and others' are called YAML and become that later. */
bool yaml_text_fail(const struct yaml_text *yaml, size_t line, const char *why,
                    struct error *error)
{
    bool template = memmem(yaml->text, yaml->length, "{{", 2) ||
                    memmem(yaml->text, yaml->length, "{%", 2);
    return error_set(error, ERROR_CONFIG, "line %zu: %s%s", line + 1, why,
                     template ? "; of a template, keep what is made of it instead" : "");
}

bool yaml_parser_fail(const yaml_parser_t *parser, const struct yaml_text *yaml,
                      struct error *error)
{
    size_t line = parser->problem_mark.line;
    if (parser->error == YAML_READER_ERROR) {
        line = 0;
        for (size_t i = 0; i < parser->problem_offset; i++) {
            line += yaml->text[yaml->start + i] == '\n';
        }
    }
    return yaml_text_fail(yaml, line,
                          parser->problem ? parser->problem : "this is no YAML", error);
}

void yaml_parser_begin(yaml_parser_t *parser, const struct yaml_text *yaml)
{
    if (!yaml_parser_initialize(parser)) {
        panic("out of memory");
    }
    yaml_parser_set_encoding(parser, YAML_UTF8_ENCODING);
    yaml_parser_set_input_string(parser, (const unsigned char *)yaml->text + yaml->start,
                                 yaml->length - yaml->start);
}

void yaml_parser_end(yaml_parser_t *parser)
{
    mem_cleanse(parser->raw_buffer.start);
    mem_cleanse(parser->buffer.start);
    parser->raw_buffer.start = NULL;
    parser->buffer.start = NULL;
    yaml_parser_delete(parser);
}

/* ---- tokens ---- */

/* Between two tokens stand blanks and comments alone (YAML 1.2 section 6). */
static void add_comments(struct yaml_text *yaml, size_t at, size_t end)
{
    const char *sign;
    while (at < end && (sign = memchr(yaml->text + at, '#', end - at))) {
        at = (size_t)(sign - yaml->text);
        const char *newline = memchr(sign, '\n', end - at);
        size_t stop = newline ? (size_t)(newline - yaml->text) : end;
        add(&yaml->comments, at, stop);
        at = stop;
    }
}

/* A block scalar ends where the next line begins (section 8.1): that line's end stays.
 * The line of its header may end in a comment. */
static size_t block_end(struct yaml_text *yaml, size_t at, size_t end)
{
    const char *text = yaml->text;
    const char *newline = memchr(text + at, '\n', end - at);
    if (newline) {
        add_comments(yaml, at, (size_t)(newline - text));
    }
    if (end > at && text[end - 1] == '\n') {
        end--;
        end -= text[end - 1] == '\r';
    }
    return end;
}

static void take_scalar(struct yaml_text *yaml, yaml_token_t *token, size_t at,
                        size_t end)
{
    yaml_scalar_style_t style = token->data.scalar.style;
    if (style == YAML_LITERAL_SCALAR_STYLE || style == YAML_FOLDED_SCALAR_STYLE) {
        end = block_end(yaml, at, end);
    }
    add(&yaml->scalars, at, end);
    mem_cleanse(token->data.scalar.value);
    token->data.scalar.value = NULL;
}

static void take_token(struct yaml_text *yaml, yaml_token_t *token, size_t *behind)
{
    size_t at = yaml_text_at(yaml, &token->start_mark);
    size_t end = yaml_text_at(yaml, &token->end_mark);
    add_comments(yaml, *behind, at);
    *behind = end > *behind ? end : *behind;
    if (token->type == YAML_SCALAR_TOKEN) {
        take_scalar(yaml, token, at, end);
    } else if (token->type == YAML_ALIAS_TOKEN) {
        add(&yaml->scalars, at, end);
    }
}

static bool read_tokens(struct yaml_text *yaml, struct error *error)
{
    yaml_parser_t parser;
    size_t behind = yaml->start;
    bool more = true, good = true;
    yaml_parser_begin(&parser, yaml);
    while (good && more) {
        yaml_token_t token;
        good =
            yaml_parser_scan(&parser, &token) || yaml_parser_fail(&parser, yaml, error);
        if (good) {
            more = token.type != YAML_STREAM_END_TOKEN;
            take_token(yaml, &token, &behind);
            yaml_token_delete(&token);
        }
    }
    yaml_parser_end(&parser);
    return good;
}

/* UTF-16 without a NUL byte has its mark of order still (section 5.2). */
static bool is_utf16(const char *text, size_t length)
{
    return length >= 2 &&
           (memcmp(text, "\xff\xfe", 2) == 0 || memcmp(text, "\xfe\xff", 2) == 0);
}

bool yaml_text_begin(struct yaml_text *yaml, const char *text, size_t length,
                     struct error *error)
{
    *yaml = (struct yaml_text){.text = text, .length = length};
    yaml->start = length >= 3 && memcmp(text, "\xef\xbb\xbf", 3) == 0 ? 3 : 0;
    yaml->at = yaml->start;
    if (is_utf16(text, length)) {
        return error_set(error, ERROR_CONFIG, "this is UTF-16: save it as UTF-8");
    }
    return read_tokens(yaml, error);
}

void yaml_text_finish(struct yaml_text *yaml)
{
    free(yaml->scalars.rows);
    free(yaml->comments.rows);
    *yaml = (struct yaml_text){0};
}

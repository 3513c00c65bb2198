/* Where scalars and comments of a YAML text stand, in bytes: libyaml counts characters,
 * and its events begin with the anchor and the tag before a scalar.
 *
 * The caller owns a struct yaml_text and borrows it the text. libyaml gives memory back
 * as it is; what holds the text is overwritten before. Any thread. */
#ifndef GREENBOARD_RELEASE_YAML_TEXT_H
#define GREENBOARD_RELEASE_YAML_TEXT_H

#include "base/error.h"

#include <stdbool.h>
#include <stddef.h>
#include <yaml.h>

struct yaml_span {
    size_t at, end;
};

struct yaml_spans {
    struct yaml_span *rows; /* in order */
    size_t count;
};

struct yaml_text {
    const char *text;
    size_t length, start;      /* `start` is behind a mark of order */
    struct yaml_spans scalars; /* and aliases: one for each event that is written */
    struct yaml_spans comments;
    size_t index, at; /* the last place asked for, in characters and in bytes */
};

/* False where it is no YAML: in which line, and why. */
bool yaml_text_begin(struct yaml_text *yaml, const char *text, size_t length,
                     struct error *error);
void yaml_text_finish(struct yaml_text *yaml);

/* The byte at which libyaml's mark is. */
size_t yaml_text_at(struct yaml_text *yaml, const yaml_mark_t *mark);

/* libyaml's events of the text. */
void yaml_parser_begin(yaml_parser_t *parser, const struct yaml_text *yaml);
void yaml_parser_end(yaml_parser_t *parser);
/* Sets the error for what it stopped at; returns false. */
bool yaml_parser_fail(const yaml_parser_t *parser, const struct yaml_text *yaml,
                      struct error *error);

/* The same for what is YAML and still nothing for us; `line` from 0, as libyaml's. */
bool yaml_text_fail(const struct yaml_text *yaml, size_t line, const char *why,
                    struct error *error);

#endif

/* A text taken apart into values that bear a name: the assignments of a dotenv file, the
 * scalars of a JSON document or of YAML, the lines of any other text that give something
 * a value.
 *
 * The caller owns a struct members; it holds decoded values, which members_finish()
 * cleanses. Any thread. */
#ifndef GREENBOARD_RELEASE_MEMBERS_H
#define GREENBOARD_RELEASE_MEMBERS_H

#include "base/error.h"

#include <stdbool.h>
#include <stddef.h>

/* THE forms: id, word, what it is. */
#define FORMS(X)                                                                         \
    X(FORM_DOTENV, "dotenv", "assignments NAME=value as a dotenv file holds them")       \
    X(FORM_JSON, "json", "one JSON document")                                            \
    X(FORM_YAML, "yaml", "YAML documents")                                               \
    X(FORM_TEXT, "text", "any other text, line by line")

enum form {
#define FORMS_ENUM(id, word, help) id,
    FORMS(FORMS_ENUM)
#undef FORMS_ENUM
        FORM_COUNT
};
extern const char *const form_words[FORM_COUNT];

struct member {
    char *name;        /* NAME; a JSON pointer (RFC 6901); section/name of a line */
    const char *leaf;  /* what its value is called, within `name` or `called` */
    char *called;      /* where another member says so: {"name": …, "value": …} */
    char *before;      /* "NAME=", where an entry of a list begins so, else NULL */
    size_t at, length; /* the value as it is written, with its quotes; of a line within
                          them, so that they stay */
    char *value;       /* what a reader would take from it, behind `before` */
    bool comment;      /* it is commented out */
};

struct members {
    enum form form;
    struct member *rows; /* as they stand in the text */
    size_t count;
};

/* `path` tells what the text must be: one that is called .json, .yaml, .yml or .env and
 * cannot be read as that is an error. NUL bytes are none of a text. */
bool members_read(struct members *members, const char *path, const char *text,
                  size_t length, struct error *error);
/* The same of a text whose form is known, since it was made from one. */
bool members_read_as(struct members *members, enum form form, const char *text,
                     size_t length, struct error *error);
void members_finish(struct members *members);

/* The one that counts: the last of that name that is no comment. NULL: none. */
const struct member *members_find(const struct members *members, const char *name);

/* Walks over those that are no comments: `at` starts at 0. NULL: that was all. */
const struct member *members_next(const struct members *members, size_t *at);

/* The one of that name before which `nth` others of it stand, comments aside; how many
 * there are. NULL: there are not so many. */
const struct member *members_nth(const struct members *members, const char *name,
                                 size_t nth, size_t *count);
/* The reverse: which of its name it is. */
size_t members_place(const struct members *members, const struct member *member,
                     size_t *count);

#endif

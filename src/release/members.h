/* A text taken apart into values that bear a name: the assignments of a dotenv file, the
 * scalars of a JSON document. Any other text has none.
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
    X(FORM_TEXT, "text", "any other text")

enum form {
#define FORMS_ENUM(id, word, help) id,
    FORMS(FORMS_ENUM)
#undef FORMS_ENUM
        FORM_COUNT
};
extern const char *const form_words[FORM_COUNT];

struct member {
    char *name;       /* NAME; a JSON pointer (RFC 6901) */
    const char *leaf; /* what its value is called, within `name` or `called` */
    char *called; /* where a JSON member beside it says so: {"name": …, "value": …} */
    size_t at, length; /* the value as it is written, with its quotes */
    char *value;       /* what a reader would take from it */
    bool comment;      /* an assignment that is commented out */
};

struct members {
    enum form form;
    struct member *rows; /* as they stand in the text */
    size_t count;
};

/* `path` tells what the text must be: one that is called .json or .env and cannot be read
 * as that is an error. NUL bytes are none of a text. */
bool members_read(struct members *members, const char *path, const char *text,
                  size_t length, struct error *error);
void members_finish(struct members *members);

/* The one that counts: the last of that name that is no comment. NULL: none. */
const struct member *members_find(const struct members *members, const char *name);

#endif

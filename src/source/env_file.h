/* A dotenv file as the services read it: loaded once, looked up by name. Blocks: for
 * workers. */
#ifndef GREENBOARD_SOURCE_ENV_FILE_H
#define GREENBOARD_SOURCE_ENV_FILE_H

#include "base/buf.h"
#include "source/source.h"

#include <stdbool.h>

/* The file's text, and in out->created when it was written; false with `out` saying why
 * not. `text` is initialised here and finished by the caller, either way. */
bool dotenv_load(const char *name, const struct source_context *context, struct buf *text,
                 struct resolved *out);

/* A line of it. What a line holds may go on over further lines between quotes. */
struct dotenv_line {
    const char *name; /* within the text; NULL: no assignment */
    size_t name_length;
    const char *written; /* the value as it stands there, with its quotes */
    size_t written_length;
    const char *trouble; /* why it cannot be read, or NULL */
};
/* Where the first line begins, and reading one: returns its end, which is a line's end or
 * the text's. `value` becomes what a service would read. */
const char *dotenv_first(const char *text);
const char *dotenv_read(const char *at, struct dotenv_line *line, struct buf *value);

/* Sets the outcome for the last assignment of the name; the label stays the caller's. */
void dotenv_find(const char *text, const char *key, struct resolved *out);

#endif

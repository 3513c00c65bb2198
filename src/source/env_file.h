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

/* Sets the outcome for the last assignment of the name; the label stays the caller's. */
void dotenv_find(const char *text, const char *key, struct resolved *out);

#endif

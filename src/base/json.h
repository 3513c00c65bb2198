/* jansson, with the limits and the few look-ups that everything here needs. A json_t that
 * is only read may be shared between threads. */
#ifndef GREENBOARD_BASE_JSON_H
#define GREENBOARD_BASE_JSON_H

#include "base/error.h"

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

enum { JSON_DEPTH_MAX = 32, JSON_SIZE_MAX = 1024 * 1024, JSON_VALUES_MAX = 8192 };

/* Once, in main, before any thread: jansson's hash seed, and memory that is cleansed when
 * freed, so that a secret that passed through a document does not stay behind. */
void json_begin(void);

/* One document and nothing after it; more than JSON_DEPTH_MAX levels or JSON_SIZE_MAX
 * bytes is ERROR_LIMIT, since jansson itself recurses to 2048 levels. Duplicate keys are
 * refused. NULL on error; the caller owns the value. */
json_t *json_parse(const char *data, size_t length, struct error *error);

/* The same of what a peer sent; more than JSON_VALUES_MAX values is ERROR_LIMIT, since
 * "[],[],…" takes fifty times its length in memory. */
json_t *json_parse_reply(const char *data, size_t length, struct error *error);

/* RFC 6901; "" is the root. NULL where nothing is there. Borrowed. */
json_t *json_at(const json_t *root, const char *pointer);

/* A string, null for NULL. Bytes that are no UTF-8 (a path, a reason from a terminal in
 * another encoding) become "?": jansson has no string for them, and half a document none
 * for us. */
json_t *json_text(const char *text);

const char *json_get_text(const json_t *object,
                          const char *key); /* NULL: absent or no string */
char *json_compact(const json_t *value);    /* keys sorted, no blanks; the caller frees */
char *json_pretty(const json_t *value);     /* 2 blanks, order kept; the caller frees */
char *
json_show(const json_t *value); /* a scalar as a person would write it; caller frees */
char **json_argv(const json_t *array); /* an array of strings as an argument vector */
/* The reverse, each as json_text(); NULL is the empty array. */
json_t *json_texts(char *const *texts);

#endif

/* A set of byte strings, and where in a text one of them begins.
 *
 * Made by one thread: patterns_add() for each, then patterns_ready(); from then on it is
 * never changed, and any thread may search. The bytes are copied, and cleansed with the
 * set. */
#ifndef GREENBOARD_SECRET_PATTERNS_H
#define GREENBOARD_SECRET_PATTERNS_H

#include <stdbool.h>
#include <stddef.h>

enum { PATTERN_LEAST = 4 }; /* bytes; what is shorter is not taken */

struct patterns;

struct patterns *patterns_create(void);
void patterns_add(struct patterns *patterns, const char *data, size_t length);
void patterns_ready(struct patterns *patterns);
void patterns_destroy(struct patterns *patterns);

size_t patterns_longest(const struct patterns *patterns); /* bytes, 0 where it is empty */

enum match { MATCH_NONE, MATCH_FULL, MATCH_PARTIAL };

/* What begins at `at`, of which `left` bytes are there. FULL: the longest that does has
 * *size bytes. PARTIAL: the text ends while one still could, and it is not the `whole`
 * text yet. */
enum match patterns_match(const struct patterns *patterns, const char *at, size_t left,
                          bool whole, size_t *size);

/* The first place where one begins, and how; `length` with NONE where none does. */
size_t patterns_find(const struct patterns *patterns, const char *data, size_t length,
                     bool whole, enum match *match, size_t *size);

#endif

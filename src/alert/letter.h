/* A message that waits on disk for one sink: a file of its own in that sink's directory,
 * 0600, replaced whole at each try and gone once it was delivered. One that is given up
 * stays in `dead` below it for a while.
 *
 * The caller owns what these functions fill. Any thread; one process at a time delivers
 * (courier.h). */
#ifndef GREENBOARD_ALERT_LETTER_H
#define GREENBOARD_ALERT_LETTER_H

#include "base/error.h"

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define LETTER_ID 23 /* 1769861071218-4f2a9c01: sorts by time */

struct letter {
    char id[LETTER_ID];
    int64_t written; /* ms since 1970, by its id */
    int64_t due;     /* ms since 1970: not tried again before */
    int64_t tries;
    char *error;     /* why the last try failed, or NULL */
    json_t *message; /* what is sent; NULL: the file cannot be read, and `error` is why */
};

struct letters {
    struct letter *rows; /* oldest first */
    size_t count;
};

void letter_name(char id[LETTER_ID], int64_t wall);
void letter_finish(struct letter *letter);

/* Makes the directory too; on disk when it returned true. */
bool letter_write(const char *directory, const struct letter *letter,
                  struct error *error);
bool letter_remove(const char *directory, const struct letter *letter,
                   struct error *error);
/* Gives it up, and forgets those that were given up long ago. */
bool letter_bury(const char *directory, const struct letter *letter, struct error *error);

/* Those that wait, or (`dead`) were given up. A directory that is not there has none. */
bool letters_list(const char *directory, bool dead, struct letters *letters,
                  struct error *error);
/* How many wait, by their names alone: none is read. */
bool letters_count(const char *directory, size_t *count, struct error *error);
void letters_finish(struct letters *letters);

#endif

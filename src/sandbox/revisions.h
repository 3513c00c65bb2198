/* The revisions of the sandbox's Cloud Run services, as its deploys made them: a line
 * each in a file of its directory, of both services at once. The first, number 0, was
 * there before; traffic follows the newest, or stays at one by its number.
 *
 * Deploy commands write, the services read. Any thread. */
#ifndef GREENBOARD_SANDBOX_REVISIONS_H
#define GREENBOARD_SANDBOX_REVISIONS_H

#include "base/error.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct revisions_state {
    size_t newest;
    size_t serving;
    bool pinned; /* by its number */
};

struct revisions_state revisions_read(const char *dir);
/* ms since 1970; 0 for number 0, and where there is none. */
int64_t revisions_made(const char *dir, size_t number);

/* What it was made of; the caller frees; NULL alike. */
char *revisions_release(const char *dir, size_t number);

bool revisions_add(const char *dir, const char *release, struct error *error);
bool revisions_pin(const char *dir, size_t number, struct error *error);
bool revisions_unpin(const char *dir, struct error *error);

#endif

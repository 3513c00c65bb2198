/* Commands that only tell something, run beside each other to one deadline: what runs,
 * what may be gone back to, what is to be kept.
 *
 * Each on a thread of its own; ask_all() waits for all of them, so it is for a
 * supervisor, a command line, or a worker. What they print is a secret until it was
 * masked or cut. */
#ifndef GREENBOARD_RELEASE_ASK_H
#define GREENBOARD_RELEASE_ASK_H

#include "base/buf.h"
#include "base/error.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { ASK_MAX = 1024 * 1024 }; /* bytes that one may print */

struct asked {
    char **argv; /* owned */
    struct buf printed;
    bool told; /* it ended with status 0; else `error` says why not */
    struct error error;
};

/* The rows' argv are set; the rest is filled. */
void ask_all(struct asked *rows, size_t count, const char *directory, int64_t deadline);
void asked_finish(struct asked *rows, size_t count); /* not the array */

/* The one line that it printed, NULL where it is none; error set. The caller frees. */
char *asked_line(const struct asked *asked, struct error *error);

#endif

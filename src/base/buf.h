/* A growing byte buffer with a cap, the only place where unbounded input is collected.
 *
 * The caller owns the struct; a zeroed one is empty with no cap. Not shared between
 * threads. */
#ifndef GREENBOARD_BASE_BUF_H
#define GREENBOARD_BASE_BUF_H

#include <stdbool.h>
#include <stddef.h>

struct buf {
    char *data; /* always NUL-terminated once anything was added; NULL before */
    size_t length;
    size_t room;
    size_t cap;  /* most bytes it will hold, 0: no limit */
    bool secret; /* memory is overwritten before it is given back */
};

void buf_init(struct buf *buf, size_t cap);
void buf_init_secret(struct buf *buf, size_t cap); /* for what may hold a secret */
void buf_finish(struct buf *buf);

/* False where the cap was reached; what fits has been added. */
bool buf_add(struct buf *buf, const void *data, size_t length);
bool buf_text(struct buf *buf, const char *text);
bool buf_format(struct buf *buf, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

void buf_clear(struct buf *buf);               /* keeps the memory */
void buf_drop(struct buf *buf, size_t length); /* forgets the first bytes */
const char *buf_string(const struct buf *buf); /* never NULL */
/* the caller frees it; the buffer is empty */
char *buf_take(struct buf *buf);

#endif

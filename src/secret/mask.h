/* Redaction: every byte that leaves (screen, store, log, report, run output) passes here.
 *
 * A mask is an immutable, counted snapshot of what must not be seen: each secret raw (4
 * bytes and more), and per line, in base64 at its three offsets, base64url, hex, URL and
 * JSON escapes (8 and more). mask_publish() replaces the process's current mask before
 * any result that used a new secret is shown. Any thread. What it cannot do: a secret
 * nobody told it, unknown transformations. */
#ifndef GREENBOARD_SECRET_MASK_H
#define GREENBOARD_SECRET_MASK_H

#include "base/buf.h"
#include "secret/keep.h"

#include <stddef.h>

#define MASK_TEXT "[masked]"

struct mask;

struct mask *mask_create(struct secret *const *secrets, size_t count);
struct mask *mask_ref(struct mask *mask);
void mask_unref(struct mask *mask);

void mask_publish(struct secret *const *secrets,
                  size_t count); /* adds to the current ones */
/* The same for tokens, which end by themselves: the newest MASK_PASSING stay masked, so
 * that a console of many weeks has room for the next one. */
enum { MASK_PASSING = 16 };
void mask_publish_passing(struct secret *const *tokens, size_t count);
struct mask *mask_current(void); /* a reference; never NULL */
void mask_forget(void);          /* at the very end, and in tests */

/* In place. mask_buf() uses the current mask: the one place `seal`, logs and reports
 * call. */
void mask_apply(const struct mask *mask, struct buf *text);
void mask_buf(struct buf *text);

/* Text from outside, made fit to be shown: masked by the current mask, cleaned
 * (base/text), and cut after `longest` bytes. The caller frees. */
char *mask_clean(const char *text, size_t longest);

/* A stream in chunks: what could still become a secret is held back until the next chunk
 * or mask_end(). `held` belongs to the caller and starts zeroed. */
void mask_feed(const struct mask *mask, struct buf *held, const void *data, size_t length,
               struct buf *out);
void mask_end(const struct mask *mask, struct buf *held, struct buf *out);

#endif

/* Where a secret lives: an immutable, counted handle on bytes in OpenSSL's secure heap
 * (locked, not dumped, cleansed when the last reference goes). Any thread may take, read
 * and drop references. Nothing here prints: a secret is shown only as a fingerprint. */
#ifndef GREENBOARD_SECRET_KEEP_H
#define GREENBOARD_SECRET_KEEP_H

#include "base/error.h"

#include <stdbool.h>
#include <stddef.h>

enum { SECRET_MAX = 64 * 1024 }; /* Secret Manager's own limit for a version */

struct secret;

/* Once, in main, before any thread. Where memory cannot be locked it still works, and
 * keep_locked() tells so for a note. */
void keep_begin(void);
bool keep_locked(void);

/* Copies. NULL with ERROR_LIMIT where there is no room or the value is larger than
 * SECRET_MAX. */
struct secret *secret_create(const void *data, size_t length, struct error *error);
struct secret *secret_ref(struct secret *secret); /* NULL stays NULL */
void secret_unref(struct secret *secret);

const char *secret_data(const struct secret *secret); /* NUL-terminated for convenience */
size_t secret_length(const struct secret *secret);
bool secret_equal(const struct secret *a, const struct secret *b); /* in constant time */

/* Bytes made of a secret, such as its encodings: from the secure heap while half of it is
 * free, since they must never take the room of secrets themselves, else from the ordinary
 * one. Never NULL; keep_release() cleanses. */
char *keep_derived(const void *data, size_t length);
void keep_release(char *data, size_t length);

#endif

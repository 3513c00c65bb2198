/* What is shown of a secret: 12 hex digits of an HMAC-SHA-256 under a key of this
 * installation, so that it tells "same" from "different" and nothing else. The key is
 * made at first use in the state directory (0600). fingerprint_begin() is for main before
 * any thread; the rest for any. */
#ifndef GREENBOARD_SECRET_FINGERPRINT_H
#define GREENBOARD_SECRET_FINGERPRINT_H

#include "base/error.h"
#include "secret/keep.h"

#include <stdbool.h>

#define FINGERPRINT 13

/* Loads the key from DIRECTORY/fingerprint.key, or makes one there. */
bool fingerprint_begin(const char *directory, struct error *error);
void fingerprint_end(void);
void fingerprint_show(char out[FINGERPRINT], const struct secret *secret);

#endif

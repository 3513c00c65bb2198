/* base64 and base64url (RFC 4648 sections 4 and 5). Any thread. */
#ifndef GREENBOARD_SECRET_BASE64_H
#define GREENBOARD_SECRET_BASE64_H

#include "base/buf.h"

#include <stdbool.h>
#include <stddef.h>

void base64_encode(struct buf *out, const void *data, size_t length);    /* padded */
void base64url_encode(struct buf *out, const void *data, size_t length); /* unpadded */

/* Strict: no blanks, no stray bits at the end; padding is allowed where it belongs
 * (base64) and nowhere (base64url). False where the text is not that, or `room` does not
 * suffice. */
bool base64_decode(const char *text, size_t length, unsigned char *out, size_t room,
                   size_t *used);
bool base64url_decode(const char *text, size_t length, unsigned char *out, size_t room,
                      size_t *used);

#endif

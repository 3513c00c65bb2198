/* SHA-256 of bytes, as 64 hex digits: the audit chain, the confirmation and file trust
 * use it. */
#ifndef GREENBOARD_BASE_DIGEST_H
#define GREENBOARD_BASE_DIGEST_H

#include <stddef.h>

#define DIGEST_HEX 65
void digest_hex(char out[DIGEST_HEX], const void *data, size_t length);
void hex_encode(char *out, const unsigned char *data, size_t length); /* 2·length + NUL */
/* `digits` of them and a NUL, which nobody can know before; an even number up to 64. */
void hex_random(char *out, size_t digits);

#endif

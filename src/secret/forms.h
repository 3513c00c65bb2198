/* The forms in which a secret may leave: raw, and from FORMS_LEAST bytes on each line of
 * it, base64 and base64url at their three offsets, hex, URL and JSON escapes. Any
 * thread. */
#ifndef GREENBOARD_SECRET_FORMS_H
#define GREENBOARD_SECRET_FORMS_H

#include "secret/keep.h"
#include "secret/patterns.h"

enum { FORMS_LEAST = 8 };

void forms_add(struct patterns *patterns, const struct secret *secret);

#endif

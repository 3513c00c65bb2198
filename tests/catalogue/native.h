/* Cuts what a client of ClickHouse's native protocol says into its packets. No thread of
 * its own. */
#ifndef GREENBOARD_TESTS_NATIVE_H
#define GREENBOARD_TESTS_NATIVE_H

#include "base/buf.h"

#include <stddef.h>

/* The length of the first whole packet, told in `request` as "HELLO USER DATABASE
 * PASSWORD", "PING" or "QUERY STATEMENT"; 0 where there is none yet. */
size_t native_cut(const struct buf *in, struct buf *request);

void native_add_text(struct buf *out, const char *text, size_t length);

#endif

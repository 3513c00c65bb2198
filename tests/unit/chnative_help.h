/* What a ClickHouse server says in the native protocol, in bytes, for scripts of a peer:
 * one of 18.16 (revision 54412) and one of 26.x (54483). */
#ifndef GREENBOARD_TESTS_CHNATIVE_HELP_H
#define GREENBOARD_TESTS_CHNATIVE_HELP_H

#include "base/buf.h"

#include <stddef.h>

/* clang-format off */
#define HELLO_OLD "\x00\x0a" "ClickHouse" "\x12\x10" "\x8c\xa9\x03" "\x03UTC" "\x04node" "\x01"
#define HELLO_NEW "\x00\x0a" "ClickHouse" "\x1a\x03" "\xd3\xa9\x03" "\x03UTC" "\x04node" "\x04"
#define PONG      "\x04"
#define END       "\x05"
#define PROGRESS  "\x03\x01\x01\x01"
#define PROFILE   "\x06\x01\x01\x01\x00\x01\x00"
#define INFO      "\x01\x00\x02\xff\xff\xff\xff\x00"
/* A block of one column `line` without rows, as a server sends before the first. */
#define HEAD      "\x01\x00" INFO "\x01\x00" "\x04line" "\x06String"
#define WRONG_PASSWORD                                                                   \
    "\x02\x04\x02\x00\x00" "\x0d" "DB::Exception"                                        \
    "\x30" "DB::Exception: default: Authentication failed..." "\x00\x00"
/* clang-format on */

/* A block of one text column, each line a row (fewer than 128 of fewer than 16384
 * bytes), progress and the end. */
void add_answer(struct buf *out, const char *lines);

/* An exception in answer to a query. */
void add_exception(struct buf *out, int code, const char *text);

#endif

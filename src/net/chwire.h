/* The words of ClickHouse's native protocol over dial: bytes, LEB128 numbers and texts,
 * written together and read one after the other, in bounded memory whatever the peer
 * sends. The caller owns struct and dial; one thread at a time. */
#ifndef GREENBOARD_NET_CHWIRE_H
#define GREENBOARD_NET_CHWIRE_H

#include "base/buf.h"
#include "base/error.h"
#include "net/dial.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Most bytes of one text, and of all that a connection brings. */
enum { CHWIRE_TEXT = 4096, CHWIRE_BYTES = 256 * 1024, CHWIRE_CHUNK = 4096 };

struct chwire {
    struct dial *dial;
    struct buf out;     /* not yet sent; it may hold a password */
    const char *during; /* what is being waited for, in words: "its hello" */
    size_t at, end;     /* of chunk */
    char first[16];     /* bytes of the peer, for telling what it is instead */
    size_t first_count;
    char chunk[CHWIRE_CHUNK];
};

void chwire_begin(struct chwire *wire, struct dial *dial);
void chwire_finish(struct chwire *wire);

void chwire_add_number(struct chwire *wire, uint64_t value); /* LEB128 */
void chwire_add_byte(struct chwire *wire, unsigned value);
void chwire_add_text(struct chwire *wire, const char *text);
bool chwire_send(struct chwire *wire, struct error *error); /* all of it, in one write */

bool chwire_number(struct chwire *wire, uint64_t *value, struct error *error);
bool chwire_bytes(struct chwire *wire, void *out, size_t length, struct error *error);

/* Appends a text; one that is longer than CHWIRE_TEXT is refused. `out` may be NULL. */
bool chwire_text(struct chwire *wire, struct buf *out, struct error *error);
/* The same, but of a long one the first bytes are kept and the rest is passed over. */
bool chwire_long_text(struct chwire *wire, struct buf *out, struct error *error);

/* What came is not the protocol: says so, and what the peer is instead. Returns false. */
bool chwire_refuse(struct chwire *wire, struct error *error);

#endif

/* The client's side as src/net/chnative.h announces it (clickhouse.com/docs, "Native
 * protocol", revision 54401): numbers are LEB128, texts have their length before them. */
#include "tests/catalogue/native.h"

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

enum { HELLO = 0, QUERY = 1, PING = 4 };

struct cut {
    const unsigned char *at, *end;
    bool whole;
};

struct piece {
    const char *text;
    size_t length;
};

static unsigned take_byte(struct cut *cut)
{
    cut->whole = cut->whole && cut->at < cut->end;
    return cut->whole ? *cut->at++ : 0;
}

static size_t take_number(struct cut *cut)
{
    size_t value = 0;
    unsigned byte = 0x80;
    for (unsigned shift = 0; (byte & 0x80) && shift < 63; shift += 7) {
        byte = take_byte(cut);
        value |= (size_t)(byte & 0x7f) << shift;
    }
    return value;
}

static struct piece take_text(struct cut *cut)
{
    struct piece piece = {NULL, take_number(cut)};
    cut->whole = cut->whole && piece.length <= (size_t)(cut->end - cut->at);
    if (cut->whole) {
        piece.text = (const char *)cut->at;
        cut->at += piece.length;
    }
    return piece;
}

static void skip(struct cut *cut, const char *fields)
{
    for (; *fields; fields++) {
        if (*fields == 't') {
            take_text(cut);
        } else if (*fields == 'n') {
            take_number(cut);
        } else {
            take_byte(cut);
        }
    }
}

static void add(struct buf *request, const char *before, struct piece piece)
{
    buf_text(request, before);
    if (piece.text) {
        buf_add(request, piece.text, piece.length);
    }
}

static void take_hello(struct cut *cut, struct buf *request)
{
    skip(cut, "tnnn"); /* client, version, revision */
    struct piece database = take_text(cut), user = take_text(cut);
    add(request, "HELLO ", user);
    add(request, " ", database);
    add(request, " ", take_text(cut));
}

static void take_query(struct cut *cut, struct buf *request)
{
    skip(cut, "t");             /* its name */
    skip(cut, "btttbtttnnntn"); /* who asks */
    skip(cut, "tnn");           /* no settings, stage, compression */
    add(request, "QUERY ", take_text(cut));
    skip(cut, "ntnbnbbbbnnn"); /* an empty block */
}

size_t native_cut(const struct buf *in, struct buf *request)
{
    const unsigned char *from = (const unsigned char *)buf_string(in);
    struct cut cut = {from, from + in->length, true};
    buf_clear(request);
    size_t kind = take_number(&cut);
    if (kind == HELLO) {
        take_hello(&cut, request);
    } else if (kind == QUERY) {
        take_query(&cut, request);
    } else {
        buf_text(request, kind == PING ? "PING" : "UNKNOWN");
    }
    return cut.whole ? (size_t)(cut.at - from) : 0;
}

void native_add_text(struct buf *out, const char *text, size_t length)
{
    size_t rest = length;
    for (; rest >= 0x80; rest >>= 7) {
        unsigned char byte = (unsigned char)((rest & 0x7f) | 0x80);
        buf_add(out, &byte, 1);
    }
    unsigned char last = (unsigned char)rest;
    buf_add(out, &last, 1);
    buf_add(out, text, length);
}

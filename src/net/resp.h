/* RESP2, the protocol of Redis (redis.io/docs/reference/protocol-spec), over dial and
 * with hiredis's reader: commands are written together and answered in turn, in bounded
 * memory whatever the peer sends. The caller owns struct and dial; one thread at a
 * time. */
#ifndef GREENBOARD_NET_RESP_H
#define GREENBOARD_NET_RESP_H

#include "base/buf.h"
#include "base/error.h"
#include "net/dial.h"

#include <hiredis/hiredis.h>
#include <stdbool.h>
#include <stddef.h>

/* Of all replies of a connection: bytes, and elements of arrays. */
enum { RESP_BYTES = 256 * 1024, RESP_ELEMENTS = 8192, RESP_ARGUMENTS = 8 };

struct resp {
    struct dial *dial;
    redisReader *reader;
    redisReplyObjectFunctions functions; /* hiredis's, with a cap on arrays */
    redisReplyObjectFunctions *own;
    size_t elements;
    bool over;     /* a cap was reached */
    char first[8]; /* bytes of the peer, for telling what it is instead */
    size_t first_count;
    struct buf out; /* commands not yet sent */
};

void resp_begin(struct resp *resp, struct dial *dial);
void resp_finish(struct resp *resp);

/* Adds a command: a NULL-terminated list of texts. */
void resp_add(struct resp *resp, const char *const *arguments);
bool resp_send(struct resp *resp,
               struct error *error); /* all that were added, in one write */

/* The next reply, freed with freeReplyObject(); NULL on error. */
redisReply *resp_receive(struct resp *resp, struct error *error);

#endif

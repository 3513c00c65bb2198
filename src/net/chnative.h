/* ClickHouse's native protocol (clickhouse.com/docs, "Native protocol"), as much of it as
 * a check needs: the hello that logs in, ping, and queries whose answer is one column of
 * texts or small numbers. We announce revision 54401: what came later (an addendum from
 * 54458 on, chunks from 54470 on) is then not spoken by any server.
 *
 * Blocks: for workers. The caller owns struct and dial; one thread at a time. */
#ifndef GREENBOARD_NET_CHNATIVE_H
#define GREENBOARD_NET_CHNATIVE_H

#include "net/chwire.h"

enum { CHNATIVE_REVISION = 54401, CHNATIVE_ROWS = 1024 };

struct chnative {
    struct chwire wire;
    uint64_t revision; /* the server's */
    char version[40];  /* "18.16.1", as the hello says it */
    char zone[64];
    char display[128]; /* the name that the server gives itself */
    int code;          /* of the last exception; 0: none */
    char name[64];     /* "DB::Exception" */
    struct buf message;
    bool broken; /* nothing more can be asked on this connection */
};

void chnative_begin(struct chnative *native, struct dial *dial);
void chnative_finish(struct chnative *native);

/* All false with an error; where the server said why, an exception, it is ERROR_DENIED
 * and code, name and message tell it. */
bool chnative_hello(struct chnative *native, const char *user, const char *password,
                    const char *database, struct error *error);

/* What was added leaves in one write with chnative_send() and is answered in that
 * order. */
void chnative_add_ping(struct chnative *native);
void chnative_add_query(struct chnative *native, const char *statement);
bool chnative_send(struct chnative *native, struct error *error);
bool chnative_pong(struct chnative *native, struct error *error);
/* Of one query: each row a line in `lines`. */
bool chnative_rows(struct chnative *native, struct buf *lines, struct error *error);

#endif

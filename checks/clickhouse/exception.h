/* What ClickHouse says where it will not answer: a code and a text, in the header of
 * newer servers and in the body of all; and what else may stand at its port. Pure. */
#ifndef GREENBOARD_CHECKS_CLICKHOUSE_EXCEPTION_H
#define GREENBOARD_CHECKS_CLICKHOUSE_EXCEPTION_H

#include "net/http.h"

#include <stdbool.h>

struct exception {
    int code;      /* of src/Common/ErrorCodes.cpp; 0: the reply names none */
    bool identity; /* it is about who we are: we are not authenticated */
    char *message;
    char *remedy;
};

/* Of a reply that is not what was asked for; the caller finishes it. */
void exception_read(struct exception *exception, const char *environment,
                    const struct http_reply *reply);
void exception_finish(struct exception *exception);

#endif

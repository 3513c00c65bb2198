/* What ClickHouse says where it will not answer: a code and a text, in the header of
 * newer servers and in the body of all, or in an exception of the native protocol; and
 * what else may stand at its HTTP port. Pure. */
#ifndef GREENBOARD_CHECKS_CLICKHOUSE_EXCEPTION_H
#define GREENBOARD_CHECKS_CLICKHOUSE_EXCEPTION_H

#include "net/http.h"

#include <stdbool.h>

/* Of src/Common/ErrorCodes.cpp. */
enum {
    EXCEPTION_UNKNOWN_IDENTIFIER = 47,
    EXCEPTION_UNKNOWN_TABLE = 60,
    EXCEPTION_ACCESS_DENIED = 497
};

struct exception {
    int code;      /* 0: the reply names none */
    bool identity; /* it is about who we are: we are not authenticated */
    char *message;
    char *remedy;
};

/* The code that a reply names, or 0. */
int exception_code(const struct http_reply *reply);

/* Of a reply that is not what was asked for; the caller finishes it. */
void exception_read(struct exception *exception, const char *environment,
                    const struct http_reply *reply);

/* Of an exception of the native protocol, whose `name` is "DB::Exception" as a rule. */
void exception_know(struct exception *exception, const char *environment, int code,
                    const char *name, const char *text);
void exception_finish(struct exception *exception);

#endif

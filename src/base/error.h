/* Why something could not be done, in words for the operator and what to do next.
 *
 * Every function that can fail for a reason outside the program returns bool and fills a
 * struct error that the caller owns; nothing below src/cli and the panes shows it. Safe
 * in any thread: there is no shared state. */
#ifndef GREENBOARD_BASE_ERROR_H
#define GREENBOARD_BASE_ERROR_H

#include <stdbool.h>

enum error_code {
    ERROR_NONE,
    ERROR_USAGE,       /* the caller asked for something that makes no sense */
    ERROR_CONFIG,      /* the configuration says something wrong */
    ERROR_SYSTEM,      /* our own machine: file, process, memory, permission */
    ERROR_ABSENT,      /* the thing asked for is not there */
    ERROR_DENIED,      /* there, but credentials or permission do not suffice */
    ERROR_UNREACHABLE, /* nobody answers at the address */
    ERROR_TIMEOUT,     /* the deadline passed */
    ERROR_PROTOCOL,    /* the peer answered something that the protocol does not allow */
    ERROR_LIMIT,       /* more bytes, levels or entries than we are willing to hold */
    ERROR_BUSY,        /* somebody else holds it */
    ERROR_CANCELLED,   /* we were told to stop */
};

struct error {
    enum error_code code;
    /* one line, no final dot: "connection refused by 127.0.0.1:6379" */
    char message[512];
    char hint[400]; /* what to do next, or empty: whole, where it is a command */
};

/* Both return false, so that a failure reads `return error_set(error, …)`. `error` may be
 * NULL. */
bool error_set(struct error *error, enum error_code code, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
bool error_system(struct error *error, int number, const char *format, ...)
    __attribute__((format(printf, 3,
                          4))); /* appends ": " and the system's word for `number` */

/* Add to an error that is already set. */
void error_hint(struct error *error, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
void error_prefix(struct error *error, const char *format, ...)
    __attribute__((format(printf, 2, 3))); /* puts the text and ": " before the message */

#endif

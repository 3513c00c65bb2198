/* A line to ClickHouse: statements go in, lines of text come out, over HTTP or over the
 * native protocol, each plain or TLS. Over HTTP every statement is a connection of its
 * own; a native line connects and logs in once.
 *
 * The caller owns line, job and result, does not move the line, and closes it always. One
 * thread at a time, and lines of one job may be on two: they share what does not
 * change. */
#ifndef GREENBOARD_CHECKS_CLICKHOUSE_LINE_H
#define GREENBOARD_CHECKS_CLICKHOUSE_LINE_H

#include "checks/probe.h"
#include "net/chnative.h"
#include "net/http.h"

#include <stdbool.h>
#include <stdint.h>

struct line {
    const struct job *job;
    struct result *result; /* of this line alone */
    const char *password;  /* or NULL */
    bool native;
    struct probe_target target;
    int64_t span;   /* ns that the last statement took, over HTTP with its connection */
    int64_t ping;   /* ns; 0: none was sent */
    int64_t inside; /* ns of the first statement in the server; 0: it does not say */
    int code;       /* of the exception that answered the last statement; 0: none */

    /* How the last statement failed, where it did. */
    bool failed;
    struct error error;

    struct http_reply reply; /* HTTP: of the last statement */
    struct dial dial;        /* native */
    struct chnative chnative;
    struct buf rows;
};

void line_begin(struct line *line, const struct job *job, struct result *result,
                const char *password, bool native);
void line_close(struct line *line);

/* Connects and logs in where the line is native. On false the result says why. */
bool line_open(struct line *line);

/* What came back, until the next statement, or NULL where the statement failed. A write
 * is not asked as a read-only one. */
const char *line_ask(struct line *line, const char *statement, bool writes);

/* The verdict of the last statement, which failed or was answered with something else
 * than its result. */
void line_refuse(struct line *line);

/* The exception's own sentence, or the error's; for a note. The caller frees. */
char *line_words(const struct line *line);

#endif

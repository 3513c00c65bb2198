/* What libcurl needs besides a request, and may be kept for the next one: the multi
 * handle, which holds the connections. Only for http.c and transfer.c; a line belongs to
 * who took it. */
#ifndef GREENBOARD_NET_LINE_H
#define GREENBOARD_NET_LINE_H

#include "net/http.h"
#include "net/trust.h"

#include <curl/curl.h>
#include <stdbool.h>

struct line {
    CURLM *multi;
    struct trust_seen seen; /* a kept connection's TLS may look at it still */
    struct line *next;
};

/* One that is idle, or a new one; NULL where libcurl has no memory or descriptor left. */
struct line *line_take(struct http_lines *lines);
/* Closes it where there is nothing to give it back to, or it is not good any more. */
void line_give(struct http_lines *lines, struct line *line, bool good);

#endif

/* One HTTP request over libcurl, with a deadline that holds, a cap on the bytes taken, no
 * redirects (they leak credentials), no proxy (it would answer in the peer's place), http
 * and https alone, and certificates checked against the one shared trust store.
 *
 * Blocks: for workers. Nothing is kept between requests but the trust store, and the
 * connections of those that name `lines`. What a request carries and what a reply brought
 * is overwritten before its memory is given back. */
#ifndef GREENBOARD_NET_HTTP_H
#define GREENBOARD_NET_HTTP_H

#include "base/buf.h"
#include "base/error.h"
#include "net/trust.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Most bytes of a body, unless the request says less; and of all header lines. */
enum { HTTP_CAP = 1024 * 1024, HTTP_HEADER_CAP = 64 * 1024 };

struct http_header {
    const char *name;
    const char *value;
};

/* Connections that stay open for the next request to the same server. Any thread. */
struct http_lines;
struct http_lines *http_lines_create(void);
void http_lines_destroy(struct http_lines *lines); /* closes them; nobody asks any more */

struct http_request {
    const char *method; /* NULL: GET, or POST with a body */
    const char *url;
    const struct http_header *headers;
    size_t header_count;
    const char *body; /* or NULL */
    size_t body_length;
    const char *content_type;      /* of the body; NULL: application/json */
    const char *wanted;            /* a header of the reply to keep, or NULL */
    bool keep_headers;             /* all of them, for http_header_of() */
    const struct tls_options *tls; /* NULL: verify against the system's authorities */
    int64_t deadline;              /* clock_now() time */
    size_t cap;                    /* 0: HTTP_CAP */
    const atomic_bool *cancelled;
    /* borrowed; NULL, or with `tls`: the connection is its own, and closed */
    struct http_lines *lines;
    /* Called once the connection stands (TLS too) and before the request leaves: one more
     * header, for which it waits on this thread until the deadline at most; what it lends
     * lives as long as the request. False: nothing leaves, ERROR_CANCELLED. NULL: none */
    bool (*late)(void *context, struct http_header *header);
    void *late_context;
};

struct http_reply {
    int status;
    struct buf body;
    char content_type[64];
    char location[256]; /* where it would have sent us */
    char wanted[64];    /* value of request->wanted */
    struct buf headers; /* request->keep_headers: the lines of the reply itself */
    int64_t date;       /* the Date header, ms since 1970; 0: none. Tells clock skew */
    char address[64];   /* of the peer: "127.0.0.1:8123", also where it did not answer */
    int64_t resolve, connect, tls, first_byte,
        total;      /* ns of each phase; 0: not reached. Without what `late` waited */
    bool connected; /* also where the request failed later */
    /* of the certificate that was believed, ms since 1970; 0: there was none, or the
     * connection was there already */
    int64_t certificate_ends;
};

/* Once, in main, before any thread; http_end() where no worker is left. */
void http_begin(void);
void http_end(void);

/* True where a whole reply came, whatever its status. The reply is always to be finished.
 * On false it says how far it came: ERROR_UNREACHABLE (nobody there, with the phase in
 * words), ERROR_TIMEOUT
 * ("connected, no reply in 2 s"), ERROR_PROTOCOL, ERROR_LIMIT, ERROR_CONFIG (a file of
 * `tls`, a URL or a header that cannot be sent), ERROR_SYSTEM, ERROR_CANCELLED. Ends at
 * the deadline. */
bool http_ask(const struct http_request *request, struct http_reply *reply,
              struct error *error);
void http_reply_finish(struct http_reply *reply);

/* The value of a header field that was kept, the first of its name, without blanks around
 * it; NULL where it is not there. The caller frees. */
char *http_header_of(const struct http_reply *reply, const char *name);

void http_escape(struct buf *out, const char *text); /* as one part of a URL's query */

#endif

/* An HTTP service on a loopback port, as rows of method, path and handler. A "*" in a
 * path stands for one segment, whatever it is. A handler runs on its connection's own
 * thread and may block. */
#ifndef GREENBOARD_SANDBOX_HTTP_H
#define GREENBOARD_SANDBOX_HTTP_H

#include "base/error.h"

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct MHD_Connection;

struct http_request {
    struct MHD_Connection *connection;
    const char *path;
    const char *body; /* NUL-terminated, never NULL */
    size_t length;
};

struct http_reply {
    unsigned status;
    json_t *json;          /* owned; or: */
    char *text;            /* owned */
    const char *header[2]; /* one more, name and value; or NULL */
};

/* `context` is what http_start() was given. Fills a zeroed reply. */
typedef void http_handler(void *context, const struct http_request *request,
                          struct http_reply *reply);

struct http_route {
    const char *method, *path;
    http_handler *handle;
};

struct http_server;

/* Routes end with a NULL method, and are kept by reference. *port is the one to take, or
 * 0: any, and then the one it got. */
struct http_server *http_start(const struct http_route *routes, void *context,
                               uint16_t *port, struct error *error);
void http_stop(struct http_server *server);

const char *http_header(const struct http_request *request,
                        const char *name); /* or NULL */
/* The n-th segment of the path, from 0; NULL where there is none. The caller frees. */
char *http_segment(const struct http_request *request, size_t index);
/* A field of a form (application/x-www-form-urlencoded) in the body, decoded; NULL where
 * it is not there. The caller frees. */
char *http_field(const struct http_request *request, const char *name);
const char *http_parameter(const struct http_request *request,
                           const char *name); /* or NULL */

/* {"detail": text}, which is how both services word a refusal. */
void http_refuse(struct http_reply *reply, unsigned status, const char *detail);

#endif

#include "sandbox/http.h"

#include "base/buf.h"
#include "base/mem.h"
#include "base/text.h"

#include <arpa/inet.h>
#include <microhttpd.h>
#include <stdlib.h>
#include <string.h>

enum { BODY_MAX = 64 * 1024, CONNECTIONS_MAX = 128, IDLE_S = 60 };

struct http_server {
    struct MHD_Daemon *daemon;
    const struct http_route *routes;
    void *context;
};

const char *http_header(const struct http_request *request, const char *name)
{
    return MHD_lookup_connection_value(request->connection, MHD_HEADER_KIND, name);
}

const char *http_parameter(const struct http_request *request, const char *name)
{
    return MHD_lookup_connection_value(request->connection, MHD_GET_ARGUMENT_KIND, name);
}

char *http_segment(const struct http_request *request, size_t index)
{
    const char *at = request->path;
    for (; at && index > 0; index--) {
        at = strchr(at + 1, '/');
    }
    return at ? mem_bytes(at + 1, strcspn(at + 1, "/")) : NULL;
}

char *http_field(const struct http_request *request, const char *name)
{
    size_t length = strlen(name);
    for (const char *at = request->body; *at; at += *at == '&') {
        size_t whole = strcspn(at, "&");
        if (whole > length && strncmp(at, name, length) == 0 && at[length] == '=') {
            char *value = mem_bytes(at + length + 1, whole - length - 1);
            for (char *plus = value; (plus = strchr(plus, '+'));) {
                *plus = ' ';
            }
            MHD_http_unescape(value);
            return value;
        }
        at += whole;
    }
    return NULL;
}

void http_refuse(struct http_reply *reply, unsigned status, const char *detail)
{
    reply->status = status;
    reply->json = json_pack("{ss}", "detail", detail);
}

static enum MHD_Result send_reply(struct MHD_Connection *connection,
                                  struct http_reply *reply)
{
    char *text = reply->json
                     ? json_dumps(reply->json, JSON_COMPACT | JSON_REAL_PRECISION(6))
                     : reply->text;
    const char *type = reply->json ? "application/json" : "text/plain; charset=utf-8";
    if (!text) {
        panic("a reply without a body");
    }
    struct MHD_Response *response =
        MHD_create_response_from_buffer(strlen(text), text, MHD_RESPMEM_MUST_COPY);
    MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE, type);
    if (reply->header[0]) {
        MHD_add_response_header(response, reply->header[0], reply->header[1]);
    }
    enum MHD_Result done = MHD_queue_response(connection, reply->status, response);
    MHD_destroy_response(response);
    free(text);
    json_decref(reply->json);
    return done;
}

static bool path_fits(const char *pattern, const char *path)
{
    while (*pattern && *path) {
        if (*pattern == '*') {
            pattern++;
            path += strcspn(path, "/");
        } else if (*pattern++ != *path++) {
            return false;
        }
    }
    return !*pattern && !*path;
}

static void dispatch(const struct http_server *server, const char *method,
                     const struct http_request *request, struct http_reply *reply)
{
    bool known = false;
    for (const struct http_route *route = server->routes; route->method; route++) {
        if (!path_fits(route->path, request->path)) {
            continue;
        }
        known = true;
        if (text_equal(route->method, method)) {
            route->handle(server->context, request, reply);
            return;
        }
    }
    http_refuse(reply, known ? 405 : 404, known ? "Method Not Allowed" : "Not Found");
}

/* Who takes us for a proxy sends the whole URL (RFC 9112 section 3.2.2). */
static const char *path_of(const char *target)
{
    const char *host = strstr(target, "://");
    const char *path = target[0] == '/' || !host ? target : strchr(host + 3, '/');
    return path ? path : "/";
}

/* libmicrohttpd calls this with the header, with each piece of the body, and once more at
 * its end; *state is ours between the calls. */
static enum MHD_Result answer(void *context, struct MHD_Connection *connection,
                              const char *path, const char *method, const char *version,
                              const char *piece, size_t *piece_length, void **state)
{
    (void)version;
    struct buf *body = *state;
    if (!body) {
        body = mem_alloc(sizeof *body);
        buf_init(body,
                 BODY_MAX + 1); /* one more than is served tells that it was too much */
        *state = body;
        return MHD_YES;
    }
    if (*piece_length > 0) {
        buf_add(body, piece, *piece_length);
        *piece_length = 0;
        return MHD_YES;
    }
    struct http_request request = {connection, path_of(path), buf_string(body),
                                   body->length};
    struct http_reply reply = {0};
    if (body->length > BODY_MAX) {
        http_refuse(&reply, 413, "Request Entity Too Large");
    } else {
        dispatch(context, method, &request, &reply);
    }
    return send_reply(connection, &reply);
}

static void completed(void *context, struct MHD_Connection *connection, void **state,
                      enum MHD_RequestTerminationCode why)
{
    (void)context;
    (void)connection;
    (void)why;
    if (*state) {
        buf_finish(*state);
        free(*state);
        *state = NULL;
    }
}

struct http_server *http_start(const struct http_route *routes, void *context,
                               uint16_t *port, struct error *error)
{
    struct http_server *server = mem_alloc(sizeof *server);
    *server = (struct http_server){.routes = routes, .context = context};
    struct sockaddr_in address = {.sin_family = AF_INET,
                                  .sin_port = htons(*port),
                                  .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    server->daemon = MHD_start_daemon(
        MHD_USE_THREAD_PER_CONNECTION | MHD_USE_INTERNAL_POLLING_THREAD | MHD_USE_POLL, 0,
        NULL, NULL, answer, server, MHD_OPTION_SOCK_ADDR, (struct sockaddr *)&address,
        MHD_OPTION_CONNECTION_LIMIT, (unsigned)CONNECTIONS_MAX,
        MHD_OPTION_CONNECTION_TIMEOUT, (unsigned)IDLE_S, MHD_OPTION_NOTIFY_COMPLETED,
        completed, NULL, MHD_OPTION_END);
    const union MHD_DaemonInfo *info =
        server->daemon ? MHD_get_daemon_info(server->daemon, MHD_DAEMON_INFO_BIND_PORT)
                       : NULL;
    if (!info) {
        error_set(error, ERROR_SYSTEM, "no HTTP service on 127.0.0.1");
        http_stop(server);
        return NULL;
    }
    *port = info->port;
    return server;
}

void http_stop(struct http_server *server)
{
    if (server && server->daemon) {
        MHD_stop_daemon(server->daemon);
    }
    free(server);
}

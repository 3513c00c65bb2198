#include "sandbox/ask.h"

#include "base/clock.h"
#include "base/mem.h"
#include "base/text.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { HEAD_MAX = 16 * 1024 };

static bool wait_for(int fd, short events, int64_t deadline, struct error *error)
{
    struct pollfd ready = {.fd = fd, .events = events};
    for (;;) {
        int left = clock_left(deadline);
        int count = poll(&ready, 1, left);
        if (count > 0) {
            return true;
        }
        if (count == 0 || left == 0) {
            return error_set(error, ERROR_TIMEOUT, "no answer in time");
        }
    }
}

static int dial(uint16_t port, int64_t deadline, struct error *error)
{
    struct sockaddr_in address = {.sin_family = AF_INET,
                                  .sin_port = htons(port),
                                  .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0) {
        error_system(error, errno, "no socket");
        return -1;
    }
    int number = 0;
    socklen_t length = sizeof number;
    if (connect(fd, (struct sockaddr *)&address, sizeof address) != 0 &&
        (errno != EINPROGRESS || !wait_for(fd, POLLOUT, deadline, error) ||
         getsockopt(fd, SOL_SOCKET, SO_ERROR, &number, &length) != 0 || number != 0)) {
        error_system(error, number ? number : errno, "127.0.0.1:%u", port);
        if (error) {
            error->code = ERROR_UNREACHABLE;
        }
        close(fd);
        return -1;
    }
    return fd;
}

/* Sends all, then reads until the peer closes or `out` is full. */
static bool exchange(uint16_t port, const struct buf *request, int64_t deadline,
                     struct buf *out, struct error *error)
{
    int fd = dial(port, deadline, error);
    if (fd < 0) {
        return false;
    }
    bool done = false;
    for (size_t sent = 0; sent < request->length;) {
        ssize_t put =
            send(fd, request->data + sent, request->length - sent, MSG_NOSIGNAL);
        if (put < 0 && errno != EAGAIN && errno != EINTR) {
            error_system(error, errno, "127.0.0.1:%u", port);
            goto out;
        }
        sent += put > 0 ? (size_t)put : 0;
        if (put < 0 && !wait_for(fd, POLLOUT, deadline, error)) {
            goto out;
        }
    }
    for (;;) {
        char chunk[4096];
        if (!wait_for(fd, POLLIN, deadline, error)) {
            goto out;
        }
        ssize_t got = recv(fd, chunk, sizeof chunk, 0);
        if (got < 0 && (errno == EAGAIN || errno == EINTR)) {
            continue;
        }
        if (got < 0) {
            error_system(error, errno, "127.0.0.1:%u", port);
            goto out;
        }
        if (got == 0 || !buf_add(out, chunk, (size_t)got)) {
            break;
        }
    }
    done = true;
out:
    close(fd);
    return done;
}

/* The status line and the end of the header: RFC 9112 sections 4 and 2.1. */
static bool parse_answer(const struct buf *answer, int *status, struct buf *out,
                         struct error *error)
{
    const char *text = buf_string(answer);
    const char *end = strstr(text, "\r\n\r\n");
    if (!end || !text_starts(text, "HTTP/1.") || strlen(text) < sizeof "HTTP/1.1 200") {
        return error_set(error, ERROR_PROTOCOL, "that was no HTTP answer");
    }
    *status = (int)strtol(text + strlen("HTTP/1.1 "), NULL, 10);
    end += 4;
    buf_add(out, end, answer->length - (size_t)(end - text));
    return true;
}

bool ask_http(const struct ask_http *ask, int64_t deadline, int *status, struct buf *out,
              struct error *error)
{
    struct buf request, answer;
    buf_init(&request, 0);
    buf_init(&answer, HEAD_MAX + out->cap);
    buf_format(&request,
               "%s %s HTTP/1.0\r\nHost: 127.0.0.1:%u\r\n%sContent-Length: %zu\r\n\r\n",
               ask->method, ask->target, ask->port, ask->headers,
               ask->body ? strlen(ask->body) : 0);
    buf_text(&request, ask->body ? ask->body : "");
    bool done = exchange(ask->port, &request, deadline, &answer, error) &&
                parse_answer(&answer, status, out, error);
    buf_finish(&request);
    buf_finish(&answer);
    return done;
}

bool ask_redis(uint16_t port, const char *user, const char *password, const char *command,
               int64_t deadline, struct buf *out, struct error *error)
{
    struct buf request;
    buf_init(&request, 0);
    buf_format(&request, "AUTH %s %s\r\n%s\r\nQUIT\r\n", user, password, command);
    bool done = exchange(port, &request, deadline, out, error);
    buf_finish(&request);
    if (!done) {
        return false;
    }
    const char *text = buf_string(out);
    const char *bad = strstr(text, "\r\n-");
    bad = text[0] == '-' ? text + 1 : bad ? bad + 3 : NULL;
    if (bad) {
        return error_set(error, ERROR_DENIED, "%.*s", (int)strcspn(bad, "\r\n"), bad);
    }
    return out->length > 0 || error_set(error, ERROR_PROTOCOL, "no reply");
}

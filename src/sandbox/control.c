#include "sandbox/control.h"

#include "base/clock.h"
#include "base/fs.h"
#include "base/mem.h"
#include "base/text.h"
#include "sandbox/sandbox.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

enum { LINE_MAX_BYTES = 256, QUESTION_MS = 1000, ANSWER_S = 60, ANSWER_MAX = 16 * 1024 };

static bool address_of(const char *dir, struct sockaddr_un *address, struct error *error)
{
    *address = (struct sockaddr_un){.sun_family = AF_UNIX};
    int length = snprintf(address->sun_path, sizeof address->sun_path, "%s/control", dir);
    return (length > 0 && (size_t)length < sizeof address->sun_path) ||
           error_set(error, ERROR_LIMIT, "too long for a socket: %s/control", dir);
}

int control_listen(const char *dir, struct error *error)
{
    struct sockaddr_un address;
    if (!address_of(dir, &address, error)) {
        return -1;
    }
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0 || bind(fd, (struct sockaddr *)&address, sizeof address) != 0 ||
        listen(fd, 16) != 0) {
        error_system(error, errno, "cannot listen on %s", address.sun_path);
        if (fd >= 0) {
            close(fd);
        }
        return -1;
    }
    return fd;
}

/* Appends to `out` until `end` (a byte, or -1: the peer closes) or the deadline. */
static bool read_until(int fd, int end, int64_t deadline, struct buf *out)
{
    for (;;) {
        struct pollfd ready = {.fd = fd, .events = POLLIN};
        int left = clock_left(deadline);
        if (left == 0 || (poll(&ready, 1, left) < 0 && errno != EINTR)) {
            return false;
        }
        char chunk[512];
        ssize_t got = ready.revents ? recv(fd, chunk, sizeof chunk, MSG_DONTWAIT) : -1;
        if (got == 0) {
            return end < 0;
        }
        if (got < 0 && ready.revents && errno != EAGAIN && errno != EINTR) {
            return false;
        }
        if (got > 0 && !buf_add(out, chunk, (size_t)got)) {
            return false;
        }
        if (got > 0 && end >= 0 && memchr(chunk, end, (size_t)got)) {
            return true;
        }
    }
}

static void answer_error(struct buf *answer, const struct error *error)
{
    buf_format(answer, "error %s%s%s%s\n", error->message, error->hint[0] ? " (" : "",
               error->hint, error->hint[0] ? ")" : "");
}

static void answer_switch(struct sandbox *sandbox, const char *name, bool on,
                          struct buf *answer)
{
    enum fault fault;
    struct error error = {0};
    if (!fault_named(name, &fault, &error) || !fault_switch(sandbox, fault, on, &error)) {
        answer_error(answer, &error);
    } else {
        buf_text(answer, "ok\n");
    }
}

static void answer_remount(struct sandbox *sandbox, struct buf *answer)
{
    struct error error = {0};
    if (google_remount(sandbox, &error)) {
        buf_text(answer, "ok\n");
    } else {
        answer_error(answer, &error);
    }
}

static void answer_line(struct sandbox *sandbox, const char *line, struct buf *answer)
{
    if (text_equal(line, "list")) {
        buf_text(answer, "ok\n");
        for (int i = 0; i < FAULT_COUNT; i++) {
            if (fault_is_on(sandbox, (enum fault)i)) {
                buf_format(answer, "%s\n", fault_rows[i].name);
            }
        }
    } else if (text_starts(line, "on ")) {
        answer_switch(sandbox, line + strlen("on "), true, answer);
    } else if (text_starts(line, "off ")) {
        answer_switch(sandbox, line + strlen("off "), false, answer);
    } else if (text_equal(line, "remount")) {
        answer_remount(sandbox, answer);
    } else {
        buf_text(answer, "error say: on NAME, off NAME, list or remount\n");
    }
}

static bool is_same_user(int fd)
{
    struct ucred peer;
    socklen_t length = sizeof peer;
    return getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &length) == 0 &&
           peer.uid == getuid();
}

void control_serve(int listener, struct sandbox *sandbox)
{
    int fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
    if (fd < 0) {
        return;
    }
    struct buf line, answer;
    buf_init(&line, LINE_MAX_BYTES);
    buf_init(&answer, ANSWER_MAX);
    if (is_same_user(fd) &&
        read_until(fd, '\n', clock_now() + QUESTION_MS * CLOCK_MS, &line)) {
        *(char *)memchr(line.data, '\n', line.length) = '\0';
        answer_line(sandbox, line.data, &answer);
        send(fd, answer.data, answer.length, MSG_NOSIGNAL | MSG_DONTWAIT);
    }
    buf_finish(&line);
    buf_finish(&answer);
    close(fd);
}

static int dial(const char *dir, struct error *error)
{
    struct sockaddr_un address;
    if (!address_of(dir, &address, error)) {
        return -1;
    }
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0 || connect(fd, (struct sockaddr *)&address, sizeof address) != 0) {
        error_system(error, errno, "cannot reach the sandbox in %s", dir);
        if (fd >= 0) {
            close(fd);
        }
        return -1;
    }
    return fd;
}

bool control_ask(const char *dir, const char *line, struct buf *answer,
                 struct error *error)
{
    int fd = dial(dir, error);
    if (fd < 0) {
        return false;
    }
    char *question = mem_format("%s\n", line);
    struct buf reply;
    buf_init(&reply, ANSWER_MAX);
    bool done = send(fd, question, strlen(question), MSG_NOSIGNAL) > 0 &&
                read_until(fd, -1, clock_now() + ANSWER_S * CLOCK_SECOND, &reply);
    const char *text = buf_string(&reply);
    if (!done) {
        error_set(error, ERROR_TIMEOUT, "the sandbox in %s does not answer", dir);
    } else if (text_starts(text, "ok\n")) {
        if (answer) {
            buf_text(answer, text + strlen("ok\n"));
        }
    } else {
        const char *why = text_starts(text, "error ") ? text + strlen("error ") : text;
        done = error_set(error, ERROR_SYSTEM, "%.*s", (int)strcspn(why, "\n"), why);
    }
    buf_finish(&reply);
    free(question);
    close(fd);
    return done;
}

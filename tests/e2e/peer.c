/* A service that misbehaves on loopback, for the end-to-end tests: prints its port and
 * plays its part on every connection, each in a process of its own, until it is killed.
 *
 *   peer silent         accepts and never answers
 *   peer drip [TEXT]    a byte a second: TEXT first, then "x"
 *   peer flood [TEXT]   TEXT, then 10 GB
 *   peer say TEXT       TEXT once something was asked, then the end
 *
 * In TEXT "\r" and "\n" stand for the characters. */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { BLOCK = 64 * 1024, QUEUE = 16 };
static const int64_t FLOOD = INT64_C(10) * 1024 * 1024 * 1024;

static size_t unescape(char *text)
{
    char *to = text;
    for (const char *at = text; *at; at++) {
        if (at[0] == '\\' && (at[1] == 'r' || at[1] == 'n')) {
            at++;
            *to++ = *at == 'r' ? '\r' : '\n';
        } else {
            *to++ = *at;
        }
    }
    *to = '\0';
    return (size_t)(to - text);
}

static void put(int fd, const char *bytes, size_t length)
{
    while (length > 0) {
        ssize_t sent = write(fd, bytes, length);
        if (sent <= 0) {
            _exit(0);
        }
        bytes += sent;
        length -= (size_t)sent;
    }
}

static void wait_for_question(int fd)
{
    char bytes[4096];
    if (read(fd, bytes, sizeof bytes) <= 0) {
        _exit(0);
    }
}

static void be_silent(int fd, const char *text, size_t length)
{
    char bytes[4096];
    (void)text;
    (void)length;
    while (read(fd, bytes, sizeof bytes) > 0) {
    }
}

static void drip(int fd, const char *text, size_t length)
{
    for (size_t i = 0;; i++) {
        put(fd, i < length ? text + i : "x", 1);
        sleep(1);
    }
}

static void flood(int fd, const char *text, size_t length)
{
    static char block[BLOCK];
    memset(block, 'x', sizeof block);
    wait_for_question(fd);
    put(fd, text, length);
    for (int64_t sent = 0; sent < FLOOD; sent += BLOCK) {
        put(fd, block, sizeof block);
    }
}

static void say(int fd, const char *text, size_t length)
{
    wait_for_question(fd);
    put(fd, text, length);
}

static const struct {
    const char *name;
    void (*play)(int fd, const char *text, size_t length);
} parts[] = {{"silent", be_silent}, {"drip", drip}, {"flood", flood}, {"say", say}};

static int open_listener(void)
{
    struct sockaddr_in address = {.sin_family = AF_INET,
                                  .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof address;
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    if (fd < 0 || bind(fd, (struct sockaddr *)&address, size) != 0 ||
        listen(fd, QUEUE) != 0 ||
        getsockname(fd, (struct sockaddr *)&address, &size) != 0) {
        perror("peer");
        exit(1);
    }
    printf("%u\n", ntohs(address.sin_port));
    fflush(stdout);
    return fd;
}

int main(int argc, char **argv)
{
    size_t part = 0, count = sizeof parts / sizeof parts[0];
    while (part < count && (argc < 2 || strcmp(argv[1], parts[part].name) != 0)) {
        part++;
    }
    if (part == count) {
        fputs("usage: peer silent|drip|flood|say [TEXT]\n", stderr);
        return 64;
    }
    char nothing[] = "", *text = argc > 2 ? argv[2] : nothing;
    size_t length = unescape(text);
    signal(SIGCHLD, SIG_IGN);
    signal(SIGPIPE, SIG_IGN);
    int listener = open_listener();
    for (;;) {
        int fd = accept(listener, NULL, NULL);
        if (fd >= 0 && fork() == 0) {
            close(listener);
            parts[part].play(fd, text, length);
            _exit(0);
        }
        if (fd >= 0) {
            close(fd);
        }
    }
}

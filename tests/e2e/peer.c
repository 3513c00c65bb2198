/* A service that misbehaves on loopback, for the end-to-end tests: prints its port and
 * plays its part on every connection, each in a process of its own, until it is killed.
 *
 *   peer silent         accepts and never answers
 *   peer drip [TEXT]    a byte a second: TEXT first, then "x"
 *   peer flood [TEXT]   TEXT, then 10 GB
 *   peer say TEXT       TEXT once something was asked, then the end
 *   peer forward PORT TO   listens at PORT and carries what comes to port TO, as a tunnel
 *                          does; SIGUSR1 ends it with words and status 255
 *
 * In TEXT "\r" and "\n" stand for the characters. */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
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

static struct sockaddr_in loopback(int port)
{
    return (struct sockaddr_in){.sin_family = AF_INET,
                                .sin_port = htons((uint16_t)port),
                                .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
}

/* Both ways, until one side is at its end. */
static void carry(int fd, int port)
{
    struct sockaddr_in address = loopback(port);
    int other = socket(AF_INET, SOCK_STREAM, 0);
    char bytes[4096];
    if (connect(other, (struct sockaddr *)&address, sizeof address) != 0) {
        return;
    }
    for (;;) {
        struct pollfd ready[] = {{fd, POLLIN, 0}, {other, POLLIN, 0}};
        poll(ready, 2, -1);
        for (int i = 0; i < 2; i++) {
            ssize_t got = ready[i].revents ? read(ready[i].fd, bytes, sizeof bytes) : 0;
            if (ready[i].revents && got <= 0) {
                return;
            }
            put(ready[!i].fd, bytes, (size_t)got);
        }
    }
}

static void say_why(int number)
{
    static const char words[] = "\033[31mthe bastion went away\033[0m\n";
    (void)number;
    ssize_t sent = write(STDERR_FILENO, words, sizeof words - 1);
    _exit(sent > 0 ? 255 : 254);
}

static int forward(int port, int to)
{
    struct sockaddr_in address = loopback(port);
    int listener = socket(AF_INET, SOCK_STREAM, 0), one = 1;
    setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
    if (bind(listener, (struct sockaddr *)&address, sizeof address) != 0 ||
        listen(listener, QUEUE) != 0) {
        perror("forward");
        return 1;
    }
    fprintf(stderr, "forwarding to %d\n", to);
    signal(SIGUSR1, say_why);
    for (;;) {
        int fd = accept(listener, NULL, NULL);
        if (fd >= 0 && fork() == 0) {
            close(listener);
            carry(fd, to);
            _exit(0);
        }
        if (fd >= 0) {
            close(fd);
        }
    }
}

static int open_listener(void)
{
    struct sockaddr_in address = loopback(0);
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
    signal(SIGCHLD, SIG_IGN);
    signal(SIGPIPE, SIG_IGN);
    if (argc == 4 && strcmp(argv[1], "forward") == 0) {
        return forward((int)strtol(argv[2], NULL, 10), (int)strtol(argv[3], NULL, 10));
    }
    size_t part = 0, count = sizeof parts / sizeof parts[0];
    while (part < count && (argc < 2 || strcmp(argv[1], parts[part].name) != 0)) {
        part++;
    }
    if (part == count) {
        fputs("usage: peer silent|drip|flood|say [TEXT]\n       peer forward PORT TO\n",
              stderr);
        return 64;
    }
    char nothing[] = "", *text = argc > 2 ? argv[2] : nothing;
    size_t length = unescape(text);
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

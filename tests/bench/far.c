/* far service MS CRT KEY: a service that is MS milliseconds away, in the clear and over
 * TLS. far front CRT KEY PORT…: TLS before each of these ports of loopback. Each prints
 * its ports, one a line, and ends with its input. A thread a connection. */
#include <arpa/inet.h>
#include <openssl/ssl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { ROOM = 16384, BACKLOG = 512, FRONTS = 4 };

/* A port; `target` 0: the service itself. */
struct door {
    int listener, target, delay; /* ms */
    SSL_CTX *context;            /* NULL: in the clear */
};

struct line {
    const struct door *door;
    int fd;
    SSL *ssl;
};

static void fail(const char *what)
{
    perror(what);
    exit(1);
}

static struct sockaddr_in loopback(int port)
{
    return (struct sockaddr_in){.sin_family = AF_INET,
                                .sin_port = htons((unsigned short)port),
                                .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
}

static int line_read(struct line *line, char *data, int room)
{
    return line->ssl ? SSL_read(line->ssl, data, room)
                     : (int)recv(line->fd, data, (size_t)room, 0);
}

static int line_write(struct line *line, const char *data, int length)
{
    return line->ssl ? SSL_write(line->ssl, data, length)
                     : (int)send(line->fd, data, (size_t)length, MSG_NOSIGNAL);
}

/* What a check of type http or health_json expects, or one of type tcp. */
static void answer(struct line *line)
{
    static const char web[] = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
                              "Content-Length: 18\r\nConnection: close\r\n\r\n"
                              "{\"status\":\"ready\"}";
    char asked[ROOM];
    int got = line_read(line, asked, sizeof asked);
    bool ping = got >= 4 && memcmp(asked, "PING", 4) == 0;
    if (got > 0) {
        line_write(line, ping ? "+PONG\r\n" : web,
                   (int)(ping ? sizeof "+PONG\r\n" : sizeof web) - 1);
    }
}

static void carry(struct line *line)
{
    struct sockaddr_in address = loopback(line->door->target);
    char bytes[ROOM];
    int behind = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (connect(behind, (struct sockaddr *)&address, sizeof address) != 0) {
        close(behind);
        return;
    }
    for (bool open = true; open;) {
        struct pollfd fds[2] = {{line->fd, POLLIN, 0}, {behind, POLLIN, 0}};
        if (!SSL_pending(line->ssl)) {
            poll(fds, 2, -1);
        }
        if (SSL_pending(line->ssl) || fds[0].revents) {
            int got = line_read(line, bytes, sizeof bytes);
            open = got > 0 && send(behind, bytes, (size_t)got, MSG_NOSIGNAL) == got;
        } else {
            int got = (int)recv(behind, bytes, sizeof bytes, 0);
            open = got > 0 && line_write(line, bytes, got) == got;
        }
    }
    close(behind);
}

static void *serve(void *self)
{
    struct line *line = self;
    poll(NULL, 0, line->door->delay);
    bool good = true;
    if (line->door->context) {
        line->ssl = SSL_new(line->door->context);
        SSL_set_fd(line->ssl, line->fd);
        good = SSL_accept(line->ssl) == 1;
    }
    if (good && line->door->target) {
        carry(line);
    } else if (good) {
        answer(line);
    }
    if (line->ssl && good) {
        SSL_shutdown(line->ssl);
    }
    SSL_free(line->ssl);
    close(line->fd);
    free(line);
    return NULL;
}

static void *welcome(void *self)
{
    const struct door *door = self;
    for (int fd; (fd = accept(door->listener, NULL, NULL)) >= 0;) {
        struct line *line = calloc(1, sizeof *line);
        pthread_t thread;
        if (!line) {
            fail("calloc");
        }
        *line = (struct line){door, fd, NULL};
        if (pthread_create(&thread, NULL, serve, line) != 0) {
            fail("pthread_create");
        }
        pthread_detach(thread);
    }
    return NULL;
}

static void open_door(struct door *door)
{
    struct sockaddr_in address = loopback(0);
    socklen_t length = sizeof address;
    pthread_t thread;
    door->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (bind(door->listener, (struct sockaddr *)&address, length) != 0 ||
        listen(door->listener, BACKLOG) != 0 ||
        getsockname(door->listener, (struct sockaddr *)&address, &length) != 0 ||
        pthread_create(&thread, NULL, welcome, door) != 0) {
        fail("no port on loopback");
    }
    printf("%d\n", ntohs(address.sin_port));
}

/* No tickets: nobody waits for them, and they would look like an answer. */
static SSL_CTX *context_of(const char *crt, const char *key)
{
    SSL_CTX *context = SSL_CTX_new(TLS_server_method());
    SSL_CTX_set_num_tickets(context, 0);
    if (SSL_CTX_use_certificate_chain_file(context, crt) != 1 ||
        SSL_CTX_use_PrivateKey_file(context, key, SSL_FILETYPE_PEM) != 1) {
        fail(crt);
    }
    return context;
}

int main(int argc, char **argv)
{
    static struct door doors[FRONTS];
    bool service = argc == 5 && strcmp(argv[1], "service") == 0;
    bool front = argc >= 5 && argc < 5 + FRONTS && strcmp(argv[1], "front") == 0;
    int count = service ? 2 : argc - 4;
    if (!service && !front) {
        fprintf(stderr, "usage: far service MS CRT KEY | far front CRT KEY PORT…\n");
        return 64;
    }
    signal(SIGPIPE, SIG_IGN);
    SSL_CTX *context = context_of(argv[service ? 3 : 2], argv[service ? 4 : 3]);
    for (int i = 0; i < count; i++) {
        doors[i] = service ? (struct door){.delay = (int)strtol(argv[2], NULL, 10),
                                           .context = i == 1 ? context : NULL}
                           : (struct door){.target = (int)strtol(argv[4 + i], NULL, 10),
                                           .context = context};
        open_door(&doors[i]);
    }
    fflush(stdout);
    char byte;
    while (read(STDIN_FILENO, &byte, 1) > 0) {
    }
    _exit(0);
}

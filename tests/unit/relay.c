#include "tests/unit/relay.h"

#include "base/mem.h"

#include <arpa/inet.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

enum { GATHER_MS = 20, ROOM = 65536, LINES = 32 };

struct relay {
    int listener, port, target;
    int wake[2];
    pthread_t thread;
    atomic_int turns;
};

struct way {
    int client, server;
    bool client_spoke; /* last */
};

static int connect_to(int port)
{
    struct sockaddr_in address = {.sin_family = AF_INET,
                                  .sin_port = htons((unsigned short)port),
                                  .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (connect(fd, (struct sockaddr *)&address, sizeof address) != 0) {
        close(fd);
        return -1;
    }
    return fd;
}

/* One flight, whole; false at its end. */
static bool pass(int from, int to)
{
    static _Thread_local char bytes[ROOM];
    size_t length = 0;
    struct pollfd fd = {from, POLLIN, 0};
    while (length < sizeof bytes && poll(&fd, 1, length ? GATHER_MS : -1) > 0) {
        ssize_t got = recv(from, bytes + length, sizeof bytes - length, 0);
        if (got <= 0) {
            break;
        }
        length += (size_t)got;
    }
    for (size_t sent = 0; sent < length;) {
        ssize_t now = send(to, bytes + sent, length - sent, MSG_NOSIGNAL);
        if (now <= 0) {
            return false;
        }
        sent += (size_t)now;
    }
    return length > 0;
}

static void hang_up(struct way *way)
{
    close(way->client);
    close(way->server);
    *way = (struct way){.client = -1, .server = -1};
}

static void step(struct relay *relay, struct way *way, bool client, bool server)
{
    if (client) {
        way->client_spoke = true;
        if (!pass(way->client, way->server)) {
            hang_up(way);
        }
        return;
    }
    if (server && pass(way->server, way->client)) {
        atomic_fetch_add(&relay->turns, way->client_spoke);
        way->client_spoke = false;
    } else if (server) {
        hang_up(way);
    }
}

static void welcome(struct relay *relay, struct way ways[LINES])
{
    int client = accept(relay->listener, NULL, NULL);
    atomic_fetch_add(&relay->turns, 1);
    for (size_t i = 0; i < LINES; i++) {
        if (ways[i].client < 0) {
            ways[i] = (struct way){client, connect_to(relay->target), false};
            return;
        }
    }
    close(client);
}

static void *run(void *self)
{
    struct relay *relay = self;
    struct way ways[LINES];
    for (size_t i = 0; i < LINES; i++) {
        ways[i] = (struct way){.client = -1, .server = -1};
    }
    for (;;) {
        struct pollfd fds[2 + 2 * LINES] = {{relay->wake[0], POLLIN, 0},
                                            {relay->listener, POLLIN, 0}};
        for (size_t i = 0; i < LINES; i++) {
            fds[2 + 2 * i] = (struct pollfd){ways[i].client, POLLIN, 0};
            fds[3 + 2 * i] = (struct pollfd){ways[i].server, POLLIN, 0};
        }
        poll(fds, 2 + 2 * LINES, -1);
        if (fds[0].revents) {
            break;
        }
        for (size_t i = 0; i < LINES; i++) {
            step(relay, &ways[i], fds[2 + 2 * i].revents, fds[3 + 2 * i].revents);
        }
        if (fds[1].revents) {
            welcome(relay, ways);
        }
    }
    for (size_t i = 0; i < LINES; i++) {
        if (ways[i].client >= 0) {
            hang_up(&ways[i]);
        }
    }
    return NULL;
}

struct relay *relay_start(int port)
{
    struct relay *relay = mem_alloc(sizeof *relay);
    struct sockaddr_in address = {.sin_family = AF_INET,
                                  .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t length = sizeof address;
    relay->target = port;
    relay->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (bind(relay->listener, (struct sockaddr *)&address, length) != 0 ||
        getsockname(relay->listener, (struct sockaddr *)&address, &length) != 0 ||
        listen(relay->listener, LINES) != 0 || pipe(relay->wake) != 0 ||
        pthread_create(&relay->thread, NULL, run, relay) != 0) {
        panic("no relay on loopback");
    }
    relay->port = ntohs(address.sin_port);
    return relay;
}

int relay_port(const struct relay *relay)
{
    return relay->port;
}

int relay_stop(struct relay *relay)
{
    if (write(relay->wake[1], "", 1) != 1) {
        panic("a relay cannot be woken");
    }
    pthread_join(relay->thread, NULL);
    int turns = atomic_load(&relay->turns);
    close(relay->listener);
    close(relay->wake[0]);
    close(relay->wake[1]);
    free(relay);
    return turns;
}

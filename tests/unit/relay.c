#include "tests/unit/relay.h"

#include "base/clock.h"
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

/* A record of TLS that begins a handshake (RFC 8446, section 5.1): it holds nothing that
 * came by another connection, and waits for none. */
enum { HANDSHAKE = 22 };

struct door {
    int listener, port, target;
};

struct relay {
    struct door doors[RELAY_PORTS];
    int count;
    int wake[2];
    pthread_t thread;
    atomic_int turns; /* the newest that the client has seen */
    /* When a client connected last, clock_now(), and after what. */
    int64_t connected;
    int connect_since;
};

struct way {
    int client, server;
    bool client_spoke; /* last */
    int since;         /* turns that it had seen when it did */
    int seen;          /* turns, when something came here last */
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

/* One flight, whole, and its first byte; false at its end. */
static bool pass(int from, int to, char *first)
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
    *first = length ? bytes[0] : '\0';
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

/* The client sees what comes a trip after `since`. */
static void arrive(struct relay *relay, int since)
{
    if (since + 1 > atomic_load(&relay->turns)) {
        atomic_store(&relay->turns, since + 1);
    }
}

static void hear_client(struct relay *relay, struct way *way)
{
    char first = '\0';
    int since = atomic_load(&relay->turns);
    if (!pass(way->client, way->server, &first)) {
        hang_up(way);
        return;
    }
    way->client_spoke = true;
    way->since = first == HANDSHAKE ? way->seen : since;
}

static void hear_server(struct relay *relay, struct way *way)
{
    char first = '\0';
    if (!pass(way->server, way->client, &first)) {
        hang_up(way);
        return;
    }
    if (way->client_spoke) {
        arrive(relay, way->since);
        way->seen = way->since + 1;
    }
    way->client_spoke = false;
}

/* Connections made within a moment belong to one trip. */
static void welcome(struct relay *relay, const struct door *door, struct way ways[LINES])
{
    int client = accept(door->listener, NULL, NULL);
    int64_t now = clock_now();
    if (now - relay->connected > GATHER_MS * CLOCK_MS) {
        relay->connect_since = atomic_load(&relay->turns);
        relay->connected = now;
    }
    arrive(relay, relay->connect_since);
    for (size_t i = 0; i < LINES; i++) {
        if (ways[i].client < 0) {
            ways[i] = (struct way){client, connect_to(door->target), false, 0,
                                   relay->connect_since + 1};
            return;
        }
    }
    close(client);
}

/* What the client did before it could see what is now passed on to it comes first. */
static void go_round(struct relay *relay, struct way ways[LINES],
                     const struct pollfd fds[2 * LINES])
{
    for (size_t i = 0; i < LINES; i++) {
        if (fds[2 * i].revents) {
            hear_client(relay, &ways[i]);
        }
    }
    for (size_t i = 0; i < LINES; i++) {
        if (fds[2 * i + 1].revents && ways[i].server >= 0) {
            hear_server(relay, &ways[i]);
        }
    }
}

static void *run(void *self)
{
    struct relay *relay = self;
    struct way ways[LINES];
    enum { OWN = 1 + RELAY_PORTS };
    for (size_t i = 0; i < LINES; i++) {
        ways[i] = (struct way){.client = -1, .server = -1};
    }
    for (;;) {
        struct pollfd fds[OWN + 2 * LINES] = {{relay->wake[0], POLLIN, 0}};
        for (int i = 0; i < RELAY_PORTS; i++) {
            int listener = i < relay->count ? relay->doors[i].listener : -1;
            fds[1 + i] = (struct pollfd){listener, POLLIN, 0};
        }
        for (size_t i = 0; i < LINES; i++) {
            fds[OWN + 2 * i] = (struct pollfd){ways[i].client, POLLIN, 0};
            fds[OWN + 1 + 2 * i] = (struct pollfd){ways[i].server, POLLIN, 0};
        }
        poll(fds, OWN + 2 * LINES, -1);
        if (fds[0].revents) {
            break;
        }
        for (int i = 0; i < relay->count; i++) {
            if (fds[1 + i].revents) {
                welcome(relay, &relay->doors[i], ways);
            }
        }
        go_round(relay, ways, &fds[OWN]);
    }
    for (size_t i = 0; i < LINES; i++) {
        if (ways[i].client >= 0) {
            hang_up(&ways[i]);
        }
    }
    return NULL;
}

static void open_door(struct door *door, int target)
{
    struct sockaddr_in address = {.sin_family = AF_INET,
                                  .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t length = sizeof address;
    door->target = target;
    door->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (bind(door->listener, (struct sockaddr *)&address, length) != 0 ||
        getsockname(door->listener, (struct sockaddr *)&address, &length) != 0 ||
        listen(door->listener, LINES) != 0) {
        panic("no port on loopback for a relay");
    }
    door->port = ntohs(address.sin_port);
}

struct relay *relay_start(const int *ports, int count)
{
    struct relay *relay = mem_alloc(sizeof *relay);
    relay->count = count;
    for (int i = 0; i < count; i++) {
        open_door(&relay->doors[i], ports[i]);
    }
    if (pipe(relay->wake) != 0 || pthread_create(&relay->thread, NULL, run, relay) != 0) {
        panic("no relay on loopback");
    }
    return relay;
}

int relay_port(const struct relay *relay, int index)
{
    return relay->doors[index].port;
}

int relay_stop(struct relay *relay)
{
    if (write(relay->wake[1], "", 1) != 1) {
        panic("a relay cannot be woken");
    }
    pthread_join(relay->thread, NULL);
    int turns = atomic_load(&relay->turns);
    for (int i = 0; i < relay->count; i++) {
        close(relay->doors[i].listener);
    }
    close(relay->wake[0]);
    close(relay->wake[1]);
    free(relay);
    return turns;
}

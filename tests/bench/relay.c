/* Counts the round trips that a client waits for, with a real server behind it: "relay
 * PORT MS" prints the port of loopback that it listens at, carries one connection to PORT
 * of loopback, gives the server's bytes back MS milliseconds later, and prints the trips
 * at its end.
 *
 * A trip begins with bytes of the client that come half of MS or more after its last
 * ones: what it sends without waiting comes together, and what it waited for comes MS
 * later at the earliest. Gives up after half a minute. */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { PATIENCE_MS = 30000, ROOM = 256 * 1024, CHUNKS = 1024 };

struct chunk {
    int64_t due;
    size_t end; /* of its bytes in `held` */
};

struct relay {
    int client, server;
    int64_t delay, last; /* ms; when the client last sent, or -1 */
    int trips;
    char held[ROOM]; /* of the server, not yet given back */
    size_t used, given;
    struct chunk chunks[CHUNKS];
    size_t count, next;
    bool server_ended;
};

static int64_t now_ms(void)
{
    struct timespec at;
    clock_gettime(CLOCK_MONOTONIC, &at);
    return at.tv_sec * INT64_C(1000) + at.tv_nsec / 1000000;
}

static struct sockaddr_in loopback(int port)
{
    return (struct sockaddr_in){.sin_family = AF_INET,
                                .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
                                .sin_port = htons((uint16_t)port)};
}

static int listen_somewhere(void)
{
    struct sockaddr_in address = loopback(0);
    socklen_t size = sizeof address;
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    if (fd < 0 || bind(fd, (struct sockaddr *)&address, size) != 0 ||
        listen(fd, 1) != 0 || getsockname(fd, (struct sockaddr *)&address, &size) != 0) {
        return -1;
    }
    printf("%d\n", ntohs(address.sin_port));
    fflush(stdout);
    return fd;
}

static bool send_all(int fd, const char *data, size_t length)
{
    while (length > 0) {
        ssize_t sent = send(fd, data, length, MSG_NOSIGNAL);
        if (sent <= 0) {
            return false;
        }
        data += sent;
        length -= (size_t)sent;
    }
    return true;
}

static bool carry_forth(struct relay *relay)
{
    char bytes[16384];
    ssize_t got = recv(relay->client, bytes, sizeof bytes, 0);
    if (got <= 0) {
        return false;
    }
    int64_t now = now_ms();
    if (relay->last < 0 || now - relay->last >= relay->delay / 2) {
        relay->trips++;
    }
    relay->last = now;
    return send_all(relay->server, bytes, (size_t)got);
}

static bool hold_back(struct relay *relay)
{
    ssize_t got = recv(relay->server, relay->held + relay->used, ROOM - relay->used, 0);
    if (got <= 0 || relay->count == CHUNKS) {
        relay->server_ended = true;
        return relay->next < relay->count;
    }
    relay->used += (size_t)got;
    relay->chunks[relay->count++] = (struct chunk){now_ms() + relay->delay, relay->used};
    return true;
}

static bool give_due(struct relay *relay)
{
    bool done = true;
    while (done && relay->next < relay->count &&
           relay->chunks[relay->next].due <= now_ms()) {
        size_t end = relay->chunks[relay->next++].end;
        done = send_all(relay->client, relay->held + relay->given, end - relay->given);
        relay->given = end;
    }
    return done && !(relay->server_ended && relay->next == relay->count);
}

static bool step(struct relay *relay, int64_t until)
{
    int64_t now = now_ms(), next = until;
    if (relay->next < relay->count && relay->chunks[relay->next].due < next) {
        next = relay->chunks[relay->next].due;
    }
    struct pollfd fds[2] = {{relay->client, POLLIN, 0},
                            {relay->server_ended ? -1 : relay->server, POLLIN, 0}};
    poll(fds, 2, next > now ? (int)(next - now) : 0);
    return (!fds[0].revents || carry_forth(relay)) &&
           (!fds[1].revents || hold_back(relay)) && give_due(relay) && now_ms() < until;
}

int main(int argc, char **argv)
{
    static struct relay relay;
    int listener = argc == 3 ? listen_somewhere() : -1;
    if (listener < 0) {
        fprintf(stderr, "usage: relay PORT MS\n");
        return 64;
    }
    struct pollfd ready = {listener, POLLIN, 0};
    struct sockaddr_in address = loopback((int)strtol(argv[1], NULL, 10));
    if (poll(&ready, 1, PATIENCE_MS) != 1) {
        return 1;
    }
    relay.client = accept(listener, NULL, NULL);
    relay.server = socket(AF_INET, SOCK_STREAM, 0);
    relay.delay = strtol(argv[2], NULL, 10);
    relay.last = -1;
    if (connect(relay.server, (struct sockaddr *)&address, sizeof address) != 0) {
        return 1;
    }
    int64_t until = now_ms() + PATIENCE_MS;
    while (step(&relay, until)) {
    }
    printf("%d\n", relay.trips);
    return 0;
}

#include "tests/catalogue/forward.h"

#include <arpa/inet.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

enum { QUEUE = 8, CHUNK = 4096 };

static struct sockaddr_in address_of(const char *port)
{
    return (struct sockaddr_in){.sin_family = AF_INET,
                                .sin_port = htons((uint16_t)strtol(port, NULL, 10)),
                                .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
}

static bool pass(int from, int to)
{
    char chunk[CHUNK];
    ssize_t got = recv(from, chunk, sizeof chunk, 0);
    for (ssize_t sent = 0; sent < got;) {
        ssize_t now = send(to, chunk + sent, (size_t)(got - sent), MSG_NOSIGNAL);
        if (now <= 0) {
            return false;
        }
        sent += now;
    }
    return got > 0;
}

_Noreturn static void serve(int near, const char *to)
{
    struct sockaddr_in address = address_of(to);
    int far = socket(AF_INET, SOCK_STREAM, 0);
    bool on = connect(far, (struct sockaddr *)&address, sizeof address) == 0;
    while (on) {
        struct pollfd ready[] = {{near, POLLIN, 0}, {far, POLLIN, 0}};
        on = poll(ready, 2, -1) > 0 && (!ready[0].revents || pass(near, far)) &&
             (!ready[1].revents || pass(far, near));
    }
    _exit(0);
}

int forward_run(const char *port, const char *to)
{
    struct sockaddr_in address = address_of(port);
    int listener = socket(AF_INET, SOCK_STREAM, 0);
    signal(SIGCHLD, SIG_IGN);
    if (bind(listener, (struct sockaddr *)&address, sizeof address) != 0 ||
        listen(listener, QUEUE) != 0) {
        perror("bind");
        return EXIT_FAILURE;
    }
    for (;;) {
        int near = accept(listener, NULL, NULL);
        if (near >= 0 && fork() == 0) {
            close(listener);
            serve(near, to);
        }
        close(near);
    }
}

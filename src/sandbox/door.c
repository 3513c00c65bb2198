#include "sandbox/door.h"

#include "base/clock.h"
#include "base/mem.h"
#include "sandbox/lane.h"

#include <arpa/inet.h>
#include <assert.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

enum { CONNECTIONS = 256, BACKLOG = 64 };

struct connection {
    enum door_name door;
    struct lane ask, answer;
};

struct door {
    int holder;   /* keeps the port */
    int listener; /* -1: shut */
    uint16_t port, behind;
};

struct doors {
    pthread_mutex_t mutex;
    pthread_t thread;
    int wake;
    bool stop;
    unsigned generation; /* of the sets below: what poll(2) saw of an older one is void */
    int64_t delay;
    struct door doors[DOOR_COUNT];
    struct connection *connections[CONNECTIONS];
    size_t count;
};

static struct sockaddr_in loopback(uint16_t port)
{
    return (struct sockaddr_in){.sin_family = AF_INET,
                                .sin_port = htons(port),
                                .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
}

static int bound_socket(uint16_t port)
{
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    struct sockaddr_in address = loopback(port);
    if (fd >= 0 &&
        (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &(int){1}, sizeof(int)) != 0 ||
         bind(fd, (struct sockaddr *)&address, sizeof address) != 0)) {
        int number = errno;
        close(fd);
        errno = number;
        fd = -1;
    }
    return fd;
}

uint16_t port_reserve(int *fd, struct error *error)
{
    struct sockaddr_in address = {0};
    socklen_t length = sizeof address;
    *fd = bound_socket(0);
    if (*fd < 0 || getsockname(*fd, (struct sockaddr *)&address, &length) != 0) {
        error_system(error, errno, "no free port on 127.0.0.1");
        return 0;
    }
    return ntohs(address.sin_port);
}

/* ---- connections ---- */

static void connection_free(struct connection *connection)
{
    close(connection->ask.from);
    close(connection->answer.from);
    free(connection);
}

/* Closing with unread bytes or zero linger sends a reset, which is what a dying server
 * does. */
static void connection_drop(struct doors *doors, size_t index)
{
    connection_free(doors->connections[index]);
    doors->connections[index] = doors->connections[--doors->count];
    doors->generation++;
}

static void accept_one(struct doors *doors, enum door_name name)
{
    struct door *door = &doors->doors[name];
    int client = accept4(door->listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
    if (client < 0) {
        return;
    }
    struct sockaddr_in address = loopback(door->behind);
    int server = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    bool going = server >= 0 && doors->count < CONNECTIONS &&
                 (connect(server, (struct sockaddr *)&address, sizeof address) == 0 ||
                  errno == EINPROGRESS);
    if (!going) {
        setsockopt(client, SOL_SOCKET, SO_LINGER, &(struct linger){1, 0},
                   sizeof(struct linger));
        close(client);
        if (server >= 0) {
            close(server);
        }
        return;
    }
    setsockopt(client, IPPROTO_TCP, TCP_NODELAY, &(int){1}, sizeof(int));
    setsockopt(server, IPPROTO_TCP, TCP_NODELAY, &(int){1}, sizeof(int));
    struct connection *connection = mem_alloc(sizeof *connection);
    connection->door = name;
    connection->ask.from = connection->answer.to = client;
    connection->ask.to = connection->answer.from = server;
    connection->answer.delay = doors->delay;
    doors->connections[doors->count++] = connection;
    doors->generation++;
}

/* ---- the thread ---- */

struct poll_set {
    struct pollfd fds[1 + DOOR_COUNT + 2 * CONNECTIONS];
    nfds_t count;
    int timeout;
};

static void watch(struct poll_set *set, int fd, short events)
{
    /* Without events poll(2) would still report a hang-up, again and again. */
    set->fds[set->count++] = (struct pollfd){.fd = events ? fd : -1, .events = events};
}

static void watch_connection(struct poll_set *set, const struct connection *connection)
{
    const struct lane *lanes[2] = {&connection->ask, &connection->answer};
    for (int i = 0; i < 2; i++) {
        const struct lane *in = lanes[i], *out = lanes[1 - i];
        bool in_wanted = lane_wants_bytes(in);
        bool out_wanted = lane_due(out);
        watch(set, in->from,
              (short)((in_wanted ? POLLIN : 0) | (out_wanted ? POLLOUT : 0)));
        if (in->length > 0 && !lane_due(in)) {
            int left = clock_left(in->due);
            set->timeout = set->timeout < 0 || left < set->timeout ? left : set->timeout;
        }
    }
}

static void watch_all(struct poll_set *set, const struct doors *doors)
{
    set->count = 0;
    set->timeout = -1;
    watch(set, doors->wake, POLLIN);
    for (int i = 0; i < DOOR_COUNT; i++) {
        watch(set, doors->doors[i].listener, POLLIN);
    }
    for (size_t i = 0; i < doors->count; i++) {
        watch_connection(set, doors->connections[i]);
    }
}

static void serve(struct doors *doors, const struct poll_set *set)
{
    for (size_t i = doors->count; i-- > 0;) {
        struct connection *connection = doors->connections[i];
        const struct pollfd *fds = &set->fds[1 + DOOR_COUNT + 2 * i];
        if (!lane_step(&connection->ask, fds[0].revents) ||
            !lane_step(&connection->answer, fds[1].revents) || connection->answer.told) {
            connection_drop(doors, i);
        }
    }
    for (int i = 0; i < DOOR_COUNT; i++) {
        if (set->fds[1 + i].revents & POLLIN) {
            accept_one(doors, (enum door_name)i);
        }
    }
}

static void *run(void *context)
{
    struct doors *doors = context;
    struct poll_set *set = mem_alloc(sizeof *set);
    pthread_mutex_lock(&doors->mutex);
    while (!doors->stop) {
        watch_all(set, doors);
        unsigned generation = doors->generation;
        pthread_mutex_unlock(&doors->mutex);
        poll(set->fds, set->count, set->timeout);
        pthread_mutex_lock(&doors->mutex);
        if (set->fds[0].revents & POLLIN) {
            eventfd_read(doors->wake, &(eventfd_t){0});
        }
        if (generation == doors->generation) {
            serve(doors, set);
        }
    }
    pthread_mutex_unlock(&doors->mutex);
    free(set);
    return NULL;
}

/* ---- what others call ---- */

static void changed(struct doors *doors)
{
    doors->generation++;
    eventfd_write(doors->wake, 1);
}

static void cut(struct doors *doors, enum door_name name)
{
    for (size_t i = doors->count; i-- > 0;) {
        if (doors->connections[i]->door == name) {
            setsockopt(doors->connections[i]->ask.from, SOL_SOCKET, SO_LINGER,
                       &(struct linger){1, 0}, sizeof(struct linger));
            connection_drop(doors, i);
        }
    }
}

struct doors *doors_create(struct error *error)
{
    struct doors *doors = mem_alloc(sizeof *doors);
    pthread_mutex_init(&doors->mutex, NULL);
    doors->wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    bool done = doors->wake >= 0 || error_system(error, errno, "eventfd");
    for (int i = 0; i < DOOR_COUNT; i++) {
        doors->doors[i].holder = doors->doors[i].listener = -1;
        if (done) {
            doors->doors[i].port = port_reserve(&doors->doors[i].holder, error);
            done = doors->doors[i].port != 0;
        }
    }
    if (done) {
        int number = pthread_create(&doors->thread, NULL, run, doors);
        done = number == 0 || error_system(error, number, "cannot start a thread");
    }
    if (!done) {
        doors->stop = true; /* no thread to join */
        doors_destroy(doors);
        return NULL;
    }
    return doors;
}

void doors_destroy(struct doors *doors)
{
    if (!doors) {
        return;
    }
    pthread_mutex_lock(&doors->mutex);
    bool running = !doors->stop;
    doors->stop = true;
    changed(doors);
    pthread_mutex_unlock(&doors->mutex);
    if (running) {
        pthread_join(doors->thread, NULL);
    }
    while (doors->count > 0) {
        connection_drop(doors, doors->count - 1);
    }
    for (int i = 0; i < DOOR_COUNT; i++) {
        if (doors->doors[i].listener >= 0) {
            close(doors->doors[i].listener);
        }
        if (doors->doors[i].holder >= 0) {
            close(doors->doors[i].holder);
        }
    }
    if (doors->wake >= 0) {
        close(doors->wake);
    }
    pthread_mutex_destroy(&doors->mutex);
    free(doors);
}

uint16_t door_port(const struct doors *doors, enum door_name name)
{
    return doors->doors[name].port;
}

bool door_open(struct doors *doors, enum door_name name, uint16_t behind,
               struct error *error)
{
    assert(behind != 0);
    pthread_mutex_lock(&doors->mutex);
    struct door *door = &doors->doors[name];
    bool done = true;
    door->behind = behind;
    if (door->listener < 0) {
        door->listener = bound_socket(door->port);
        done = (door->listener >= 0 && listen(door->listener, BACKLOG) == 0) ||
               error_system(error, errno, "cannot listen on 127.0.0.1:%u", door->port);
        changed(doors);
    }
    pthread_mutex_unlock(&doors->mutex);
    return done;
}

void door_shut(struct doors *doors, enum door_name name)
{
    pthread_mutex_lock(&doors->mutex);
    struct door *door = &doors->doors[name];
    if (door->listener >= 0) {
        /* A thread inside poll(2) holds a reference: only shutdown() ends listening at
         * once. */
        shutdown(door->listener, SHUT_RDWR);
        close(door->listener);
        door->listener = -1;
    }
    cut(doors, name);
    changed(doors);
    pthread_mutex_unlock(&doors->mutex);
}

void door_cut(struct doors *doors, enum door_name name)
{
    pthread_mutex_lock(&doors->mutex);
    cut(doors, name);
    changed(doors);
    pthread_mutex_unlock(&doors->mutex);
}

void doors_delay(struct doors *doors, int64_t delay)
{
    pthread_mutex_lock(&doors->mutex);
    doors->delay = delay;
    for (size_t i = 0; i < doors->count; i++) {
        doors->connections[i]->answer.delay = delay;
    }
    pthread_mutex_unlock(&doors->mutex);
}

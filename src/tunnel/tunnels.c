#include "tunnel/tunnels.h"

#include "base/buf.h"
#include "base/clock.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/spawn.h"
#include "base/text.h"
#include "base/thread.h"
#include "config/route.h"
#include "secret/mask.h"
#include "tunnel/forwarder.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

/* THE table of ports that a tunnel may have to carry. */
static const struct {
    const char *store, *port;
} ports[] = {
    {"clickhouse", "http_port"},
    {"clickhouse", "native_port"},
    {"redis", "port"},
};
enum { PORTS = sizeof ports / sizeof ports[0], LINE_MOST = 1000, LOST_MOST = 3 };

static const int64_t GLANCE = 20 * CLOCK_MS; /* between two looks at a port */
/* Between two starts: doubled each time, and short again after it was up for a while. */
static const int64_t BACKOFF_FIRST = CLOCK_SECOND;
static const int64_t BACKOFF_MOST = 30 * CLOCK_SECOND;
static const int64_t BACKOFF_FORGET = 10 * CLOCK_SECOND;

struct tunnel {
    const json_t *section, *config; /* of the store, and of `tunnels` */
    const char *port;               /* which key of the section */
    int64_t within;
    /* the thread's alone */
    struct forwarder forwarder;
    struct buf line; /* what came since the last line end */
    int64_t started, backoff;
    int lost; /* how often in turn somebody else took its port */
    /* guarded; `last` in it is not used */
    struct tunnel_view view;
    char last[LINE_MOST + 1]; /* as it was printed: masked by who looks */
};

struct tunnels {
    const struct environment *environment; /* counted */
    struct tunnel row[PORTS];
    size_t count;
    pthread_t thread;
    pthread_mutex_t guard;
    int stop; /* eventfd: the thread is to end */
};

/* ---- the thread ---- */

static void set_state(struct tunnels *tunnels, struct tunnel *tunnel,
                      enum tunnel_state state)
{
    pthread_mutex_lock(&tunnels->guard);
    tunnel->view.state = state;
    tunnel->view.since = clock_now();
    pthread_mutex_unlock(&tunnels->guard);
}

static void end_line(struct tunnels *tunnels, struct tunnel *tunnel)
{
    if (tunnel->line.length > 0) {
        pthread_mutex_lock(&tunnels->guard);
        snprintf(tunnel->last, sizeof tunnel->last, "%s", buf_string(&tunnel->line));
        pthread_mutex_unlock(&tunnels->guard);
    }
    buf_clear(&tunnel->line);
}

static void take_output(struct tunnels *tunnels, struct tunnel *tunnel)
{
    char bytes[1024];
    int fd = tunnel->forwarder.output;
    ssize_t got = 0;
    /* So many at a time, that one which never ceases does not keep the others. */
    for (int turn = 0; fd >= 0 && turn < 64; turn++) {
        got = read(fd, bytes, sizeof bytes);
        for (ssize_t i = 0; i < got; i++) {
            if (bytes[i] == '\n' || bytes[i] == '\r') {
                end_line(tunnels, tunnel);
            } else if (bytes[i] != '\0') {
                buf_add(&tunnel->line, &bytes[i], 1); /* what is past the cap is lost */
            }
        }
        if (got <= 0) {
            break;
        }
    }
    if (got == 0 && fd >= 0) {
        close(fd);
        tunnel->forwarder.output = -1;
    }
}

static void fail(struct tunnels *tunnels, struct tunnel *tunnel, const char *why)
{
    int64_t now = clock_now();
    end_line(tunnels, tunnel);
    if (tunnel->view.state == TUNNEL_UP && now - tunnel->view.since >= BACKOFF_FORGET) {
        tunnel->backoff = BACKOFF_FIRST;
    }
    pthread_mutex_lock(&tunnels->guard);
    snprintf(tunnel->view.why, sizeof tunnel->view.why, "%s", why);
    tunnel->view.state = TUNNEL_DOWN;
    tunnel->view.since = now;
    tunnel->view.again = now + tunnel->backoff;
    pthread_mutex_unlock(&tunnels->guard);
    tunnel->backoff =
        tunnel->backoff * 2 < BACKOFF_MOST ? tunnel->backoff * 2 : BACKOFF_MOST;
}

static int loopback_socket(int port, struct sockaddr_in *address)
{
    *address = (struct sockaddr_in){.sin_family = AF_INET,
                                    .sin_port = htons((uint16_t)port),
                                    .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    return socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
}

/* `port`, or with 0 any, where nobody has it now; else 0. */
static int free_port(int port)
{
    struct sockaddr_in address;
    socklen_t size = sizeof address;
    int fd = loopback_socket(port, &address);
    bool found = fd >= 0 && bind(fd, (struct sockaddr *)&address, size) == 0 &&
                 getsockname(fd, (struct sockaddr *)&address, &size) == 0;
    if (fd >= 0) {
        close(fd);
    }
    return found ? ntohs(address.sin_port) : 0;
}

static bool port_answers(int port)
{
    struct sockaddr_in address;
    int fd = loopback_socket(port, &address);
    bool answers =
        fd >= 0 && connect(fd, (struct sockaddr *)&address, sizeof address) == 0;
    if (fd >= 0 && !answers && errno == EINPROGRESS) {
        struct pollfd ready = {fd, POLLOUT, 0};
        int reason = 0;
        socklen_t size = sizeof reason;
        answers = poll(&ready, 1, (int)(GLANCE / CLOCK_MS)) == 1 &&
                  getsockopt(fd, SOL_SOCKET, SO_ERROR, &reason, &size) == 0 &&
                  reason == 0;
    }
    if (fd >= 0) {
        close(fd);
    }
    return answers;
}

static void add_replaced(struct buf *out, const char *text, const struct tunnel *tunnel)
{
    const char *words[] = {ROUTE_PORT, ROUTE_HOST, ROUTE_REMOTE_PORT};
    char port[16], remote[16];
    snprintf(port, sizeof port, "%d", tunnel->view.port);
    snprintf(remote, sizeof remote, "%d", tunnel->view.remote_port);
    const char *values[] = {port, tunnel->view.host, remote};
    while (*text) {
        size_t i = 0;
        while (i < 3 && !text_starts(text, words[i])) {
            i++;
        }
        if (i < 3) {
            buf_text(out, values[i]);
            text += strlen(words[i]);
        } else {
            buf_add(out, text++, 1);
        }
    }
}

static char **command_of(const struct tunnel *tunnel)
{
    char **argv = json_argv(json_object_get(tunnel->config, "command"));
    for (size_t i = 0; argv[i]; i++) {
        struct buf argument;
        buf_init(&argument, 0);
        add_replaced(&argument, argv[i], tunnel);
        free(argv[i]);
        argv[i] = buf_take(&argument);
    }
    return argv;
}

static void start(struct tunnels *tunnels, struct tunnel *tunnel)
{
    struct error error = {0};
    int port = free_port(0);
    pthread_mutex_lock(&tunnels->guard);
    tunnel->view.port = port;
    tunnel->view.starts++;
    pthread_mutex_unlock(&tunnels->guard);
    tunnel->started = clock_now();
    char **argv = command_of(tunnel);
    if (port == 0) {
        fail(tunnels, tunnel, "no free port on this machine");
    } else if (!forwarder_start(&tunnel->forwarder, argv, tunnels->environment->directory,
                                &error)) {
        fail(tunnels, tunnel, error.message);
    }
    argv_free(argv);
}

/* Somebody else took the port before the command did: with another one it starts at once,
 * a few times. */
static bool lost_its_port(struct tunnel *tunnel)
{
    bool lost = tunnel->view.state != TUNNEL_UP && tunnel->lost < LOST_MOST &&
                free_port(tunnel->view.port) == 0;
    tunnel->lost = lost ? tunnel->lost + 1 : 0;
    return lost;
}

static void step(struct tunnels *tunnels, struct tunnel *tunnel)
{
    int status = 0;
    char why[TUNNEL_WORDS], span[TEXT_SPAN];
    if (tunnel->forwarder.guardian <= 0) {
        if (clock_now() >= tunnel->view.again) {
            start(tunnels, tunnel);
        }
        return;
    }
    take_output(tunnels, tunnel);
    if (forwarder_ended(&tunnel->forwarder, &status)) {
        take_output(tunnels, tunnel); /* its last words may have come meanwhile */
        forwarder_stop(&tunnel->forwarder);
        if (lost_its_port(tunnel)) {
            start(tunnels, tunnel);
            return;
        }
        snprintf(why, sizeof why, "ended with status %d", status);
        fail(tunnels, tunnel, why);
        return;
    }
    if (tunnel->view.state == TUNNEL_UP) {
        return;
    }
    if (port_answers(tunnel->view.port)) {
        set_state(tunnels, tunnel, TUNNEL_UP);
    } else if (clock_now() - tunnel->started > tunnel->within) {
        forwarder_stop(&tunnel->forwarder);
        text_span(span, tunnel->within);
        snprintf(why, sizeof why, "did not listen at 127.0.0.1:%d within %s",
                 tunnel->view.port, span);
        fail(tunnels, tunnel, why);
    }
}

static int wait_of(const struct tunnel *tunnel)
{
    if (tunnel->forwarder.guardian <= 0) {
        return clock_left(tunnel->view.again);
    }
    return tunnel->view.state == TUNNEL_UP ? -1 : (int)(GLANCE / CLOCK_MS);
}

static void *keep(void *argument)
{
    struct tunnels *tunnels = argument;
    struct pollfd ready[1 + 2 * PORTS];
    do {
        int wait = -1;
        for (size_t i = 0; i < tunnels->count; i++) {
            struct tunnel *tunnel = &tunnels->row[i];
            step(tunnels, tunnel);
            int own = wait_of(tunnel);
            wait = own < 0 || (wait >= 0 && wait < own) ? wait : own;
            bool runs = tunnel->forwarder.guardian > 0;
            ready[1 + 2 * i] =
                (struct pollfd){runs ? tunnel->forwarder.leash : -1, POLLIN, 0};
            ready[2 + 2 * i] = (struct pollfd){tunnel->forwarder.output, POLLIN, 0};
        }
        ready[0] = (struct pollfd){tunnels->stop, POLLIN, 0};
        poll(ready, 1 + 2 * tunnels->count, wait);
    } while (!ready[0].revents);
    for (size_t i = 0; i < tunnels->count; i++) {
        forwarder_release(&tunnels->row[i].forwarder);
    }
    for (size_t i = 0; i < tunnels->count; i++) {
        forwarder_stop(&tunnels->row[i].forwarder);
    }
    return NULL;
}

/* ---- everybody else ---- */

static void add(struct tunnels *tunnels, const char *store, const char *port)
{
    const json_t *root = tunnels->environment->root;
    const json_t *section = json_object_get(root, store);
    struct route route = route_of(section);
    const json_t *list = json_object_get(root, "tunnels");
    const json_t *config =
        route.kind == ROUTE_TUNNEL ? json_object_get(list, route.name) : NULL;
    if (!config || json_integer_value(json_object_get(section, port)) <= 0) {
        return;
    }
    for (size_t i = 0; i < tunnels->count && !route_told(config); i++) {
        if (tunnels->row[i].section == section) {
            return; /* its command leads to one place alone */
        }
    }
    struct tunnel *tunnel = &tunnels->row[tunnels->count++];
    *tunnel = (struct tunnel){
        .section = section,
        .config = config,
        .port = port,
        .within = config_span(config, "within"),
        .forwarder = {0, -1, -1},
        .backoff = BACKOFF_FIRST,
        .view = {.name = route.name,
                 .store = store,
                 .host = config_text(section, "host"),
                 .remote_port = (int)config_integer(section, port),
                 .since = clock_now()},
    };
    buf_init(&tunnel->line, LINE_MOST);
}

struct tunnels *tunnels_create_for(const struct environment *environment,
                                   const json_t *section)
{
    struct tunnels *tunnels = mem_alloc(sizeof *tunnels);
    tunnels->environment = environment_ref(environment);
    for (size_t i = 0; i < PORTS; i++) {
        const json_t *own = json_object_get(environment->root, ports[i].store);
        if (!section || section == own) {
            add(tunnels, ports[i].store, ports[i].port);
        }
    }
    if (tunnels->count == 0) {
        environment_unref(environment);
        free(tunnels);
        return NULL;
    }
    pthread_mutex_init(&tunnels->guard, NULL);
    tunnels->stop = eventfd(0, EFD_CLOEXEC);
    int failed = thread_start(&tunnels->thread, keep, tunnels);
    if (failed || tunnels->stop < 0) {
        panic("cannot start the tunnels' thread");
    }
    return tunnels;
}

struct tunnels *tunnels_create(const struct environment *environment)
{
    return tunnels_create_for(environment, NULL);
}

void tunnels_destroy(struct tunnels *tunnels)
{
    if (!tunnels) {
        return;
    }
    eventfd_write(tunnels->stop, 1);
    pthread_join(tunnels->thread, NULL);
    for (size_t i = 0; i < tunnels->count; i++) {
        buf_finish(&tunnels->row[i].line);
    }
    close(tunnels->stop);
    pthread_mutex_destroy(&tunnels->guard);
    environment_unref(tunnels->environment);
    free(tunnels);
}

static void look(struct tunnels *tunnels, const struct tunnel *tunnel,
                 struct tunnel_view *view)
{
    char last[LINE_MOST + 1];
    pthread_mutex_lock(&tunnels->guard);
    *view = tunnel->view;
    memcpy(last, tunnel->last, sizeof last);
    pthread_mutex_unlock(&tunnels->guard);
    char *shown = mask_clean(last, TUNNEL_WORDS - 1);
    snprintf(view->last, sizeof view->last, "%s", shown);
    free(shown);
}

bool tunnels_find(struct tunnels *tunnels, const json_t *section, const char *port,
                  struct tunnel_view *view)
{
    for (size_t i = 0; tunnels && i < tunnels->count; i++) {
        const struct tunnel *tunnel = &tunnels->row[i];
        if (tunnel->section == section &&
            (strcmp(tunnel->port, port) == 0 || !route_told(tunnel->config))) {
            look(tunnels, tunnel, view);
            return true;
        }
    }
    return false;
}

bool tunnels_look(struct tunnels *tunnels, const json_t *of, size_t number,
                  struct tunnel_view *view)
{
    for (size_t i = 0; tunnels && of && i < tunnels->count; i++) {
        const struct tunnel *tunnel = &tunnels->row[i];
        if ((tunnel->section == of || tunnel->config == of) && number-- == 0) {
            look(tunnels, tunnel, view);
            return true;
        }
    }
    return false;
}

bool tunnels_coming(struct tunnels *tunnels, const json_t *of)
{
    bool coming = false;
    for (size_t i = 0; tunnels && of && i < tunnels->count; i++) {
        const struct tunnel *tunnel = &tunnels->row[i];
        if (tunnel->section == of || tunnel->config == of) {
            pthread_mutex_lock(&tunnels->guard);
            coming = coming || tunnel->view.state == TUNNEL_COMING;
            pthread_mutex_unlock(&tunnels->guard);
        }
    }
    return coming;
}

int tunnels_await(struct tunnels *tunnels, const json_t *section, const char *port,
                  int64_t deadline, const atomic_bool *cancelled, struct error *error)
{
    struct tunnel_view view;
    for (;;) {
        if (!tunnels_find(tunnels, section, port, &view)) {
            error_set(error, ERROR_CONFIG, "no tunnel carries %s", port);
            return 0;
        }
        if (view.state == TUNNEL_UP) {
            return view.port;
        }
        if (view.state == TUNNEL_DOWN || clock_now() >= deadline ||
            (cancelled && atomic_load(cancelled))) {
            tunnel_complain(&view, error);
            return 0;
        }
        poll(NULL, 0, (int)(GLANCE / CLOCK_MS));
    }
}

void tunnel_complain(const struct tunnel_view *view, struct error *error)
{
    const char *colon = view->last[0] ? ": " : "";
    if (view->state == TUNNEL_DOWN) {
        error_set(error, ERROR_UNREACHABLE, "tunnel %s %s%s%s", view->name, view->why,
                  colon, view->last);
        error_hint(error, "run its command by hand in the configuration's directory to "
                          "see why");
    } else {
        error_set(error, ERROR_TIMEOUT, "tunnel %s is not up yet%s%s", view->name, colon,
                  view->last);
        error_hint(error, "ask again, or give it more time (within)");
    }
}

#include "net/dial.h"

#include "base/clock.h"
#include "base/mem.h"
#include "net/resolve.h"

#include <errno.h>
#include <openssl/err.h>
#include <poll.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/un.h>
#include <unistd.h>

enum { AGAIN = -2 };

bool dial_refused(const char *address, int number, struct error *error)
{
    char reason[128];
    if (number == ECONNREFUSED) {
        error_set(error, ERROR_UNREACHABLE, "connection refused by %s", address);
        error_hint(error,
                   "nothing listens there: start the service, or correct host and port");
    } else if (number == ECONNRESET) {
        error_set(error, ERROR_PROTOCOL, "%s broke the connection while it was made",
                  address);
        error_hint(error, "see what stands before the service (a proxy, a firewall, a "
                          "tunnel), and whether the service restarts");
    } else if (number == EMFILE || number == ENFILE || number == ENOMEM) {
        error_system(error, number, "cannot connect to %s", address);
    } else {
        error_set(error, ERROR_UNREACHABLE, "cannot connect to %s: %s", address,
                  strerror_r(number, reason, sizeof reason));
        error_hint(error, "see whether the host is up and there is a route to it");
    }
    return false;
}

/* Says of a deadline what did not happen until then; keeps every other error. */
static bool late(struct dial *dial, const char *before, const char *after,
                 const char *hint, struct error *error)
{
    if (error->code == ERROR_TIMEOUT) {
        char words[WAIT_WORDS];
        wait_words(&dial->wait, words);
        error_set(error, ERROR_TIMEOUT, "%s %s%s in %s", before, dial->address, after,
                  words);
        error_hint(error, "%s", hint);
    }
    return false;
}

/* One address, within `wait`, which may end before the dial's own deadline. */
static bool connect_one(struct dial *dial, const struct sockaddr *address,
                        socklen_t length, const struct wait *wait, struct error *error)
{
    dial->fd = socket(address->sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (dial->fd < 0) {
        return dial_refused(dial->address, errno, error);
    }
    int number = connect(dial->fd, address, length) == 0 ? 0 : errno;
    if (number == EINPROGRESS || number == EINTR) {
        if (!wait_fd(wait, dial->fd, POLLOUT, error)) {
            return false;
        }
        socklen_t size = sizeof number;
        getsockopt(dial->fd, SOL_SOCKET, SO_ERROR, &number, &size);
    }
    return number == 0 || dial_refused(dial->address, number, error);
}

static void hang_up(struct dial *dial)
{
    if (dial->fd >= 0) {
        close(dial->fd);
        dial->fd = -1;
    }
}

/* Each address gets its share of the time that is left. */
static bool connect_any(struct dial *dial, const struct addresses *found,
                        struct error *error)
{
    for (size_t i = 0; i < found->count; i++) {
        const union address *address = &found->row[i];
        struct wait wait = dial->wait;
        int64_t left = wait.deadline - clock_now();
        wait.deadline -= left > 0 ? left - left / (int64_t)(found->count - i) : 0;
        address_text(address, dial->address);
        if (connect_one(dial, &address->any, address_length(address), &wait, error)) {
            return true;
        }
        hang_up(dial);
        if (error->code == ERROR_CANCELLED || error->code == ERROR_SYSTEM) {
            return false;
        }
    }
    return late(dial, "no connection to", "",
                "see whether a firewall drops it, and whether the host is up", error);
}

static bool connect_path(struct dial *dial, const char *path, struct error *error)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    size_t length = strlen(path);
    if (length >= sizeof address.sun_path || length >= sizeof dial->address) {
        return error_set(error, ERROR_CONFIG, "the path of the socket %.80s… is too long",
                         path);
    }
    memcpy(address.sun_path, path, length + 1);
    memcpy(dial->address, path, length + 1);
    return connect_one(dial, (const struct sockaddr *)&address, sizeof address,
                       &dial->wait, error);
}

static bool connect_to(struct dial *dial, const char *host, int port, struct error *error)
{
    int64_t began = clock_now();
    bool done;
    if (host[0] == '/') {
        done = connect_path(dial, host, error);
    } else {
        struct addresses found;
        if (!resolve_host(host, port, &dial->wait, &found, error)) {
            return false;
        }
        dial->resolve = clock_now() - began;
        done = connect_any(dial, &found, error);
    }
    dial->connect = clock_now() - began - dial->resolve;
    dial->connected = done;
    return done;
}

/* What an SSL function left, made into poll events; 0 where waiting does not help. */
static short wanted(int reason)
{
    return reason == SSL_ERROR_WANT_READ    ? POLLIN
           : reason == SSL_ERROR_WANT_WRITE ? POLLOUT
                                            : 0;
}

static void broken(struct dial *dial, struct error *error)
{
    const char *words = ERR_reason_error_string(ERR_peek_last_error());
    error_set(error, ERROR_PROTOCOL, "%s broke the TLS connection%s%s", dial->address,
              words ? ": " : "", words ? words : "");
    error_hint(
        error,
        "see the log of the service; it may want a certificate of ours (tls.cert)");
    ERR_clear_error();
}

/* trust.h refuses what is older than TLS 1.2, and so does the peer where it has no
 * newer. */
static bool too_old(struct dial *dial, struct error *error)
{
    int reason = ERR_GET_REASON(ERR_peek_last_error());
    if (reason != SSL_R_UNSUPPORTED_PROTOCOL &&
        reason != SSL_R_TLSV1_ALERT_PROTOCOL_VERSION) {
        return false;
    }
    error_set(error, ERROR_PROTOCOL, "%s speaks no TLS 1.2 or later", dial->address);
    error_hint(error, "turn on TLS 1.2 or 1.3 there: what is older can be broken");
    return true;
}

static bool handshake(struct dial *dial, const char *name, struct error *error)
{
    for (;;) {
        ERR_clear_error();
        int done = SSL_connect(dial->ssl);
        if (done == 1) {
            return true;
        }
        short events = wanted(SSL_get_error(dial->ssl, done));
        if (!events) {
            bool told = dial->seen.refused == X509_V_OK && too_old(dial, error);
            ERR_clear_error();
            return !told && trust_complain(&dial->seen, name, error);
        }
        if (!wait_fd(&dial->wait, dial->fd, events, error)) {
            return late(dial, "connected to", ", TLS was not agreed on",
                        TRUST_NO_TLS_HINT, error);
        }
    }
}

static bool secure(struct dial *dial, const char *host, const struct tls_options *tls,
                   struct error *error)
{
    int64_t began = clock_now();
    const char *name = tls->server_name ? tls->server_name : host;
    dial->context = SSL_CTX_new(TLS_client_method());
    if (!dial->context) {
        panic("out of memory (TLS)");
    }
    if (!trust_apply(dial->context, tls, host, &dial->seen, error)) {
        return false;
    }
    dial->ssl = SSL_new(dial->context);
    if (!dial->ssl || !SSL_set_fd(dial->ssl, dial->fd)) {
        panic("out of memory (TLS connection)");
    }
    union address literal;
    if (!resolve_literal(name, 0, &literal)) {
        SSL_set_tlsext_host_name(dial->ssl, name);
    }
    bool done = handshake(dial, name, error);
    dial->tls = clock_now() - began;
    return done;
}

bool dial_open(struct dial *dial, const char *host, int port,
               const struct tls_options *tls, int64_t deadline,
               const atomic_bool *cancelled, struct error *error)
{
    *dial = (struct dial){.fd = -1, .wait = wait_begin(deadline, cancelled)};
    int through = tls ? tls->through : 0;
    return connect_to(dial, through ? "127.0.0.1" : host, through ? through : port,
                      error) &&
           (!tls || !tls->on || secure(dial, host, tls, error));
}

const char *dial_protocol(const struct dial *dial)
{
    return dial->ssl ? SSL_get_version(dial->ssl) : NULL;
}

const char *dial_cipher(const struct dial *dial)
{
    return dial->ssl ? SSL_get_cipher_name(dial->ssl) : NULL;
}

void dial_close(struct dial *dial)
{
    if (!dial) {
        return;
    }
    SSL_free(dial->ssl);
    SSL_CTX_free(dial->context);
    dial->ssl = NULL;
    dial->context = NULL;
    hang_up(dial);
}

/* One step of a write: bytes taken, 0 to wait for `events`, -1 on error. */
static ssize_t push(struct dial *dial, const char *data, size_t length, short *events,
                    struct error *error)
{
    if (dial->ssl) {
        ERR_clear_error();
        size_t taken = 0;
        if (SSL_write_ex(dial->ssl, data, length, &taken)) {
            return (ssize_t)taken;
        }
        *events = wanted(SSL_get_error(dial->ssl, 0));
        if (!*events) {
            broken(dial, error);
            return -1;
        }
        return 0;
    }
    ssize_t taken = send(dial->fd, data, length, MSG_NOSIGNAL);
    if (taken < 0 && (errno == EAGAIN || errno == EINTR)) {
        *events = POLLOUT;
        return 0;
    }
    if (taken < 0) {
        char reason[128];
        error_set(error, ERROR_PROTOCOL, "%s broke the connection: %s", dial->address,
                  strerror_r(errno, reason, sizeof reason));
    }
    return taken;
}

bool dial_write(struct dial *dial, const void *data, size_t length, struct error *error)
{
    const char *at = data;
    while (length) {
        short events = 0;
        ssize_t taken = push(dial, at, length, &events, error);
        if (taken < 0) {
            return false;
        }
        at += taken;
        length -= (size_t)taken;
        if (taken == 0 && !wait_fd(&dial->wait, dial->fd, events, error)) {
            return late(dial, "connected to", ", it took no bytes",
                        "the service hangs, or something else listens there", error);
        }
    }
    return true;
}

/* One step of a read: bytes, 0 at the end, -1 on error, AGAIN to wait for `events`. */
static ssize_t pull(struct dial *dial, void *data, size_t room, short *events,
                    struct error *error)
{
    if (dial->ssl) {
        ERR_clear_error();
        size_t got = 0;
        if (SSL_read_ex(dial->ssl, data, room, &got)) {
            return (ssize_t)got;
        }
        int reason = SSL_get_error(dial->ssl, 0);
        *events = wanted(reason);
        if (*events) {
            return AGAIN;
        }
        bool ended =
            reason == SSL_ERROR_ZERO_RETURN ||
            (reason == SSL_ERROR_SYSCALL && errno == 0) ||
            ERR_GET_REASON(ERR_peek_last_error()) == SSL_R_UNEXPECTED_EOF_WHILE_READING;
        if (ended) {
            ERR_clear_error();
            return 0;
        }
        broken(dial, error);
        return -1;
    }
    ssize_t got = recv(dial->fd, data, room, 0);
    if (got < 0 && (errno == EAGAIN || errno == EINTR)) {
        *events = POLLIN;
        return AGAIN;
    }
    if (got < 0) {
        char reason[128];
        error_set(error, ERROR_PROTOCOL, "%s broke the connection: %s", dial->address,
                  strerror_r(errno, reason, sizeof reason));
        error_hint(error,
                   dial->received
                       ? "see the log of the service, and of what stands in front of it"
                       : "it may want TLS, or refuse our address: see its log");
    }
    return got;
}

static ssize_t read_late(struct dial *dial, struct error *error)
{
    late(dial, "connected to", dial->received ? ", no whole reply" : ", no reply",
         "the service hangs, or something else listens there", error);
    return -1;
}

ssize_t dial_read(struct dial *dial, void *data, size_t room, struct error *error)
{
    for (;;) {
        if (clock_left(dial->wait.deadline) ==
            0) { /* bytes that never cease do not outlast it */
            error_set(error, ERROR_TIMEOUT, "no answer");
            return read_late(dial, error);
        }
        short events = 0;
        ssize_t got = pull(dial, data, room, &events, error);
        if (got != AGAIN) {
            dial->received += got > 0 ? (size_t)got : 0;
            return got;
        }
        if (!wait_fd(&dial->wait, dial->fd, events, error)) {
            return read_late(dial, error);
        }
    }
}

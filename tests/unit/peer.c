#include "tests/unit/peer.h"

#include "base/fs.h"
#include "base/mem.h"

#include <arpa/inet.h>
#include <errno.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { DRIP_MS = 50 };

struct peer {
    int listener, port;
    int wake[2]; /* written to by peer_halt() */
    pthread_t thread;
    bool halted;
    const struct peer_step *const *scripts;
    size_t count;
    atomic_size_t accepted, turns;
    bool gave; /* the last bytes on the socket were ours */
    struct buf received;
    size_t taken; /* of received, by PEER_READ and PEER_CALL */
    SSL_CTX *context;
    char *directory, *authority;
};

struct line {
    int fd;
    SSL *ssl;
    bool reset;
};

/* False once the test wants us to stop. */
static bool ready(struct peer *peer, int fd, short events, int ms)
{
    struct pollfd fds[2] = {{fd, events, 0}, {peer->wake[0], POLLIN, 0}};
    poll(fds, 2, ms);
    return !fds[1].revents;
}

static void count(struct peer *peer, bool gave)
{
    if (!gave && peer->gave) {
        atomic_fetch_add(&peer->turns, 1);
    }
    peer->gave = gave;
}

/* What is below TLS; its handshake too. */
static long count_tls(BIO *bio, int operation, const char *data, size_t length,
                      int number, long value, int done, size_t *processed)
{
    (void)data;
    (void)length;
    (void)number;
    (void)value;
    (void)processed;
    if (done > 0 && (operation == (BIO_CB_READ | BIO_CB_RETURN) ||
                     operation == (BIO_CB_WRITE | BIO_CB_RETURN))) {
        count((struct peer *)(void *)BIO_get_callback_arg(bio),
              operation == (BIO_CB_WRITE | BIO_CB_RETURN));
    }
    return done;
}

static ssize_t take(struct peer *peer, struct line *line)
{
    char chunk[4096];
    if (!(line->ssl && SSL_pending(line->ssl)) && !ready(peer, line->fd, POLLIN, -1)) {
        return -1;
    }
    ssize_t got = line->ssl ? SSL_read(line->ssl, chunk, sizeof chunk)
                            : recv(line->fd, chunk, sizeof chunk, 0);
    if (got > 0 && !line->ssl) {
        count(peer, false);
    }
    if (got > 0) {
        buf_add(&peer->received, chunk, (size_t)got);
    }
    return got;
}

static bool give(struct peer *peer, struct line *line, const char *data, size_t length)
{
    while (length) {
        if (!ready(peer, line->fd, POLLOUT, -1)) {
            return false;
        }
        ssize_t sent = line->ssl
                           ? SSL_write(line->ssl, data, (int)length)
                           : send(line->fd, data, length, MSG_NOSIGNAL | MSG_DONTWAIT);
        if (sent < 0 && (errno == EAGAIN || errno == EINTR)) {
            continue;
        }
        if (sent <= 0) {
            return false;
        }
        if (!line->ssl) {
            count(peer, true);
        }
        data += sent;
        length -= (size_t)sent;
    }
    return true;
}

static bool read_until(struct peer *peer, struct line *line, const char *text)
{
    const char *found;
    while (!(found = memmem(buf_string(&peer->received) + peer->taken,
                            peer->received.length - peer->taken, text, strlen(text)))) {
        if (take(peer, line) <= 0) {
            return false;
        }
    }
    peer->taken = (size_t)(found - buf_string(&peer->received)) + strlen(text);
    return true;
}

static bool drip(struct peer *peer, struct line *line, const char *text, size_t length)
{
    for (size_t i = 0;; i = (i + 1) % length) {
        struct pollfd fds[2] = {{line->fd, POLLRDHUP, 0}, {peer->wake[0], POLLIN, 0}};
        if (!give(peer, line, &text[i], 1) || poll(fds, 2, DRIP_MS) > 0) {
            return false;
        }
    }
}

static bool flood(struct peer *peer, struct line *line, const char *text, size_t length)
{
    struct buf many;
    buf_init(&many, 0);
    while (many.length < 65536) {
        buf_add(&many, text, length);
    }
    while (give(peer, line, many.data, many.length)) {
    }
    buf_finish(&many);
    return false;
}

static bool call(struct peer *peer, struct line *line, const struct peer_step *step)
{
    struct buf received, out;
    buf_init(&received, 0);
    buf_init(&out, 0);
    for (size_t i = 0; i < peer->received.length; i++) { /* one text, also of bytes */
        buf_add(&received, peer->received.data[i] ? &peer->received.data[i] : " ", 1);
    }
    step->call(buf_string(&received), &out);
    bool done = give(peer, line, buf_string(&out), out.length);
    buf_finish(&received);
    buf_finish(&out);
    return done;
}

static bool play(struct peer *peer, struct line *line, const struct peer_step *step)
{
    size_t length = step->length ? step->length : step->text ? strlen(step->text) : 0;
    switch (step->act) {
    case PEER_READ:
        return read_until(peer, line, step->text);
    case PEER_SEND:
        return give(peer, line, step->text, length);
    case PEER_CALL:
        return call(peer, line, step);
    case PEER_DRIP:
        return drip(peer, line, step->text, length);
    case PEER_FLOOD:
        return flood(peer, line, step->text, length);
    case PEER_STALL:
        while (take(peer, line) > 0) {
        }
        return false;
    case PEER_RESET:
        setsockopt(line->fd, SOL_SOCKET, SO_LINGER, &(struct linger){1, 0},
                   sizeof(struct linger));
        line->reset = true;
        return false;
    case PEER_CLOSE:
        break;
    }
    return false;
}

static void serve(struct peer *peer, int fd, const struct peer_step *script)
{
    struct line line = {fd, NULL, false};
    buf_clear(&peer->received);
    peer->taken = 0;
    peer->gave = true;
    atomic_store(&peer->turns, 0);
    if (peer->context) {
        line.ssl = SSL_new(peer->context);
        SSL_set_fd(line.ssl, fd);
        BIO_set_callback_ex(SSL_get_rbio(line.ssl), count_tls);
        BIO_set_callback_arg(SSL_get_rbio(line.ssl), (char *)peer);
    }
    if (!line.ssl || SSL_accept(line.ssl) == 1) {
        while (play(peer, &line, script)) {
            script++;
        }
        if (line.ssl) {
            SSL_shutdown(line.ssl);
        }
        if (!line.reset) {
            shutdown(fd, SHUT_WR); /* a FIN: it would come before the RST */
        }
    }
    SSL_free(line.ssl);
    close(fd);
}

static void *run(void *self)
{
    struct peer *peer = self;
    while (ready(peer, peer->listener, POLLIN, -1)) {
        int fd = accept(peer->listener, NULL, NULL);
        if (fd >= 0) {
            size_t index = atomic_fetch_add(&peer->accepted, 1);
            serve(peer, fd, peer->scripts[index < peer->count ? index : peer->count - 1]);
        }
    }
    return NULL;
}

static int listen_somewhere(int backlog, int *port)
{
    struct sockaddr_in address = {.sin_family = AF_INET,
                                  .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t length = sizeof address;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (bind(fd, (struct sockaddr *)&address, length) != 0 ||
        getsockname(fd, (struct sockaddr *)&address, &length) != 0 ||
        (backlog >= 0 && listen(fd, backlog) != 0)) {
        panic("no port on loopback");
    }
    *port = ntohs(address.sin_port);
    return fd;
}

static struct peer *start(const struct peer_step *const *scripts, size_t count,
                          struct peer *peer)
{
    peer->scripts = scripts;
    peer->count = count;
    peer->listener = listen_somewhere(16, &peer->port);
    buf_init(&peer->received, 0);
    if (pipe(peer->wake) != 0 || pthread_create(&peer->thread, NULL, run, peer) != 0) {
        panic("no thread for a peer");
    }
    return peer;
}

struct peer *peer_start(const struct peer_step *const *scripts, size_t count)
{
    return start(scripts, count, mem_alloc(sizeof(struct peer)));
}

X509 *peer_certificate(EVP_PKEY *key, const char *name, int days)
{
    X509 *certificate = X509_new();
    X509_set_version(certificate, 2);
    ASN1_INTEGER_set(X509_get_serialNumber(certificate), 1);
    X509_gmtime_adj(X509_getm_notBefore(certificate), -10L * 86400);
    X509_gmtime_adj(X509_getm_notAfter(certificate), days * 86400L);
    X509_set_pubkey(certificate, key);
    X509_NAME *subject = X509_get_subject_name(certificate);
    X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_ASC, (const unsigned char *)name,
                               -1, -1, 0);
    X509_set_issuer_name(certificate, subject);
    char *names = mem_format("DNS:%s", name);
    X509_EXTENSION *extension =
        X509V3_EXT_conf_nid(NULL, NULL, NID_subject_alt_name, names);
    X509_add_ext(certificate, extension, -1);
    X509_EXTENSION_free(extension);
    free(names);
    X509_sign(certificate, key, EVP_sha256());
    return certificate;
}

struct peer *peer_start_tls(const struct peer_step *const *scripts, size_t count,
                            const char *name, int days)
{
    struct peer *peer = mem_alloc(sizeof *peer);
    peer->directory = mem_text("/tmp/greenboard-peer-XXXXXX");
    if (!mkdtemp(peer->directory)) {
        panic("no directory for a peer");
    }
    peer->authority = fs_join(peer->directory, "ca.pem");
    EVP_PKEY *key = EVP_EC_gen("P-256");
    X509 *certificate = peer_certificate(key, name, days);
    FILE *file = fopen(peer->authority, "w");
    PEM_write_X509(file, certificate);
    fclose(file);
    peer->context = SSL_CTX_new(TLS_server_method());
    SSL_CTX_set_num_tickets(peer->context, 0); /* which nobody waits for */
    SSL_CTX_use_certificate(peer->context, certificate);
    SSL_CTX_use_PrivateKey(peer->context, key);
    X509_free(certificate);
    EVP_PKEY_free(key);
    return start(scripts, count, peer);
}

const char *peer_authority(const struct peer *peer)
{
    return peer->authority;
}

int peer_port(const struct peer *peer)
{
    return peer->port;
}

size_t peer_turns(const struct peer *peer)
{
    return atomic_load(&peer->turns);
}

size_t peer_accepted(const struct peer *peer)
{
    return atomic_load(&peer->accepted);
}

const char *peer_received(const struct peer *peer)
{
    return buf_string(&peer->received);
}

void peer_halt(struct peer *peer)
{
    if (!peer->halted) {
        peer->halted = true;
        if (write(peer->wake[1], "", 1) != 1) {
            panic("a peer cannot be woken");
        }
        pthread_join(peer->thread, NULL);
    }
}

void peer_stop(struct peer *peer)
{
    peer_halt(peer);
    close(peer->listener);
    close(peer->wake[0]);
    close(peer->wake[1]);
    buf_finish(&peer->received);
    SSL_CTX_free(peer->context);
    if (peer->directory) {
        fs_remove_tree(peer->directory);
    }
    free(peer->directory);
    free(peer->authority);
    free(peer);
}

void deaf_open(struct deaf *deaf)
{
    *deaf = (struct deaf){.count = 1};
    deaf->fds[0] = listen_somewhere(0, &deaf->port);
    struct sockaddr_in address = {.sin_family = AF_INET,
                                  .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
                                  .sin_port = htons((uint16_t)deaf->port)};
    while (deaf->count < 5) {
        int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
        connect(fd, (struct sockaddr *)&address, sizeof address);
        deaf->fds[deaf->count++] = fd;
    }
}

void deaf_close(struct deaf *deaf)
{
    while (deaf->count) {
        close(deaf->fds[--deaf->count]);
    }
}

int peer_free_port(void)
{
    int port = 0;
    listen_somewhere(-1, &port); /* bound until this process ends: nobody else gets it */
    return port;
}

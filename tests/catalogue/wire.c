#include "tests/catalogue/wire.h"

#include "tests/catalogue/native.h"

#include <ctype.h>
#include <errno.h>
#include <poll.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { CHUNK = 4096, BLOCK = 64 * 1024, LINGER_MS = 1000, SPEAK_MS = 100 };

bool wire_open(struct wire *wire, int fd, SSL_CTX *tls)
{
    *wire = (struct wire){.fd = fd, .ssl = tls ? SSL_new(tls) : NULL};
    return !wire->ssl || (SSL_set_fd(wire->ssl, fd) && SSL_accept(wire->ssl) == 1);
}

/* Bytes that nobody took would make a RST out of our FIN, which may overtake a reply. */
static void linger(const struct wire *wire)
{
    char chunk[CHUNK];
    struct pollfd ready = {wire->fd, POLLIN, 0};
    shutdown(wire->fd, SHUT_WR);
    while (poll(&ready, 1, LINGER_MS) > 0 && recv(wire->fd, chunk, sizeof chunk, 0) > 0) {
    }
}

/* A reset that comes before the other side knows that it is connected is no reset of a
 * connection to it: so its first byte is awaited, which stays unread. */
static void await_word(const struct wire *wire)
{
    struct pollfd ready = {wire->fd, POLLIN, 0};
    poll(&ready, 1, SPEAK_MS);
}

void wire_close(struct wire *wire)
{
    if (wire->reset) {
        await_word(wire);
        setsockopt(wire->fd, SOL_SOCKET, SO_LINGER, &(struct linger){1, 0},
                   sizeof(struct linger));
    } else {
        if (wire->ssl && SSL_is_init_finished(wire->ssl)) {
            SSL_shutdown(wire->ssl);
        }
        linger(wire);
    }
    SSL_free(wire->ssl);
    close(wire->fd);
    buf_finish(&wire->in);
}

static bool take(struct wire *wire)
{
    char chunk[CHUNK];
    ssize_t got = wire->ssl ? SSL_read(wire->ssl, chunk, sizeof chunk)
                            : recv(wire->fd, chunk, sizeof chunk, 0);
    if (got > 0) {
        buf_add(&wire->in, chunk, (size_t)got);
    }
    return got > 0;
}

bool wire_give(struct wire *wire, const char *data, size_t length)
{
    while (length) {
        ssize_t sent = wire->ssl ? SSL_write(wire->ssl, data, (int)length)
                                 : send(wire->fd, data, length, MSG_NOSIGNAL);
        if (sent < 0 && errno == EINTR) {
            continue;
        }
        if (sent <= 0) {
            return false;
        }
        data += sent;
        length -= (size_t)sent;
    }
    return true;
}

bool wire_fill(struct wire *wire, const char *text, size_t length, long bytes)
{
    struct buf many = {0};
    while (many.length < BLOCK) {
        buf_add(&many, text, length);
    }
    bool on = true;
    while (on && bytes) {
        size_t now =
            bytes > 0 && (size_t)bytes < many.length ? (size_t)bytes : many.length;
        on = wire_give(wire, many.data, now);
        bytes -= bytes > 0 ? (long)now : 0;
    }
    buf_finish(&many);
    return on;
}

/* False where the other side went meanwhile. */
bool wire_pause(struct wire *wire, long ms)
{
    struct pollfd gone = {wire->fd, POLLRDHUP, 0};
    return poll(&gone, 1, (int)ms) <= 0;
}

bool wire_drip(struct wire *wire, const char *text, size_t length, long ms)
{
    for (size_t i = 0;; i = (i + 1) % length) {
        if (!wire_give(wire, &text[i], 1) || !wire_pause(wire, ms)) {
            return false;
        }
    }
}

void wire_stall(struct wire *wire)
{
    while (take(wire)) {
        buf_clear(&wire->in);
    }
}

bool wire_await(struct wire *wire, const char *text)
{
    const char *found; /* bytes, of which some are NUL */
    while (
        !(found = memmem(buf_string(&wire->in), wire->in.length, text, strlen(text)))) {
        if (!take(wire)) {
            return false;
        }
    }
    buf_drop(&wire->in, (size_t)(found - buf_string(&wire->in)) + strlen(text));
    return true;
}

bool wire_next_http(struct wire *wire, struct buf *request)
{
    for (;;) {
        const char *all = buf_string(&wire->in), *end = strstr(all, "\r\n\r\n");
        const char *field = end ? strcasestr(all, "\r\nContent-Length:") : NULL;
        size_t body = field && field < end ? strtoul(field + 17, NULL, 10) : 0;
        size_t length = end ? (size_t)(end - all) + 4 + body : 0;
        if (end && wire->in.length >= length) {
            buf_clear(request);
            buf_add(request, all, length);
            buf_drop(&wire->in, length);
            return true;
        }
        if (!take(wire)) {
            return false;
        }
    }
}

/* Length of the first whole command, whose words are put into `request`; 0 where there is
 * none yet. (redis.io/docs/reference/protocol-spec: an array of bulk strings.) */
static size_t cut_command(const struct buf *in, struct buf *request)
{
    const char *from = buf_string(in), *at = strstr(from, "\r\n");
    buf_clear(request);
    if (!at || *from != '*') {
        return 0;
    }
    long words = strtol(from + 1, NULL, 10);
    at += 2;
    while (words-- > 0) {
        const char *line = strstr(at, "\r\n");
        size_t length = line && *at == '$' ? strtoul(at + 1, NULL, 10) : 0;
        if (!line || line + 2 + length + 2 > from + in->length) {
            return 0;
        }
        buf_text(request, request->length ? " " : "");
        buf_add(request, line + 2, length);
        at = line + 2 + length + 2;
    }
    return (size_t)(at - from);
}

bool wire_next_redis(struct wire *wire, struct buf *request)
{
    size_t length;
    while (!(length = cut_command(&wire->in, request))) {
        if (!take(wire)) {
            return false;
        }
    }
    buf_drop(&wire->in, length);
    return true;
}

bool wire_next_native(struct wire *wire, struct buf *request)
{
    size_t length;
    while (!wire->in.length) {
        if (!take(wire)) {
            return false;
        }
    }
    if (isupper((unsigned char)wire->in.data[0])) {
        return wire_next_http(wire, request);
    }
    while (!(length = native_cut(&wire->in, request))) {
        if (!take(wire)) {
            return false;
        }
    }
    buf_drop(&wire->in, length);
    return true;
}

/* ---- a bomb ---- */

struct bits {
    struct buf *out;
    uint32_t held;
    unsigned count;
};

static void put_bits(struct bits *bits, uint32_t value, unsigned count)
{
    bits->held |= value << bits->count;
    bits->count += count;
    while (bits->count >= 8) {
        char byte = (char)(bits->held & 0xff);
        buf_add(bits->out, &byte, 1);
        bits->held >>= 8;
        bits->count -= 8;
    }
}

/* One block with fixed Huffman codes (RFC 1951 section 3.2.6): a zero, then over and over
 * "the last byte 258 times" (length code 285 is 11000101, distance code 0 is 00000). Sum
 * and size at its end are left out: whoever comes there has held it all. */
void wire_bomb(struct buf *out, size_t bytes)
{
    static const char head[] = "\x1f\x8b\x08\0\0\0\0\0\0\xff";
    struct bits bits = {.out = out};
    buf_add(out, head, sizeof head - 1);
    put_bits(&bits, 3, 3);    /* the last block, of type 01 */
    put_bits(&bits, 0x0c, 8); /* the literal 0: 00110000, its first bit lowest */
    for (size_t made = 1; made < bytes; made += 258) {
        put_bits(&bits, 0xa3, 8); /* 11000101 */
        put_bits(&bits, 0, 5);
    }
    put_bits(&bits, 0, 7); /* end of the block */
    put_bits(&bits, 0, 7);
}

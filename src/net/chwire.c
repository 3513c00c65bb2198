#include "net/chwire.h"

#include <string.h>

enum { NUMBER_BYTES = 10 }; /* LEB128 of 64 bits */

void chwire_begin(struct chwire *wire, struct dial *dial)
{
    *wire = (struct chwire){.dial = dial, .during = "a reply"};
    buf_init_secret(&wire->out, 0);
}

void chwire_finish(struct chwire *wire)
{
    if (wire) {
        buf_finish(&wire->out);
    }
}

void chwire_add_byte(struct chwire *wire, unsigned value)
{
    unsigned char byte = (unsigned char)value;
    buf_add(&wire->out, &byte, 1);
}

void chwire_add_number(struct chwire *wire, uint64_t value)
{
    for (; value >= 0x80; value >>= 7) {
        chwire_add_byte(wire, (unsigned)(value & 0x7f) | 0x80);
    }
    chwire_add_byte(wire, (unsigned)value);
}

void chwire_add_text(struct chwire *wire, const char *text)
{
    size_t length = strlen(text);
    chwire_add_number(wire, length);
    buf_add(&wire->out, text, length);
}

bool chwire_send(struct chwire *wire, struct error *error)
{
    bool done = dial_write(wire->dial, buf_string(&wire->out), wire->out.length, error);
    buf_finish(&wire->out);
    buf_init_secret(&wire->out, 0);
    return done;
}

/* How others begin to talk, or to complain about what they were sent. */
static const struct {
    size_t skip, length;
    const char *bytes, *words;
} others[] = {
    {0, 4, "HTTP", "this port speaks HTTP: set native_port to the native one"},
    {0, 1, "<", "a web server listens there: correct native_port"},
    {0, 2, "\x15\x03", "it wants TLS: set clickhouse.tls"},
    {0, 4, "SSH-", "an SSH server listens there: correct host and native_port"},
    {0, 4, "-ERR", "that is Redis: correct host and native_port"},
    {0, 4, "220 ", "a mail or FTP server listens there: correct host and native_port"},
    {4, 1, "\x0a", "that may be MySQL: correct host and native_port"},
};

static void hint_other(const struct chwire *wire, struct error *error)
{
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++) {
        if (wire->first_count >= others[i].skip + others[i].length &&
            memcmp(wire->first + others[i].skip, others[i].bytes, others[i].length) ==
                0) {
            error_hint(error, "%s", others[i].words);
            return;
        }
    }
    error_hint(error, "something else listens there: correct host and native_port");
}

bool chwire_refuse(struct chwire *wire, struct error *error)
{
    error_set(error, ERROR_PROTOCOL,
              "%s answered, but not in ClickHouse's native protocol, instead of %s",
              wire->dial->address, wire->during);
    hint_other(wire, error);
    return false;
}

static bool refuse_end(struct chwire *wire, struct error *error)
{
    error_set(error, ERROR_PROTOCOL, "%s closed the connection %s %s",
              wire->dial->address, wire->first_count ? "in the middle of" : "instead of",
              wire->during);
    if (wire->first_count) {
        error_hint(error, "see ClickHouse's log, and what stands in front of it");
    } else {
        error_hint(error, "it may want TLS, or refuse our address: see its log");
    }
    return false;
}

static bool fill(struct chwire *wire, struct error *error)
{
    if (wire->dial->received > CHWIRE_BYTES) {
        error_set(error, ERROR_LIMIT, "%s answered with more than we take (%d KiB)",
                  wire->dial->address, CHWIRE_BYTES / 1024);
        hint_other(wire, error);
        return false;
    }
    ssize_t got = dial_read(wire->dial, wire->chunk, sizeof wire->chunk, error);
    if (got < 0) {
        if (error->code == ERROR_TIMEOUT && !wire->first_count) {
            error_hint(error, "it hangs, or it is ClickHouse's HTTP port, which is "
                              "silent to the native protocol: correct native_port");
        }
        return false;
    }
    if (got == 0) {
        return refuse_end(wire, error);
    }
    for (ssize_t i = 0; i < got && wire->first_count < sizeof wire->first; i++) {
        wire->first[wire->first_count++] = wire->chunk[i];
    }
    wire->at = 0;
    wire->end = (size_t)got;
    return true;
}

/* Of `length` bytes the first `room` go to `out`, which may be NULL. */
static bool take(struct chwire *wire, struct buf *out, size_t room, uint64_t length,
                 struct error *error)
{
    while (length) {
        if (wire->at == wire->end && !fill(wire, error)) {
            return false;
        }
        size_t here = wire->end - wire->at;
        here = here < length ? here : (size_t)length;
        size_t kept = here < room ? here : room;
        if (out) {
            buf_add(out, wire->chunk + wire->at, kept);
        }
        room -= kept;
        wire->at += here;
        length -= here;
    }
    return true;
}

bool chwire_bytes(struct chwire *wire, void *out, size_t length, struct error *error)
{
    char *to = out;
    while (length) {
        if (wire->at == wire->end && !fill(wire, error)) {
            return false;
        }
        size_t here = wire->end - wire->at;
        here = here < length ? here : length;
        memcpy(to, wire->chunk + wire->at, here);
        to += here;
        wire->at += here;
        length -= here;
    }
    return true;
}

bool chwire_number(struct chwire *wire, uint64_t *value, struct error *error)
{
    *value = 0;
    for (unsigned i = 0; i < NUMBER_BYTES; i++) {
        unsigned char byte = 0;
        if (!chwire_bytes(wire, &byte, 1, error)) {
            return false;
        }
        if (i == NUMBER_BYTES - 1 && byte > 1) { /* more than 64 bits */
            break;
        }
        *value |= (uint64_t)(byte & 0x7f) << (7 * i);
        if (byte < 0x80) {
            return true;
        }
    }
    return chwire_refuse(wire, error);
}

bool chwire_text(struct chwire *wire, struct buf *out, struct error *error)
{
    uint64_t length = 0;
    if (!chwire_number(wire, &length, error)) {
        return false;
    }
    if (length > CHWIRE_TEXT) {
        return chwire_refuse(wire, error);
    }
    return take(wire, out, CHWIRE_TEXT, length, error);
}

bool chwire_long_text(struct chwire *wire, struct buf *out, struct error *error)
{
    uint64_t length = 0;
    if (!chwire_number(wire, &length, error)) {
        return false;
    }
    if (length > CHWIRE_BYTES) {
        return chwire_refuse(wire, error);
    }
    return take(wire, out, CHWIRE_TEXT, length, error);
}

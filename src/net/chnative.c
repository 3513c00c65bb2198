#include "net/chnative.h"

#include "config.h"

#include <stdio.h>
#include <string.h>

/* Packets of the client and of the server. */
enum { ASK_HELLO = 0, ASK_QUERY = 1, ASK_DATA = 2, ASK_PING = 4 };
enum {
    SAY_HELLO = 0,
    SAY_DATA = 1,
    SAY_EXCEPTION = 2,
    SAY_PROGRESS = 3,
    SAY_PONG = 4,
    SAY_END = 5,
    SAY_PROFILE = 6,
    SAY_TOTALS = 7,
    SAY_EXTREMES = 8
};

/* Revisions since which a server speaks a field; those below the oldest are from 2016. */
enum {
    SINCE_OLDEST = 54032, /* client info in a query */
    SINCE_ZONE = 54058,
    SINCE_QUOTA_KEY = 54060,
    SINCE_DISPLAY = 54372,
    SINCE_PATCH = 54401
};

enum { FROM_TCP = 1, FIRST_HAND = 1, COMPLETE = 2, PLAIN = 0 };
enum { BLOCK_END = 0, BLOCK_OVERFLOWS = 1, BLOCK_BUCKET = 2 };

void chnative_begin(struct chnative *native, struct dial *dial)
{
    *native = (struct chnative){.revision = 0};
    chwire_begin(&native->wire, dial);
    buf_init(&native->message, CHWIRE_TEXT);
}

void chnative_finish(struct chnative *native)
{
    if (native) {
        chwire_finish(&native->wire);
        buf_finish(&native->message);
    }
}

static bool speaks(const struct chnative *native, unsigned since)
{
    return native->revision >= since;
}

static bool take_text(struct chnative *native, char *out, size_t room,
                      struct error *error)
{
    struct buf text;
    buf_init(&text, CHWIRE_TEXT);
    bool done = chwire_text(&native->wire, &text, error);
    snprintf(out, room, "%s", buf_string(&text));
    buf_finish(&text);
    return done;
}

/* What the server says of it suffices: that its stack trace is cut off changes nothing
 * but that the connection cannot go on. */
static bool take_exception(struct chnative *native, struct error *error)
{
    struct chwire *wire = &native->wire;
    unsigned char code[4], nested = 0;
    buf_clear(&native->message);
    wire->during = "an exception";
    if (!chwire_bytes(wire, code, sizeof code, error) ||
        !take_text(native, native->name, sizeof native->name, error) ||
        !chwire_long_text(wire, &native->message, error)) {
        return false;
    }
    native->code = (int)((uint32_t)code[0] | (uint32_t)code[1] << 8 |
                         (uint32_t)code[2] << 16 | (uint32_t)code[3] << 24);
    struct error rest;
    native->broken = !chwire_long_text(wire, NULL, &rest) ||
                     !chwire_bytes(wire, &nested, 1, &rest) || nested;
    return error_set(error, ERROR_DENIED, "%s", buf_string(&native->message));
}

static bool read_hello(struct chnative *native, struct error *error)
{
    struct chwire *wire = &native->wire;
    uint64_t kind = 0, major = 0, minor = 0, patch = 0;
    if (!chwire_number(wire, &kind, error)) {
        return false;
    }
    if (kind == SAY_EXCEPTION) {
        return take_exception(native, error);
    }
    if (kind != SAY_HELLO) {
        return chwire_refuse(wire, error);
    }
    if (!chwire_text(wire, NULL, error) || !chwire_number(wire, &major, error) ||
        !chwire_number(wire, &minor, error) ||
        !chwire_number(wire, &native->revision, error)) {
        return false;
    }
    if ((speaks(native, SINCE_ZONE) &&
         !take_text(native, native->zone, sizeof native->zone, error)) ||
        (speaks(native, SINCE_DISPLAY) &&
         !take_text(native, native->display, sizeof native->display, error)) ||
        (speaks(native, SINCE_PATCH) && !chwire_number(wire, &patch, error))) {
        return false;
    }
    if (!speaks(native, SINCE_OLDEST)) {
        error_set(error, ERROR_PROTOCOL,
                  "%s speaks revision %llu of the native protocol, which is too old for "
                  "us (%d)",
                  wire->dial->address, (unsigned long long)native->revision,
                  SINCE_OLDEST);
        error_hint(error, "bring ClickHouse up to date, or set native_port to 0, so that "
                          "HTTP alone is asked");
        return false;
    }
    snprintf(native->version, sizeof native->version, "%u.%u.%u", (unsigned)major,
             (unsigned)minor, (unsigned)patch);
    return true;
}

bool chnative_hello(struct chnative *native, const char *user, const char *password,
                    const char *database, struct error *error)
{
    struct chwire *wire = &native->wire;
    wire->during = "its hello";
    chwire_add_number(wire, ASK_HELLO);
    chwire_add_text(wire, PACKAGE_NAME);
    chwire_add_number(wire, 1); /* our version, which no server minds */
    chwire_add_number(wire, 0);
    chwire_add_number(wire, CHNATIVE_REVISION);
    chwire_add_text(wire, database);
    chwire_add_text(wire, user);
    chwire_add_text(wire, password ? password : "");
    bool done = chwire_send(wire, error) && read_hello(native, error);
    native->broken = !done;
    return done;
}

void chnative_add_ping(struct chnative *native)
{
    chwire_add_number(&native->wire, ASK_PING);
}

static void add_client_info(struct chnative *native)
{
    struct chwire *wire = &native->wire;
    chwire_add_byte(wire, FIRST_HAND);
    chwire_add_text(wire, ""); /* initial user, query, address */
    chwire_add_text(wire, "");
    chwire_add_text(wire, "0.0.0.0:0");
    chwire_add_byte(wire, FROM_TCP);
    chwire_add_text(wire, ""); /* user and name of this machine */
    chwire_add_text(wire, "");
    chwire_add_text(wire, PACKAGE_NAME);
    chwire_add_number(wire, 1);
    chwire_add_number(wire, 0);
    chwire_add_number(wire, CHNATIVE_REVISION);
    if (speaks(native, SINCE_QUOTA_KEY)) {
        chwire_add_text(wire, "");
    }
    if (speaks(native, SINCE_PATCH)) {
        chwire_add_number(wire, 0);
    }
}

static void add_empty_block(struct chwire *wire)
{
    chwire_add_number(wire, ASK_DATA);
    chwire_add_text(wire, ""); /* name of a temporary table */
    chwire_add_number(wire, BLOCK_OVERFLOWS);
    chwire_add_byte(wire, 0);
    chwire_add_number(wire, BLOCK_BUCKET);
    for (int i = 0; i < 4; i++) { /* -1, as int32 */
        chwire_add_byte(wire, 0xff);
    }
    chwire_add_number(wire, BLOCK_END);
    chwire_add_number(wire, 0); /* columns, rows */
    chwire_add_number(wire, 0);
}

void chnative_add_query(struct chnative *native, const char *statement)
{
    struct chwire *wire = &native->wire;
    chwire_add_number(wire, ASK_QUERY);
    chwire_add_text(wire, ""); /* the server names it */
    add_client_info(native);
    chwire_add_text(wire, ""); /* end of the settings */
    chwire_add_number(wire, COMPLETE);
    chwire_add_number(wire, PLAIN);
    chwire_add_text(wire, statement);
    add_empty_block(wire);
}

bool chnative_send(struct chnative *native, struct error *error)
{
    bool done = chwire_send(&native->wire, error);
    native->broken = native->broken || !done;
    return done;
}

bool chnative_pong(struct chnative *native, struct error *error)
{
    uint64_t kind = 0;
    native->wire.during = "a pong";
    native->code = 0;
    native->broken = true;
    if (!chwire_number(&native->wire, &kind, error)) {
        return false;
    }
    if (kind == SAY_EXCEPTION) {
        return take_exception(native, error);
    }
    if (kind != SAY_PONG) {
        return chwire_refuse(&native->wire, error);
    }
    native->broken = false;
    return true;
}

static bool take_values(struct chnative *native, const char *type, uint64_t rows,
                        struct buf *lines, struct error *error)
{
    bool text = strcmp(type, "String") == 0;
    if (!text && strcmp(type, "UInt8") != 0) {
        return chwire_refuse(&native->wire, error);
    }
    for (uint64_t i = 0; i < rows; i++) {
        unsigned char number = 0;
        if (text ? !chwire_text(&native->wire, lines, error)
                 : !chwire_bytes(&native->wire, &number, 1, error)) {
            return false;
        }
        if (text) {
            buf_text(lines, "\n");
        } else {
            buf_format(lines, "%u\n", (unsigned)number);
        }
    }
    return true;
}

static bool skip_block_info(struct chnative *native, struct error *error)
{
    for (int i = 0; i < 3; i++) {
        char value[4];
        uint64_t field = 0;
        if (!chwire_number(&native->wire, &field, error)) {
            return false;
        }
        if (field == BLOCK_END) {
            return true;
        }
        if (field > BLOCK_BUCKET) {
            break;
        }
        if (!chwire_bytes(&native->wire, value, field == BLOCK_OVERFLOWS ? 1 : 4,
                          error)) {
            return false;
        }
    }
    return chwire_refuse(&native->wire, error);
}

static bool take_block(struct chnative *native, struct buf *lines, struct error *error)
{
    struct chwire *wire = &native->wire;
    uint64_t columns = 0, rows = 0;
    char type[64];
    if (!chwire_text(wire, NULL, error) || !skip_block_info(native, error) ||
        !chwire_number(wire, &columns, error) || !chwire_number(wire, &rows, error)) {
        return false;
    }
    if (columns > 1 || rows > CHNATIVE_ROWS || (rows && !columns)) {
        return chwire_refuse(wire, error);
    }
    return !columns || (chwire_text(wire, NULL, error) &&
                        take_text(native, type, sizeof type, error) &&
                        take_values(native, type, rows, lines, error));
}

static bool skip_numbers(struct chnative *native, int count, struct error *error)
{
    uint64_t value = 0;
    while (count > 0 && chwire_number(&native->wire, &value, error)) {
        count--;
    }
    return count == 0;
}

/* Rows, blocks and bytes; whether a limit applied; rows before it; whether those were
 * counted. */
static bool skip_profile(struct chnative *native, struct error *error)
{
    char flag;
    return skip_numbers(native, 3, error) &&
           chwire_bytes(&native->wire, &flag, 1, error) &&
           skip_numbers(native, 1, error) && chwire_bytes(&native->wire, &flag, 1, error);
}

static bool take_packet(struct chnative *native, uint64_t kind, struct buf *lines,
                        struct error *error)
{
    switch (kind) {
    case SAY_DATA:
    case SAY_TOTALS:
    case SAY_EXTREMES:
        return take_block(native, lines, error);
    case SAY_EXCEPTION:
        return take_exception(native, error);
    case SAY_PROGRESS: /* rows, bytes, rows in all */
        return skip_numbers(native, 3, error);
    case SAY_PROFILE:
        return skip_profile(native, error);
    default:
        return chwire_refuse(&native->wire, error);
    }
}

bool chnative_rows(struct chnative *native, struct buf *lines, struct error *error)
{
    native->wire.during = "the result of a query";
    native->code = 0;
    native->broken = true;
    for (;;) {
        uint64_t kind = 0;
        if (!chwire_number(&native->wire, &kind, error)) {
            return false;
        }
        if (kind == SAY_END) {
            native->broken = false;
            return true;
        }
        if (!take_packet(native, kind, lines, error)) {
            return false;
        }
    }
}

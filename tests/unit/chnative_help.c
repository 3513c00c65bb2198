#include "tests/unit/chnative_help.h"

#include <string.h>

static void add_number(struct buf *out, size_t value)
{
    for (; value >= 0x80; value >>= 7) {
        unsigned char byte = (unsigned char)((value & 0x7f) | 0x80);
        buf_add(out, &byte, 1);
    }
    unsigned char last = (unsigned char)value;
    buf_add(out, &last, 1);
}

static void add_text(struct buf *out, const char *text, size_t length)
{
    add_number(out, length);
    buf_add(out, text, length);
}

void add_answer(struct buf *out, const char *lines)
{
    size_t rows = 0;
    for (const char *at = lines; (at = strchr(at, '\n')); at++) {
        rows++;
    }
    buf_add(out, HEAD, sizeof HEAD - 1);
    buf_add(out, "\x01\x00" INFO, sizeof INFO + 1);
    add_number(out, 1);
    add_number(out, rows);
    add_text(out, "line", 4);
    add_text(out, "String", 6);
    for (const char *at = lines; *at; at += strcspn(at, "\n") + 1) {
        add_text(out, at, strcspn(at, "\n"));
    }
    buf_add(out, PROFILE PROGRESS END, sizeof(PROFILE PROGRESS END) - 1);
}

void add_exception(struct buf *out, int code, const char *text)
{
    const char bytes[5] = {2, (char)(code & 0xff), (char)(code >> 8 & 0xff), 0, 0};
    buf_add(out, bytes, sizeof bytes);
    add_text(out, "DB::Exception", 13);
    add_text(out, text, strlen(text));
    add_text(out, "0. a stack trace", 16);
    buf_add(out, "\0", 1);
}

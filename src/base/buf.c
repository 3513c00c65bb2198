#include "base/buf.h"

#include "base/mem.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void buf_init(struct buf *buf, size_t cap)
{
    *buf = (struct buf){.cap = cap};
}

void buf_init_secret(struct buf *buf, size_t cap)
{
    *buf = (struct buf){.cap = cap, .secret = true};
}

static void release(struct buf *buf)
{
    if (buf->secret) {
        mem_cleanse(buf->data);
    } else {
        free(buf->data);
    }
}

void buf_finish(struct buf *buf)
{
    if (buf) {
        release(buf);
        *buf = (struct buf){.cap = buf->cap, .secret = buf->secret};
    }
}

static void grow(struct buf *buf, size_t wanted)
{
    if (wanted + 1 <= buf->room) {
        return;
    }
    size_t room = buf->room ? buf->room : 64;
    while (room < wanted + 1) {
        room *= 2;
    }
    if (buf->secret) { /* realloc() would leave a copy behind */
        char *data = mem_alloc(room);
        if (buf->length) {
            memcpy(data, buf->data, buf->length);
        }
        release(buf);
        buf->data = data;
    } else {
        buf->data = mem_resize(buf->data, room);
    }
    buf->room = room;
}

bool buf_add(struct buf *buf, const void *data, size_t length)
{
    bool fits = true;
    if (buf->cap && length > buf->cap - buf->length) {
        length = buf->cap - buf->length;
        fits = false;
    }
    grow(buf, buf->length + length);
    if (length) {
        memcpy(buf->data + buf->length, data, length);
    }
    buf->length += length;
    buf->data[buf->length] = '\0';
    return fits;
}

bool buf_text(struct buf *buf, const char *text)
{
    return buf_add(buf, text, strlen(text));
}

bool buf_format(struct buf *buf, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    char *text = mem_format_list(format, args);
    va_end(args);
    bool fits = buf_text(buf, text);
    if (buf->secret) {
        mem_cleanse(text);
    } else {
        free(text);
    }
    return fits;
}

void buf_clear(struct buf *buf)
{
    buf->length = 0;
    if (buf->data) {
        buf->data[0] = '\0';
    }
}

void buf_drop(struct buf *buf, size_t length)
{
    if (length >= buf->length) {
        buf_clear(buf);
        return;
    }
    memmove(buf->data, buf->data + length, buf->length - length + 1);
    buf->length -= length;
}

const char *buf_string(const struct buf *buf)
{
    return buf->data ? buf->data : "";
}

char *buf_take(struct buf *buf)
{
    char *data = buf->data ? buf->data : mem_alloc(1);
    *buf = (struct buf){.cap = buf->cap, .secret = buf->secret};
    return data;
}

#include "base/mem.h"

#include <malloc.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void (*restore_hook)(void);

void panic_hook(void (*restore)(void))
{
    restore_hook = restore;
}

void panic(const char *format, ...)
{
    if (restore_hook) {
        restore_hook();
    }
    va_list args;
    va_start(args, format);
    fputs("greenboard: ", stderr);
    vfprintf(stderr, format, args);
    fputc('\n', stderr);
    va_end(args);
    abort();
}

void *mem_alloc(size_t size)
{
    void *memory = calloc(1, size ? size : 1);
    if (!memory) {
        panic("out of memory (%zu bytes)", size);
    }
    return memory;
}

void *mem_resize(void *old, size_t size)
{
    void *memory = realloc(old, size ? size : 1);
    if (!memory) {
        panic("out of memory (%zu bytes)", size);
    }
    return memory;
}

void mem_cleanse(void *memory)
{
    if (memory) {
        explicit_bzero(memory, malloc_usable_size(memory));
        free(memory);
    }
}

char *mem_text(const char *text)
{
    return text ? mem_bytes(text, strlen(text)) : NULL;
}

char *mem_bytes(const char *data, size_t length)
{
    char *copy = mem_alloc(length + 1);
    if (length) {
        memcpy(copy, data, length);
    }
    return copy;
}

char *mem_format_list(const char *format, va_list args)
{
    char *text = NULL;
    if (vasprintf(&text, format, args) < 0) {
        panic("out of memory (formatting)");
    }
    return text;
}

char *mem_format(const char *format, ...)
{
    va_list args;
    va_start(args, format);
    char *text = mem_format_list(format, args);
    va_end(args);
    return text;
}

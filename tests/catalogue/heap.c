#include "tests/catalogue/heap.h"

#include <malloc.h>
#include <stdatomic.h>
#include <stdlib.h>

#if defined(__GLIBC__) && !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
#define COUNTED true

void *__libc_malloc(size_t size);
void *__libc_calloc(size_t count, size_t size);
void *__libc_realloc(void *memory, size_t size);
void __libc_free(void *memory);

static atomic_long held, most;

static void count(long bytes)
{
    long now = atomic_fetch_add(&held, bytes) + bytes, before = atomic_load(&most);
    while (now > before && !atomic_compare_exchange_weak(&most, &before, now)) {
    }
}

/* These definitions come before the C library's, for shared libraries too. */
void *malloc(size_t size)
{
    void *memory = __libc_malloc(size);
    count((long)malloc_usable_size(memory));
    return memory;
}

void *calloc(size_t count_, size_t size)
{
    void *memory = __libc_calloc(count_, size);
    count((long)malloc_usable_size(memory));
    return memory;
}

/* Both are held while one is copied into the other. */
void *realloc(void *memory, size_t size)
{
    long before = (long)malloc_usable_size(memory);
    void *grown = __libc_realloc(memory, size);
    if (grown || size == 0) {
        count((long)malloc_usable_size(grown));
        count(-before);
    }
    return grown;
}

void free(void *memory)
{
    count(-(long)malloc_usable_size(memory));
    __libc_free(memory);
}
#else
#define COUNTED false

static atomic_long held, most;
#endif

static long marked;

bool heap_counted(void)
{
    return COUNTED;
}

void heap_mark(void)
{
    marked = atomic_load(&held);
    atomic_store(&most, marked);
}

size_t heap_peak(void)
{
    long peak = atomic_load(&most) - marked;
    return peak > 0 ? (size_t)peak : 0;
}

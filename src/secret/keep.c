#include "secret/keep.h"

#include "base/mem.h"

#include <openssl/crypto.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

enum { HEAP_SIZE = 1024 * 1024, HEAP_LEAST = 32 };

struct secret {
    atomic_int references;
    size_t length;
    char *data;
};

static bool locked;

void keep_begin(void)
{
    /* 1: locked; 2: there, but mlock(2) refused. */
    locked = CRYPTO_secure_malloc_init(HEAP_SIZE, HEAP_LEAST) == 1;
}

bool keep_locked(void)
{
    return locked;
}

struct secret *secret_create(const void *data, size_t length, struct error *error)
{
    char *room = length <= SECRET_MAX ? OPENSSL_secure_malloc(length + 1) : NULL;
    if (!room) {
        error_set(error, ERROR_LIMIT, "no room to keep a secret of %zu bytes", length);
        error_hint(error, "a secret has at most %d bytes", SECRET_MAX);
        return NULL;
    }
    memcpy(room, data, length);
    room[length] = '\0';
    struct secret *secret = mem_alloc(sizeof *secret);
    atomic_init(&secret->references, 1);
    secret->length = length;
    secret->data = room;
    return secret;
}

struct secret *secret_ref(struct secret *secret)
{
    if (secret) {
        atomic_fetch_add(&secret->references, 1);
    }
    return secret;
}

void secret_unref(struct secret *secret)
{
    if (secret && atomic_fetch_sub(&secret->references, 1) == 1) {
        OPENSSL_secure_clear_free(secret->data, secret->length + 1);
        free(secret);
    }
}

const char *secret_data(const struct secret *secret)
{
    return secret->data;
}

size_t secret_length(const struct secret *secret)
{
    return secret->length;
}

bool secret_equal(const struct secret *a, const struct secret *b)
{
    return a->length == b->length && CRYPTO_memcmp(a->data, b->data, a->length) == 0;
}

char *keep_derived(const void *data, size_t length)
{
    bool roomy = CRYPTO_secure_malloc_initialized() &&
                 CRYPTO_secure_used() + length < HEAP_SIZE / 2;
    char *room = roomy ? OPENSSL_secure_malloc(length + 1) : NULL;
    room = room ? room : OPENSSL_malloc(length + 1);
    if (!room) {
        panic("out of memory (%zu bytes)", length);
    }
    memcpy(room, data, length);
    room[length] = '\0';
    return room;
}

void keep_release(char *data, size_t length)
{
    OPENSSL_secure_clear_free(data, length + 1); /* knows which heap it is from */
}

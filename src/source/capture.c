#include "source/capture.h"

#include "base/json.h"
#include "base/mem.h"
#include "source/source.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct captured {
    char *name;
    struct secret *secret;
    struct captured *next;
};

static pthread_mutex_t guard = PTHREAD_MUTEX_INITIALIZER;
static struct captured *captured;

static struct captured *find_locked(const char *name)
{
    struct captured *entry = captured;
    while (entry && strcmp(entry->name, name) != 0) {
        entry = entry->next;
    }
    return entry;
}

void capture_put(const char *name, struct secret *secret)
{
    pthread_mutex_lock(&guard);
    struct captured *entry = find_locked(name);
    if (!entry) {
        entry = mem_alloc(sizeof *entry);
        entry->name = mem_text(name);
        entry->next = captured;
        captured = entry;
    }
    secret_unref(entry->secret);
    entry->secret = secret_ref(secret);
    pthread_mutex_unlock(&guard);
}

/* The kernel shows the block that we were started with, in which a name may stand
 * twice. */
static void overwrite(const char *name)
{
    size_t length = strlen(name);
    for (char **entry = environ; *entry; entry++) {
        if (strncmp(*entry, name, length) == 0 && (*entry)[length] == '=') {
            char *value = *entry + length + 1;
            explicit_bzero(value, strlen(value));
        }
    }
}

bool capture_take(const char *name, struct error *error)
{
    char *value = getenv(name);
    if (!value) {
        return true;
    }
    struct secret *secret = secret_create(value, strlen(value), error);
    if (!secret) {
        return false;
    }
    capture_put(name, secret);
    secret_unref(secret);
    overwrite(name);
    unsetenv(name);
    return true;
}

static bool take_one(const json_t *source, struct error *error)
{
    const char *name = json_get_text(source, "env");
    return !name || capture_take(name, error);
}

bool capture_take_source(const json_t *source, struct error *error)
{
    bool done = take_one(source, error);
    for (size_t i = 0; done && i < json_array_size(source); i++) {
        done = take_one(json_array_get(source, i), error);
    }
    return done;
}

struct secret *capture_find(const char *name)
{
    pthread_mutex_lock(&guard);
    struct captured *entry = find_locked(name);
    struct secret *secret = entry ? secret_ref(entry->secret) : NULL;
    pthread_mutex_unlock(&guard);
    return secret;
}

void capture_each(void (*each)(void *self, const char *name, struct secret *secret),
                  void *self)
{
    pthread_mutex_lock(&guard);
    for (struct captured *entry = captured; entry; entry = entry->next) {
        each(self, entry->name, entry->secret);
    }
    pthread_mutex_unlock(&guard);
}

void capture_finish(void)
{
    pthread_mutex_lock(&guard);
    while (captured) {
        struct captured *next = captured->next;
        secret_unref(captured->secret);
        free(captured->name);
        free(captured);
        captured = next;
    }
    pthread_mutex_unlock(&guard);
}

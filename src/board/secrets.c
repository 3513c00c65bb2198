#include "board/secrets.h"

#include "base/mem.h"
#include "base/thread.h"
#include "secret/mask.h"
#include "source/capture.h"
#include "source/gcp_memo.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

struct entry {
    char *identity;
    struct resolved resolved;
};

struct secrets {
    atomic_int references;
    struct entry *entries;
    size_t count;
};

struct collection {
    const json_t **sources;
    size_t count;
};

static void collect(void *self, const json_t *source)
{
    struct collection *all = self;
    for (size_t i = 0; i < all->count; i++) {
        if (json_equal(all->sources[i], source)) {
            return;
        }
    }
    all->sources = mem_resize(all->sources, (all->count + 1) * sizeof *all->sources);
    all->sources[all->count++] = source;
}

const json_t **secrets_sources(const struct environment *environment, size_t *count)
{
    struct collection all = {0};
    config_sources(environment, collect, &all);
    *count = all.count;
    return all.sources;
}

struct secrets *secrets_create(const json_t *const *sources,
                               struct resolved *take_resolved, size_t count)
{
    struct secrets *secrets = mem_alloc(sizeof *secrets);
    atomic_init(&secrets->references, 1);
    secrets->entries = mem_alloc(count * sizeof *secrets->entries);
    secrets->count = count;
    for (size_t i = 0; i < count; i++) {
        secrets->entries[i].identity = source_identity(sources[i]);
        secrets->entries[i].resolved = take_resolved[i];
        take_resolved[i] = (struct resolved){0};
    }
    return secrets;
}

struct asked {
    const json_t *source;
    struct source_context context;
    struct resolved resolved;
    bool threaded;
    pthread_t thread;
};

static void *resolve_one(void *self)
{
    struct asked *asked = self;
    source_resolve(asked->source, &asked->context, &asked->resolved);
    return NULL;
}

struct secrets *secrets_resolve(const struct environment *environment, int64_t deadline)
{
    size_t count = 0;
    const json_t **sources = secrets_sources(environment, &count);
    struct asked *asked = mem_alloc((count + 1) * sizeof *asked);
    struct resolved *resolved = mem_alloc((count + 1) * sizeof *resolved);
    struct gcp_memo *memo = gcp_memo_create();
    for (size_t i = 0; i < count; i++) {
        asked[i].source = sources[i];
        asked[i].context =
            (struct source_context){environment->directory, deadline, NULL, memo};
        asked[i].threaded = thread_start(&asked[i].thread, resolve_one, &asked[i]) == 0;
        if (!asked[i].threaded) {
            resolve_one(&asked[i]);
        }
    }
    for (size_t i = 0; i < count; i++) {
        if (asked[i].threaded) {
            pthread_join(asked[i].thread, NULL);
        }
        resolved[i] = asked[i].resolved;
    }
    struct secrets *secrets = secrets_create(sources, resolved, count);
    gcp_memo_unref(memo);
    free(resolved);
    free(asked);
    free(sources);
    return secrets;
}

struct secrets *secrets_ref(const struct secrets *secrets)
{
    struct secrets *mine = (struct secrets *)(uintptr_t)secrets;
    if (mine) {
        atomic_fetch_add(&mine->references, 1);
    }
    return mine;
}

void secrets_unref(const struct secrets *secrets)
{
    struct secrets *mine = (struct secrets *)(uintptr_t)secrets;
    if (!mine || atomic_fetch_sub(&mine->references, 1) != 1) {
        return;
    }
    for (size_t i = 0; i < mine->count; i++) {
        free(mine->entries[i].identity);
        resolved_finish(&mine->entries[i].resolved);
    }
    free(mine->entries);
    free(mine);
}

const struct resolved *secrets_find(const struct secrets *secrets, const json_t *source)
{
    if (!secrets || !source) {
        return NULL;
    }
    char *identity = source_identity(source);
    const struct resolved *found = NULL;
    for (size_t i = 0; !found && i < secrets->count; i++) {
        if (strcmp(secrets->entries[i].identity, identity) == 0) {
            found = &secrets->entries[i].resolved;
        }
    }
    free(identity);
    return found;
}

const struct resolved *secrets_at(const struct secrets *secrets, size_t index,
                                  const char **identity)
{
    if (!secrets || index >= secrets->count) {
        return NULL;
    }
    *identity = secrets->entries[index].identity;
    return &secrets->entries[index].resolved;
}

struct handles {
    struct secret **rows;
    size_t count;
};

static void add_handle(void *self, const char *name, struct secret *secret)
{
    (void)name;
    struct handles *all = self;
    all->rows = mem_resize(all->rows, (all->count + 1) * sizeof(struct secret *));
    all->rows[all->count++] = secret_ref(secret);
}

/* A variable may be taken and yet not be needed, where another source came before it; the
 * command may be given it back all the same, and print it. */
void secrets_publish(const struct secrets *secrets)
{
    struct handles all = {0};
    capture_each(add_handle, &all);
    for (size_t i = 0; i < secrets->count; i++) {
        if (secrets->entries[i].resolved.state == SOURCE_FOUND) {
            add_handle(&all, NULL, secrets->entries[i].resolved.secret);
        }
    }
    mask_publish(all.rows, all.count);
    for (size_t i = 0; i < all.count; i++) {
        secret_unref(all.rows[i]);
    }
    free(all.rows);
}

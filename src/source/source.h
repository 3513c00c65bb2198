/* Where a secret comes from: an object of the configuration that names a place, resolved
 * to a handle. A list is tried in order: a source that is absent passes on to the next
 * one, one that is present but broken stops there, since a silent fall-through is how
 * wrong secrets ship.
 *
 * The kinds are THE table in source.c: validation, schema and manual read it.
 * source_resolve() blocks, and belongs on a worker; the rest is for any thread. */
#ifndef GREENBOARD_SOURCE_SOURCE_H
#define GREENBOARD_SOURCE_SOURCE_H

#include "base/error.h"
#include "secret/keep.h"

#include <jansson.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

struct gcp_memo;
struct source_context {
    /* of the configuration: relative paths and commands start here */
    const char *directory;
    int64_t deadline;
    const atomic_bool *cancelled; /* or NULL */
    /* of the resolution that this is a part of, borrowed; NULL: what is asked is asked */
    struct gcp_memo *memo;
};

enum source_state { SOURCE_FOUND, SOURCE_ABSENT, SOURCE_BROKEN };

struct resolved {
    enum source_state state;
    struct secret *secret; /* where found */
    char *label;   /* "file /run/secrets/jwt", "environment JWT_SECRET_KEY"; never NULL */
    char *version; /* what the place calls this version, or NULL */
    /* what Secret Manager calls the secret, by the number of its project:
     * "projects/42/secrets/jwt"; NULL: it is kept elsewhere */
    char *vault;
    int64_t created; /* ms since 1970 of that version, 0: the place does not tell */
    char *tried; /* "file a: not there; environment B: not set": each one passed over */
    struct error error; /* where not found */
    /* Found, but who is given it may still run with another value: why, and what to do;
     * ERROR_NONE: no reason to think so. */
    struct error doubt;
};

struct source_kind {
    const char *name; /* the key that tells the kind */
    const char *help;
    bool wants_argv; /* its value is an argument vector, else a non-empty string */
    const char *const *needs; /* further keys that must be there, NULL-terminated */
    const char *const *takes; /* further keys that may be */
    bool (*fits)(const json_t *source,
                 struct error *error); /* or NULL: what else it must be */
    void (*resolve)(const json_t *source, const struct source_context *context,
                    struct resolved *out);
};

extern const struct source_kind *const source_kinds[]; /* NULL-terminated */

/* The kind of an object with exactly a source's keys, else NULL. */
const struct source_kind *source_kind(const json_t *value);

/* One source or a non-empty list of them; says what is wrong with it otherwise. */
bool source_validate(const json_t *value, struct error *error);

/* Two sources are the same job where this text is the same; the caller frees. */
char *source_identity(const json_t *value);

/* `out` is the caller's, and finished with resolved_finish(). */
void source_resolve(const json_t *value, const struct source_context *context,
                    struct resolved *out);
void resolved_finish(struct resolved *resolved);

/* Calls back with each source (or list of them) anywhere below `value`. */
void source_walk(const json_t *value, void (*found)(void *self, const json_t *source),
                 void *self);

/* For the kinds: set the outcome. The label is taken over. */
void resolved_found(struct resolved *out, const void *data, size_t length);
void resolved_absent(struct resolved *out, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
void resolved_broken(struct resolved *out, enum error_code code, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

#endif

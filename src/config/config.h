/* The configuration: one file, many environments, each immutable once loaded.
 *
 * THE field table (fields.h) says of every key its type, default, bounds and help;
 * validation, defaults, dump, JSON Schema and the manual page read it. An environment is
 * handed out with `defaults` merged below it and every field's default filled in, so that
 * who reads a section finds each value there, of the right type. Loading is for the main
 * thread; an environment is counted and, being immutable, read by any thread. */
#ifndef GREENBOARD_CONFIG_CONFIG_H
#define GREENBOARD_CONFIG_CONFIG_H

#include "base/digest.h"
#include "base/error.h"

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum env_class {
    CLASS_DEVELOPMENT,
    CLASS_TEST,
    CLASS_STAGING,
    CLASS_PRODUCTION,
    CLASS_COUNT
};
extern const char *const env_class_words[CLASS_COUNT];
bool env_class_demands(enum env_class env_class); /* staging and production */

struct environment {
    const char *system;
    const char *name;
    enum env_class env_class;
    const char *file;        /* absolute path of greenboard.json */
    const char *directory;   /* of that file: commands and relative paths start here */
    char digest[DIGEST_HEX]; /* SHA-256 of the file's bytes */
    const json_t *root;      /* the environment, merged and filled in */
    const json_t *not_used;  /* object of section: reason, or NULL */
    int references;          /* atomic; environment_ref() and _unref() */
};

struct environment *environment_ref(const struct environment *environment);
void environment_unref(const struct environment *environment);

/* One thing that is wrong with a file. `line` is 0 where no line is to blame. */
struct problem {
    char *path; /* environments.staging.redis.port, or "" */
    int line;
    char *message; /* "unknown key \"pasword\"" */
    char *hint;    /* "did you mean \"password\"?" or what to write, or "" */
};

struct config {
    char *file;
    char *system;
    char digest[DIGEST_HEX];
    struct environment **environments; /* in the order of the file */
    size_t count;
    struct problem *problems; /* in the order of the file; none: it is usable */
    size_t problem_count;
    size_t problem_more; /* found beyond those kept */
    struct error error;  /* where the file could not be read or is no JSON at all */
};

/* Never NULL. Usable where config_usable(); otherwise it says everything that is wrong at
 * once. */
struct config *config_load(const char *path);
bool config_usable(const struct config *config);
void config_destroy(struct config *config);
/* lines "FILE:LINE: PATH: MESSAGE (HINT)" */
char *config_complaint(const struct config *config);

/* By name; NULL name: the only one. NULL with an error that lists the names there are.
 * Borrowed. */
const struct environment *config_environment(const struct config *config,
                                             const char *name, struct error *error);

/* Values of a section that is known to be there; a key that is not in it is a
 * programmer's error. `section` NULL gives NULL, 0 and false. */
int64_t config_span(const json_t *section, const char *key); /* nanoseconds */
int64_t config_integer(const json_t *section, const char *key);
double config_number(const json_t *section, const char *key);
bool config_bool(const json_t *section, const char *key);
const char *config_text(const json_t *section, const char *key); /* NULL where not set */
const json_t *config_section(const struct environment *environment, const char *pointer);

/* Calls back with each source of a secret (or list of them) that the field table says is
 * one. Only this finds them: by its looks alone the command of `release` or `rollback` is
 * a source too. */
void config_sources(const struct environment *environment,
                    void (*found)(void *self, const json_t *source), void *self);

#endif

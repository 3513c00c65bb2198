/* A small system to ask: an auth service and a backend on loopback ports, in the shape of
 * the one that the checks were written for, and an environment that names them. Each test
 * sets what they do before it asks; the services answer on threads of their own, one
 * request at a time. */
#ifndef GREENBOARD_TESTS_NETRA_H
#define GREENBOARD_TESTS_NETRA_H

#include "board/board.h"
#include "config/config.h"

#include <jansson.h>
#include <stdatomic.h>
#include <stdbool.h>

#define NETRA_SECRET "q7Zk3vX0mT9sLr2YfB8nWc5HdJ1uGp6EaQxRzN4oKiV="
#define NETRA_OTHER  "Yf2kP9wXr7Lm3QzT8vBn5JcHs1DgUe6Ra4KxNoZi0Mt="

struct reply {
    int status;       /* 0: as the service would */
    const char *body; /* NULL: as the service would */
};

struct netra {
    /* What the services do. */
    const char *auth_secret, *backend_secret;
    const char *issuer, *audience;
    const char *email;     /* that the backend recognises */
    int64_t lifetime;      /* of a token, seconds */
    int64_t clock;         /* seconds that auth's clock is ahead */
    bool accepts_anything; /* every token; */
    bool unprotected;      /* and none; */
    bool accepts_none;     /* and those whose header says algorithm "none" */
    bool accepts_expired;
    const char *service_secret; /* that validate wants; NULL: none */
    bool vouches_for_anything;  /* validate does */
    bool opaque;                /* tokens are no JWT */
    unsigned spares, rejects;   /* so many logins pass, then so many get 401 */
    struct reply login, user, forged, stranger, validate, metrics;
    char *counters; /* body of /metrics */
    /* What they saw. */
    atomic_uint logins, users, forgeries, strangers, validated;
    /* How they are asked. */
    json_t *root; /* greenboard.json, changed by netra_set() */
    char directory[64];
    struct config *config;
    const struct environment *environment;
    struct board *board;
    void *auth, *backend; /* daemons; NULL: stopped */
    int auth_port, backend_port;
};

struct netra *netra_create(void);
void netra_destroy(struct netra *netra);

/* Replaces (JSON text) or removes (NULL) a value of the environment. */
void netra_set(struct netra *netra, const char *pointer, const char *json);
/* Writes a file beside the configuration: a secret. NULL removes it. */
void netra_write(struct netra *netra, const char *name, const char *text);
void netra_stop(void **daemon); /* &netra->auth */
void netra_count(struct netra *netra, const char *good, const char *total,
                 const char *excluded);

/* Loads what was set, with a new board. */
void netra_load(struct netra *netra);

/* Asks a check and puts the answer on the board, which keeps it. */
const struct result *netra_ask(struct netra *netra, const char *check, bool thorough);

/* Once, around all tests. Then each gets a system of its own, as its state. */
void netra_begin(void);
void netra_end(void);
int netra_set_up(void **state);
int netra_tear_down(void **state);
#define NETRA_TEST(name)                                                                 \
    cmocka_unit_test_setup_teardown(name, netra_set_up, netra_tear_down)

/* State and part of the summary; and every answer that is not OK must say what to do. */
void assert_says(const struct result *result, enum state state, const char *words);
void assert_evidence(const struct result *result, const char *key, const char *value);
bool has_note(const struct result *result, const char *words);

#endif

/* The Redis that keeps the lease of an environment: where it is, as whom we ask it, under
 * which keys, and the few scripts that are asked of it.
 *
 * Where that Redis is reached through a tunnel, the coordinator has one of its own, from
 * coordinator_begin() to coordinator_finish(): those of the checks come and go with each
 * round of them, and a lease has to be renewed meanwhile.
 *
 * The caller owns the struct. Opening resolves the password and blocks, as every question
 * does: any thread but the main one of a console, one thread at a time. */
#ifndef GREENBOARD_LOCK_COORDINATOR_H
#define GREENBOARD_LOCK_COORDINATOR_H

#include "config/config.h"
#include "net/redis.h"
#include "net/slots.h"
#include "source/source.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

struct tunnels;

struct coordinator {
    const struct environment *environment; /* a reference */
    struct redis_place place;
    struct resolved password;
    const json_t *section;   /* the Redis's own */
    struct tunnels *tunnels; /* NULL: it is asked from here */
    bool clustered;
    struct nodes nodes; /* what the cluster told last */
    /* behind Sentinels: the section that names them, and who we are to them; else NULL */
    const json_t *sentinels;
    struct redis_place council;
    struct resolved council_password;
    char *host;
    char *name; /* of the lease, for words */
    char *key, *fence_key;
    int64_t ttl; /* ns */
    /* who else may cut a question short, borrowed; NULL: nobody */
    const atomic_bool *cancelled;
};

/* Whether the environment wants a lease at all. */
bool coordinator_wanted(const struct environment *environment);

/* Until when to wait for an answer, from now: longer where a tunnel comes up first. */
int64_t coordinator_deadline(const struct environment *environment, int64_t patience);

/* No connection yet, but its tunnel is started. False: no password, or one that would
 * travel in plain text. Finish it always. `cancelled` (NULL: nobody may) cuts this short,
 * and the questions after. */
bool coordinator_begin(struct coordinator *coordinator,
                       const struct environment *environment, int64_t deadline,
                       const atomic_bool *cancelled, struct error *error);
void coordinator_finish(struct coordinator *coordinator); /* a zeroed one is fine */

/* THE scripts: each is one step for Redis, so that no other client comes between. Their
 * arguments are what stands behind their name; unused ones are "". */
enum coordinator_script {
    SCRIPT_LOOK,  /* → value or nil, ms left */
    SCRIPT_TAKE,  /* value, ms, least fence → fence, or as SCRIPT_LOOK */
    SCRIPT_RENEW, /* value, ms, fence → 1, 2 where it had to be set anew, or another's */
    SCRIPT_RELEASE, /* value → 1, or 0 where it is another's */
    SCRIPT_STEAL,   /* value, value instead → ms left, or 0 where it is another's */
};
redisReply *coordinator_ask(struct coordinator *coordinator,
                            enum coordinator_script script,
                            const char *const arguments[3], int64_t deadline,
                            struct error *error);

#endif

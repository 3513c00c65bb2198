/* Asks the node of a Redis Cluster that serves a key.
 *
 * Which one that is, is asked anew each time, of the configured node, and where that does
 * not tell, of some that the cluster told of before: so a failover is found, also where
 * it was the configured node that died. A redirection is followed to no node that the
 * cluster did not tell of, and a password goes to none where it may not. Blocks; any
 * thread. */
#ifndef GREENBOARD_LOCK_NODE_H
#define GREENBOARD_LOCK_NODE_H

#include "config/config.h"
#include "net/redis.h"
#include "net/slots.h"

#include <stdatomic.h>
#include <stdint.h>

/* Borrowed, all of it. */
struct node_search {
    const struct environment *environment;
    const struct redis_place *place; /* the configured node, and as whom */
    const char *key;
    const atomic_bool *cancelled; /* NULL: nobody cuts it short */
};

/* The reply to one command about the key, as of redis_ask(). `nodes` is what the cluster
 * told last: zeroed at first, kept and finished by the caller. */
redisReply *node_ask(const struct node_search *search, struct nodes *nodes,
                     const char *const *command, int64_t deadline, struct error *error);

#endif

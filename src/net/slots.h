/* The hash slots of a Redis Cluster: which one a key is in, which node serves it, and
 * where a node sends us instead (redis.io/docs/reference/cluster-spec). The check of a
 * cluster and a lease in one go by the same. Pure; the caller owns the structs. */
#ifndef GREENBOARD_NET_SLOTS_H
#define GREENBOARD_NET_SLOTS_H

#include "base/error.h"
#include "net/resp.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* HOPS_MOST: nodes that are asked for one key in turn, as they send us on. */
enum { SLOTS = 16384, HOPS_MOST = 3 };

/* Of a key; of what is between its first braces, where there is something. */
int slot_of(const char *key, size_t length);

struct node {
    char host[256];
    int port;
    int first, last; /* a range of its slots; -1: a replica */
    int slots;       /* how many it serves */
};

struct nodes {
    struct node *rows;
    size_t count, masters;
    int covered;      /* slots that somebody serves */
    uint16_t *owners; /* of each slot: the number of its row, from 1; 0: nobody */
};

/* From the reply to CLUSTER SLOTS; false where it is none. `host` stands for a node that
 * does not know its own. The caller finishes it in any case. */
bool nodes_read(struct nodes *nodes, const redisReply *reply, const char *host);
void nodes_finish(struct nodes *nodes); /* a zeroed one is fine */
const struct node *nodes_find(const struct nodes *nodes, const char *host, int port);
/* NULL: nobody. */
const struct node *nodes_serving(const struct nodes *nodes, int slot);

/* False, with what to do, where the cluster has no name for it. */
bool node_named(const struct node *node, struct error *error);

/* Where a node says that a slot is ("Redirection and resharding"). */
struct redirect {
    bool given, asking; /* asking: for this command alone, after ASKING */
    int slot, port;
    char host[256]; /* may be empty: the host that said it */
};

/* From the text of an error reply; false where it is another error. */
bool redirect_read(const char *text, struct redirect *redirect);

/* Where `from` sends us, which must be a node that the cluster told of; else NULL. `hop`
 * counts those that were asked, from 1: after HOPS_MOST nobody is followed. */
const struct node *nodes_follow(const struct nodes *nodes, const struct node *from,
                                const struct redirect *redirect, int hop,
                                struct error *error);

#endif

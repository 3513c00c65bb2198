/* The hash slots of a Redis Cluster, and which node is told to serve which
 * (redis.io/docs/reference/cluster-spec). Pure. */
#ifndef GREENBOARD_CHECKS_REDIS_SLOT_H
#define GREENBOARD_CHECKS_REDIS_SLOT_H

#include "net/resp.h"

#include <stdbool.h>
#include <stddef.h>

enum { SLOTS = 16384, SLOT_KEY = 96 };

/* Of a key; of what is between its first braces, where there is something. */
int slot_of(const char *key, size_t length);

/* A key of ours that nobody else has, in one of the slots from `first` to `last`. */
void slot_key(char out[SLOT_KEY], int first, int last);

struct node {
    char host[256];
    int port;
    int first, last; /* a range of its slots; -1: a replica */
    int slots;       /* how many it serves */
};

struct nodes {
    struct node *rows;
    size_t count, masters;
    int covered; /* slots that somebody serves */
};

/* From the reply to CLUSTER SLOTS; false where it is none. `host` stands for a node that
 * does not know its own. The caller finishes it in any case. */
bool nodes_read(struct nodes *nodes, const redisReply *reply, const char *host);
void nodes_finish(struct nodes *nodes);
const struct node *nodes_find(const struct nodes *nodes, const char *host, int port);

#endif

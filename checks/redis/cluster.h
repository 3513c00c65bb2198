/* A Redis Cluster (redis.io/docs/reference/cluster-spec): one node is asked for the
 * cluster's own state and for who serves which slots; then every master has to take a key
 * in a slot of its own, all at once. For workers. */
#ifndef GREENBOARD_CHECKS_REDIS_CLUSTER_H
#define GREENBOARD_CHECKS_REDIS_CLUSTER_H

#include "checks/redis/single.h"

/* Beginning at this node; `host` may be the path of its socket. */
void cluster_ask(const struct redis_asking *asking, const char *host, int port);

#endif

/* Where the master is of a Redis behind Sentinels.
 *
 * More than half of those that are configured must name the same one: who was cut off
 * from the others may still name a master that nobody else follows, and a lease taken
 * there excludes nobody. Blocks; any thread. */
#ifndef GREENBOARD_LOCK_MASTER_H
#define GREENBOARD_LOCK_MASTER_H

#include "config/config.h"
#include "net/redis.h"

#include <jansson.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

struct master {
    char host[256];
    int port;
};

/* `redis` is a section of the configuration with `sentinels` and `master`; `council` says
 * as whom they are asked, its host and port do not matter. */
bool master_find(struct master *master, const struct environment *environment,
                 const json_t *redis, const struct redis_place *council, int64_t deadline,
                 const atomic_bool *cancelled, struct error *error);

#endif

/* One question to one Redis, for who has but few: dialled, logged in to, asked, left.
 *
 * A connection for each question: between two of them Redis may have been restarted, and
 * we may have slept. All in one write and one round trip. Blocks until the deadline; any
 * thread but main. */
#ifndef GREENBOARD_NET_REDIS_H
#define GREENBOARD_NET_REDIS_H

#include "base/error.h"
#include "net/resp.h"
#include "net/slots.h"
#include "net/trust.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

/* Which Redis, and as whom; borrowed. */
struct redis_place {
    const char *host; /* or the path of a Unix socket */
    int port;
    struct tls_options tls;
    const char *user, *password; /* NULL: none */
    int64_t database;
    /* what configures it, for words: "staging", "coordination.redis" */
    const char *environment, *section;
    const char *mode;   /* of that section: who named this one; or NULL */
    const char *fields; /* what the names of user and password begin with, or NULL */
};

/* AUTH, where there is something to log in with; true where it is. */
bool redis_add_login(struct resp *resp, const char *user, const char *password);

/* The reply of a Sentinel to get-master-addr-by-name: two texts, host and port (redis.io,
 * "High availability with Redis Sentinel"). False where it is another, also the nil of
 * one that knows no such master. */
bool redis_master(const redisReply *reply, char *host, size_t room, int *port);

/* The reply to one command, freed with freeReplyObject(). NULL with an error where Redis
 * cannot be asked (as dial says) or refuses (ERROR_DENIED, with what to do). */
redisReply *redis_ask(const struct redis_place *place, const char *const *arguments,
                      int64_t deadline, const atomic_bool *cancelled,
                      struct error *error);

/* The same of one node of a Redis Cluster, which may send us elsewhere: then NULL, and
 * `redirect` says where. `asking`: another one sent us here for this command alone. */
redisReply *redis_ask_node(const struct redis_place *place, const char *const *arguments,
                           bool asking, struct redirect *redirect, int64_t deadline,
                           const atomic_bool *cancelled, struct error *error);

#endif

/* The two round trips that every Redis is asked in: who are you, and the proof, which is
 * a key of ours, written, read back, seen to expire, and deleted. For workers. */
#ifndef GREENBOARD_CHECKS_REDIS_PROVE_H
#define GREENBOARD_CHECKS_REDIS_PROVE_H

#include "checks/redis/link.h"

#include <stdint.h>

/* Where a node of a cluster says that a slot is (redis.io/docs/reference/cluster-spec,
 * "Redirection and resharding"). */
struct redirect {
    bool given, asking; /* asking: for this command alone, after ASKING */
    int slot, port;
    char host[256]; /* may be empty: the host that said it */
};

/* The first: logs in, chooses the database, asks PING and INFO. The caller adds what else
 * it asks, sends, hears the answers, then those to its own. `mode` is what is expected to
 * be there. */
void prove_ask_who(struct link *link, int64_t database);
bool prove_hear_who(struct link *link, int64_t database, const char *mode);

/* "Redis 7.0.15", "Valkey 8.1.0", or "" where INFO does not tell. */
void prove_name(const struct link *link, char *out, size_t room);

/* The second, with this key. Where `redirect` is not NULL, being sent elsewhere is no
 * failure: it is filled in, and false returned. `span` is the time that it took. */
bool prove_write(struct link *link, const char *key, bool asking,
                 struct redirect *redirect, int64_t *span);

#endif

/* What every Redis is asked: who are you, and the proof, which is a key of ours, written,
 * read back, seen to expire, and deleted. Both go in one flight, or the proof waits for
 * who it is: the caller says. For workers. */
#ifndef GREENBOARD_CHECKS_REDIS_PROVE_H
#define GREENBOARD_CHECKS_REDIS_PROVE_H

#include "checks/probe.h"
#include "checks/redis/link.h"
#include "net/slots.h"

#include <stdint.h>

/* Logs in, chooses the database, asks PING and INFO. The caller adds what else it asks,
 * sends, hears the answers, then those to its own. `mode` is what is expected to be
 * there. */
void prove_ask_who(struct link *link, int64_t database);
bool prove_hear_who(struct link *link, int64_t database, const char *mode);

/* Says that a Sentinel is asked for data. */
void prove_fail_sentinel(struct link *link);

/* "Redis 7.0.15", "Valkey 8.1.0", or "" where INFO does not tell. */
void prove_name(const struct link *link, char *out, size_t room);

/* The proof with this key, borrowed. Where `redirect` is not NULL, being sent elsewhere
 * is no failure: it is filled in. */
struct proof {
    const char *key;
    bool waits;  /* for all that is asked before it to be answered */
    bool asking; /* ASKING goes before each command */
    struct redirect *redirect;
    char value[PROBE_WORD];
    int64_t span; /* from when it was sent until all of it was answered */
};

/* True where the key may not travel with the login: a refusal could leave it elsewhere
 * than it belongs. */
bool prove_waits(const struct link *link, int64_t database);

/* prove_ask_who(), and the proof where that does not wait. The caller sends, and hears
 * what was asked before the proof. */
void prove_ask(struct link *link, int64_t database, struct proof *proof);
/* The proof that waited, unless something failed, and its answers; true where it is
 * proven. */
bool prove_finish(struct link *link, struct proof *proof);

#endif

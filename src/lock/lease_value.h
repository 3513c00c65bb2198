/* The value of a lease in Redis: an object of JSON with its token and the holder's words.
 * Shared by who looks (lease_view.c) and who holds (lease.c). Any thread. */
#ifndef GREENBOARD_LOCK_LEASE_VALUE_H
#define GREENBOARD_LOCK_LEASE_VALUE_H

#include "lock/lease.h"
#include "net/resp.h"

#define LEASE_ID    17 /* 16 hex digits, for people */
#define LEASE_TOKEN 33

struct lease_words {
    const char *id, *token, *who, *host, *run, *reason, *stolen_by;
    int64_t since; /* ms of wall time */
};

char *lease_value(const struct lease_words *words); /* the caller frees */
void lease_read_value(const char *value, int64_t left_ms, struct lease_view *view);
/* Of SCRIPT_LOOK, and of SCRIPT_TAKE where it is held; frees the reply. */
bool lease_read_reply(redisReply *take_reply, struct lease_view *view,
                      struct error *error);

#endif

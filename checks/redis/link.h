/* One connection to one Redis or Sentinel: dialled, logged in to, and asked in turn. The
 * first thing that goes wrong is told in the result; what follows from it is not. The
 * caller owns the struct, does not move it and closes it always; for one worker. */
#ifndef GREENBOARD_CHECKS_REDIS_LINK_H
#define GREENBOARD_CHECKS_REDIS_LINK_H

#include "board/check.h"
#include "net/refusal.h"
#include "net/resp.h"

#include <stdbool.h>
#include <stdint.h>

/* Who we are to it; borrowed. */
struct login {
    const char *user, *password; /* NULL: none */
    const char *fields;          /* what the names of their fields begin with */
};

struct link {
    const struct job *job;
    struct result *result; /* where it is told; borrowed */
    const struct login *login;
    struct dial dial;
    struct resp resp;
    struct buf info; /* the reply to INFO, where there is one */
    int64_t sent;    /* when, the last time */
    bool alive, failed;
};

/* `host` may be the path of a socket. A password does not travel in plain text to where
 * the configuration does not allow it. */
bool link_open(struct link *link, const struct job *job, const struct login *login,
               struct result *result, const char *host, int port);
void link_close(struct link *link);

/* What goes wrong, in words: of a reply that refuses, of one that no Redis gives. */
void link_fail(struct link *link, const char *remedy, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
void link_refused(struct link *link, const char *command, const char *reply);
void link_odd(struct link *link, const char *command);
struct refused link_refused_of(const struct link *link); /* who was asked */

/* AUTH, where there is something to log in with. */
void link_add_login(struct link *link);
void link_expect_login(struct link *link);

void link_add(struct link *link, const char *const *arguments); /* NULL-terminated */
bool link_send(struct link *link);

/* The next reply, whatever it is; NULL where the connection has ended. */
redisReply *link_receive(struct link *link);
/* The next one where it is of this type, else NULL, which has been told. */
redisReply *link_next(struct link *link, const char *command, int type);
void link_expect_status(struct link *link, const char *command, const char *word);
void link_expect_number(struct link *link, const char *command, long long low,
                        long long high);

#endif

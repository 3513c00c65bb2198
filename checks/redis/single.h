/* One Redis that holds all keys: standalone, or the master that the Sentinels name. For
 * workers. */
#ifndef GREENBOARD_CHECKS_REDIS_SINGLE_H
#define GREENBOARD_CHECKS_REDIS_SINGLE_H

#include "checks/redis/figures.h"
#include "checks/redis/link.h"

/* What each mode of Redis is asked with; borrowed. */
struct redis_asking {
    const struct job *job;
    struct result *result;
    const struct login *login;
    struct counted before;
};

/* Which Redis it is, and that our login is one; `master`: ROLE must confirm that. */
void single_ask(const struct redis_asking *asking, const char *host, int port,
                bool master);

/* One that was asked, and its INFO. */
struct server {
    const char *info; /* borrowed */
    char name[272];   /* for words; "" where there is but one */
};

/* The end of an answer, of one server or of several: the figures, and what those of a
 * good one are held against. */
void single_conclude(const struct redis_asking *asking, const struct server *servers,
                     size_t count);

#endif

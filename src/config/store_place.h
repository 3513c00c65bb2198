/* Where a Redis is, and whether its password may go there. Pure; any thread. */
#ifndef GREENBOARD_CONFIG_STORE_PLACE_H
#define GREENBOARD_CONFIG_STORE_PLACE_H

#include "config/config.h"
#include "net/redis.h"

/* The host of a store's section, or the absolute path of its socket; the caller frees. */
char *store_place(const struct environment *environment, const json_t *store);

/* Whether a password may travel there: encrypted, or where plain text is no risk
 * (config/demand.h). Else the error names the host and the remedy; `path` is that of the
 * store in its environment, "redis". */
bool store_place_trusted(const struct environment *environment, const char *path,
                         const char *place, bool encrypted, struct error *error);

/* The same of a Redis and the password that it is asked with, where there is one. */
bool store_login_trusted(const struct environment *environment,
                         const struct redis_place *redis, struct error *error);

#endif

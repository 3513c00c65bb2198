/* One value for two purposes: where else in the configuration the value of a secret
 * stands. Places are told, never values. Any thread. */
#ifndef GREENBOARD_BOARD_TWIN_H
#define GREENBOARD_BOARD_TWIN_H

#include "board/secrets.h"
#include "config/config.h"

/* Where a source stands in the environment that it is borrowed from: "redis.password".
 * The caller frees. */
char *twin_place(const struct environment *environment, const json_t *source);

/* The first place of another purpose whose source gave the same value, or NULL; the
 * caller frees. All that sign tokens (jwt.canonical, services.NAME.jwt_secret) have one
 * purpose; so have other places that name the same source. */
char *twin_find(const struct environment *environment, const struct secrets *secrets,
                const json_t *source);

#endif

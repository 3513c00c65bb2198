/* From where a data store is asked: what its `via` says, and whether that can be. Pure;
 * any thread. */
#ifndef GREENBOARD_CONFIG_ROUTE_H
#define GREENBOARD_CONFIG_ROUTE_H

#include "base/error.h"

#include <jansson.h>
#include <stdbool.h>

enum route_kind { ROUTE_HERE, ROUTE_TUNNEL, ROUTE_SERVICE };

struct route {
    enum route_kind kind;
    const char *name; /* of the tunnel or service, borrowed from the section; or NULL */
};

/* One whose `via` is absent or none of these is asked from here. */
struct route route_of(const json_t *section);
bool route_valid(const char *via);

/* Whether what `via` of the store names is there and can prove something; else the key of
 * the section that is to blame, with what is wrong. `root` is the merged environment. */
bool route_check(const json_t *root, const char *store, const char **key,
                 struct error *error);

/* Whether the pointer (RFC 6901) mentions the store: a part of it bears its name. */
bool route_mentions(const char *pointer, const char *store);

/* Whether a store is asked through this tunnel. */
bool route_used(const json_t *root, const char *tunnel);

/* Whether a tunnel's command says where it leads by itself, or is told: {remote_port}. */
bool route_told(const json_t *tunnel);

#define ROUTE_PORT        "{port}"
#define ROUTE_HOST        "{host}"
#define ROUTE_REMOTE_PORT "{remote_port}"

#endif

#include "lock/node.h"

#include "base/clock.h"
#include "config/store_place.h"

#include <string.h>

enum { OTHERS_MOST = 3 }; /* who are asked where the configured node does not tell */

/* The place where a node is, where the password may go there. */
static bool place_of(const struct node_search *search, const char *host, int port,
                     struct redis_place *place, struct error *error)
{
    *place = *search->place;
    place->host = host;
    place->port = port;
    return store_login_trusted(search->environment, place, error);
}

/* ---- who serves what ---- */

static bool read_slots(struct nodes *nodes, const redisReply *reply, const char *host,
                       struct error *error)
{
    struct nodes told;
    if (!nodes_read(&told, reply, host[0] == '/' ? "localhost" : host)) {
        nodes_finish(&told);
        error_set(error, ERROR_PROTOCOL, "its reply is none of a Redis Cluster");
        error_hint(error, "see what listens there: a proxy, a stand-in, another service");
        return false;
    }
    nodes_finish(nodes);
    *nodes = told;
    return true;
}

/* Replaces what is known of the nodes. */
static bool tell(const struct node_search *search, const char *host, int port,
                 struct nodes *nodes, int64_t deadline, struct error *error)
{
    static const char *const command[] = {"CLUSTER", "SLOTS", NULL};
    struct redis_place place;
    redisReply *reply =
        place_of(search, host, port, &place, error)
            ? redis_ask(&place, command, deadline, search->cancelled, error)
            : NULL;
    bool told = reply && read_slots(nodes, reply, host, error);
    if (reply) {
        freeReplyObject(reply);
    }
    return told;
}

/* The error is that of the configured node. */
static bool survey(const struct node_search *search, struct nodes *nodes,
                   int64_t deadline, struct error *error)
{
    const struct redis_place *own = search->place;
    size_t others = nodes->count < OTHERS_MOST ? nodes->count : OTHERS_MOST;
    if (tell(search, own->host, own->port, nodes, clock_share(deadline, others + 1),
             error)) {
        return true;
    }
    error_prefix(error, "node %s:%d", own->host, own->port);
    const struct node *known = nodes_find(nodes, own->host, own->port);
    for (size_t i = 0; i < nodes->count && others > 0; i++) {
        struct error unheard;
        struct node other = nodes->rows[i]; /* which tell() replaces */
        if (&nodes->rows[i] != known && tell(search, other.host, other.port, nodes,
                                             clock_share(deadline, others--), &unheard)) {
            return true;
        }
    }
    return false;
}

static const struct node *serving(const struct nodes *nodes, const char *key,
                                  struct error *error)
{
    int slot = slot_of(key, strlen(key));
    const struct node *node = nodes_serving(nodes, slot);
    if (!node) {
        error_set(error, ERROR_DENIED, "no node of the cluster serves slot %d", slot);
        error_hint(error, "assign every slot to a master that is up: redis-cli --cluster "
                          "fix");
    }
    return node;
}

/* ---- asking ---- */

static redisReply *ask_one(const struct node_search *search, const struct node *node,
                           const char *const *command, struct redirect *redirect,
                           int64_t deadline, struct error *error)
{
    struct redis_place place;
    bool asking = redirect->asking;
    *redirect = (struct redirect){0};
    if (!node_named(node, error) ||
        !place_of(search, node->host, node->port, &place, error)) {
        return NULL;
    }
    redisReply *reply = redis_ask_node(&place, command, asking, redirect, deadline,
                                       search->cancelled, error);
    if (!reply && !redirect->given) {
        error_prefix(error, "master %s:%d", node->host, node->port);
    }
    return reply;
}

redisReply *node_ask(const struct node_search *search, struct nodes *nodes,
                     const char *const *command, int64_t deadline, struct error *error)
{
    struct redirect redirect = {0};
    redisReply *reply = NULL;
    const struct node *node = survey(search, nodes, deadline, error)
                                  ? serving(nodes, search->key, error)
                                  : NULL;
    for (int hop = 1; node && !reply; hop++) {
        reply = ask_one(search, node, command, &redirect, deadline, error);
        node = redirect.given ? nodes_follow(nodes, node, &redirect, hop, error) : NULL;
    }
    return reply;
}

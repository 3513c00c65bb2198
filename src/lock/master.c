#include "lock/master.h"

#include "base/clock.h"
#include "base/mem.h"
#include "config/store_place.h"

#include <stdlib.h>
#include <string.h>

static bool read_master(struct master *master, const redisReply *reply, const char *name,
                        struct error *error)
{
    if (reply->type == REDIS_REPLY_NIL) {
        error_set(error, ERROR_DENIED, "there is no master named %s", name);
        error_hint(error, "correct redis.master, or let the Sentinels monitor it");
        return false;
    }
    if (!redis_master(reply, master->host, sizeof master->host, &master->port)) {
        error_set(error, ERROR_PROTOCOL, "its reply is none of a Sentinel");
        error_hint(error, "see what listens there");
        return false;
    }
    return true;
}

static bool ask_one(struct master *master, const struct redis_place *place,
                    const char *name, int64_t deadline, const atomic_bool *cancelled,
                    struct error *error)
{
    const char *const command[] = {"SENTINEL", "get-master-addr-by-name", name, NULL};
    redisReply *reply = redis_ask(place, command, deadline, cancelled, error);
    bool told = reply && read_master(master, reply, name, error);
    if (reply) {
        freeReplyObject(reply);
    }
    if (!told) {
        error_prefix(error, "Sentinel %s:%d", place->host, place->port);
    }
    return told;
}

static size_t votes(const struct master *named, size_t count, const struct master *of)
{
    size_t votes = 0;
    for (size_t i = 0; i < count; i++) {
        votes += named[i].port == of->port && strcmp(named[i].host, of->host) == 0;
    }
    return votes;
}

static bool elect(struct master *master, const struct master *named, size_t told,
                  size_t asked, struct error *error)
{
    size_t best = 0;
    for (size_t i = 0; i < told; i++) {
        size_t have = votes(named, told, &named[i]);
        if (have > best) {
            best = have;
            *master = named[i];
        }
    }
    if (2 * best > asked) {
        return true;
    }
    if (told > 0) {
        error_set(error, ERROR_DENIED,
                  "%zu of %zu Sentinels name one master: more than half must", best,
                  asked);
        error_hint(error, "start those that are missing, or wait until their failover "
                          "has ended");
    }
    return false;
}

bool master_find(struct master *master, const struct environment *environment,
                 const json_t *redis, const struct redis_place *council, int64_t deadline,
                 const atomic_bool *cancelled, struct error *error)
{
    const json_t *list = json_object_get(redis, "sentinels");
    size_t asked = json_array_size(list), told = 0;
    struct master *named = mem_alloc((asked + 1) * sizeof *named);
    for (size_t i = 0; i < asked; i++) {
        const json_t *entry = json_array_get(list, i);
        struct redis_place place = *council;
        place.host = config_text(entry, "host");
        place.port = (int)config_integer(entry, "port");
        told += store_login_trusted(environment, &place, error) &&
                ask_one(&named[told], &place, config_text(redis, "master"),
                        clock_share(deadline, asked - i), cancelled, error);
    }
    bool found = elect(master, named, told, asked, error);
    free(named);
    return found;
}

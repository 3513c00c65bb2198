#include "config/store_place.h"

#include "base/fs.h"
#include "base/mem.h"
#include "config/demand.h"

char *store_place(const struct environment *environment, const json_t *store)
{
    const char *socket = config_text(store, "socket");
    return socket ? fs_within(environment->directory, socket)
                  : mem_text(config_text(store, "host"));
}

bool store_place_trusted(const struct environment *environment, const char *path,
                         const char *place, bool encrypted, struct error *error)
{
    if (encrypted || demand_plain(environment, place)) {
        return true;
    }
    error_set(error, ERROR_CONFIG, "the password would travel in plain text to %s",
              place);
    error_hint(
        error,
        "turn environments.%s.%s.tls on, or list the host in environments.%s.private",
        environment->name, path, environment->name);
    return false;
}

bool store_login_trusted(const struct environment *environment,
                         const struct redis_place *redis, struct error *error)
{
    return !redis->password || store_place_trusted(environment, redis->section,
                                                   redis->host, redis->tls.on, error);
}

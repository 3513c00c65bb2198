#include "lock/coordinator.h"

#include "base/clock.h"
#include "base/mem.h"
#include "base/text.h"
#include "config/route.h"
#include "config/store_place.h"
#include "lock/master.h"
#include "lock/node.h"
#include "secret/mask.h"
#include "tunnel/tunnels.h"

#include <stdlib.h>
#include <string.h>

#define KEY_PREFIX "greenboard:lease:"

/* KEYS: the lease, the fence. A fence never goes back: not where Redis lost the number
 * and a holder, or whoever takes the lease next, still knows a higher one. */
static const char *const scripts[] = {
    [SCRIPT_LOOK] = "return {redis.call('GET', KEYS[1]), redis.call('PTTL', KEYS[1])}",
    [SCRIPT_TAKE] = "local held = redis.call('GET', KEYS[1]) "
                    "if held then return {held, redis.call('PTTL', KEYS[1])} end "
                    "local fence = redis.call('INCR', KEYS[2]) "
                    "if fence < tonumber(ARGV[3]) then "
                    "fence = tonumber(ARGV[3]) redis.call('SET', KEYS[2], ARGV[3]) end "
                    "redis.call('SET', KEYS[1], ARGV[1], 'NX', 'PX', ARGV[2]) "
                    "return fence",
    [SCRIPT_RENEW] =
        "local held = redis.call('GET', KEYS[1]) "
        "if held == ARGV[1] then redis.call('PEXPIRE', KEYS[1], ARGV[2]) return 1 end "
        "if held then return held end "
        "redis.call('SET', KEYS[1], ARGV[1], 'NX', 'PX', ARGV[2]) "
        "if tonumber(redis.call('GET', KEYS[2]) or 0) < tonumber(ARGV[3]) then "
        "redis.call('SET', KEYS[2], ARGV[3]) end "
        "return 2",
    [SCRIPT_RELEASE] = "if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end "
                       "return redis.call('DEL', KEYS[1])",
    [SCRIPT_STEAL] = "if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end "
                     "local left = redis.call('PTTL', KEYS[1]) "
                     "if left < 1 then left = 1 end "
                     "redis.call('SET', KEYS[1], ARGV[2], 'PX', left) "
                     "return left",
};

bool coordinator_wanted(const struct environment *environment)
{
    return config_section(environment, "/coordination") != NULL;
}

static const json_t *section_of(const struct environment *environment)
{
    const json_t *redis =
        json_object_get(config_section(environment, "/coordination"), "redis");
    return json_is_string(redis) ? config_section(environment, "/redis") : redis;
}

int64_t coordinator_deadline(const struct environment *environment, int64_t patience)
{
    struct route route = route_of(section_of(environment));
    if (route.kind == ROUTE_TUNNEL) {
        const json_t *tunnels = config_section(environment, "/tunnels");
        patience += config_span(json_object_get(tunnels, route.name), "within");
    }
    return clock_now() + patience;
}

static void fill_place(struct coordinator *coordinator, const json_t *redis,
                       const char *section)
{
    const struct environment *environment = coordinator->environment;
    coordinator->host = store_place(environment, redis);
    coordinator->place = (struct redis_place){
        .host = coordinator->host,
        .port = (int)config_integer(redis, "port"),
        .tls = tls_options_of(json_object_get(redis, "tls"), environment->directory),
        .user = config_text(redis, "user"),
        .database = config_integer(redis, "database"),
        .environment = environment->name,
        .section = section,
        .mode = config_text(redis, "mode")};
}

static bool read_password(const struct coordinator *coordinator, const json_t *source,
                          int64_t deadline, struct resolved *password,
                          struct redis_place *place, struct error *error)
{
    struct source_context context = {.directory = coordinator->environment->directory,
                                     .deadline = deadline,
                                     .cancelled = coordinator->cancelled};
    if (!source) {
        return true;
    }
    source_resolve(source, &context, password);
    if (password->state != SOURCE_FOUND) {
        *error = password->error;
        error_prefix(error, "no password for the lease");
        return false;
    }
    mask_publish(&password->secret, 1);
    place->password = secret_data(password->secret);
    return true;
}

/* Who the Sentinels know us as: the same TLS, a login of their own. */
static bool begin_council(struct coordinator *coordinator, const json_t *redis,
                          int64_t deadline, struct error *error)
{
    coordinator->sentinels = redis;
    coordinator->council = coordinator->place;
    coordinator->council.user = config_text(redis, "sentinel_user");
    coordinator->council.database = 0;
    coordinator->council.fields = "sentinel_";
    return read_password(coordinator, json_object_get(redis, "sentinel_password"),
                         deadline, &coordinator->council_password, &coordinator->council,
                         error);
}

bool coordinator_begin(struct coordinator *coordinator,
                       const struct environment *environment, int64_t deadline,
                       const atomic_bool *cancelled, struct error *error)
{
    const json_t *section = config_section(environment, "/coordination");
    const json_t *redis = section_of(environment);
    const char *name = config_text(section, "name");
    *coordinator = (struct coordinator){.environment = environment_ref(environment),
                                        .ttl = config_span(section, "ttl"),
                                        .cancelled = cancelled};
    coordinator->name = name
                            ? mem_text(name)
                            : mem_format("%s/%s", environment->system, environment->name);
    /* In braces, so that both keys are in one slot of a cluster. */
    coordinator->key = mem_format(KEY_PREFIX "{%s}", coordinator->name);
    coordinator->fence_key = mem_format(KEY_PREFIX "{%s}:fence", coordinator->name);
    bool own = json_is_string(json_object_get(section, "redis"));
    fill_place(coordinator, redis, own ? "redis" : "coordination.redis");
    coordinator->section = redis;
    coordinator->tunnels = tunnels_create_for(environment, redis);
    coordinator->clustered = text_equal(coordinator->place.mode, "cluster");
    const json_t *source = json_object_get(redis, "password");
    bool behind = text_equal(coordinator->place.mode, "sentinel");
    if (behind && !begin_council(coordinator, redis, deadline, error)) {
        return false;
    }
    /* Where a password may not travel it is not sent, nor read where that is known now.
     */
    const struct redis_place *place = &coordinator->place;
    return (behind || !source ||
            store_place_trusted(environment, place->section, coordinator->host,
                                place->tls.on, error)) &&
           read_password(coordinator, source, deadline, &coordinator->password,
                         &coordinator->place, error);
}

void coordinator_finish(struct coordinator *coordinator)
{
    if (coordinator->environment) {
        environment_unref(coordinator->environment);
        resolved_finish(&coordinator->password);
        resolved_finish(&coordinator->council_password);
    }
    tunnels_destroy(coordinator->tunnels);
    nodes_finish(&coordinator->nodes);
    free(coordinator->host);
    free(coordinator->name);
    free(coordinator->key);
    free(coordinator->fence_key);
    *coordinator = (struct coordinator){0};
}

/* What is said of Redis in general is not always what a lease needs. */
static void hint_lease(const struct coordinator *coordinator, struct error *error)
{
    static const char grant[] =
        "grant the user ~" KEY_PREFIX "* +eval +get +set +del +incr +pttl +pexpire";
    if (coordinator->clustered && strstr(error->message, ": NOPERM")) {
        error_hint(error, "%s +asking +cluster|slots", grant);
    } else if (text_starts(error->message, "NOPERM")) {
        error_hint(error, "%s", grant);
    }
}

static redisReply *ask_cluster(struct coordinator *coordinator,
                               const char *const *command, int64_t deadline,
                               struct error *error)
{
    const struct node_search search = {.environment = coordinator->environment,
                                       .place = &coordinator->place,
                                       .key = coordinator->key,
                                       .cancelled = coordinator->cancelled};
    return node_ask(&search, &coordinator->nodes, command, deadline, error);
}

/* The one server, at the end of its tunnel where it has one, or the master. */
static redisReply *ask_server(const struct coordinator *coordinator,
                              const char *const *command, int64_t deadline,
                              struct error *error)
{
    struct redis_place place = coordinator->place;
    struct master master = {0};
    if (coordinator->tunnels) {
        place.tls.through =
            tunnels_await(coordinator->tunnels, coordinator->section, "port", deadline,
                          coordinator->cancelled, error);
        if (!place.tls.through) {
            return NULL;
        }
    }
    if (coordinator->sentinels) {
        if (!master_find(&master, coordinator->environment, coordinator->sentinels,
                         &coordinator->council, deadline, coordinator->cancelled,
                         error)) {
            return NULL;
        }
        place.host = master.host;
        place.port = master.port;
        if (!store_login_trusted(coordinator->environment, &place, error)) {
            return NULL;
        }
    }
    return redis_ask(&place, command, deadline, coordinator->cancelled, error);
}

redisReply *coordinator_ask(struct coordinator *coordinator,
                            enum coordinator_script script,
                            const char *const arguments[3], int64_t deadline,
                            struct error *error)
{
    const char *const command[] = {"EVAL",           scripts[script],        "2",
                                   coordinator->key, coordinator->fence_key, arguments[0],
                                   arguments[1],     arguments[2],           NULL};
    redisReply *reply = coordinator->clustered
                            ? ask_cluster(coordinator, command, deadline, error)
                            : ask_server(coordinator, command, deadline, error);
    if (!reply) {
        hint_lease(coordinator, error);
    }
    return reply;
}

#include "lock/coordinator.h"

#include "base/mem.h"
#include "base/text.h"
#include "config/store_place.h"
#include "secret/mask.h"

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
        .section = section};
}

static bool read_password(struct coordinator *coordinator, const json_t *source,
                          int64_t deadline, struct error *error)
{
    const struct redis_place *place = &coordinator->place;
    struct source_context context = {.directory = coordinator->environment->directory,
                                     .deadline = deadline,
                                     .cancelled = coordinator->cancelled};
    if (!store_place_trusted(coordinator->environment, place->section, place->host,
                             place->tls.on, error)) {
        return false;
    }
    source_resolve(source, &context, &coordinator->password);
    if (coordinator->password.state != SOURCE_FOUND) {
        *error = coordinator->password.error;
        error_prefix(error, "no password for the lease");
        return false;
    }
    mask_publish(&coordinator->password.secret, 1);
    coordinator->place.password = secret_data(coordinator->password.secret);
    return true;
}

bool coordinator_begin(struct coordinator *coordinator,
                       const struct environment *environment, int64_t deadline,
                       const atomic_bool *cancelled, struct error *error)
{
    const json_t *section = config_section(environment, "/coordination");
    const json_t *redis = json_object_get(section, "redis");
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
    if (json_is_string(redis)) {
        fill_place(coordinator, config_section(environment, "/redis"), "redis");
        redis = config_section(environment, "/redis");
    } else {
        fill_place(coordinator, redis, "coordination.redis");
    }
    const json_t *source = json_object_get(redis, "password");
    return !source || read_password(coordinator, source, deadline, error);
}

void coordinator_finish(struct coordinator *coordinator)
{
    if (coordinator->environment) {
        environment_unref(coordinator->environment);
        resolved_finish(&coordinator->password);
    }
    free(coordinator->host);
    free(coordinator->name);
    free(coordinator->key);
    free(coordinator->fence_key);
    *coordinator = (struct coordinator){0};
}

/* What is said of Redis in general is not always what a lease needs. */
static void hint_lease(struct error *error)
{
    if (text_starts(error->message, "NOPERM")) {
        error_hint(error, "grant the user ~" KEY_PREFIX
                          "* +eval +get +set +del +incr +pttl +pexpire");
    } else if (strstr(error->message, "Redis Cluster")) {
        error_hint(error, "name a single Redis in coordination.redis: a cluster keeps no "
                          "lease");
    }
}

redisReply *coordinator_ask(const struct coordinator *coordinator,
                            enum coordinator_script script,
                            const char *const arguments[3], int64_t deadline,
                            struct error *error)
{
    const char *const command[] = {"EVAL",           scripts[script],        "2",
                                   coordinator->key, coordinator->fence_key, arguments[0],
                                   arguments[1],     arguments[2],           NULL};
    redisReply *reply =
        redis_ask(&coordinator->place, command, deadline, coordinator->cancelled, error);
    if (!reply) {
        hint_lease(error);
    }
    return reply;
}

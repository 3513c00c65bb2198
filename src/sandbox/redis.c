#include "sandbox/redis.h"

#include "base/buf.h"
#include "base/clock.h"
#include "base/fs.h"
#include "base/mem.h"
#include "base/spawn.h"
#include "sandbox/ask.h"
#include "sandbox/place.h"
#include "sandbox/sandbox.h"

#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { ANSWER_MS = 1000, READY_MS = 10000, LOOK_EVERY_MS = 2 };

static const char *password(const struct sandbox *sandbox)
{
    return fault_is_on(sandbox, FAULT_redis_auth) ? sandbox->values.redis_other
                                                  : sandbox->values.redis;
}

/* The password stands in the file, not in the arguments that ps(1) shows. */
static bool write_config(struct sandbox *sandbox, struct error *error)
{
    struct buf text;
    buf_init(&text, 0);
    buf_format(&text,
               "bind 127.0.0.1\nport %u\ndaemonize no\nsave \"\"\nappendonly no\n"
               "dir %s/redis\nmaxmemory 64mb\nmaxmemory-policy noeviction\n"
               "requirepass %s\nuser operator on >%s ~* &* +@all\n",
               sandbox->redis.port, sandbox->dir, password(sandbox),
               sandbox->values.operator_password);
    char *path = fs_join(sandbox->dir, "redis/redis.conf");
    bool done = fs_replace(path, buf_string(&text), text.length, 0600, error);
    free(path);
    buf_finish(&text);
    return done;
}

bool redis_start(struct sandbox *sandbox, struct error *error)
{
    struct redis *redis = &sandbox->redis;
    char *directory = fs_join(sandbox->dir, "redis");
    char *config = fs_join(directory, "redis.conf");
    char *log = fs_join(directory, "log");
    char *program = fs_executable("redis-server", NULL, error);
    bool done = false;
    if (!redis->port) {
        redis->port = port_reserve(&redis->reserved, error);
    }
    if (program && redis->port && fs_make_dirs(directory, error) &&
        write_config(sandbox, error)) {
        char *const argv[] = {(char[]){"redis-server"}, config, NULL};
        struct process_plan plan = {
            .program = program, .argv = argv, .log = log, .death_signal = SIGKILL};
        done = process_begin(&plan, &redis->process, error) &&
               place_record(sandbox->dir, "redis", &redis->process, error);
    }
    free(program);
    free(log);
    free(config);
    free(directory);
    return done;
}

static bool command(struct sandbox *sandbox, const char *text, struct buf *out,
                    struct error *error)
{
    return ask_redis(sandbox->redis.port, "operator", sandbox->values.operator_password,
                     text, clock_now() + ANSWER_MS * CLOCK_MS, out, error);
}

bool redis_answers(struct sandbox *sandbox, struct error *error)
{
    struct buf out;
    buf_init(&out, 64 * 1024);
    bool done = command(sandbox, "INFO server", &out, error);
    const char *version = strstr(buf_string(&out), "redis_version:");
    if (done && version) {
        version += strlen("redis_version:");
        snprintf(sandbox->redis.version, sizeof sandbox->redis.version, "%.*s",
                 (int)strcspn(version, "\r\n"), version);
    }
    buf_finish(&out);
    return done && (version || error_set(error, ERROR_PROTOCOL, "no redis_version"));
}

bool redis_runs(const struct sandbox *sandbox)
{
    return process_alive(&sandbox->redis.process);
}

static bool wait_until_ready(struct sandbox *sandbox, struct error *error)
{
    int64_t deadline = clock_now() + READY_MS * CLOCK_MS;
    while (!redis_answers(sandbox, error)) {
        if (!redis_runs(sandbox) || clock_left(deadline) == 0) {
            error_prefix(error, "redis-server does not start");
            return false;
        }
        poll(NULL, 0, LOOK_EVERY_MS);
    }
    return true;
}

void redis_stop(struct sandbox *sandbox)
{
    process_end(&sandbox->redis.process);
}

void redis_finish(struct sandbox *sandbox)
{
    if (sandbox->redis.port) {
        close(sandbox->redis.reserved);
    }
}

bool redis_open(struct sandbox *sandbox, struct error *error)
{
    return door_open(sandbox->doors, DOOR_REDIS, sandbox->redis.port, error);
}

bool redis_follow(struct sandbox *sandbox, struct error *error)
{
    if (fault_is_on(sandbox, FAULT_redis_down)) {
        door_shut(sandbox->doors, DOOR_REDIS);
        redis_stop(sandbox);
        return true;
    }
    if (sandbox->redis.process.pid == 0) {
        return redis_start(sandbox, error) && wait_until_ready(sandbox, error) &&
               redis_open(sandbox, error);
    }
    char *text = mem_format("CONFIG SET requirepass %s", password(sandbox));
    struct buf out;
    buf_init(&out, 4096);
    bool done = command(sandbox, text, &out, error);
    door_cut(sandbox->doors, DOOR_REDIS); /* who logged in before would stay logged in */
    buf_finish(&out);
    free(text);
    return done;
}

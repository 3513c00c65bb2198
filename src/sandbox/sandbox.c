#include "sandbox/sandbox.h"

#include "base/clock.h"
#include "base/digest.h"
#include "base/fs.h"
#include "base/mem.h"
#include "base/text.h"
#include "sandbox/auth.h"
#include "sandbox/backend.h"
#include "sandbox/place.h"
#include "sandbox/settings.h"

#include <openssl/rand.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
    SLOW_MS = 150,
    LOOK_EVERY_MS = 3,
    READY_MS = 30000,
    LONG_MS = 700,
    LOG_MAX = 1024 * 1024
};

#define PACE_VARIABLE "GREENBOARD_SANDBOX_PACE"

bool services_follow(struct sandbox *sandbox, struct error *error)
{
    doors_delay(sandbox->doors,
                fault_is_on(sandbox, FAULT_slow) ? SLOW_MS * CLOCK_MS : 0);
    const struct {
        int down; /* a fault, or -1: nothing shuts it */
        enum door_name door;
        uint16_t port;
    } rows[] = {{FAULT_auth_down, DOOR_AUTH, sandbox->auth_port},
                {FAULT_backend_down, DOOR_BACKEND, sandbox->backend_port},
                {FAULT_metadata_down, DOOR_METADATA, sandbox->google.metadata_port},
                {-1, DOOR_GOOGLE, sandbox->google.api_port}};
    bool done = true;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        if (rows[i].down >= 0 && fault_is_on(sandbox, (enum fault)rows[i].down)) {
            door_shut(sandbox->doors, rows[i].door);
        } else {
            done = door_open(sandbox->doors, rows[i].door, rows[i].port, error) && done;
        }
    }
    return done;
}

/* ---- files ---- */

static bool write_line(const struct sandbox *sandbox, const char *name, const char *text,
                       struct error *error)
{
    char *path = fs_join(sandbox->dir, name);
    char *line = mem_format("%s\n", text);
    bool done = fs_replace(path, line, strlen(line), 0600, error);
    free(line);
    free(path);
    return done;
}

static bool write_files(struct sandbox *sandbox, struct error *error)
{
    unsigned char revision[20];
    char hex[2 * sizeof revision + 1];
    if (RAND_bytes(revision, sizeof revision) != 1) {
        return error_set(error, ERROR_SYSTEM, "no random bytes");
    }
    hex_encode(hex, revision, sizeof revision);
    const char *pace = getenv(PACE_VARIABLE);
    char *state = fs_join(sandbox->dir, "state");
    bool done = fs_make_dirs(state, error) && secrets_lay(sandbox, error) &&
                write_line(sandbox, "release", hex, error) &&
                secrets_lay_app(sandbox, hex, error) &&
                (!pace || write_line(sandbox, "pace", pace, error)) &&
                settings_write(sandbox, error);
    free(state);
    return done;
}

/* ---- parts that take their time ---- */

static bool fill_nothing(struct sandbox *sandbox, struct error *error)
{
    (void)sandbox;
    (void)error;
    return true;
}

static const struct part {
    const char *name, *log;
    enum fault down;
    bool (*start)(struct sandbox *, struct error *);
    bool (*runs)(const struct sandbox *);
    bool (*answers)(struct sandbox *, struct error *);
    bool (*fill)(struct sandbox *, struct error *);
} parts[] = {
    {"clickhouse", "clickhouse/errors", FAULT_clickhouse_down, clickhouse_start,
     clickhouse_runs, clickhouse_answers, clickhouse_fill},
    {"redis", "redis/log", FAULT_redis_down, redis_start, redis_runs, redis_answers,
     fill_nothing},
};

enum { PARTS = sizeof parts / sizeof parts[0] };

char *sandbox_part_line(const struct sandbox *sandbox, size_t part)
{
    const char *version =
        part == 0 ? sandbox->clickhouse.version : sandbox->redis.version;
    enum door_name door = part == 0 ? DOOR_CLICKHOUSE_HTTP : DOOR_REDIS;
    if (part >= PARTS) {
        return NULL;
    }
    return mem_format("%s %s on 127.0.0.1:%u", parts[part].name, version,
                      door_port(sandbox->doors, door));
}

static bool interrupted(struct error *error)
{
    sigset_t pending;
    sigpending(&pending);
    return (sigismember(&pending, SIGINT) || sigismember(&pending, SIGTERM)) &&
           !error_set(error, ERROR_CANCELLED, "interrupted while starting");
}

/* The directory goes, so the last line of the server's log is what explains. */
static bool explain(const struct sandbox *sandbox, const struct part *part,
                    const struct error *why, struct error *error)
{
    char *path = fs_join(sandbox->dir, part->log);
    struct buf log;
    buf_init(&log, LOG_MAX);
    fs_read(path, &log, NULL);
    const char *last = "";
    char *rest = log.data;
    for (char *line; rest && (line = strsep(&rest, "\n"));) {
        last = *line ? line : last;
    }
    error_set(error, ERROR_SYSTEM, "%s does not start: %.200s", part->name, why->message);
    error_hint(error, "its log ends: %.200s", last);
    buf_finish(&log);
    free(path);
    return false;
}

/* One look at a part; false where it will never be ready. */
static bool look(struct sandbox *sandbox, const struct part *part, bool late, bool *ready,
                 struct error *error)
{
    struct error why;
    if (!part->answers(sandbox, &why)) {
        return (part->runs(sandbox) && !late) || explain(sandbox, part, &why, error);
    }
    *ready = true;
    return part->fill(sandbox, error);
}

static bool wait_for_parts(struct sandbox *sandbox, void (*say)(const char *),
                           struct error *error)
{
    int64_t begun = clock_now();
    bool ready[PARTS] = {false}, said[PARTS] = {false};
    for (size_t left = PARTS; left > 0; poll(NULL, 0, left ? LOOK_EVERY_MS : 0)) {
        left = 0;
        bool slow = clock_now() - begun > LONG_MS * CLOCK_MS;
        bool late = clock_now() - begun > READY_MS * CLOCK_MS;
        for (size_t i = 0; i < PARTS; i++) {
            if (!ready[i] && !look(sandbox, &parts[i], late, &ready[i], error)) {
                return false;
            }
            left += !ready[i];
            if (slow && ready[i] && !said[i]) {
                char *line = sandbox_part_line(sandbox, i);
                say(line);
                free(line);
                said[i] = true;
            }
        }
        if (left && interrupted(error)) {
            return false;
        }
    }
    return true;
}

/* A part that is to be down was started all the same: so its ports and its version are
 * known. */
static bool open_doors(struct sandbox *sandbox, struct error *error)
{
    bool done = services_follow(sandbox, error) && redis_open(sandbox, error) &&
                clickhouse_open(sandbox, error);
    for (size_t i = 0; done && i < PARTS; i++) {
        if (fault_is_on(sandbox, parts[i].down)) {
            done = fault_rows[parts[i].down].follow(sandbox, error);
        }
    }
    return done;
}

bool sandbox_start(struct sandbox *sandbox, void (*say)(const char *line),
                   struct error *error)
{
    users_init(&sandbox->users, clock_now());
    sandbox->dir = place_create(error);
    if (!sandbox->dir || !secrets_make(&sandbox->values, error)) {
        return false;
    }
    /* The slowest first; what is ours is made while they start. */
    for (size_t i = 0; i < PARTS; i++) {
        if (!parts[i].start(sandbox, error)) {
            return false;
        }
    }
    sandbox->doors = doors_create(error);
    sandbox->auth = sandbox->doors
                        ? http_start(auth_routes, sandbox, &sandbox->auth_port, error)
                        : NULL;
    sandbox->backend =
        sandbox->auth ? http_start(backend_routes, sandbox, &sandbox->backend_port, error)
                      : NULL;
    return sandbox->backend && google_start(sandbox, error) &&
           write_files(sandbox, error) && wait_for_parts(sandbox, say, error) &&
           open_doors(sandbox, error);
}

void sandbox_stop(struct sandbox *sandbox)
{
    clickhouse_stop(sandbox);
    redis_stop(sandbox);
    if (sandbox->dir) {
        place_remove(sandbox->dir, sandbox->reaper);
    }
    doors_destroy(sandbox->doors);
    http_stop(sandbox->auth);
    http_stop(sandbox->backend);
    google_stop(sandbox);
    clickhouse_finish(sandbox);
    redis_finish(sandbox);
    users_finish(&sandbox->users);
    explicit_bzero(&sandbox->values, sizeof sandbox->values);
    free(sandbox->dir);
    free(sandbox->program);
}

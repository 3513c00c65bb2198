/* One running sandbox: what its parts share. The main thread starts, changes and stops
 * the parts; the services' threads read `dir`, `values` and the flags, which are constant
 * or atomic. */
#ifndef GREENBOARD_SANDBOX_SANDBOX_H
#define GREENBOARD_SANDBOX_SANDBOX_H

#include "sandbox/clickhouse.h"
#include "sandbox/door.h"
#include "sandbox/faults.h"
#include "sandbox/google.h"
#include "sandbox/http.h"
#include "sandbox/redis.h"
#include "sandbox/secrets.h"
#include "sandbox/users.h"

#include <stdatomic.h>
#include <stdbool.h>

#define PROBE_EMAIL  "probe@example.com"
#define JWT_ISSUER   "netra-auth-service"
#define JWT_AUDIENCE "netra-platform"
#define SERVICE_ID   "netra-backend" /* what the backend is to auth */

struct sandbox {
    char *dir;     /* ours, 0700 */
    char *program; /* our own executable, absolute */
    bool reaper;   /* orphans of what we started become our children */
    bool stand_in; /* no real ClickHouse, even where there is one */
    atomic_bool faults[FAULT_COUNT];
    struct secret_values values;
    struct users users;
    struct doors *doors;
    struct redis redis;
    struct clickhouse clickhouse;
    struct google google;
    struct http_server *auth, *backend;
    uint16_t auth_port, backend_port; /* behind their doors */
};

/* Starts every part, all at once, and returns when each has answered; SIGINT or SIGTERM,
 * which the caller has blocked, give it up. `say` gets one line for each part once that
 * has taken long. */
bool sandbox_start(struct sandbox *sandbox, void (*say)(const char *line),
                   struct error *error);
char *sandbox_part_line(const struct sandbox *sandbox,
                        size_t part); /* caller frees; NULL: no more */
void sandbox_stop(
    struct sandbox *sandbox); /* ends what it started and removes the directory */

/* The parts of a fault that are about ports: down and slow. */
bool services_follow(struct sandbox *sandbox, struct error *error);

#endif

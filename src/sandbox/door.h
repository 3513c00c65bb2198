/* Doors: the loopback ports that the world outside sees, one in front of every service. A
 * door passes bytes on to the service behind it, can be shut (the port then refuses, and
 * stays ours so that it can be opened again), and can put latency on every answer.
 *
 * One thread passes the bytes of all doors. Any thread may open, shut and cut; each has
 * happened when the call returns. */
#ifndef GREENBOARD_SANDBOX_DOOR_H
#define GREENBOARD_SANDBOX_DOOR_H

#include "base/error.h"

#include <stdbool.h>
#include <stdint.h>

enum door_name {
    DOOR_AUTH,
    DOOR_BACKEND,
    DOOR_REDIS,
    DOOR_CLICKHOUSE_HTTP,
    DOOR_CLICKHOUSE_NATIVE,
    DOOR_METADATA,
    DOOR_GOOGLE,
    DOOR_COUNT
};

struct doors;

/* All shut, each with a port of its own. */
struct doors *doors_create(struct error *error);
void doors_destroy(struct doors *doors);

uint16_t door_port(const struct doors *doors, enum door_name name);
bool door_open(struct doors *doors, enum door_name name, uint16_t behind,
               struct error *error);
void door_shut(struct doors *doors, enum door_name name); /* and cuts */
void door_cut(struct doors *doors,
              enum door_name name); /* resets every connection through it */
void doors_delay(struct doors *doors,
                 int64_t delay); /* ns, on each answer of each service */

/* A free loopback port that nobody else is given while *fd stays open: bound and not
 * listening. A server that sets SO_REUSEADDR, as all here do, can listen on it none the
 * less. 0 on error. */
uint16_t port_reserve(int *fd, struct error *error);

#endif

/* The sandbox's Redis: a real redis-server of its own, without persistence. Main
 * thread. */
#ifndef GREENBOARD_SANDBOX_REDIS_H
#define GREENBOARD_SANDBOX_REDIS_H

#include "base/error.h"
#include "sandbox/process.h"

#include <stdbool.h>
#include <stdint.h>

struct sandbox;

struct redis {
    struct process process; /* pid 0: stopped */
    uint16_t port;          /* behind the door */
    int reserved;           /* descriptor that keeps the port */
    char version[32];
};

bool redis_start(struct sandbox *sandbox, struct error *error); /* does not wait */
bool redis_runs(const struct sandbox *sandbox);
bool redis_answers(struct sandbox *sandbox,
                   struct error *error); /* one look; learns the version */
bool redis_open(struct sandbox *sandbox, struct error *error); /* its door */
void redis_stop(struct sandbox *sandbox);
void redis_finish(struct sandbox *sandbox); /* after stop: gives the port back */

/* Running, stopped and with the password that the flags want. */
bool redis_follow(struct sandbox *sandbox, struct error *error);

#endif

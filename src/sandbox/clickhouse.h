/* The sandbox's ClickHouse: a real clickhouse-server of its own, or, where the system has
 * none, the stand-in that says so in its version. Main thread. */
#ifndef GREENBOARD_SANDBOX_CLICKHOUSE_H
#define GREENBOARD_SANDBOX_CLICKHOUSE_H

#include "base/error.h"
#include "sandbox/http.h"
#include "sandbox/process.h"

#include <stdbool.h>
#include <stdint.h>

#define CLICKHOUSE_DATABASE "netra"
#define CLICKHOUSE_TABLE    "events"

struct sandbox;

struct clickhouse {
    struct process process;          /* pid 0: stopped */
    struct http_server *stand_in;    /* NULL: a real one, or stopped */
    uint16_t http_port, native_port; /* behind the doors */
    int http_reserved, native_reserved;
    int64_t since; /* clock_now() when it was first started */
    char version[32];
};

bool clickhouse_start(struct sandbox *sandbox, struct error *error); /* does not wait */
bool clickhouse_runs(const struct sandbox *sandbox);
bool clickhouse_answers(struct sandbox *sandbox, struct error *error); /* one look */

/* Once it answers: database, table and rows. */
bool clickhouse_fill(struct sandbox *sandbox, struct error *error);
bool clickhouse_open(struct sandbox *sandbox, struct error *error); /* its doors */
void clickhouse_stop(struct sandbox *sandbox);
void clickhouse_finish(struct sandbox *sandbox); /* after stop: gives the ports back */

/* Running, stopped, with the password and the table that the flags want. */
bool clickhouse_follow(struct sandbox *sandbox, struct error *error);

/* What the flags make of the password of the user "default". Any thread. */
const char *clickhouse_password(const struct sandbox *sandbox);

#endif

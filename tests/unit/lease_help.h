/* A real Redis of our own that keeps leases, and an environment that wants one of it. */
#ifndef GREENBOARD_TESTS_LEASE_HELP_H
#define GREENBOARD_TESTS_LEASE_HELP_H

#include "tests/unit/unit.h"

#include "base/clock.h"
#include "config/config.h"
#include "lock/coordinator.h"
#include "lock/lease.h"
#include "store/runs.h"

struct keeper {
    char home[32];
    char *program, *socket; /* of Redis; program NULL: there is none here */
    pid_t pid;              /* 0: it does not run */
    struct statedir dir;
    struct config *config;
    const struct environment *environment;
};
extern struct keeper keeper;

#define PATIENCE (20 * CLOCK_SECOND)
#define SHORT    "{\"redis\": \"environment\", \"ttl\": \"1s\"}"
#define LONG     "{\"redis\": \"environment\", \"ttl\": \"60s\"}"

/* NULL: it does not answer. The caller frees. */
redisReply *keeper_ask(const char *const *arguments);
bool keeper_tell(const char *a, const char *b, const char *c);
void keeper_nap(void);
void keeper_start(void);
void keeper_stop(void);
/* Loads environment `test` anew, with these sections; `coordination` alone: of our Redis.
 */
void keeper_place(const char *section, const char *coordination);
void keeper_configure(const char *coordination);
int keeper_enter(void **unused);

/* A lease of it, and what of it is in Redis. */
struct lease *keeper_lend(const char *who, int64_t least, struct error *error);
struct lease *keeper_must_lend(const char *who);
void keeper_release(struct lease *lease);
void keeper_look(struct lease_view *view);
bool keeper_held(void);
const char *keeper_id(void); /* until it is asked for again */
void keeper_await_free(void);
void keeper_await_loss(struct lease *lease, struct error *error);
int64_t keeper_fence(void);

#define needs_redis()                                                                    \
    do {                                                                                 \
        if (!keeper.program) {                                                           \
            skip();                                                                      \
        }                                                                                \
    } while (0)

#define LEASE_TEST(name) cmocka_unit_test_setup(name, keeper_enter)
int lease_run(const char *name, const struct CMUnitTest *tests, size_t count);

#endif

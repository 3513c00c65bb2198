#include "sandbox/users.h"

#include "base/clock.h"
#include "base/mem.h"
#include "sandbox/sandbox.h"

#include <string.h>

enum {
    LOGIN_EVERY_S = 2,
    HISTORY_FIRST = 240,
    HISTORY_AFTER =
        120, /* after a restart at most, and less than was counted before it */
    HISTORY_LEAST = 40
};

void users_init(struct users *users, int64_t now)
{
    memset(users, 0, sizeof *users);
    if (pthread_mutex_init(&users->mutex, NULL) != 0) {
        panic("no mutex");
    }
    users->since = now;
    users->history = HISTORY_FIRST;
}

void users_finish(struct users *users)
{
    pthread_mutex_destroy(&users->mutex);
}

void users_add(struct users *users, enum users_login login)
{
    pthread_mutex_lock(&users->mutex);
    users->real[login]++;
    pthread_mutex_unlock(&users->mutex);
}

static int64_t attempts(const struct users *users, int64_t now)
{
    return users->history + (now - users->since) / (LOGIN_EVERY_S * CLOCK_SECOND);
}

void users_count(struct sandbox *sandbox, int64_t now, struct users_count *count)
{
    struct users *users = &sandbox->users;
    pthread_mutex_lock(&users->mutex);
    int64_t stream = attempts(users, now);
    int64_t uptime = now - users->since;
    int64_t real[LOGIN_WRONG_PASSWORD + 1];
    memcpy(real, users->real, sizeof real);
    pthread_mutex_unlock(&users->mutex);
    int64_t total = fault_is_on(sandbox, FAULT_quiet) ? 0 : stream;
    int64_t wrong = fault_is_on(sandbox, FAULT_negative_tests) ? total / 2 : 0;
    int64_t broken = fault_is_on(sandbox, FAULT_rate_low) ? (total - wrong) / 5 : 0;
    *count = (struct users_count){
        .total =
            total + real[LOGIN_GOOD] + real[LOGIN_FAILED] + real[LOGIN_WRONG_PASSWORD],
        .good = total - wrong - broken + real[LOGIN_GOOD],
        .wrong_password = wrong + real[LOGIN_WRONG_PASSWORD],
        .uptime = uptime,
    };
    count->failed = count->total - count->good;
}

bool users_follow(struct sandbox *sandbox, struct error *error)
{
    (void)error;
    struct users *users = &sandbox->users;
    int64_t now = clock_now();
    pthread_mutex_lock(&users->mutex);
    int64_t before = attempts(users, now);
    users->history = before > HISTORY_AFTER   ? HISTORY_AFTER
                     : before > HISTORY_LEAST ? before - 1
                                              : HISTORY_AFTER;
    users->since = now;
    memset(users->real, 0, sizeof users->real);
    pthread_mutex_unlock(&users->mutex);
    return true;
}

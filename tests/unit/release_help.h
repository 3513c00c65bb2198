/* A shop with a configuration, files, secrets and records of runs that tests write by
 * hand. */
#ifndef GREENBOARD_TESTS_RELEASE_HELP_H
#define GREENBOARD_TESTS_RELEASE_HELP_H

#include "unit.h"

#include "release/cut.h"
#include "release/diff.h"
#include "store/runs.h"

/* Two secrets: JWT_SECRET_KEY in auth.env, and Redis' password in the file redis.pass. */
#define SHOP_JWT   "jwt-4711-canonical-and-long-enough"
#define SHOP_REDIS "redis-0815-word"

struct shop {
    char *directory, *home;
    struct statedir dir;
    struct config *config;
    struct known known;
};
extern struct shop shop;

int shop_begin(void **state);
int shop_end(void **state);

/* Loads environment `test` anew with these further members, and its secrets. */
void shop_configure(const char *extra);
void shop_learn(void); /* resolves the secrets again */
void shop_write(const char *name, const char *text);
char *shop_path(const char *name);
char *shop_read(const char *name); /* the caller frees; "" where it is not there */

/* A run that is over: "verified" or another outcome's word. `minute` orders them. Returns
 * its name, which the caller frees. */
char *shop_run(int minute, const char *kind, const char *release, const char *outcome);

/* What is kept of a text, and what comes back of `then` where the file reads `now` (NULL:
 * it is gone). The caller frees. */
void shop_cut(struct cut *cut, const char *path, const char *text);
char *shop_back(const char *path, const char *then, const char *now);
/* Why it is not kept, and why it does not come back. */
void shop_assert_refused(const char *path, const char *text, const char *why);
void shop_assert_stays(const char *path, const char *then, const char *now,
                       const char *why);

/* Each `from` in it is `to`; the caller frees. */
char *shop_replaced(const char *text, const char *from, const char *to);
void shop_assert_same(const char *what, const char *text, const char *wanted);

/* A diff as one text: "~ NAME = a becomes b\n". The caller frees. */
char *shop_diff(const char *path, const char *now, const char *then);

#endif

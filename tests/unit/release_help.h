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

/* A diff as one text: "~ NAME = a becomes b\n". The caller frees. */
char *shop_diff(const char *path, const char *now, const char *then);

#endif

#include "checks/redis/prove.h"

#include "base/clock.h"
#include "base/mem.h"
#include "base/text.h"
#include "checks/redis/info.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { EXPIRES_MS = 30000 }; /* of our key, should we not come to delete it */

/* ---- who ---- */

void prove_ask_who(struct link *link, int64_t database)
{
    char number[24];
    link_add_login(link);
    if (database) {
        snprintf(number, sizeof number, "%lld", (long long)database);
        link_add(link, (const char *[]){"SELECT", number, NULL});
    }
    link_add(link, (const char *[]){"PING", NULL});
    link_add(link, (const char *[]){"INFO", NULL});
}

/* INFO may be forbidden to our user, which is a pity and no fault. */
static void hear_info(struct link *link)
{
    redisReply *reply = link_receive(link);
    if (!reply) {
        return;
    }
    if (reply->type == REDIS_REPLY_STRING &&
        (strstr(reply->str, "redis_version:") || strstr(reply->str, "valkey_version:"))) {
        buf_add(&link->info, reply->str, reply->len);
    } else if (reply->type == REDIS_REPLY_ERROR && text_starts(reply->str, "NOPERM")) {
        result_note(link->result,
                    "our user may not run INFO: grant +info to see more here");
    } else if (reply->type == REDIS_REPLY_ERROR) {
        link_refused(link, "INFO", reply->str);
    } else {
        link_odd(link, "INFO");
    }
    freeReplyObject(reply);
}

void prove_fail_sentinel(struct link *link)
{
    const struct refused refused = link_refused_of(link);
    char *remedy =
        text_equal(refused.mode, "sentinel")
            ? mem_text("let the Sentinels monitor the address of the primary: they name "
                       "a Sentinel")
            : mem_format("give the address of the primary that it watches, or set "
                         "environments.%s.redis.mode to sentinel, with sentinels and "
                         "master",
                         refused.environment);
    link_fail(link, remedy, "this is a Sentinel, which holds no data");
    free(remedy);
}

static void expect_mode(struct link *link, const char *mode)
{
    char found[32];
    if (!info_mode(buf_string(&link->info), found, sizeof found) ||
        strcmp(found, mode) == 0) {
        return;
    }
    if (strcmp(found, "sentinel") == 0) {
        prove_fail_sentinel(link);
        return;
    }
    char *remedy = mem_format("set environments.%s.redis.mode to %s",
                              link->job->environment->name, found);
    link_fail(link, remedy, "%s",
              strcmp(found, "cluster") == 0 ? "this is one node of a Redis Cluster"
                                            : "this Redis is no part of a cluster");
    free(remedy);
}

bool prove_hear_who(struct link *link, int64_t database, const char *mode)
{
    link_expect_login(link);
    if (database) {
        link_expect_status(link, "SELECT", "OK");
    }
    link_expect_status(link, "PING", "PONG");
    result_phase(link->result, "auth", clock_now() - link->sent);
    hear_info(link);
    expect_mode(link, mode);
    if (!link->failed) {
        result_reach(link->result, RUNG_AUTHENTICATED);
    }
    return !link->failed;
}

void prove_name(const struct link *link, char *out, size_t room)
{
    char version[64];
    const char *info = buf_string(&link->info);
    *out = '\0';
    if (info_find(info, "valkey_version", version, sizeof version)) {
        snprintf(out, room, "Valkey %s", version);
    } else if (info_find(info, "redis_version", version, sizeof version)) {
        snprintf(out, room, "Redis %s", version);
    }
}

/* ---- the proof ---- */

static void hear_set(struct link *link, struct redirect *redirect)
{
    redisReply *reply = link_receive(link);
    if (!reply) {
        return;
    }
    if (reply->type == REDIS_REPLY_ERROR && redirect &&
        redirect_read(reply->str, redirect)) {
        link->failed = true;
    } else if (reply->type == REDIS_REPLY_ERROR) {
        link_refused(link, "SET", reply->str);
    } else if (reply->type != REDIS_REPLY_STATUS || strcmp(reply->str, "OK") != 0) {
        link_odd(link, "SET");
    }
    freeReplyObject(reply);
}

static void expect_value(struct link *link, const char *value)
{
    redisReply *reply = link_next(link, "GET", REDIS_REPLY_STRING);
    if (reply && (reply->len != strlen(value) || strcmp(reply->str, value) != 0)) {
        link_fail(link, "see what listens there: a proxy, a stand-in, another service",
                  "wrote a key, and read back something else");
    }
    if (reply) {
        freeReplyObject(reply);
    }
}

static void add_keyed(struct link *link, bool asking, const char *const *arguments)
{
    if (asking) {
        link_add(link, (const char *[]){"ASKING", NULL});
    }
    link_add(link, arguments);
}

static void hear_asking(struct link *link, bool asking)
{
    if (asking) {
        link_expect_status(link, "ASKING", "OK");
    }
}

/* After a wrong password Redis refuses the rest itself, and where it wanted none we are
 * who we meant to be, the default user. But a user who is refused may still act as that
 * one, and a database that is refused leaves number 0 selected. */
bool prove_waits(const struct link *link, int64_t database)
{
    return link->login->user || database != 0;
}

static void ask_write(struct link *link, struct proof *proof)
{
    char expires[16];
    bool asking = proof->asking;
    const char *key = proof->key;
    probe_word(proof->value);
    snprintf(expires, sizeof expires, "%d", EXPIRES_MS);
    add_keyed(link, asking,
              (const char *[]){"SET", key, proof->value, "PX", expires, NULL});
    add_keyed(link, asking, (const char *[]){"GET", key, NULL});
    add_keyed(link, asking, (const char *[]){"PTTL", key, NULL});
    add_keyed(link, asking, (const char *[]){"DEL", key, NULL});
}

static bool hear_write(struct link *link, struct proof *proof)
{
    hear_asking(link, proof->asking);
    hear_set(link, proof->redirect);
    hear_asking(link, proof->asking);
    expect_value(link, proof->value);
    hear_asking(link, proof->asking);
    link_expect_number(link, "PTTL", 1, EXPIRES_MS);
    hear_asking(link, proof->asking);
    link_expect_number(link, "DEL", 1, 1);
    proof->span = clock_now() - link->sent;
    result_phase(link->result, "probe", proof->span);
    if (!link->failed) {
        result_reach(link->result, RUNG_USABLE);
    }
    return !link->failed;
}

void prove_ask(struct link *link, int64_t database, struct proof *proof)
{
    prove_ask_who(link, database);
    if (!proof->waits) {
        ask_write(link, proof);
    }
}

bool prove_finish(struct link *link, struct proof *proof)
{
    if (!link->failed && proof->waits) {
        ask_write(link, proof);
        link_send(link);
    }
    return !link->failed && hear_write(link, proof);
}

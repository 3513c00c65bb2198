/* Can Redis be used, and not merely reached: log in, and write, read back and expire a
 * key of ours. A PONG proves nothing, since many things say it. Two round trips: who are
 * you, and the proof. */
#include "base/buf.h"
#include "base/clock.h"
#include "base/mem.h"
#include "base/text.h"
#include "checks/probe.h"
#include "checks/redis/info.h"
#include "checks/redis/refusal.h"
#include "net/resp.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { EXPIRES_MS = 30000 }; /* of our key, should we not come to delete it */

struct probe {
    const struct job *job;
    struct result *result;
    struct dial dial;
    struct resp resp;
    struct buf info;
    bool failed; /* the first bad reply has been told; later ones follow from it */
};

static void fail(struct probe *probe, const char *remedy, const char *message)
{
    if (!probe->failed) {
        probe->failed = true;
        result_set(probe->result, STATE_FAIL, remedy, "%s", message);
    }
}

static void fail_refused(struct probe *probe, const char *command, const char *reply)
{
    struct told told = refusal_tell(probe->job->environment->name, command, reply);
    fail(probe, told.remedy, told.message);
    told_finish(&told);
}

static void fail_odd(struct probe *probe, const char *command)
{
    char *message = mem_format("%s answers %s in a way that Redis never does",
                               probe->dial.address, command);
    fail(probe, "see what listens there: a proxy, a stand-in, another service", message);
    free(message);
}

static void fail_error(struct probe *probe, const struct error *error)
{
    if (!probe->failed) {
        probe->failed = true;
        result_error(probe->result, error, "see whether Redis runs, and its log");
    }
}

/* The next reply; NULL where the connection has ended, which has been told. */
static redisReply *receive(struct probe *probe, bool *alive)
{
    struct error error;
    redisReply *reply = *alive ? resp_receive(&probe->resp, &error) : NULL;
    if (*alive && !reply) {
        *alive = false;
        fail_error(probe, &error);
    }
    return reply;
}

/* The reply to `command` where it is of the type; NULL where it is not, which has been
 * told. */
static redisReply *next(struct probe *probe, const char *command, int type, bool *alive)
{
    redisReply *reply = receive(probe, alive);
    if (!reply || reply->type == type) {
        return reply;
    }
    if (reply->type == REDIS_REPLY_ERROR) {
        fail_refused(probe, command, reply->str);
    } else {
        fail_odd(probe, command);
    }
    freeReplyObject(reply);
    return NULL;
}

static void expect_status(struct probe *probe, const char *command, const char *word,
                          bool *alive)
{
    redisReply *reply = next(probe, command, REDIS_REPLY_STATUS, alive);
    if (reply && strcmp(reply->str, word) != 0) {
        fail_odd(probe, command);
    }
    if (reply) {
        freeReplyObject(reply);
    }
}

/* INFO may be forbidden to our user, which is a pity and no fault. */
static void read_info(struct probe *probe, bool *alive)
{
    char mode[32];
    redisReply *reply = receive(probe, alive);
    if (!reply) {
        return;
    }
    if (reply->type == REDIS_REPLY_STRING && strstr(reply->str, "redis_version:")) {
        buf_add(&probe->info, reply->str, reply->len);
        info_show(buf_string(&probe->info), probe->result);
    } else if (reply->type == REDIS_REPLY_ERROR && text_starts(reply->str, "NOPERM")) {
        result_note(probe->result,
                    "our user may not run INFO: grant +info to see more here");
    } else if (reply->type == REDIS_REPLY_ERROR) {
        fail_refused(probe, "INFO", reply->str);
    } else {
        fail_odd(probe, "INFO");
    }
    freeReplyObject(reply);
    if (info_find(buf_string(&probe->info), "redis_mode", mode, sizeof mode) &&
        strcmp(mode, "sentinel") == 0) {
        fail(probe, "give the address of the primary that it watches",
             "this is a Sentinel, which holds no data");
    }
}

static void send_all(struct probe *probe, bool *alive)
{
    struct error error;
    if (!resp_send(&probe->resp, &error)) {
        *alive = false;
        fail_error(probe, &error);
    }
}

/* The first round trip: log in, choose the database, and ask who it is. */
static bool greet(struct probe *probe, const char *user, const char *password,
                  int64_t database)
{
    char number[24];
    bool alive = true;
    int64_t began = clock_now();
    if (password || user) {
        resp_add(&probe->resp,
                 user ? (const char *[]){"AUTH", user, password ? password : "", NULL}
                      : (const char *[]){"AUTH", password, NULL});
    }
    if (database) {
        snprintf(number, sizeof number, "%lld", (long long)database);
        resp_add(&probe->resp, (const char *[]){"SELECT", number, NULL});
    }
    resp_add(&probe->resp, (const char *[]){"PING", NULL});
    resp_add(&probe->resp, (const char *[]){"INFO", NULL});
    send_all(probe, &alive);
    if (password || user) {
        expect_status(probe, "AUTH", "OK", &alive);
    }
    if (database) {
        expect_status(probe, "SELECT", "OK", &alive);
    }
    expect_status(probe, "PING", "PONG", &alive);
    result_phase(probe->result, "auth", clock_now() - began);
    read_info(probe, &alive);
    return !probe->failed;
}

static void expect_value(struct probe *probe, const char *value, bool *alive)
{
    redisReply *reply = next(probe, "GET", REDIS_REPLY_STRING, alive);
    if (reply && (reply->len != strlen(value) || strcmp(reply->str, value) != 0)) {
        fail(probe, "see what listens there: a proxy, a stand-in, another service",
             "wrote a key, and read back something else");
    }
    if (reply) {
        freeReplyObject(reply);
    }
}

static void expect_number(struct probe *probe, const char *command, long long low,
                          long long high, bool *alive)
{
    redisReply *reply = next(probe, command, REDIS_REPLY_INTEGER, alive);
    if (reply && (reply->integer < low || reply->integer > high)) {
        fail_odd(probe, command);
    }
    if (reply) {
        freeReplyObject(reply);
    }
}

/* The second round trip: a key of our own, which nobody else can have. */
static bool prove(struct probe *probe)
{
    char name[PROBE_WORD], value[PROBE_WORD], expires[16];
    probe_word(name);
    probe_word(value);
    char *key = mem_format(REDIS_PREFIX "%s", name);
    snprintf(expires, sizeof expires, "%d", EXPIRES_MS);
    bool alive = true;
    int64_t began = clock_now();
    resp_add(&probe->resp, (const char *[]){"SET", key, value, "PX", expires, NULL});
    resp_add(&probe->resp, (const char *[]){"GET", key, NULL});
    resp_add(&probe->resp, (const char *[]){"PTTL", key, NULL});
    resp_add(&probe->resp, (const char *[]){"DEL", key, NULL});
    send_all(probe, &alive);
    expect_status(probe, "SET", "OK", &alive);
    expect_value(probe, value, &alive);
    expect_number(probe, "PTTL", 1, EXPIRES_MS, &alive);
    expect_number(probe, "DEL", 1, 1, &alive);
    int64_t span = clock_now() - began;
    result_phase(probe->result, "probe", span);
    free(key);
    if (!probe->failed) {
        char words[TEXT_SPAN], version[64];
        text_span(words, span);
        bool known =
            info_find(buf_string(&probe->info), "redis_version", version, sizeof version);
        result_reach(probe->result, RUNG_USABLE);
        result_figure(probe->result, clock_ms(span));
        result_ok(probe->result, "wrote, read back and deleted a key in %s%s%s", words,
                  known ? ", Redis " : "", known ? version : "");
    }
    return !probe->failed;
}

static bool connect_it(struct probe *probe)
{
    const struct job *job = probe->job;
    struct probe_target target = probe_target(job, "port");
    struct dial *dial = &probe->dial;
    struct error error;
    bool done = dial_open(dial, target.host, target.port, &target.tls, job->deadline,
                          job->cancelled, &error);
    result_identity(probe->result, "target", "%s:%d", target.host, target.port);
    if (*dial->address) {
        result_evidence(probe->result, "address", "%s", dial->address);
    }
    const struct phase phases[] = {
        {"resolve", dial->resolve}, {"connect", dial->connect}, {"tls", dial->tls}};
    for (size_t i = 0; i < sizeof phases / sizeof phases[0]; i++) {
        if (phases[i].span) {
            result_phase(probe->result, phases[i].name, phases[i].span);
        }
    }
    if (dial->connected) {
        result_reach(probe->result, RUNG_REACHABLE);
    }
    if (!done) {
        fail_error(probe, &error);
    }
    return done;
}

static void climb(struct probe *probe, const char *user, const char *password)
{
    resp_begin(&probe->resp, &probe->dial);
    if (connect_it(probe) &&
        greet(probe, user, password, config_integer(probe->job->section, "database"))) {
        result_reach(probe->result, RUNG_AUTHENTICATED);
        if (prove(probe)) {
            info_advise(buf_string(&probe->info), probe->result);
            if (!password) {
                result_note(probe->result,
                            "it asks for no password: whoever reaches it may use it");
            }
        }
    }
    result_phase(probe->result, "total", clock_now() - probe->dial.wait.since);
    resp_finish(&probe->resp);
    dial_close(&probe->dial);
    buf_finish(&probe->info);
}

static void ask(const struct job *job, struct result *result)
{
    const char *password = NULL;
    if (!probe_store(job, result, &password)) {
        return;
    }
    struct probe probe = {.job = job, .result = result};
    climb(&probe, config_text(job->section, "user"), password);
}

const struct check check_redis = {
    .name = "redis",
    .title = "Redis",
    .test = "test_redis_is_accessible",
    .help = "can Redis be logged in to, and a key be written, read back and deleted",
    .section = "/redis",
    .period = 5 * CLOCK_SECOND,
    .deadline = 2 * CLOCK_SECOND,
    .ask = ask,
};

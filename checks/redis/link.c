#include "checks/redis/link.h"

#include "base/clock.h"
#include "base/mem.h"
#include "checks/probe.h"
#include "config/store_place.h"
#include "net/redis.h"
#include "net/refusal.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

void link_fail(struct link *link, const char *remedy, const char *format, ...)
{
    if (link->failed) {
        return;
    }
    va_list list;
    va_start(list, format);
    char *message = mem_format_list(format, list);
    va_end(list);
    link->failed = true;
    result_set(link->result, STATE_FAIL, remedy, "%s", message);
    free(message);
}

struct refused link_refused_of(const struct link *link)
{
    return (struct refused){.environment = link->job->environment->name,
                            .section = "redis",
                            .mode = config_text(link->job->section, "mode"),
                            .fields = link->login->fields};
}

void link_refused(struct link *link, const char *command, const char *reply)
{
    const struct refused refused = link_refused_of(link);
    struct told told = refusal_tell(&refused, command, reply);
    link_fail(link, told.remedy, "%s", told.message);
    told_finish(&told);
}

void link_odd(struct link *link, const char *command)
{
    link_fail(link, "see what listens there: a proxy, a stand-in, another service",
              "%s answers %s in a way that Redis never does", link->dial.address,
              command);
}

static void fail_error(struct link *link, const struct error *error)
{
    link->alive = false;
    if (!link->failed) {
        link->failed = true;
        result_error(link->result, error, "see whether Redis runs, and its log");
    }
}

/* ---- the connection ---- */

static bool may_travel(struct link *link, const char *host, bool encrypted)
{
    struct error error;
    if (!link->login->password ||
        store_place_trusted(link->job->environment, "redis", host, encrypted, &error)) {
        return true;
    }
    link_fail(link, error.hint, "%s", error.message);
    return false;
}

bool link_open(struct link *link, const struct job *job, const struct login *login,
               struct result *result, const char *host, int port)
{
    *link = (struct link){
        .job = job, .result = result, .login = login, .dial = {.fd = -1}, .alive = true};
    resp_begin(&link->resp, &link->dial);
    buf_init(&link->info, 0);
    const struct tls_options tls = probe_target(job, "port").tls;
    if (!may_travel(link, host, tls.on)) {
        return false;
    }
    struct error error;
    bool done =
        dial_open(&link->dial, host, port, &tls, job->deadline, job->cancelled, &error);
    probe_dial(result, &link->dial);
    if (!done) {
        fail_error(link, &error);
    }
    return done;
}

void link_close(struct link *link)
{
    resp_finish(&link->resp);
    dial_close(&link->dial);
    buf_finish(&link->info);
}

/* ---- commands and replies ---- */

void link_add(struct link *link, const char *const *arguments)
{
    resp_add(&link->resp, arguments);
}

bool link_send(struct link *link)
{
    struct error error;
    link->sent = clock_now();
    if (!resp_send(&link->resp, &error)) {
        fail_error(link, &error);
    }
    return link->alive;
}

void link_add_login(struct link *link)
{
    redis_add_login(&link->resp, link->login->user, link->login->password);
}

void link_expect_login(struct link *link)
{
    if (link->login->user || link->login->password) {
        link_expect_status(link, "AUTH", "OK");
    }
}

redisReply *link_receive(struct link *link)
{
    struct error error;
    redisReply *reply = link->alive ? resp_receive(&link->resp, &error) : NULL;
    if (link->alive && !reply) {
        fail_error(link, &error);
    }
    return reply;
}

redisReply *link_next(struct link *link, const char *command, int type)
{
    redisReply *reply = link_receive(link);
    if (!reply || reply->type == type) {
        return reply;
    }
    if (reply->type == REDIS_REPLY_ERROR) {
        link_refused(link, command, reply->str);
    } else {
        link_odd(link, command);
    }
    freeReplyObject(reply);
    return NULL;
}

void link_expect_status(struct link *link, const char *command, const char *word)
{
    redisReply *reply = link_next(link, command, REDIS_REPLY_STATUS);
    if (reply && strcmp(reply->str, word) != 0) {
        link_odd(link, command);
    }
    if (reply) {
        freeReplyObject(reply);
    }
}

void link_expect_number(struct link *link, const char *command, long long low,
                        long long high)
{
    redisReply *reply = link_next(link, command, REDIS_REPLY_INTEGER);
    if (reply && (reply->integer < low || reply->integer > high)) {
        link_odd(link, command);
    }
    if (reply) {
        freeReplyObject(reply);
    }
}

#include "net/redis.h"

#include "base/mem.h"
#include "base/text.h"
#include "net/refusal.h"

#include <stdio.h>
#include <string.h>

bool redis_add_login(struct resp *resp, const char *user, const char *password)
{
    if (user) {
        resp_add(resp, (const char *[]){"AUTH", user, password ? password : "", NULL});
    } else if (password) {
        resp_add(resp, (const char *[]){"AUTH", password, NULL});
    }
    return user || password;
}

bool redis_master(const redisReply *reply, char *host, size_t room, int *port)
{
    bool pair = reply->type == REDIS_REPLY_ARRAY && reply->elements == 2 &&
                reply->element[0]->type == REDIS_REPLY_STRING &&
                reply->element[1]->type == REDIS_REPLY_STRING;
    int64_t number = 0;
    if (!pair || !text_integer(reply->element[1]->str, 1, 65535, &number)) {
        return false;
    }
    const char *name = reply->element[0]->str;
    size_t length = (size_t)reply->element[0]->len;
    if (length == 0 || length >= room || strlen(name) != length || name[0] == '/') {
        return false;
    }
    memcpy(host, name, length + 1);
    *port = (int)number;
    return true;
}

static void refuse(const struct redis_place *place, const char *command,
                   const char *reply, struct error *error)
{
    const struct refused refused = {.environment = place->environment,
                                    .section = place->section,
                                    .mode = place->mode,
                                    .fields = place->fields ? place->fields : ""};
    struct told told = refusal_tell(&refused, command, reply);
    error_set(error, ERROR_DENIED, "%s", told.message);
    error_hint(error, "%s", told.remedy);
    told_finish(&told);
}

/* NULL where it is an error; one that says where to go fills in `redirect`, unless that
 * is NULL. */
static redisReply *receive(struct resp *resp, const struct redis_place *place,
                           const char *command, struct redirect *redirect,
                           struct error *error)
{
    redisReply *reply = resp_receive(resp, error);
    if (!reply || reply->type != REDIS_REPLY_ERROR) {
        return reply;
    }
    if (!redirect || !redirect_read(reply->str, redirect)) {
        refuse(place, command, reply->str, error);
    }
    freeReplyObject(reply);
    return NULL;
}

static bool receive_done(struct resp *resp, const struct redis_place *place,
                         const char *command, struct error *error)
{
    redisReply *reply = receive(resp, place, command, NULL, error);
    if (reply) {
        freeReplyObject(reply);
    }
    return reply != NULL;
}

static redisReply *exchange(struct resp *resp, const struct redis_place *place,
                            const char *const *arguments, bool asking,
                            struct redirect *redirect, struct error *error)
{
    bool login = redis_add_login(resp, place->user, place->password);
    char number[24];
    snprintf(number, sizeof number, "%lld", (long long)place->database);
    if (place->database) {
        resp_add(resp, (const char *[]){"SELECT", number, NULL});
    }
    if (asking) {
        resp_add(resp, (const char *[]){"ASKING", NULL});
    }
    resp_add(resp, arguments);
    bool ready = resp_send(resp, error) &&
                 (!login || receive_done(resp, place, "AUTH", error)) &&
                 (!place->database || receive_done(resp, place, "SELECT", error)) &&
                 (!asking || receive_done(resp, place, "ASKING", error));
    return ready ? receive(resp, place, arguments[0], redirect, error) : NULL;
}

redisReply *redis_ask_node(const struct redis_place *place, const char *const *arguments,
                           bool asking, struct redirect *redirect, int64_t deadline,
                           const atomic_bool *cancelled, struct error *error)
{
    struct dial dial;
    struct resp resp;
    redisReply *reply = NULL;
    resp_begin(&resp, &dial);
    if (dial_open(&dial, place->host, place->port, &place->tls, deadline, cancelled,
                  error)) {
        reply = exchange(&resp, place, arguments, asking, redirect, error);
    }
    resp_finish(&resp);
    dial_close(&dial);
    return reply;
}

redisReply *redis_ask(const struct redis_place *place, const char *const *arguments,
                      int64_t deadline, const atomic_bool *cancelled, struct error *error)
{
    return redis_ask_node(place, arguments, false, NULL, deadline, cancelled, error);
}

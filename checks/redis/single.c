#include "checks/redis/single.h"

#include "base/clock.h"
#include "base/mem.h"
#include "base/text.h"
#include "checks/probe.h"
#include "checks/redis/info.h"
#include "checks/redis/prove.h"
#include "checks/redis/replicas.h"
#include "net/refusal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Of whom it is a replica, where INFO tells. */
static void fail_replica(struct link *link)
{
    char host[128] = "", port[16] = "";
    const char *info = buf_string(&link->info);
    const struct refused refused = link_refused_of(link);
    info_find(info, "master_host", host, sizeof host);
    info_find(info, "master_port", port, sizeof port);
    char *remedy = refusal_of_replica(&refused);
    link_fail(link, remedy, "%s is no master but a replica%s%s%s%s", link->dial.address,
              *host ? " of " : "", host, *port ? ":" : "", port);
    free(remedy);
}

/* ROLE: its first element is "master", "slave" or "sentinel" (redis.io/commands/role). */
static void hear_role(struct link *link)
{
    redisReply *reply = link_next(link, "ROLE", REDIS_REPLY_ARRAY);
    if (!reply) {
        return;
    }
    const redisReply *first = reply->elements ? reply->element[0] : NULL;
    const char *role = first && first->type == REDIS_REPLY_STRING ? first->str : "";
    if (strcmp(role, "slave") == 0) {
        fail_replica(link);
    } else if (strcmp(role, "sentinel") == 0) {
        prove_fail_sentinel(link);
    } else if (strcmp(role, "master") != 0) {
        link_odd(link, "ROLE");
    }
    freeReplyObject(reply);
}

/* Of one among several it is said which. */
static void judge(const struct redis_asking *asking, const struct server *server)
{
    const json_t *thresholds = json_object_get(asking->job->section, "thresholds");
    struct result *result = asking->result;
    if (!server->name[0]) {
        figures_judge(server->info, thresholds, clock_wall(), result);
        return;
    }
    struct result *own = result_create();
    result_ok(own, "at %s", server->name);
    figures_judge(server->info, thresholds, clock_wall(), own);
    if (own->state == STATE_WARN) {
        figures_warn(result, own->remedy, "%s", own->summary);
    }
    for (size_t i = 0; i < own->note_count; i++) {
        result_note(result, "%s: %s", server->name, own->notes[i]);
    }
    result_destroy(own);
}

void single_conclude(const struct redis_asking *asking, const struct server *servers,
                     size_t count)
{
    const json_t *thresholds = json_object_get(asking->job->section, "thresholds");
    struct result *result = asking->result;
    struct figures sum, one;
    for (size_t i = 0; i < count; i++) {
        figures_read(&one, servers[i].info);
        if (i == 0) {
            sum = one;
        } else {
            figures_add(&sum, &one);
        }
        if (result->state == STATE_OK || result->state == STATE_WARN) {
            judge(asking, &servers[i]);
        }
    }
    if (count > 0) {
        figures_show(&sum, result);
        figures_show_save(servers[0].info, clock_wall(), result);
        replicas_show(servers[0].info, result);
        figures_judge_growth(&sum, &asking->before, thresholds, result);
    }
}

/* A replica may be told to take writes, which nobody keeps. */
static void judge_role(struct link *link)
{
    char role[16];
    if (!link->failed && info_find(buf_string(&link->info), "role", role, sizeof role) &&
        strcmp(role, "slave") == 0) {
        fail_replica(link);
    }
}

static void tell_proven(struct link *link, int64_t span)
{
    char words[TEXT_SPAN], version[80];
    text_span(words, span);
    prove_name(link, version, sizeof version);
    result_figure(link->result, clock_ms(span));
    result_ok(link->result, "wrote, read back and deleted a key in %s%s%s", words,
              *version ? ", " : "", version);
    judge_role(link);
}

/* A replica may be told to take writes, so that the master shows first that it is one. */
static void climb(struct link *link, bool master, const char *key)
{
    int64_t database = config_integer(link->job->section, "database");
    struct proof proof = {.key = key, .waits = master || prove_waits(link, database)};
    prove_ask(link, database, &proof);
    if (master) {
        link_add(link, (const char *[]){"ROLE", NULL});
    }
    link_send(link);
    bool known = prove_hear_who(link, database, "standalone");
    info_show(buf_string(&link->info), link->result);
    if (master && known) {
        hear_role(link);
    }
    if (prove_finish(link, &proof)) {
        tell_proven(link, proof.span);
    }
}

void single_ask(const struct redis_asking *asking, const char *host, int port,
                bool master)
{
    struct result *result = asking->result;
    struct link link;
    char word[PROBE_WORD], key[sizeof REDIS_PREFIX + PROBE_WORD];
    probe_word(word);
    snprintf(key, sizeof key, REDIS_PREFIX "%s", word);
    if (host[0] == '/') {
        result_identity(result, "target", "%s", host);
    } else {
        result_identity(result, "target", "%s:%d", host, port);
    }
    if (link_open(&link, asking->job, asking->login, result, host, port)) {
        climb(&link, master, key);
    }
    const struct server server = {.info = buf_string(&link.info)};
    single_conclude(asking, &server, *server.info ? 1 : 0);
    if (!link.failed && !asking->login->password) {
        result_note(result, "it asks for no password: whoever reaches it may use it");
    }
    if (link.dial.wait.since) {
        result_phase(result, "total", clock_now() - link.dial.wait.since);
    }
    link_close(&link);
}

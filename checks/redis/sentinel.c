#include "checks/redis/sentinel.h"

#include "base/clock.h"
#include "base/mem.h"
#include "base/text.h"
#include "checks/redis/together.h"
#include "net/redis.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* One Sentinel, and what it said. */
struct visit {
    struct job job; /* ours, with a deadline that leaves time for the master */
    const struct login *login;
    const char *host, *name; /* of it; of the master */
    int port;
    struct result *result; /* OK: it told a master, with quorum */
    char master[256], quorum[96];
    int master_port;
};

static void fail_unknown(struct link *link, const char *name)
{
    char *remedy = mem_format("correct environments.%s.redis.master, or let the "
                              "Sentinels monitor it",
                              link->job->environment->name);
    link_fail(link, remedy, "there is no master named %s", name);
    free(remedy);
}

static void hear_master(struct link *link, struct visit *visit)
{
    redisReply *reply = link_receive(link);
    if (!reply) {
        return;
    }
    if (reply->type == REDIS_REPLY_ERROR) {
        link_refused(link, "SENTINEL", reply->str);
    } else if (reply->type == REDIS_REPLY_NIL) {
        fail_unknown(link, visit->name);
    } else if (!redis_master(reply, visit->master, sizeof visit->master,
                             &visit->master_port)) {
        link_odd(link, "SENTINEL get-master-addr-by-name");
    }
    freeReplyObject(reply);
}

/* "OK 3 usable Sentinels. Quorum and failover authorization can be reached" or an error
 * that begins with NOQUORUM. */
static void hear_quorum(struct link *link, struct visit *visit)
{
    redisReply *reply = link_next(link, "SENTINEL CKQUORUM", REDIS_REPLY_STATUS);
    if (!reply) {
        return;
    }
    if (!text_starts(reply->str, "OK ")) {
        link_odd(link, "SENTINEL CKQUORUM");
    } else {
        const char *words = reply->str + strlen("OK ");
        snprintf(visit->quorum, sizeof visit->quorum, "%.*s", (int)strcspn(words, "."),
                 words);
    }
    freeReplyObject(reply);
}

static void visit_one(void *self)
{
    struct visit *visit = self;
    struct link link;
    if (link_open(&link, &visit->job, visit->login, visit->result, visit->host,
                  visit->port)) {
        link_add_login(&link);
        link_add(&link, (const char *[]){"PING", NULL});
        link_add(&link, (const char *[]){"SENTINEL", "get-master-addr-by-name",
                                         visit->name, NULL});
        link_add(&link, (const char *[]){"SENTINEL", "CKQUORUM", visit->name, NULL});
        link_send(&link);
        link_expect_login(&link);
        link_expect_status(&link, "PING", "PONG");
        if (!link.failed) {
            result_reach(visit->result, RUNG_AUTHENTICATED);
        }
        hear_master(&link, visit);
        hear_quorum(&link, visit);
        if (!link.failed) {
            result_ok(visit->result, "names a master");
        }
    }
    link_close(&link);
}

/* ---- what they said together ---- */

struct council {
    const struct redis_asking *asking;
    struct visit *visits;
    size_t count, good;
};

static void fail_with(const struct council *council, const struct visit *visit)
{
    const struct result *result = visit->result;
    result_set(council->asking->result, result->state, result->remedy,
               "Sentinel %s:%d: %s", visit->host, visit->port, result->summary);
}

/* A Sentinel that answers badly is red; one that is not there is what there are others
 * for. */
static bool all_agree(struct council *council, const struct visit **first)
{
    struct result *result = council->asking->result;
    for (size_t i = 0; i < council->count; i++) {
        const struct visit *visit = &council->visits[i];
        if (visit->result->state != STATE_OK) {
            if (visit->result->rung >= RUNG_AUTHENTICATED) {
                fail_with(council, visit);
                return false;
            }
            continue;
        }
        council->good++;
        *first = *first ? *first : visit;
        if (strcmp((*first)->master, visit->master) != 0 ||
            (*first)->master_port != visit->master_port) {
            result_set(result, STATE_FAIL,
                       "wait until their failover has ended, and see their logs",
                       "the Sentinels name two masters: %s:%d and %s:%d",
                       (*first)->master, (*first)->master_port, visit->master,
                       visit->master_port);
            return false;
        }
    }
    if (council->good == 0) {
        fail_with(council, &council->visits[0]);
    }
    return council->good > 0;
}

static void note_absent(const struct council *council)
{
    for (size_t i = 0; i < council->count; i++) {
        const struct visit *visit = &council->visits[i];
        if (visit->result->state != STATE_OK) {
            result_note(council->asking->result, "Sentinel %s:%d: %s", visit->host,
                        visit->port, visit->result->summary);
        }
    }
}

static void follow(struct council *council)
{
    const struct redis_asking *asking = council->asking;
    const struct visit *first = NULL;
    int64_t began = clock_now();
    together(council->visits, council->count, sizeof *council->visits, visit_one);
    result_phase(asking->result, "sentinels", clock_now() - began);
    if (!all_agree(council, &first)) {
        return;
    }
    note_absent(council);
    result_evidence(asking->result, "mode", "sentinel");
    result_evidence(asking->result, "master", "%s", first->name);
    result_evidence(asking->result, "sentinels", "%zu of %zu", council->good,
                    council->count);
    result_evidence(asking->result, "quorum", "%s", first->quorum);
    single_ask(asking, first->master, first->master_port, true);
    result_evidence(asking->result, "mode", "sentinel");
}

void sentinel_ask(const struct redis_asking *asking)
{
    const struct job *job = asking->job;
    const json_t *list = json_object_get(job->section, "sentinels");
    const char *name = config_text(job->section, "master");
    const json_t *source = json_object_get(job->section, "sentinel_password");
    struct secret *secret = source ? job_secret(job, source, asking->result) : NULL;
    struct council council = {.asking = asking, .count = json_array_size(list)};
    if (source && !secret) {
        return;
    }
    if (!name || council.count == 0) {
        result_block(asking->result, "config", "redis has no sentinels or no master");
        return;
    }
    const struct login login = {config_text(job->section, "sentinel_user"),
                                secret ? secret_data(secret) : NULL, "sentinel_"};
    council.visits = mem_alloc(council.count * sizeof *council.visits);
    for (size_t i = 0; i < council.count; i++) {
        const json_t *entry = json_array_get(list, i);
        struct visit *visit = &council.visits[i];
        *visit = (struct visit){.job = *job,
                                .login = &login,
                                .name = name,
                                .host = config_text(entry, "host"),
                                .port = (int)config_integer(entry, "port"),
                                .result = result_create()};
        visit->job.deadline = clock_share(job->deadline, 1);
    }
    follow(&council);
    for (size_t i = 0; i < council.count; i++) {
        result_destroy(council.visits[i].result);
    }
    free(council.visits);
}

#include "checks/redis/cluster.h"

#include "base/clock.h"
#include "base/mem.h"
#include "base/text.h"
#include "checks/redis/info.h"
#include "checks/redis/prove.h"
#include "checks/redis/slot.h"
#include "checks/redis/together.h"
#include "net/slots.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct cluster {
    const struct redis_asking *asking;
    struct nodes nodes;
    char version[80];
    struct visit *visits;
    size_t count;
};

/* One master, and what it said. */
struct visit {
    const struct cluster *cluster;
    const struct node *node;
    struct result *result; /* OK: it took a key */
    char *info;
    int64_t span;
};

/* ---- one master ---- */

/* Where it sends us; NULL where we do not follow, which is told. */
static const struct node *sent_to(struct link *link, const struct visit *visit,
                                  const struct node *from,
                                  const struct redirect *redirect, int hop)
{
    struct error error;
    const struct node *to =
        nodes_follow(&visit->cluster->nodes, from, redirect, hop, &error);
    if (!to) {
        link->failed = false;
        link_fail(link, error.hint, "%s", error.message);
    }
    return to;
}

static bool prove_node(struct link *link, struct visit *visit, struct proof *proof)
{
    int64_t database = config_integer(link->job->section, "database");
    proof->waits = prove_waits(link, database);
    prove_ask(link, database, proof);
    link_send(link);
    prove_hear_who(link, database, "cluster");
    if (!visit->info) {
        visit->info = mem_text(buf_string(&link->info));
    }
    return prove_finish(link, proof);
}

/* Proves at one node; returns the one to go on to, or NULL where this was the last. */
static const struct node *visit_node(struct visit *visit, const struct node *node,
                                     const char *key, int hop, bool *asking)
{
    const struct redis_asking *whole = visit->cluster->asking;
    struct redirect redirect = {0};
    const struct node *next = NULL;
    struct link link;
    if (link_open(&link, whole->job, whole->login, visit->result, node->host,
                  node->port)) {
        struct proof proof = {.key = key, .asking = *asking, .redirect = &redirect};
        if (prove_node(&link, visit, &proof)) {
            visit->span = proof.span;
            result_ok(visit->result, "took a key");
        } else if (redirect.given) {
            next = sent_to(&link, visit, node, &redirect, hop);
            *asking = redirect.asking;
        }
    }
    link_close(&link);
    return next;
}

static void visit_one(void *self)
{
    struct visit *visit = self;
    const struct node *node = visit->node;
    bool asking = false;
    char key[SLOT_KEY];
    struct error error;
    if (!node_named(node, &error)) {
        result_set(visit->result, STATE_FAIL, error.hint, "%s", error.message);
        return;
    }
    slot_key(key, node->first, node->last);
    for (int hop = 1; node; hop++) {
        node = visit_node(visit, node, key, hop, &asking);
        if (node) {
            result_note(visit->result, "slot %d is on its way to %s:%d",
                        slot_of(key, strlen(key)), node->host, node->port);
        }
    }
}

/* ---- all of them ---- */

static void take_notes(struct result *result, const struct result *from)
{
    for (size_t i = 0; i < from->note_count; i++) {
        result_note(result, "%s", from->notes[i]);
    }
}

/* The worst one tells the verdict, and every other bad one is a note. */
static const struct visit *worst_of(const struct cluster *cluster)
{
    const struct visit *worst = &cluster->visits[0];
    for (size_t i = 1; i < cluster->count; i++) {
        const struct visit *visit = &cluster->visits[i];
        if (visit->result->state != worst->result->state &&
            state_worse(visit->result->state, worst->result->state) ==
                visit->result->state) {
            worst = visit;
        }
    }
    return worst;
}

static void tell_worst(const struct cluster *cluster, const struct visit *worst)
{
    struct result *result = cluster->asking->result;
    result_set(result, worst->result->state, worst->result->remedy, "master %s:%d: %s",
               worst->node->host, worst->node->port, worst->result->summary);
    for (size_t i = 0; i < cluster->count; i++) {
        const struct visit *visit = &cluster->visits[i];
        if (visit != worst && visit->result->state != STATE_OK) {
            result_note(result, "master %s:%d: %s", visit->node->host, visit->node->port,
                        visit->result->summary);
        }
    }
}

static void tell_good(const struct cluster *cluster)
{
    struct result *result = cluster->asking->result;
    int64_t slowest = 0;
    char words[TEXT_SPAN];
    for (size_t i = 0; i < cluster->count; i++) {
        slowest = cluster->visits[i].span > slowest ? cluster->visits[i].span : slowest;
        take_notes(result, cluster->visits[i].result);
    }
    text_span(words, slowest);
    result_reach(result, RUNG_USABLE);
    result_figure(result, clock_ms(slowest));
    result_ok(result,
              "wrote, read back and deleted a key at each of %zu masters in %s%s%s",
              cluster->count, words, *cluster->version ? ", " : "", cluster->version);
    if (!cluster->asking->login->password) {
        result_note(result, "it asks for no password: whoever reaches it may use it");
    }
}

static void tell_together(const struct cluster *cluster)
{
    struct server *servers = mem_alloc(cluster->count * sizeof *servers);
    size_t told = 0, good = 0;
    for (size_t i = 0; i < cluster->count; i++) {
        const struct visit *visit = &cluster->visits[i];
        good += visit->result->state == STATE_OK;
        if (visit->info && *visit->info) {
            struct server *server = &servers[told++];
            server->info = visit->info;
            snprintf(server->name, sizeof server->name, "%s:%d", visit->node->host,
                     visit->node->port);
        }
    }
    result_evidence(cluster->asking->result, "masters", "%zu of %zu", good,
                    cluster->count);
    const struct visit *worst = worst_of(cluster);
    if (worst->result->state == STATE_OK) {
        tell_good(cluster);
    } else {
        tell_worst(cluster, worst);
    }
    single_conclude(cluster->asking, servers, told);
    free(servers);
}

static void visit_all(struct cluster *cluster)
{
    int64_t began = clock_now();
    cluster->visits = mem_alloc(cluster->nodes.masters * sizeof *cluster->visits);
    for (size_t i = 0; i < cluster->nodes.count; i++) {
        const struct node *node = &cluster->nodes.rows[i];
        if (node->slots > 0) {
            cluster->visits[cluster->count++] = (struct visit){
                .cluster = cluster, .node = node, .result = result_create()};
        }
    }
    together(cluster->visits, cluster->count, sizeof *cluster->visits, visit_one);
    result_phase(cluster->asking->result, "masters", clock_now() - began);
    tell_together(cluster);
    for (size_t i = 0; i < cluster->count; i++) {
        result_destroy(cluster->visits[i].result);
        free(cluster->visits[i].info);
    }
    free(cluster->visits);
}

/* ---- the cluster's own state ---- */

static void judge_state(struct link *link, const char *state)
{
    char word[16] = "";
    int64_t assigned = 0, failed = 0, doubted = 0;
    info_find(state, "cluster_state", word, sizeof word);
    info_number(state, "cluster_slots_assigned", &assigned);
    info_number(state, "cluster_slots_fail", &failed);
    info_number(state, "cluster_slots_pfail", &doubted);
    result_evidence(link->result, "cluster_state", "%s", word);
    result_evidence(link->result, "slots", "%" PRId64 " of %d", assigned - failed, SLOTS);
    if (strcmp(word, "ok") != 0) {
        link_fail(link,
                  "mend the cluster: see CLUSTER NODES for who is down, and CLUSTER "
                  "SLOTS for what nobody serves",
                  "cluster_state:%s, %" PRId64 " of %d slots are assigned, %" PRId64
                  " failed",
                  *word ? word : "not told", assigned, SLOTS, failed);
    } else if (assigned < SLOTS || failed > 0) {
        link_fail(link,
                  "assign every slot to a master that is up: redis-cli --cluster fix",
                  "%" PRId64 " of %d slots are assigned, %" PRId64 " failed", assigned,
                  SLOTS, failed);
    } else if (doubted > 0) {
        result_note(link->result, "%" PRId64 " slots are at a node that is not reached",
                    doubted);
    }
}

static void hear_state(struct link *link)
{
    redisReply *reply = link_next(link, "CLUSTER INFO", REDIS_REPLY_STRING);
    if (reply && strstr(reply->str, "cluster_state:")) {
        judge_state(link, reply->str);
    } else if (reply) {
        link_odd(link, "CLUSTER INFO");
    }
    if (reply) {
        freeReplyObject(reply);
    }
}

static void hear_slots(struct link *link, struct cluster *cluster, const char *host)
{
    redisReply *reply = link_next(link, "CLUSTER SLOTS", REDIS_REPLY_ARRAY);
    if (!reply) {
        return;
    }
    if (!nodes_read(&cluster->nodes, reply, host)) {
        link_odd(link, "CLUSTER SLOTS");
    } else if (cluster->nodes.covered < SLOTS) {
        link_fail(link,
                  "assign every slot to a master that is up: redis-cli --cluster fix",
                  "nobody serves %d of %d slots", SLOTS - cluster->nodes.covered, SLOTS);
    }
    freeReplyObject(reply);
}

/* Who it is, how the cluster is, who serves what: one round trip. */
static bool survey(struct link *link, struct cluster *cluster, const char *host)
{
    int64_t database = config_integer(link->job->section, "database");
    prove_ask_who(link, database);
    link_add(link, (const char *[]){"CLUSTER", "INFO", NULL});
    link_add(link, (const char *[]){"CLUSTER", "SLOTS", NULL});
    link_send(link);
    prove_hear_who(link, database, "cluster");
    info_show(buf_string(&link->info), link->result);
    prove_name(link, cluster->version, sizeof cluster->version);
    hear_state(link);
    hear_slots(link, cluster, host);
    return !link->failed;
}

void cluster_ask(const struct redis_asking *asking, const char *host, int port)
{
    struct cluster cluster = {.asking = asking};
    struct link link;
    int64_t began = clock_now();
    result_identity(asking->result, "target", "%s:%d", host, port);
    bool known =
        link_open(&link, asking->job, asking->login, asking->result, host, port) &&
        survey(&link, &cluster, host[0] == '/' ? "localhost" : host);
    link_close(&link);
    if (known) {
        visit_all(&cluster);
    }
    result_phase(asking->result, "total", clock_now() - began);
    nodes_finish(&cluster.nodes);
}

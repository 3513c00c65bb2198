/* Redis: is it usable, how fast does it answer, what is it, and how near to its bounds.
 */
#include "ui/card.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

extern const struct pane pane_redis;

/* Appends what is formatted, after a comma where something is there already. */
static void join(char *out, size_t room, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

static void join(char *out, size_t room, const char *format, ...)
{
    size_t used = strlen(out);
    if (used > 0 && used + 2 < room) {
        memcpy(out + used, ", ", 3);
        used += 2;
    }
    va_list list;
    va_start(list, format);
    vsnprintf(out + used, room - used, format, list);
    va_end(list);
}

/* The evidence, with words behind it, where there is any that is not "0". */
static void join_evidence(const struct card *card, char *out, size_t room,
                          const char *key, const char *words)
{
    const char *value = card_evidence(card, key);
    if (*value && strcmp(value, "0") != 0) {
        join(out, room, "%s%s", value, words);
    }
}

/* "Redis 7.0.15" */
static void tell_name(const struct card *card, char *out, size_t room)
{
    const char *valkey = card_evidence(card, "valkey_version");
    const char *redis = card_evidence(card, "redis_version");
    if (*valkey || *redis) {
        join(out, room, "%s %s", *valkey ? "Valkey" : "Redis", *valkey ? valkey : redis);
    }
}

/* "master", "master behind Sentinels", "3 of 3 masters" */
static void tell_role(const struct card *card, char *out, size_t room)
{
    const char *masters = card_evidence(card, "masters");
    const char *role = card_evidence(card, "role");
    if (*masters) {
        join(out, room, "%s masters", masters);
    } else if (*role) {
        join(out, room, "%s%s", strcmp(role, "slave") == 0 ? "replica" : role,
             *card_evidence(card, "sentinels") ? " behind Sentinels" : "");
    }
}

static struct card_row *add_row(struct card *card, const char *key)
{
    struct card_row *row = &card->rows[card->row_count++];
    snprintf(row->key, sizeof row->key, "%s", key);
    row->style = STYLE_TEXT;
    return row;
}

/* A row that nothing could be told in is none. */
static void end_row(struct card *card, const struct card_row *row)
{
    card->row_count -= row->value[0] == '\0';
}

static void add_server(struct card *card)
{
    struct card_row *row = add_row(card, "server");
    tell_name(card, row->value, sizeof row->value);
    join_evidence(card, row->value, sizeof row->value, "mode", "");
    if (*row->value && *card_evidence(card, "uptime")) {
        join(row->value, sizeof row->value, "up %s", card_evidence(card, "uptime"));
    }
    end_row(card, row);
}

static void add_memory(struct card *card)
{
    struct card_row *row = add_row(card, "memory");
    const char *share = card_evidence(card, "memory_share");
    if (*share) {
        row->bar = true;
        row->part = (double)strtol(share, NULL, 10) / 100;
        join(row->value, sizeof row->value, "%s", share);
    }
    join_evidence(card, row->value, sizeof row->value, "memory", "");
    join_evidence(card, row->value, sizeof row->value, "maxmemory_policy", "");
    join_evidence(card, row->value, sizeof row->value, "evicted_keys", " evicted");
    end_row(card, row);
}

static void add_clients(struct card *card)
{
    struct card_row *row = add_row(card, "clients");
    join_evidence(card, row->value, sizeof row->value, "clients", "");
    join_evidence(card, row->value, sizeof row->value, "blocked_clients", " blocked");
    join_evidence(card, row->value, sizeof row->value, "rejected_connections",
                  " rejected");
    end_row(card, row);
}

static void add_load(struct card *card)
{
    struct card_row *row = add_row(card, "load");
    const char *operations = card_evidence(card, "operations_per_second");
    if (*operations) {
        join(row->value, sizeof row->value, "%s operations a second", operations);
    }
    join_evidence(card, row->value, sizeof row->value, "hit_rate", " hits");
    end_row(card, row);
}

static void add_replication(struct card *card)
{
    struct card_row *row = add_row(card, "replication");
    const char *link = card_evidence(card, "primary_link");
    const char *replicas = card_evidence(card, "replicas");
    tell_role(card, row->value, sizeof row->value);
    if (*replicas) {
        join(row->value, sizeof row->value, "%s replica%s", replicas,
             strcmp(replicas, "1") == 0 ? "" : "s");
    }
    if (*link) {
        join(row->value, sizeof row->value, "link %s", link);
    }
    join_evidence(card, row->value, sizeof row->value, "replica_lag", "");
    join_evidence(card, row->value, sizeof row->value, "slots", " slots");
    join_evidence(card, row->value, sizeof row->value, "sentinels", " Sentinels");
    end_row(card, row);
}

static void add_save(struct card *card)
{
    struct card_row *row = add_row(card, "last save");
    const char *append = card_evidence(card, "last_append");
    join_evidence(card, row->value, sizeof row->value, "last_save", "");
    if (*row->value && *append && strcmp(append, "ok") != 0) {
        join(row->value, sizeof row->value, "append %s", append);
    }
    end_row(card, row);
}

/* In the two lines of a small card: the latency and which server it is, then what may run
 * out, the most important first. */
static void tell_short(struct card *card)
{
    const char *clients = card_evidence(card, "clients");
    const char *operations = card_evidence(card, "operations_per_second");
    const char *share = card_evidence(card, "memory_share");
    const char *valkey = card_evidence(card, "valkey_version");
    card_latency(card);
    join(card->detail, sizeof card->detail, "%s%s", *valkey ? "Valkey " : "",
         *valkey ? valkey : card_evidence(card, "redis_version"));
    join_evidence(card, card->detail, sizeof card->detail, "uptime", "");
    join_evidence(card, card->detail, sizeof card->detail, "address", "");
    tell_role(card, card->head, sizeof card->head);
    if (*share) {
        join(card->head, sizeof card->head, "mem %s", share);
    } else {
        join_evidence(card, card->head, sizeof card->head, "memory", "");
    }
    if (*clients) {
        size_t length = strcspn(clients, " ");
        join(card->head, sizeof card->head, "%.*s client%s", (int)length, clients,
             length == 1 && *clients == '1' ? "" : "s");
    }
    if (*operations) {
        join(card->head, sizeof card->head, "%s op/s", operations);
    }
    join_evidence(card, card->head, sizeof card->head, "hit_rate", " hits");
}

static void redis_update(void *self, const struct scene *scene)
{
    static const char *const names[] = {"redis"};
    static const char *const first[] = {"target", "cluster_state", "quorum", NULL};
    static const char *const said[] = {"redis_version",
                                       "valkey_version",
                                       "mode",
                                       "uptime",
                                       "memory_share",
                                       "maxmemory_policy",
                                       "evicted_keys",
                                       "blocked_clients",
                                       "hit_rate",
                                       "rejected_connections",
                                       "role",
                                       "operations_per_second",
                                       "replicas",
                                       "primary_link",
                                       "replica_lag",
                                       "slots",
                                       "sentinels",
                                       "last_save",
                                       "last_append",
                                       "masters",
                                       NULL};
    struct card *card = self;
    card_take(card, &pane_redis, scene, names, 1);
    card->first = first;
    card->said = said;
    add_server(card);
    add_memory(card);
    add_clients(card);
    add_load(card);
    add_replication(card);
    add_save(card);
    if (card_proven(card)) {
        tell_short(card);
    }
}

const struct pane pane_redis = {
    .name = "redis",
    .title = "Redis",
    .place = PLACE_CARD,
    .context = CONTEXT_BOARD,
    .state_size = sizeof(struct card),
    .update = redis_update,
    .draw = card_draw,
    .light = card_worst,
};

#include "net/refusal.h"

#include "base/mem.h"
#include "base/text.h"

#include <stdlib.h>
#include <string.h>

/* What Redis answers where it will not do it, by the first words of the reply. The remedy
 * is `verb`, the path of the field where one is to blame, and `more`; without a verb,
 * that of a replica. */
static const struct refusal {
    const char *begins;
    const char *instead; /* words for Redis's own, NULL: its own */
    const char *verb, *field, *more;
} refusals[] = {
    {"NOAUTH", NULL, "set ", "password", ""},
    {"WRONGPASS", NULL, "correct at its source: ", "password", ", or the user"},
    {"ERR invalid password", NULL, "correct at its source: ", "password", ""},
    {"ERR AUTH <password> called without any password",
     "a password is configured, and this Redis asks for none",
     "see whether this is the right Redis; "
     "give it a password, or remove ",
     "password", ""},
    {"ERR Client sent AUTH, but no password is set",
     "a password is configured, and this Redis asks for none",
     "see whether this is the right Redis; "
     "give it a password, or remove ",
     "password", ""},
    {"ERR wrong number of arguments for 'auth'",
     "this Redis has no users: it is older than 6", "remove ", "user", ""},
    {"NOPERM", NULL,
     "grant the user ~" REDIS_PREFIX "* +set +get +pttl +del +ping +info +select +role, "
     "in a cluster also +asking +cluster|info +cluster|slots",
     NULL, ""},
    {"ERR DB index is out of range", NULL, "correct ", "database", ""},
    {"ERR invalid DB index", NULL, "correct ", "database", ""},
    {"ERR SELECT is not allowed in cluster mode", NULL, "remove ", "database",
     ": a cluster has but one"},
    {"LOADING", NULL, "wait until Redis has read its data set from disk", NULL, ""},
    {"READONLY", NULL, NULL, NULL, ""},
    {"MASTERDOWN", NULL, "mend replication: this replica has lost its primary", NULL, ""},
    {"NOQUORUM", NULL,
     "start the Sentinels that are missing: until then nobody fails over", NULL, ""},
    {"ERR No such master with that name", NULL, "correct ", "master", ""},
    {"ERR unknown command 'SENTINEL'", "this is no Sentinel", "correct ", "sentinels",
     ": hosts and ports of the Sentinels themselves"},
    {"ERR unknown command `SENTINEL`", "this is no Sentinel", "correct ", "sentinels",
     ": hosts and ports of the Sentinels themselves"},
    {"ERR This instance has cluster support disabled",
     "this Redis is no part of a cluster", "correct ", "mode", ""},
    {"CLUSTERDOWN", NULL,
     "mend the cluster: see CLUSTER INFO for the slots that nobody serves", NULL, ""},
    {"MOVED", "this is one node of a Redis Cluster", "set ", "mode", " to cluster"},
    {"ASK", "this is one node of a Redis Cluster", "set ", "mode", " to cluster"},
    {"TRYAGAIN", "the slot is on its way to another node, and its keys are at both",
     "wait until its migration has ended: CLUSTER NODES shows it", NULL, ""},
    {"MISCONF", NULL, "see Redis's log for why it cannot save, and free disk space", NULL,
     ""},
    {"OOM", NULL, "raise maxmemory of Redis, or let it evict keys", NULL, ""},
    {"NOREPLICAS", NULL, "mend the replicas: too few of them are in step", NULL, ""},
    {"BUSY", NULL, "a script blocks Redis: SCRIPT KILL ends it", NULL, ""},
    {"DENIED", NULL,
     "Redis refuses strangers in protected mode: bind it and set a password", NULL, ""},
    {"ERR max number of clients reached", NULL,
     "raise maxclients of Redis, or find who holds "
     "the connections",
     NULL, ""},
};

static const struct refusal *find_refusal(const char *text)
{
    for (size_t i = 0; i < sizeof refusals / sizeof refusals[0]; i++) {
        if (text_starts(text, refusals[i].begins)) {
            return &refusals[i];
        }
    }
    return NULL;
}

static char *words_of(const struct refusal *row, const char *command, const char *reply)
{
    size_t length = strlen(reply);
    length -= length && reply[length - 1] == '.';
    if (row && row->instead) {
        return mem_text(row->instead);
    }
    return row ? mem_format("%.*s", (int)length, reply)
               : mem_format("%s was refused: %.*s", command, (int)length, reply);
}

char *refusal_of_replica(const struct refused *refused)
{
    if (text_equal(refused->mode, "sentinel")) {
        return mem_text(
            "wait until the failover of the Sentinels has ended, and see their "
            "logs for whom they take for the primary");
    }
    if (text_equal(refused->mode, "cluster")) {
        return mem_text(
            "wait until the failover of the cluster has ended, and see CLUSTER "
            "NODES for whom it takes for the primary");
    }
    return mem_format("point environments.%s.%s.host at the primary: this is a replica",
                      refused->environment, refused->section);
}

static char *remedy_of(const struct refusal *row, const struct refused *refused)
{
    if (!row) {
        return mem_text("see the log of Redis");
    }
    if (!row->verb) {
        return refusal_of_replica(refused);
    }
    if (!row->field) {
        return mem_text(row->verb);
    }
    bool login = text_equal(row->field, "password") || text_equal(row->field, "user");
    return mem_format("%senvironments.%s.%s.%s%s%s", row->verb, refused->environment,
                      refused->section, login ? refused->fields : "", row->field,
                      row->more);
}

struct told refusal_tell(const struct refused *refused, const char *command,
                         const char *reply)
{
    const struct refusal *row = find_refusal(reply);
    return (struct told){words_of(row, command, reply), remedy_of(row, refused)};
}

void told_finish(struct told *told)
{
    free(told->message);
    free(told->remedy);
    *told = (struct told){NULL, NULL};
}

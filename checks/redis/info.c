#include "checks/redis/info.h"

#include "base/text.h"
#include "checks/probe.h"

#include <stdio.h>
#include <string.h>

bool info_find(const char *info, const char *key, char *out, size_t room)
{
    size_t length = strlen(key);
    for (const char *line = info; line; line = strchr(line, '\n')) {
        line += *line == '\n';
        if (strncmp(line, key, length) == 0 && line[length] == ':') {
            const char *value = line + length + 1;
            snprintf(out, room, "%.*s", (int)strcspn(value, "\r\n"), value);
            return *out != '\0';
        }
    }
    return false;
}

/* Evidence from INFO: its key and, after a blank, the one that it is "of". */
static const struct figure {
    const char *key, *info, *of;
    bool identity;
} figures[] = {
    {"redis_version", "redis_version", NULL, true},
    {"valkey_version", "valkey_version", NULL, true},
    {"mode", "redis_mode", NULL, false},
    {"role", "role", NULL, false},
    {"clients", "connected_clients", "maxclients", false},
    {"blocked_clients", "blocked_clients", NULL, false},
    {"rejected_connections", "rejected_connections", NULL, false},
    {"memory", "used_memory_human", "maxmemory_human", false},
    {"maxmemory_policy", "maxmemory_policy", NULL, false},
    {"evicted_keys", "evicted_keys", NULL, false},
    {"operations_per_second", "instantaneous_ops_per_sec", NULL, false},
    {"replicas", "connected_slaves", NULL, false},
    {"primary_link", "master_link_status", NULL, false},
    {"last_save", "rdb_last_bgsave_status", NULL, false},
    {"last_append", "aof_last_write_status", NULL, false},
};

void info_show(const char *info, struct result *result)
{
    char value[64], limit[64];
    for (size_t i = 0; i < sizeof figures / sizeof figures[0]; i++) {
        const struct figure *row = &figures[i];
        if (!info_find(info, row->info, value, sizeof value)) {
            continue;
        }
        bool bounded = row->of && info_find(info, row->of, limit, sizeof limit) &&
                       strcmp(limit, "0B") != 0;
        if (row->identity) {
            result_identity(result, row->key, "%s", value);
        } else {
            result_evidence(result, row->key, bounded ? "%s of %s" : "%s", value, limit);
        }
    }
    int64_t seconds = 0;
    if (info_find(info, "uptime_in_seconds", value, sizeof value) &&
        text_integer(value, 0, INT32_MAX, &seconds)) {
        probe_uptime(result, seconds);
    }
}

void info_advise(const char *info, struct result *result)
{
    char used[32], most[32], save[16];
    int64_t used_bytes = 0, most_bytes = 0;
    if (info_find(info, "used_memory", used, sizeof used) &&
        info_find(info, "maxmemory", most, sizeof most) &&
        text_integer(used, 0, INT64_MAX, &used_bytes) &&
        text_integer(most, 1, INT64_MAX, &most_bytes) &&
        used_bytes / 9 > most_bytes / 10) {
        result_note(result,
                    "memory is nearly full: Redis will evict keys or refuse writes");
    }
    if (info_find(info, "rdb_last_bgsave_status", save, sizeof save) &&
        strcmp(save, "ok") != 0) {
        result_note(result, "the last save to disk failed: see Redis's log");
    }
}

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

bool info_number(const char *info, const char *key, int64_t *value)
{
    char text[32];
    return info_find(info, key, text, sizeof text) &&
           text_integer(text, 0, INT64_MAX, value);
}

/* Valkey calls it server_mode, unless it is told to be like Redis (valkey.io/commands/
 * info). */
bool info_mode(const char *info, char *out, size_t room)
{
    return info_find(info, "redis_mode", out, room) ||
           info_find(info, "server_mode", out, room);
}

/* Evidence from INFO that is neither counted nor judged. */
static const struct line {
    const char *key, *info;
    bool identity;
} lines[] = {
    {"redis_version", "redis_version", true},
    {"valkey_version", "valkey_version", true},
    {"mode", "redis_mode", false},
    {"mode", "server_mode", false},
    {"role", "role", false},
    {"replica_of", "master_host", false},
    {"primary_link", "master_link_status", false},
    {"maxmemory_policy", "maxmemory_policy", false},
    {"last_append", "aof_last_write_status", false},
};

void info_show(const char *info, struct result *result)
{
    char value[128];
    for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++) {
        const struct line *row = &lines[i];
        if (!info_find(info, row->info, value, sizeof value)) {
            continue;
        }
        if (row->identity) {
            result_identity(result, row->key, "%s", value);
        } else {
            result_evidence(result, row->key, "%s", value);
        }
    }
    int64_t seconds = 0;
    if (info_number(info, "uptime_in_seconds", &seconds) && seconds <= INT32_MAX) {
        probe_uptime(result, seconds);
    }
}

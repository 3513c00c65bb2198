#include "alert/sink.h"

#include "base/fs.h"
#include "base/mem.h"
#include "config/demand.h"
#include "config/value.h"

#include <stdlib.h>

const struct sink *const sinks[SINK_COUNT] = {&sink_webhook, &sink_command};

bool sink_configured(const struct sink *sink, const struct environment *environment)
{
    return json_object_get(config_section(environment, "/notify"), sink->name) != NULL;
}

char *sink_directory(const struct sink *sink, const char *outbox)
{
    return fs_join(outbox, sink->name);
}

bool sink_url_safe(const struct environment *environment, const char *url,
                   struct error *error)
{
    bool encrypted = false;
    char *host = value_url_host(url, &encrypted);
    bool safe = host && (encrypted || demand_plain(environment, host));
    if (!host) {
        error_set(error, ERROR_CONFIG, "what notify.webhook.url leads to is no URL");
        error_hint(error, "correct the value at its source");
    } else if (!safe) {
        error_set(error, ERROR_CONFIG, "a secret would travel in plain text to %s", host);
        error_hint(error, "use https, or list the host in environments.%s.private",
                   environment->name);
    }
    free(host);
    return safe;
}

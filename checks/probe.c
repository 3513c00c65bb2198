#include "checks/probe.h"

#include "base/clock.h"
#include "base/digest.h"
#include "base/mem.h"
#include "base/text.h"
#include "checks/absent.h"
#include "config/demand.h"

#include <sys/random.h>

bool probe_store(const struct job *job, struct result *result, const char **password)
{
    const char *store = job->check->name; /* its section is named like it */
    *password = NULL;
    if (!job->section) {
        absent_section(job, store, result);
        return false;
    }
    if (!demand_placed(job->section)) {
        result_block(result, "config", "%s has no host", store);
        return false;
    }
    result_reach(result, RUNG_CONFIGURED);
    const json_t *source = json_object_get(job->section, "password");
    struct secret *secret = source ? job_secret(job, source, result) : NULL;
    *password = secret ? secret_data(secret) : NULL;
    return !source || secret;
}

struct probe_target probe_target(const struct job *job, const char *port)
{
    return (struct probe_target){.host = config_text(job->section, "host"),
                                 .port = (int)config_integer(job->section, port),
                                 .tls =
                                     tls_options_of(json_object_get(job->section, "tls"),
                                                    job->environment->directory)};
}

void probe_phases(struct result *result, const struct http_reply *reply)
{
    const struct phase phases[] = {
        {"resolve", reply->resolve}, {"connect", reply->connect},
        {"tls", reply->tls},         {"first_byte", reply->first_byte},
        {"total", reply->total},
    };
    for (size_t i = 0; i < sizeof phases / sizeof phases[0]; i++) {
        if (phases[i].span) {
            result_phase(result, phases[i].name, phases[i].span);
        }
    }
}

void probe_dial(struct result *result, const struct dial *dial)
{
    if (*dial->address) {
        result_evidence(result, "address", "%s", dial->address);
    }
    if (dial->connected) {
        result_reach(result, RUNG_REACHABLE);
    }
    const struct phase phases[] = {
        {"resolve", dial->resolve}, {"connect", dial->connect}, {"tls", dial->tls}};
    for (size_t i = 0; i < sizeof phases / sizeof phases[0]; i++) {
        if (phases[i].span) {
            result_phase(result, phases[i].name, phases[i].span);
        }
    }
}

void probe_uptime(struct result *result, int64_t seconds)
{
    char span[TEXT_SPAN] = "under 1 s";
    if (seconds > 0) {
        text_span(span, seconds * CLOCK_SECOND);
    }
    result_evidence(result, "uptime", "%s", span);
}

void probe_word(char out[PROBE_WORD])
{
    unsigned char bytes[PROBE_WORD / 2];
    if (getrandom(bytes, sizeof bytes, 0) != (ssize_t)sizeof bytes) {
        panic("this system has no random bytes");
    }
    hex_encode(out, bytes, sizeof bytes);
}

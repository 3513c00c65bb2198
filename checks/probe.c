#include "checks/probe.h"

#include "base/clock.h"
#include "base/digest.h"
#include "base/mem.h"
#include "base/text.h"

#include <sys/random.h>

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

#include "checks/probe.h"

#include "base/clock.h"
#include "base/digest.h"
#include "base/mem.h"
#include "base/text.h"
#include "checks/absent.h"
#include "checks/told.h"
#include "config/demand.h"
#include "config/route.h"
#include "tunnel/tunnels.h"

void probe_tunnel_fails(const struct tunnel_view *view, struct result *result)
{
    struct error why;
    tunnel_complain(view, &why);
    result_set(result, view->state == TUNNEL_DOWN ? STATE_FAIL : STATE_UNKNOWN, why.hint,
               "%s", why.message);
}

void probe_source_fails(const struct error *why, const char *remedy, bool google,
                        struct result *result)
{
    result_error(result, why,
                 why->code == ERROR_TIMEOUT
                     ? "see what it waits for, or give it a longer deadline"
                     : remedy);
    if (google && why->code != ERROR_DENIED && why->code != ERROR_ABSENT) {
        result_blame(result, "jwt_secret");
    }
}

/* Through a tunnel: true where each that the store needs is up. */
static bool enter_tunnel(const struct job *job, const char *name, struct result *result)
{
    struct tunnel_view view;
    size_t count = 0;
    result_identity(result, "via", "asked through tunnel %s", name);
    while (tunnels_look(job->tunnels, job->section, count, &view)) {
        count++;
        if (view.last[0]) {
            result_evidence(result, "tunnel says", "%s", view.last);
        }
        if (view.state != TUNNEL_UP) {
            char *light = mem_format("tunnel %s", view.name);
            probe_tunnel_fails(&view, result);
            result_blame(result, light);
            free(light);
            return false;
        }
    }
    if (count == 0) {
        result_set(result, STATE_UNKNOWN, "report this: it is a defect of greenboard",
                   "nobody started tunnel %s", name);
    }
    return count > 0;
}

/* True where the store is asked by ourselves. */
static bool go_there(const struct job *job, struct result *result)
{
    struct route route = route_of(job->section);
    switch (route.kind) {
    case ROUTE_TUNNEL:
        return enter_tunnel(job, route.name, result);
    case ROUTE_SERVICE:
        told_answer(job, route.name, result);
        return false;
    case ROUTE_HERE:
        break;
    }
    return true;
}

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
    if (!go_there(job, result)) {
        return false;
    }
    const json_t *source = json_object_get(job->section, "password");
    struct secret *secret = source ? job_secret(job, source, result) : NULL;
    *password = secret ? secret_data(secret) : NULL;
    return !source || secret;
}

struct probe_target probe_target(const struct job *job, const char *port)
{
    struct probe_target target = {.host = config_text(job->section, "host"),
                                  .port = (int)config_integer(job->section, port),
                                  .tls =
                                      tls_options_of(json_object_get(job->section, "tls"),
                                                     job->environment->directory)};
    struct tunnel_view view;
    if (tunnels_find(job->tunnels, job->section, port, &view)) {
        target.tls.through = view.port;
    } else if (target.port > 0 && route_of(job->section).kind == ROUTE_TUNNEL) {
        panic("no tunnel carries %s", port); /* tunnels.c has no row for it */
    }
    return target;
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
    hex_random(out, PROBE_WORD - 1);
}

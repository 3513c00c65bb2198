/* What checks that speak to a store or a service share. For workers. */
#ifndef GREENBOARD_CHECKS_PROBE_H
#define GREENBOARD_CHECKS_PROBE_H

#include "board/check.h"
#include "net/dial.h"
#include "net/http.h"
#include "net/trust.h"

#include <stdbool.h>
#include <stdint.h>

/* What every store is asked with: its section, a host, a way to it (`via`), and the
 * password where one is configured (borrowed from the job's secrets, else NULL). Reaches
 * "configured"; on false the result says what is missing, or what a service says of the
 * store, and nobody is to be asked from here. */
bool probe_store(const struct job *job, struct result *result, const char **password);

/* Where a store is dialled and what its certificate must say: its host, the port that
 * `port` names, its `tls`, in which stands the end of its tunnel where it has one (give
 * it to dial and http also where TLS is off). Borrowed from the job. */
struct probe_target {
    const char *host;
    int port;
    struct tls_options tls;
};
struct probe_target probe_target(const struct job *job, const char *port);

/* Says why a tunnel does not carry anything. */
struct tunnel_view;
void probe_tunnel_fails(const struct tunnel_view *view, struct result *result);

/* Says why a source could not be read, with `remedy` where it has none of its own.
 * `google`: it was read with the credentials that the canonical secret is read with. */
void probe_source_fails(const struct error *why, const char *remedy, bool google,
                        struct result *result);

void probe_phases(struct result *result, const struct http_reply *reply);
/* Address, phases, and the rung "reachable" where it connected. */
void probe_dial(struct result *result, const struct dial *dial);
void probe_uptime(struct result *result, int64_t seconds);

/* 32 hex digits that nobody can know or have kept: what comes back was truly carried
 * there. */
#define PROBE_WORD 33
void probe_word(char out[PROBE_WORD]);

#endif

/* What checks that speak to a store or a service share. For workers. */
#ifndef GREENBOARD_CHECKS_PROBE_H
#define GREENBOARD_CHECKS_PROBE_H

#include "board/result.h"
#include "net/http.h"

#include <stdint.h>

void probe_phases(struct result *result, const struct http_reply *reply);
void probe_uptime(struct result *result, int64_t seconds);

/* 32 hex digits that nobody can know or have kept: what comes back was truly carried
 * there. */
#define PROBE_WORD 33
void probe_word(char out[PROBE_WORD]);

#endif

/* What a class demands of an environment: REQUIRED sections, data stores that are not on
 * loopback while services are not, secrets that do not travel in plain text. Pure; any
 * thread. */
#ifndef GREENBOARD_CONFIG_DEMAND_H
#define GREENBOARD_CONFIG_DEMAND_H

#include "config/config.h"

struct finding {
    bool fails;    /* false: a note */
    char *path;    /* section or field */
    char *message; /* "ClickHouse is REQUIRED in staging" */
    char *remedy;
};

struct findings {
    struct finding *rows;
    size_t count;
};

/* Whether a store's section says where it is: by host, by socket, or through Sentinels.
 */
bool demand_placed(const json_t *store);

/* Whether a secret may travel to the host in plain text: it is this machine, or declared
 * private. */
bool demand_plain(const struct environment *environment, const char *host);

void demand_examine(const struct environment *environment, struct findings *findings);
/* "ClickHouse is REQUIRED in staging, and 1 more"; NULL where none fails. The caller
 * frees. */
char *findings_summary(const struct findings *findings);
void findings_finish(struct findings *findings);

#endif

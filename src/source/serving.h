/* Who serves a Cloud Run service: the revisions that its traffic goes to. Each was made
 * from the service's template as that was then, and an instance reads a mounted secret
 * when it starts, so that a service whose template is right may still run with something
 * else. Blocks: for workers. */
#ifndef GREENBOARD_SOURCE_SERVING_H
#define GREENBOARD_SOURCE_SERVING_H

#include "base/error.h"
#include "source/gcp_api.h"
#include "source/source.h"

#include <jansson.h>
#include <stdbool.h>

/* The revisions of one service that were asked for, each once; a zeroed one is empty. */
struct revisions {
    struct revision *rows;
    size_t count;
};
void revisions_finish(struct revisions *revisions);

struct serving {
    const char *name; /* "projects/P/locations/L/services/S" */
    const char *project, *location, *service;
    const char *key;        /* the environment variable */
    const json_t *body;     /* the service, as Cloud Run tells of it (v2) */
    const json_t *variable; /* its entry in the template */
    const struct source_context *context;
    struct revisions *seen; /* asked until now */
};

/* The entry of env[] in any container; *differs where two containers disagree. */
const json_t *serving_variable(const json_t *containers, const char *key, bool *differs);

/* Sets out->doubt where a revision that gets traffic may hold another value than the
 * template, which `out` was found by. */
void serving_examine(const struct serving *serving, struct resolved *out);

/* Who may not look at Cloud Run is told what to ask for. */
void serving_hint_viewer(const struct gcp_answer *answer, const char *project,
                         struct error *error);

#endif

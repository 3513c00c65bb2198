/* What a service is given, all of it from one place that is read once: a Cloud Run
 * service, a dotenv file, or what a command prints. The caller owns the struct and
 * finishes it, also where opening failed. Blocks: for workers. */
#ifndef GREENBOARD_SOURCE_GIVEN_H
#define GREENBOARD_SOURCE_GIVEN_H

#include "base/buf.h"
#include "source/cloud_run.h"
#include "source/source.h"

#include <jansson.h>
#include <stdbool.h>

struct given {
    const json_t *from; /* {"cloud_run": …}, {"env_file": …} or {"command": …, "format":
                           "dotenv" or "json"}, borrowed */
    bool opened;        /* service holds an answer */
    struct run_service service;
    struct buf text; /* of a dotenv file, or a command that prints one */
    json_t *object;  /* of a command that prints JSON */
};

/* False with `out` saying why nothing can be read there; to be finished either way. */
bool given_open(struct given *given, const json_t *from,
                const struct source_context *context, struct resolved *out);

/* One value. That it is a mounted secret shows in out->vault. */
void given_find(struct given *given, const char *name, struct resolved *out);

/* How somebody gives the service that value there; `value` is NULL where it may not be
 * shown. The caller frees. */
char *given_advice(const struct given *given, const char *name, const char *value);

void given_finish(struct given *given);

#endif

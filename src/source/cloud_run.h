/* All that a Cloud Run service is given as environment variables, read at once: the
 * service and each revision that serves are asked for one time, whatever number of
 * variables is looked up. The caller owns the struct and finishes it. Blocks: for
 * workers. */
#ifndef GREENBOARD_SOURCE_CLOUD_RUN_H
#define GREENBOARD_SOURCE_CLOUD_RUN_H

#include "source/gcp_api.h"
#include "source/serving.h"
#include "source/source.h"

enum { RUN_PROJECT, RUN_LOCATION, RUN_SERVICE, RUN_PARTS };

struct run_service {
    const char *name; /* "projects/P/locations/L/services/S", borrowed */
    char *parts[RUN_PARTS];
    const struct source_context *context;
    struct gcp_answer answer;
    struct revisions seen;
};

bool run_service_name_valid(const char *name, struct error *error);

/* False with `out` saying why, whose label it sets either way. */
bool run_service_open(struct run_service *service, const char *name,
                      const struct source_context *context, struct resolved *out);

/* One variable: its own words, or the version of a secret that is mounted as it, which
 * has a vault; with a doubt where not all that serves has the same. */
void run_service_read(struct run_service *service, const char *key, struct resolved *out);
void run_service_finish(struct run_service *service);

#endif

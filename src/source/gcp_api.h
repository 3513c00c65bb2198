/* Questions to Google's REST services: one GET with an access token, its answer or its
 * refusal in words. Blocks: for workers. */
#ifndef GREENBOARD_SOURCE_GCP_API_H
#define GREENBOARD_SOURCE_GCP_API_H

#include "base/error.h"
#include "source/gcp_answer.h"
#include "source/gcp_endpoint.h"
#include "source/source.h"

#include <stdbool.h>
#include <stddef.h>

/* True where the service answered, also with a refusal of what was asked; false with its
 * cause where it could not be asked at all. To be finished in any case. */
bool gcp_get(enum gcp_service service, const char *path,
             const struct source_context *context, struct gcp_answer *out,
             struct error *error);

/* Takes "projects/P/secrets/S" apart: `parts` are copies for the caller, NULL where
 * false. Nothing in them can leave its place in a path. */
bool gcp_parse(const char *name, const char *const *collections, char **parts,
               size_t count);
bool gcp_part_valid(const char *text); /* one such part */
/* "S" of such a name, all of one without a '/', "" of NULL; not valid for that alone. */
const char *gcp_last_part(const char *name);
void gcp_parts_free(char **parts, size_t count);

#endif

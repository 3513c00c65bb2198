/* A version of a secret in Google's Secret Manager. Blocks: for workers. */
#ifndef GREENBOARD_SOURCE_GCP_SECRET_H
#define GREENBOARD_SOURCE_GCP_SECRET_H

#include "source/source.h"

#include <stdbool.h>

bool gcp_secret_valid(const char *name);            /* "projects/P/secrets/S" */
bool gcp_secret_version_valid(const char *version); /* "latest", a number, an alias */

/* Sets the outcome, the version that the name resolved to, and when that was made; the
 * label is the caller's. */
void gcp_secret_read(const char *name, const char *version,
                     const struct source_context *context, struct resolved *out);

#endif

/* What a file with credentials for Google Cloud says; each type of file is one row of a
 * table in gcp_file.c. For gcp_credentials alone; any thread. */
#ifndef GREENBOARD_SOURCE_GCP_FILE_H
#define GREENBOARD_SOURCE_GCP_FILE_H

#include "base/buf.h"
#include "base/error.h"
#include "source/gcp_credentials.h"

#include <stdbool.h>

/* Fills everything but the origin, which names it in words. The error says what is wrong
 * in the file, not in which. */
bool gcp_file_parse(const struct buf *text, struct gcp_credentials *out,
                    struct error *error);

#endif

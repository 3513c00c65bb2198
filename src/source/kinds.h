/* The kinds of sources, one file each. See source.h for what they promise. */
#ifndef GREENBOARD_SOURCE_KINDS_H
#define GREENBOARD_SOURCE_KINDS_H

#include "source/source.h"

extern const struct source_kind source_env;      /* {"env": NAME} */
extern const struct source_kind source_file;     /* {"file": PATH} */
extern const struct source_kind source_env_file; /* {"env_file": PATH, "key": NAME} */
extern const struct source_kind
    source_command; /* {"command": [ARGV…], "decode": "base64"} */

extern const struct source_kind
    source_gcp_secret; /* {"gcp_secret": "projects/P/secrets/S", "version": "latest"} */

extern const struct source_kind
    source_cloud_run; /* {"cloud_run": "projects/P/locations/L/services/S", "key":
                       NAME} */

/* `file` and `command` strip exactly one final newline. */
size_t source_strip_newline(const char *data, size_t length);

/* When a file was last written, ms since 1970; 0: nobody can tell. */
int64_t source_written_at(const char *path);

#endif

/* Copies of what `backup.files` names, in the directory of the run, before anything is
 * changed. */
#ifndef GREENBOARD_RELEASE_BACKUP_H
#define GREENBOARD_RELEASE_BACKUP_H

#include "base/error.h"
#include "config/config.h"

#include <stdbool.h>

/* Into DIRECTORY/backup (0600 each), under their paths with '/' written as '%'. False at
 * the first that cannot be kept: then nothing may be deployed. */
bool backup_files(const struct environment *environment, char *const *files,
                  const char *directory, struct error *error);

#endif

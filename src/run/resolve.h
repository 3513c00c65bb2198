/* Taking responsibility for a run whose supervisor died before its end was recorded. */
#ifndef GREENBOARD_RUN_RESOLVE_H
#define GREENBOARD_RUN_RESOLVE_H

#include "base/error.h"
#include "config/config.h"
#include "store/runs.h"

#include <stdbool.h>

/* Refused (ERROR_BUSY) while the supervisor or any process of the command's group or
 * session lives. Durable in the audit trail before the record is ended; announced as the
 * end of that run, which a courier delivers. */
bool run_resolve(const struct statedir *dir, const char *run,
                 const struct environment *environment, const char *operator_name,
                 const char *reason, struct error *error);

#endif

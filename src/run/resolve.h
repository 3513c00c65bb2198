/* Taking responsibility for a run whose supervisor died before its end was recorded. */
#ifndef GREENBOARD_RUN_RESOLVE_H
#define GREENBOARD_RUN_RESOLVE_H

#include "base/error.h"
#include "store/runs.h"

#include <stdbool.h>

/* Refused (ERROR_BUSY) while the supervisor or any process of the command's group or
 * session lives. Durable in the audit trail before the record is ended. */
bool run_resolve(const struct statedir *dir, const char *run, const char *operator_name,
                 const char *reason, struct error *error);

#endif

/* What people are told of a run, put into the outbox: before the record says that it is
 * over, so that a supervisor that dies between the two leaves something to deliver. */
#ifndef GREENBOARD_RUN_ANNOUNCE_H
#define GREENBOARD_RUN_ANNOUNCE_H

#include "alert/outbox.h"
#include "store/head.h"
#include "store/run.h"

#include <stdbool.h>

/* How the end of a run is called, by its kind and outcome. */
enum notice_kind announce_end_kind(const struct run *run);

/* On disk where it returns true. A run that was never recorded has an id of "". `head` is
 * the audit trail's; `reasons` may be NULL. */
bool announce_run(const char *outbox, const struct environment *environment,
                  const struct run *run, enum notice_kind kind, char *const *reasons,
                  const struct head *head, struct error *error);

#endif

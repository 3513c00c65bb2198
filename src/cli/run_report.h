/* A run as one pastes it into a ticket: what, who, when, why, the lights before and
 * after, each step, the last lines of its output, and the head of the audit trail.
 * Markdown; reads files, for the main thread of a command. */
#ifndef GREENBOARD_CLI_RUN_REPORT_H
#define GREENBOARD_CLI_RUN_REPORT_H

#include "base/buf.h"
#include "store/runs.h"

void run_report(struct buf *out, const struct statedir *dir, const struct run *run);

#endif

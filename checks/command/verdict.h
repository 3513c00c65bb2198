/* A verdict that a command prints as one JSON object: {"state", "summary", "remedy",
 * "evidence", "notes", "figure"}. Whatever else it prints is no verdict, and then nothing
 * is proven. For workers. */
#ifndef GREENBOARD_CHECKS_COMMAND_VERDICT_H
#define GREENBOARD_CHECKS_COMMAND_VERDICT_H

#include "base/buf.h"
#include "board/result.h"

/* Sets the verdict; `program` is what was run, for words. */
void verdict_judge(const char *program, const struct buf *output, int status,
                   struct result *result);

#endif

/* What a plugin of Nagios and its kin prints and exits with, as their guidelines say
 * (monitoring-plugins.org, "Development Guidelines", Plugin Output): a line of words,
 * behind a "|" figures, then further lines. For workers. */
#ifndef GREENBOARD_CHECKS_COMMAND_NAGIOS_H
#define GREENBOARD_CHECKS_COMMAND_NAGIOS_H

#include "board/result.h"

/* Sets the verdict; `program` is what was run, for words. */
void nagios_judge(const char *program, const char *output, int status,
                  struct result *result);

#endif

/* A store that is not asked from here: what a service says of it. For workers. */
#ifndef GREENBOARD_CHECKS_TOLD_H
#define GREENBOARD_CHECKS_TOLD_H

#include "board/check.h"

/* Fills the result from the newest answer of the check that `told_by` of the section
 * names. */
void told_answer(const struct job *job, const char *service, struct result *result);

#endif

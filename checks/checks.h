/* The registry of checks, made from checks/checks.mk, in the order of the board. */
#ifndef GREENBOARD_CHECKS_CHECKS_H
#define GREENBOARD_CHECKS_CHECKS_H

#include "board/check.h"

extern const struct check *const checks_all[]; /* NULL-terminated */

#endif

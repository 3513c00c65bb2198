/* The greenboard.json of a sandbox: everything that staging demands, pointing at its
 * doors and at its secret files. */
#ifndef GREENBOARD_SANDBOX_SETTINGS_H
#define GREENBOARD_SANDBOX_SETTINGS_H

#include "base/error.h"

#include <stdbool.h>

struct sandbox;

bool settings_write(const struct sandbox *sandbox, struct error *error);

#endif

/* Which found files may run something: a configuration names commands, so one that merely
 * lies in the current directory runs nothing until its path and content were trusted
 * once. A changed file must be trusted again. Kept in DIRECTORY/trusted (0600), a line
 * "SHA256  PATH" each. Main thread. */
#ifndef GREENBOARD_CONFIG_TRUST_H
#define GREENBOARD_CONFIG_TRUST_H

#include "base/error.h"

#include <stdbool.h>

/* `directory` is the state home. False with ERROR_DENIED and what to do where it is not
 * trusted. */
bool trust_known(const char *directory, const char *path, const char *digest,
                 struct error *error);
bool trust_add(const char *directory, const char *path, const char *digest,
               struct error *error);

#endif

/* Environment variables that are sources of secrets, taken out of our own environment.
 *
 * capture_take() copies the value into the keep, overwrites it where the kernel shows it
 * in /proc/PID/environ, and unsets it, so that no child inherits it. main() takes every
 * name that the configuration uses before it starts a thread; a supervisor is given them
 * over a socket with capture_put(). Reading is for any thread. */
#ifndef GREENBOARD_SOURCE_CAPTURE_H
#define GREENBOARD_SOURCE_CAPTURE_H

#include "base/error.h"
#include "secret/keep.h"

#include <jansson.h>
#include <stdbool.h>

bool capture_take(const char *name,
                  struct error *error); /* true also where it is not set */
/* Each variable that the source, or the list of sources, names. */
bool capture_take_source(const json_t *source, struct error *error);
void capture_put(const char *name,
                 struct secret *secret);       /* takes a reference of its own */
struct secret *capture_find(const char *name); /* a reference for the caller, or NULL */
void capture_each(void (*each)(void *self, const char *name, struct secret *secret),
                  void *self);
void capture_finish(void); /* forgets all */

#endif

/* A run that was refused before a supervisor was needed: on the trail, and announced.
 *
 * Main thread of a command line; the disk is waited for. */
#ifndef GREENBOARD_CLI_REFUSAL_H
#define GREENBOARD_CLI_REFUSAL_H

#include "cli/starting.h"

/* The supervisor decides; but what is in the way already needs none to be refused. */
void refusal_record(const struct starting *starting, char *const *reasons);

/* What cannot be delivered in a moment is on disk for the next console or run. `status`
 * is how we are about to exit. */
void refusal_announce(const struct starting *starting, char *const *reasons, int status);

#endif

/* A running sandbox: starts the parts, then attends to signals, to the control socket and
 * to the command's end, all in the main thread, whose death is what the kernel ends the
 * children on. */
#ifndef GREENBOARD_SANDBOX_SERVE_H
#define GREENBOARD_SANDBOX_SERVE_H

#include "base/error.h"

struct sandbox;

/* Runs the command, or with an empty vector serves until it is interrupted. Returns the
 * status to exit with; everything has ended by then. */
int serve(struct sandbox *sandbox, char **argv);

void serve_complain(const struct error *error);

#endif

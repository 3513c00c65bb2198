/* The control socket DIR/control: one line in ("on NAME", "off NAME", "list", "remount"),
 * one answer out: "ok" and for list a line for each fault that is on, or "error " and
 * why. Who connects must be the same user. The server side belongs to the main thread. */
#ifndef GREENBOARD_SANDBOX_CONTROL_H
#define GREENBOARD_SANDBOX_CONTROL_H

#include "base/buf.h"
#include "base/error.h"

#include <stdbool.h>

struct sandbox;

int control_listen(const char *dir,
                   struct error *error); /* a descriptor to poll, or -1 */
void control_serve(int listener, struct sandbox *sandbox); /* one question */

/* Asks the sandbox in `dir`; `answer`, which may be NULL, gets what follows "ok". */
bool control_ask(const char *dir, const char *line, struct buf *answer,
                 struct error *error);

#endif

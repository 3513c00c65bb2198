/* One command that listens at a port of this machine and carries what comes there
 * elsewhere, such as ssh -L: started, heard, and ended with all that it started.
 *
 * Between us and the command stands a guardian, a process that holds the other end of a
 * leash (a socket pair). When we end, by whatever signal, the leash ends, and the
 * guardian ends the command's process group. A struct forwarder belongs to one thread;
 * zeroed but for `leash` and `output` at -1 it is idle. */
#ifndef GREENBOARD_TUNNEL_FORWARDER_H
#define GREENBOARD_TUNNEL_FORWARDER_H

#include "base/error.h"

#include <stdbool.h>
#include <sys/types.h>

struct forwarder {
    pid_t guardian; /* 0: idle */
    int leash;      /* readable once the guardian is gone */
    int output;     /* what the command prints, does not block; -1 once it is closed */
};

/* The command has a session without a terminal, stdin from /dev/null, and our
 * environment. */
bool forwarder_start(struct forwarder *forwarder, char *const *argv,
                     const char *directory, struct error *error);

/* True once it ended by itself: *status as a shell would tell it. What it printed last
 * can still be read, until forwarder_stop(). */
bool forwarder_ended(struct forwarder *forwarder, int *status);

void forwarder_release(
    struct forwarder *forwarder);                 /* begins to end it, returns at once */
void forwarder_stop(struct forwarder *forwarder); /* and waits, for 2 s at most */

#endif

/* After the command: a run that it started goes on without it, and needs what the sandbox
 * is. So the sandbox stays until that has ended (sandbox/serve). Main thread; reads
 * /proc. */
#ifndef GREENBOARD_SANDBOX_LINGER_H
#define GREENBOARD_SANDBOX_LINGER_H

#include <stdbool.h>

/* The supervisor of a run is among our descendants. */
bool linger_wanted(void);

#endif

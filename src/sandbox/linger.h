/* After the command: a run that it started goes on without it, and needs what the sandbox
 * is. So the sandbox stays until that has ended, for a few minutes at most. Main
 * thread. */
#ifndef GREENBOARD_SANDBOX_LINGER_H
#define GREENBOARD_SANDBOX_LINGER_H

#include <stdbool.h>

/* The supervisor of a run is among our descendants. */
bool linger_wanted(void);

/* Waits until none is. `serve` is called for what is asked at `control` meanwhile; a
 * signal to end that comes at `signals` is obeyed at once. False where it did not come to
 * the end. */
bool linger(int signals, int control, void (*serve)(int control, void *self), void *self);

#endif

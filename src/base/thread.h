/* A thread for one piece of work. Signals are the main thread's: it starts with all of
 * them blocked. Its stack is small, and so is kept for the next one: the C library gives
 * stacks of the usual size back to the system as soon as five are left. Any thread. */
#ifndef GREENBOARD_BASE_THREAD_H
#define GREENBOARD_BASE_THREAD_H

#include <pthread.h>

/* 0, or an errno. `thread` is joined by the caller; NULL: nobody waits for it. */
int thread_start(pthread_t *thread, void *(*work)(void *self), void *self);

#endif

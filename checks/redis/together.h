/* Several things at once, each on a thread of its own, as many as there are: every one of
 * them ends by the deadline that it knows. For workers. */
#ifndef GREENBOARD_CHECKS_REDIS_TOGETHER_H
#define GREENBOARD_CHECKS_REDIS_TOGETHER_H

#include <stddef.h>

enum { TOGETHER_MOST = 32 }; /* threads; what is beyond them waits for one */

/* Calls `each` with every element of an array; returns once all have ended. */
void together(void *array, size_t count, size_t size, void (*each)(void *element));

#endif

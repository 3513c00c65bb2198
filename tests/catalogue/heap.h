/* How much memory of the heap this process holds at most, every library's included: its
 * malloc() counts. Any thread. */
#ifndef GREENBOARD_TESTS_HEAP_H
#define GREENBOARD_TESTS_HEAP_H

#include <stdbool.h>
#include <stddef.h>

bool heap_counted(void); /* false below a sanitizer, whose malloc() it is then */
void heap_mark(void);    /* from here */
size_t heap_peak(void);  /* most bytes since, beyond what was held then */

#endif

/* Time. Ages and deadlines count nanoseconds of CLOCK_BOOTTIME, which also runs while the
 * machine sleeps, so that a suspended laptop cannot keep an old result fresh; wall time
 * is for display. */
#ifndef GREENBOARD_BASE_CLOCK_H
#define GREENBOARD_BASE_CLOCK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define CLOCK_SECOND INT64_C(1000000000)
#define CLOCK_MS     INT64_C(1000000)

int64_t clock_now(void);              /* ns since boot */
int64_t clock_wall(void);             /* ms since 1970, UTC */
double clock_ms(int64_t nanoseconds); /* a span in milliseconds */
/* ms until then for poll(2), rounded up, never below 0 */
int clock_left(int64_t deadline);
/* The deadline of what is asked first, where `rest` come after it: who hangs leaves each
 * of them as much of the time that is left. */
int64_t clock_share(int64_t deadline, size_t rest);

#define CLOCK_STAMP 25
void clock_stamp(char out[CLOCK_STAMP], int64_t wall_ms); /* 2026-01-31T12:04:31.218Z */
bool clock_parse(const char *stamp, int64_t *wall_ms);    /* exactly such a stamp */

#endif

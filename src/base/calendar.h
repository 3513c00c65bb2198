/* Moments and hours of the day as people write them, in UTC or at a fixed offset from it.
 *
 * No zone by its name: the C library knows its rules for the whole process alone, and a
 * thread that asked for another would change what all others read. Pure; any thread. */
#ifndef GREENBOARD_BASE_CALENDAR_H
#define GREENBOARD_BASE_CALENDAR_H

#include <stdbool.h>
#include <stdint.h>

enum { CALENDAR_DAY = 24 * 60 };       /* minutes */
#define CALENDAR_MINUTE INT64_C(60000) /* ms of wall time */

/* A date-time of RFC 3339 section 5.6, to ms since 1970. A day that no month has is
 * none. */
bool calendar_moment(const char *text, int64_t *wall);
/* "09:00", up to "24:00", to minutes. */
bool calendar_hour(const char *text, int *minutes);
/* "UTC" or "+02:00" to minutes east of it. */
bool calendar_zone(const char *text, int *minutes);

/* "2026-01-31 12:04Z": for people. */
#define CALENDAR_WORDS 24
void calendar_words(char out[CALENDAR_WORDS], int64_t wall);

#endif

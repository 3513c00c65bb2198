#include "base/clock.h"

#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

int64_t clock_now(void)
{
    struct timespec now;
    clock_gettime(CLOCK_BOOTTIME, &now);
    return now.tv_sec * CLOCK_SECOND + now.tv_nsec;
}

int64_t clock_wall(void)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    return now.tv_sec * INT64_C(1000) + now.tv_nsec / CLOCK_MS;
}

double clock_ms(int64_t nanoseconds)
{
    return (double)nanoseconds / (double)CLOCK_MS;
}

int clock_left(int64_t deadline)
{
    int64_t left = deadline - clock_now();
    if (left <= 0) {
        return 0;
    }
    left = (left + CLOCK_MS - 1) / CLOCK_MS;
    return left > INT_MAX ? INT_MAX : (int)left;
}

int64_t clock_share(int64_t deadline, size_t rest)
{
    int64_t now = clock_now();
    return now + (deadline - now) / (int64_t)(rest + 1);
}

void clock_stamp(char out[CLOCK_STAMP], int64_t wall_ms)
{
    time_t seconds = (time_t)(wall_ms / 1000);
    struct tm utc;
    gmtime_r(&seconds, &utc);
    snprintf(out, CLOCK_STAMP, "%04d-%02d-%02dT%02d:%02d:%02d.%03dZ",
             (utc.tm_year + 1900) % 10000, utc.tm_mon + 1, utc.tm_mday, utc.tm_hour,
             utc.tm_min, utc.tm_sec, (int)(wall_ms % 1000));
}

bool clock_parse(const char *stamp, int64_t *wall_ms)
{
    struct tm utc = {0};
    const char *rest = strptime(stamp, "%Y-%m-%dT%H:%M:%S", &utc);
    if (!rest || strlen(rest) != 5 || rest[0] != '.' || rest[4] != 'Z') {
        return false;
    }
    int ms = 0;
    for (int i = 1; i <= 3; i++) {
        if (rest[i] < '0' || rest[i] > '9') {
            return false;
        }
        ms = ms * 10 + rest[i] - '0';
    }
    *wall_ms = (int64_t)timegm(&utc) * 1000 + ms;
    return true;
}

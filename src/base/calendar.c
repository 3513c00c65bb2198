#include "base/calendar.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

static bool is_digit(char at)
{
    return at >= '0' && at <= '9';
}

/* Exactly two digits, at most `most`. */
static bool two_digits(const char *text, int most, int *value)
{
    if (!is_digit(text[0]) || !is_digit(text[1])) {
        return false;
    }
    *value = (text[0] - '0') * 10 + text[1] - '0';
    return *value <= most;
}

bool calendar_hour(const char *text, int *minutes)
{
    int hour = 0, minute = 0;
    if (strlen(text) != 5 || text[2] != ':' || !two_digits(text, 24, &hour) ||
        !two_digits(text + 3, 59, &minute)) {
        return false;
    }
    *minutes = hour * 60 + minute;
    return *minutes <= CALENDAR_DAY;
}

static bool read_offset(const char *text, int *minutes)
{
    if ((text[0] != '+' && text[0] != '-') || !calendar_hour(text + 1, minutes) ||
        *minutes >= CALENDAR_DAY) {
        return false;
    }
    *minutes = text[0] == '-' ? -*minutes : *minutes;
    return true;
}

bool calendar_zone(const char *text, int *minutes)
{
    *minutes = 0;
    return strcmp(text, "UTC") == 0 || read_offset(text, minutes);
}

/* ".218", to ms; what is finer is not kept. Returns what follows, NULL where it is no
 * fraction. */
static const char *read_fraction(const char *text, int *ms)
{
    *ms = 0;
    if (*text != '.') {
        return text;
    }
    int digits = 0;
    for (text++; is_digit(*text); text++, digits++) {
        *ms = digits < 3 ? *ms * 10 + *text - '0' : *ms;
    }
    for (int i = digits; i < 3; i++) {
        *ms *= 10;
    }
    return digits >= 1 && digits <= 9 ? text : NULL;
}

/* "2026-12-24T00:00:00", each part of its full length: strptime(3) would take less. */
static bool read_date(const char *text, struct tm *utc)
{
    static const char pattern[] = "dddd-dd-ddTdd:dd:dd";
    for (size_t i = 0; i < sizeof pattern - 1; i++) {
        bool fits = pattern[i] == 'd'   ? is_digit(text[i])
                    : pattern[i] == 'T' ? text[i] == 'T' || text[i] == 't'
                                        : text[i] == pattern[i];
        if (!fits) {
            return false;
        }
    }
    int century = 0, year = 0, month = 0;
    *utc = (struct tm){0};
    bool good = two_digits(text, 99, &century) && two_digits(text + 2, 99, &year) &&
                two_digits(text + 5, 12, &month) &&
                two_digits(text + 8, 31, &utc->tm_mday) &&
                two_digits(text + 11, 23, &utc->tm_hour) &&
                two_digits(text + 14, 59, &utc->tm_min) &&
                two_digits(text + 17, 59, &utc->tm_sec);
    utc->tm_year = century * 100 + year - 1900;
    utc->tm_mon = month - 1;
    return good && month > 0 && utc->tm_mday > 0;
}

bool calendar_moment(const char *text, int64_t *wall)
{
    struct tm utc;
    int ms = 0, offset = 0;
    if (!read_date(text, &utc)) {
        return false;
    }
    const char *zone = read_fraction(text + strlen("2026-12-24T00:00:00"), &ms);
    if (!zone || (strcmp(zone, "Z") != 0 && strcmp(zone, "z") != 0 &&
                  !read_offset(zone, &offset))) {
        return false;
    }
    int day = utc.tm_mday;
    int64_t seconds = (int64_t)timegm(&utc); /* which turns 30 February into 2 March */
    *wall = seconds * 1000 + ms - offset * CALENDAR_MINUTE;
    return utc.tm_mday == day;
}

void calendar_words(char out[CALENDAR_WORDS], int64_t wall)
{
    time_t seconds = (time_t)(wall / 1000);
    struct tm utc;
    gmtime_r(&seconds, &utc);
    snprintf(out, CALENDAR_WORDS, "%04d-%02d-%02d %02d:%02dZ",
             (utc.tm_year + 1900) % 10000, utc.tm_mon + 1, utc.tm_mday, utc.tm_hour,
             utc.tm_min);
}

#include "cli/since.h"

#include "base/clock.h"
#include "base/text.h"

#include <stdio.h>
#include <string.h>

bool since_parse(const char *text, int64_t *wall, struct error *error)
{
    static const char rest[] = "0000-01-01T00:00:00.000Z";
    char stamp[CLOCK_STAMP];
    int64_t span = 0;
    *wall = 0;
    if (!text) {
        return true;
    }
    size_t length = strlen(text);
    if (length >= 4 && length < sizeof rest) {
        snprintf(stamp, sizeof stamp, "%s%s", text, rest + length);
        if (clock_parse(stamp, wall)) {
            return true;
        }
    }
    if (text_duration(text, &span, NULL)) {
        *wall = clock_wall() - span / CLOCK_MS;
        return true;
    }
    error_set(error, ERROR_USAGE, "\"%s\" is no time", text);
    error_hint(error,
               "write a span (90s, 2h, 7d) or a date (2026-01-31, 2026-01-31T12:04)");
    return false;
}

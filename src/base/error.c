#include "base/error.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* Where a text was cut, the cut may have gone through a character (RFC 3629 section
 * 3). */
static void mend_end(char *text)
{
    size_t length = strlen(text), tail = 0;
    while (tail < 3 && tail + 1 < length && (text[length - tail - 1] & 0xc0) == 0x80) {
        tail++;
    }
    unsigned char lead = length ? (unsigned char)text[length - tail - 1] : 0;
    size_t wanted = lead >= 0xf0 ? 3 : lead >= 0xe0 ? 2 : lead >= 0xc0 ? 1 : tail;
    if (wanted > tail) {
        text[length - tail - 1] = '\0';
    }
}

static void fill(struct error *error, enum error_code code, const char *format,
                 va_list args)
{
    error->code = code;
    error->hint[0] = '\0';
    vsnprintf(error->message, sizeof error->message, format, args);
    mend_end(error->message);
}

bool error_set(struct error *error, enum error_code code, const char *format, ...)
{
    if (error) {
        va_list args;
        va_start(args, format);
        fill(error, code, format, args);
        va_end(args);
    }
    return false;
}

bool error_system(struct error *error, int number, const char *format, ...)
{
    if (error) {
        char reason[128];
        va_list args;
        va_start(args, format);
        fill(error, ERROR_SYSTEM, format, args);
        va_end(args);
        size_t used = strlen(error->message);
        snprintf(error->message + used, sizeof error->message - used, ": %s",
                 strerror_r(number, reason, sizeof reason));
        mend_end(error->message);
    }
    return false;
}

void error_hint(struct error *error, const char *format, ...)
{
    if (error) {
        va_list args;
        va_start(args, format);
        vsnprintf(error->hint, sizeof error->hint, format, args);
        va_end(args);
        mend_end(error->hint);
    }
}

void error_prefix(struct error *error, const char *format, ...)
{
    if (error) {
        char old[sizeof error->message];
        memcpy(old, error->message, sizeof old);
        va_list args;
        va_start(args, format);
        vsnprintf(error->message, sizeof error->message, format, args);
        va_end(args);
        size_t used = strlen(error->message);
        snprintf(error->message + used, sizeof error->message - used, ": %s", old);
        mend_end(error->message);
    }
}

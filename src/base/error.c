#include "base/error.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static void fill(struct error *error, enum error_code code, const char *format,
                 va_list args)
{
    error->code = code;
    error->hint[0] = '\0';
    vsnprintf(error->message, sizeof error->message, format, args);
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
    }
}

#include "config/problems.h"

#include "base/mem.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void forget(struct problem *problem)
{
    free(problem->path);
    free(problem->message);
    free(problem->hint);
}

/* Kept in the order of lines, and of discovery within a line; what falls off the end is
 * counted. */
void problems_add(struct problems *problems, int line, const char *path, const char *hint,
                  const char *format, ...)
{
    char message[400];
    va_list args;
    va_start(args, format);
    vsnprintf(message, sizeof message, format, args);
    va_end(args);
    size_t at = problems->count;
    while (at > 0 && problems->rows[at - 1].line > line) {
        at--;
    }
    if (problems->count == PROBLEMS_MAX) {
        problems->more++;
        if (at == PROBLEMS_MAX) {
            return;
        }
        forget(&problems->rows[--problems->count]);
    }
    memmove(&problems->rows[at + 1], &problems->rows[at],
            (problems->count - at) * sizeof problems->rows[0]);
    problems->rows[at] = (struct problem){.path = mem_text(path),
                                          .line = line,
                                          .message = mem_text(message),
                                          .hint = mem_text(hint ? hint : "")};
    problems->count++;
}

void problems_finish(struct problems *problems)
{
    for (size_t i = 0; i < problems->count; i++) {
        forget(&problems->rows[i]);
    }
    *problems = (struct problems){0};
}

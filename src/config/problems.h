/* What is wrong with a file, collected so that all of it is told at once: the first
 * PROBLEMS_MAX in the order of the file, and how many more there are. The caller owns the
 * struct; zeroed is empty. */
#ifndef GREENBOARD_CONFIG_PROBLEMS_H
#define GREENBOARD_CONFIG_PROBLEMS_H

#include "config/config.h"

enum { PROBLEMS_MAX = 20 };

struct problems {
    struct problem rows[PROBLEMS_MAX];
    size_t count;
    size_t more;
};

void problems_add(struct problems *problems, int line, const char *path, const char *hint,
                  const char *format, ...) __attribute__((format(printf, 5, 6)));
void problems_finish(struct problems *problems);

#endif

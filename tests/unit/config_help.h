/* Configurations for tests: written to a directory of the test, loaded, asserted upon. */
#ifndef GREENBOARD_TESTS_CONFIG_HELP_H
#define GREENBOARD_TESTS_CONFIG_HELP_H

#include "tests/unit/unit.h"

#include "config/config.h"

extern char directory[]; /* of this test, while help_run() runs */

/* A staging with everything that its class demands; each test changes what it is
 * about. */
extern const char whole[];
extern const size_t whole_length;

struct config *load_bytes(const char *data, size_t length);
struct config *load(const char *text);
struct config *load_usable(const char *text); /* fails the test where it is not */

/* The whole file, or its staging, after a JSON merge patch (RFC 7396: null takes
 * away). */
struct config *load_changed(const char *change);
struct config *load_staging(const char *change);

void assert_problem(const struct config *config, const char *path, const char *message,
                    const char *hint);
void assert_refused(const char *staging, const char *path, const char *message,
                    const char *hint);

/* What staging must not hold, and what is said of it there. */
struct refusal {
    const char *staging, *path, *message, *hint;
};

/* Each on its own; the rows' paths stand behind `below`, which stands in staging. */
void assert_all_refused(const char *below, const struct refusal *rows, size_t count);

/* Makes the directory, runs, removes it: help_run(unit_run("name", tests)). */
#define help_run(run) (help_begin() ? help_end(run) : 1)
bool help_begin(void);
int help_end(int failed);

#endif

/* Asks one check of a peer that plays a script, and judges what it says. */
#ifndef GREENBOARD_TESTS_CHECKS_HELP_H
#define GREENBOARD_TESTS_CHECKS_HELP_H

#include "tests/unit/unit.h"

#include "base/clock.h"
#include "board/check.h"
#include "tests/unit/peer.h"

#define DEADLINE (400 * CLOCK_MS)
enum { LATE_MS = 250 };

/* clang-format off */
/* Of a peer over HTTP: a request came; a reply; both and the end. */
#define HTTP(head, body) "HTTP/1.1 " head "\r\nConnection: close\r\n\r\n" body
#define SAYS(head, body) {ASKED, SEND(HTTP(head, body)), CLOSE}
/* clang-format on */

enum { STEPS = 12 };

struct row {
    const char *name;  /* the promise */
    const char *extra; /* members of the section, each followed by a comma */
    struct peer_step steps[STEPS];
    struct peer_step
        second[STEPS]; /* of every connection after the first, where not empty */
    enum state state;
    enum rung rung;
    const char *summary; /* a part of it */
    const char *remedy;  /* a part of it */
};

const struct check *find_check(const char *name);
void assert_contains(const char *text, const char *part);

/* For a PEER_CALL, on whose thread cmocka's asserts do not work: panics where it is not
 * there. */
const char *must_find(const char *received, const char *text);

/* Asks the check about the section at `pointer`. Every source of a secret is "open
 * sesame". */
struct result *ask(const struct check *check, const char *json, const char *pointer,
                   int64_t *elapsed);

/* The same with the row's peer: in `format` PORT becomes its port and EXTRA what the row
 * adds. */
void play(const struct row *row, const struct check *check, const char *format,
          const char *pointer);

void add_test(const char *name, CMUnitTestFunction function, const struct row *row);
#define ADD(function) add_test(#function, function, NULL)
#define ADD_ROWS(rows, function)                                                         \
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {                          \
        add_test(rows[i].name, function, &rows[i]);                                      \
    }

/* Each file's tests. */
void add_trip_tests(void);
void add_redis_tests(void);
void add_redis_modes_tests(void);
void add_redis_figures_tests(void);
void add_clickhouse_tests(void);
void add_clickhouse_sign_tests(void);
void add_health_tests(void);
void add_generic_tests(void);
void add_command_tests(void);

#endif

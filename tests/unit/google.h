/* Google on a loopback port: answers each path as the test said, remembers what it was
 * asked, and the environment of this process points to it. The test owns it; it answers
 * on a thread of its own. */
#ifndef GREENBOARD_TESTS_GOOGLE_H
#define GREENBOARD_TESTS_GOOGLE_H

#include "base/error.h"

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

struct google;

/* With a directory of its own as HOME, no credentials in it, and both services and the
 * metadata server here. */
struct google *google_create(void);
void google_destroy(struct google *google);
int google_port(const struct google *google);

/* From now on; the path is without a query. What was not said answers 404. */
void google_says(struct google *google, const char *path, int status, const char *body);
/* The next answer only, before what google_says() set. */
void google_says_once(struct google *google, const char *path, int status,
                      const char *body);
void google_flavor(struct google *google, bool shown);   /* the Metadata-Flavor header */
void google_clock(struct google *google, int64_t ahead); /* s that its Date is ahead */

unsigned google_count(struct google *google, const char *path); /* requests until now */
/* Request line with the query, the headers that matter, an empty line, the body; of the
 * newest request of that path. The caller frees. */
char *google_asked(struct google *google, const char *path);

/* Writes a file below HOME; "" as text removes it. */
void google_file(struct google *google, const char *name, const char *text);
char *google_path(struct google *google, const char *name); /* the caller frees */
/* The metadata server gives a token "ya29.N", and says who it is for. */
void google_machine(struct google *google, int number);

int google_set_up(void **state); /* a struct google as the state of a test */
int google_tear_down(void **state);
#define GOOGLE_TEST(name)                                                                \
    cmocka_unit_test_setup_teardown(name, google_set_up, google_tear_down)

#endif

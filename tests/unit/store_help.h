/* The state directory of an environment, a new one for each test. */
#ifndef GREENBOARD_TESTS_STORE_HELP_H
#define GREENBOARD_TESTS_STORE_HELP_H

#include "tests/unit/unit.h"

#include "store/events.h"
#include "store/statedir.h"

extern char *home;
extern struct statedir dir;
extern struct environment staging;

int store_begin(void **state);
int store_end(void **state);
#define STORE_TEST(name) cmocka_unit_test_setup_teardown(name, store_begin, store_end)

void open_events(struct events *events, enum db_access access);

#endif

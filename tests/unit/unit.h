/* cmocka with the headers that it wants first, and TAP on stdout for tests/run. */
#ifndef GREENBOARD_TESTS_UNIT_H
#define GREENBOARD_TESTS_UNIT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <locale.h>
#include <signal.h>

#define unit_run(name, tests)                                                            \
    (setlocale(LC_CTYPE, "C.UTF-8"), signal(SIGPIPE, SIG_IGN),                           \
     cmocka_set_message_output(CM_OUTPUT_TAP),                                           \
     cmocka_run_group_tests_name(name, tests, NULL, NULL))

#endif

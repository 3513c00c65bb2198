/* Runs whose console or supervisor dies, and what they must have left.
 *
 * `full` does as many rounds as the promise names, within SOAK_SECONDS; without a word a
 * test does some of each. SEED names another order of moments. */
#ifndef GREENBOARD_TESTS_OUTLIVE_HELP_H
#define GREENBOARD_TESTS_OUTLIVE_HELP_H

#include "tests/unit/run_help.h"

#include "base/clock.h"

#define PATIENCE (60 * CLOCK_SECOND)

/* What a command of these tests does: its start is counted, it cannot be hung up, and it
 * takes a while in which it prints. */
#define SCRIPT                                                                           \
    "trap '' HUP PIPE; echo $GREENBOARD_RUN >>shipped; i=0; "                            \
    "while [ $i -lt 40 ]; do echo line $i; i=$((i+1)); "                                 \
    "[ $((i%10)) != 0 ] || sleep 0.005; done"

void outlive_begin(int argc, char **argv); /* the words and the moments; once */
int outlive_begin_one(void **state);
#define OUTLIVE_TEST(name)                                                               \
    cmocka_unit_test_setup_teardown(name, outlive_begin_one, place_end)

size_t rounds(size_t all, size_t some); /* how often: in full, and in `make check` */
bool time_is_up(void);
int64_t random_below(int64_t limit);
void wait_for(int64_t span);
void await_everybody(void); /* whoever loses its parent becomes our child */

/* What a run left. */
size_t starts_of(const char *run);
size_t events_of(const char *run, const char *type);
void assert_whole_trail(void);
void assert_unharmed(
    const struct run *run);       /* verified, started once, every byte there */
void forget_run(const char *run); /* so that the next round does not read it again */

#endif

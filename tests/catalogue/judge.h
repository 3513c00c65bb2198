/* Asks about a trap as the product does: its configuration is loaded, the scheduler asks
 * the light on a worker, and the board says whether it is green. In a process of its own,
 * which it leaves: what it says on the way goes to stdout, a line for each complaint.
 * The caller has begun json and http: that costs more than a whole asking. */
#ifndef GREENBOARD_TESTS_JUDGE_H
#define GREENBOARD_TESTS_JUDGE_H

#include "tests/catalogue/trap.h"

/* Exit statuses: as wanted; otherwise; otherwise, and it was green. */
enum { JUDGE_GOOD, JUDGE_BAD, JUDGE_GREEN };

/* `loud`: also says what came of it. */
_Noreturn void judge_trap(const struct trap *trap, bool loud);

#endif

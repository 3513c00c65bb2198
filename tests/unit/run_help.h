/* A place with a configuration, one check whose answer a file says, and runs in it. */
#ifndef GREENBOARD_TESTS_RUN_HELP_H
#define GREENBOARD_TESTS_RUN_HELP_H

#include "unit.h"

#include "board/check.h"
#include "run/launch.h"
#include "run/plan.h"
#include "store/runs.h"

struct place {
    char *directory; /* of greenboard.json, and what a command writes */
    char *home;
    struct statedir dir;
    struct config *config;
    const struct environment *environment;
    struct board *board;
    const char *verify; /* members of `verify`; NULL: within 3s, hold 0s */
    bool watched;       /* runs ask what to do about a failure, rather than abort */
};

extern struct place place;
extern const struct check *const place_checks[]; /* "lamp", and nothing else */

int place_begin(void **state);
int place_end(void **state);
void place_enter(const char *directory); /* what another process has begun */

/* Loads environment `test` anew: `extra` members beside deploy, `script` for `sh -c` with
 * $0 "run". */
void place_configure(const char *script, const char *deploy, const char *extra);
void place_write(const char *name, const char *text);
bool place_has(const char *name);
char *place_read(const char *name); /* the caller frees; "" where it is not there */

/* The lamp answers with these lines in turn, the last for ever: "STATE IDENTITY
 * FIGURE". */
void place_lamp(const char *lines);

struct plan *place_plan(void); /* asks the lamp, and plans */

/* Plans, launches and waits for the end; *run may be NULL. Returns the reported exit
 * status. */
int place_deploy(struct run **run);
int place_finish_run(struct launch *launch, struct run **run);
void place_launch(struct launch *launch, const struct plan *plan);
char *place_output(const struct run *run); /* what its steps printed; the caller frees */
void place_await(const char *name);        /* until a command made this file */
bool place_event(const char *type, const char *run);

/* What main() of a test that starts runs begins with: started as their supervisor it does
 * not return. False where no run can be started, once that is said as TAP. */
bool place_ready(int argc, char **argv);

#endif

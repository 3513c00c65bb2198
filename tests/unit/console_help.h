/* A console without a terminal: a board of one check, screens, keys, and a clock that a
 * test moves. */
#ifndef GREENBOARD_TESTS_CONSOLE_HELP_H
#define GREENBOARD_TESTS_CONSOLE_HELP_H

#include "tests/unit/unit.h"

#include "store/runs.h"
#include "ui/ui.h"

/* Names of runs. */
#define FIRST "20260131T120000Z-0001"
#define NEXT  "20260131T120500Z-0002"

struct stage {
    char directory[32]; /* of the configuration, and of runs once some are kept */
    struct statedir dir;
    struct config *config;
    struct board *board;
    struct ui ui;
    int64_t now;
};
extern struct stage stage;

int stage_begin(void **state);
int stage_end(void **state);

/* The check answers, and the console turns once. */
void stage_answer(enum state state);
void stage_turn(void);
unsigned stage_press(uint32_t key);
void stage_type(const char *text);
/* Until the workers of the open screens are done. */
void stage_settle(void);

bool stage_shows(const char *text);              /* at 100 by 30 */
char *stage_dumped(const struct canvas *canvas); /* the caller frees */

void stage_keeps_runs(void); /* the console knows runs from here on */
/* A run that goes on under this process; the caller changes it, and hands it over. */
struct run *stage_record(const char *id, const char *kind);
void stage_write(struct run *take_run);

#endif

/* What the console on a screen and its plain stream have in common: a board that is kept
 * up to date and written down. Main thread; src/cli/console.c has the screen's loop,
 * src/cli/plain.c the stream's. */
#ifndef GREENBOARD_CLI_CONSOLE_H
#define GREENBOARD_CLI_CONSOLE_H

#include "alert/alerts.h"
#include "alert/courier.h"
#include "board/sched.h"
#include "cli/cli.h"
#include "lock/lookout.h"
#include "store/store.h"
#include "ui/ui.h"

struct console {
    struct board *board; /* made by who begins it, before anything else */
    struct sched *sched;
    struct store *store; /* NULL: read-only */
    struct alerts alerts;
    struct lookout *lookout;
    struct standing *standing; /* the newest; NULL: not known yet */
    struct courier *courier;   /* delivers while this console is the recorder */
    char *home;                /* the state home, absolute */
    struct statedir dir;
    char *operator_name;
};

/* Starts asking and recording; `console` stays where it is from then on. */
bool console_begin(struct console *console, struct cli *cli, struct error *error);
bool console_step(struct console *console); /* true where the board changed */
void console_finish(struct console *console);

#endif

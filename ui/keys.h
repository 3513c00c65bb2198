/* THE tables of actions and keys.
 *
 * A key is bound to an action in some contexts; a key bar, the help screen and the
 * manual's KEYS section are made from these rows and nothing else. Constant. */
#ifndef GREENBOARD_UI_KEYS_H
#define GREENBOARD_UI_KEYS_H

#include "base/buf.h"
#include "ui/input.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* id, name in the key bar, what it does */
#define ACTIONS(X)                                                                       \
    X(ACTION_INSPECT, "inspect",                                                         \
      "show everything that is known about the selected check")                          \
    X(ACTION_RERUN, "re-run", "ask the selected check again, thoroughly")                \
    X(ACTION_RERUN_ALL, "all",                                                           \
      "ask every check again, with secrets and release read anew")                       \
    X(ACTION_DEPLOY, "deploy",                                                           \
      "show the plan of a deploy; typing the environment's name starts it")              \
    X(ACTION_DECIDE, "decide",                                                           \
      "answer what a run asks: retry, skip, abort or go back, with the reason")          \
    X(ACTION_ROLLBACK, "roll back",                                                      \
      "show the releases that there were, to go back to one")                            \
    X(ACTION_MEND, "mend",                                                               \
      "show the plan of a repair for the selected check, while it is not green")         \
    X(ACTION_NEXT_REPAIR, "another one", "show the next repair for the same check")      \
    X(ACTION_RESOLVE, "resolve",                                                         \
      "answer for a run whose supervisor is gone, with what was found")                  \
    X(ACTION_RUNS, "runs",                                                               \
      "show the runs that there were, each to be looked at and played again")            \
    X(ACTION_SHOW, "show", "show the chosen run, from its first byte")                   \
    X(ACTION_PLAY, "play",                                                               \
      "play what a run printed again, as it came; again: hold it, or go on")             \
    X(ACTION_FASTER, "faster", "play twice as fast")                                     \
    X(ACTION_SLOWER, "slower", "play half as fast")                                      \
    X(ACTION_BREAK, "break", "in the sandbox: switch its faults on and off")             \
    X(ACTION_NEXT_RED, "red", "go to the next check that is not green")                  \
    X(ACTION_PREVIOUS_RED, NULL, "go to the previous check that is not green")           \
    X(ACTION_NEXT_PANE, "pane", "go to the next pane")                                   \
    X(ACTION_PREVIOUS_PANE, NULL, "go to the previous pane")                             \
    X(ACTION_PANE_1, NULL, "go to the first pane")                                       \
    X(ACTION_PANE_2, NULL, "go to the second pane")                                      \
    X(ACTION_PANE_3, NULL, "go to the third pane")                                       \
    X(ACTION_PANE_4, NULL, "go to the fourth pane")                                      \
    X(ACTION_DOWN, NULL, "go down a line")                                               \
    X(ACTION_UP, NULL, "go up a line")                                                   \
    X(ACTION_PAGE_DOWN, NULL, "go down a page")                                          \
    X(ACTION_PAGE_UP, NULL, "go up a page")                                              \
    X(ACTION_FIRST, NULL, "go to the first line")                                        \
    X(ACTION_LAST, NULL, "go to the last line, and follow what is added")                \
    X(ACTION_ZOOM, "zoom", "give the pane the whole screen, and back")                   \
    X(ACTION_PAUSE, "pause",                                                             \
      "stop asking, or go on; while it is paused answers grow old and the gate closes")  \
    X(ACTION_CONFIRM, "confirm",                                                         \
      "take what is typed or chosen: a run starts once the environment's name is typed") \
    X(ACTION_TOGGLE, "switch", "switch the fault on or off")                             \
    X(ACTION_HELP, "help", "show what the keys do")                                      \
    X(ACTION_REDRAW, NULL, "draw the screen anew")                                       \
    X(ACTION_BACK, "back", "close this screen")                                          \
    X(ACTION_QUIT, "quit", "leave; a run goes on without the console")

enum action {
    ACTION_NONE,
#define ACTIONS_ENUM(id, name, help) id,
    ACTIONS(ACTIONS_ENUM)
#undef ACTIONS_ENUM
        ACTION_COUNT,
};

struct action_row {
    const char *id, *name, *help;
};
extern const struct action_row action_rows[ACTION_COUNT];

enum context {
    CONTEXT_BOARD = 1,
    CONTEXT_INSPECT = 2,
    CONTEXT_HELP = 4,
    CONTEXT_PLAN = 8,
    CONTEXT_RUN = 16,
    CONTEXT_BREAK = 32,
    CONTEXT_DECIDE = 64,
    CONTEXT_RELEASES = 128,
    CONTEXT_BACK = 256,
    CONTEXT_RUNS = 512,
};
#define CONTEXTS(X)                                                                      \
    X(CONTEXT_BOARD, "On the board")                                                     \
    X(CONTEXT_INSPECT, "While a check is inspected")                                     \
    X(CONTEXT_PLAN, "In the plan")                                                       \
    X(CONTEXT_RUN, "While a run is shown")                                               \
    X(CONTEXT_DECIDE, "While a run asks what to do")                                     \
    X(CONTEXT_RUNS, "In the list of runs")                                               \
    X(CONTEXT_RELEASES, "In the list of releases")                                       \
    X(CONTEXT_BACK, "In the plan of a rollback")                                         \
    X(CONTEXT_BREAK, "In the list of faults")                                            \
    X(CONTEXT_HELP, "In the help")

struct binding {
    unsigned contexts;
    uint32_t key;
    enum action action;
    int bar;  /* place in the key bar, the lowest first; 0: not in it */
    int rank; /* where they do not all fit the lowest stay; alike: by their places */
};
extern const struct binding bindings[];
extern const size_t binding_count;

enum action key_action(enum context context, uint32_t key);
void key_name(struct buf *out, uint32_t key);

/* All keys of an action in a context: "j Down"; false where there are none. */
bool keys_of(struct buf *out, enum context context, enum action action);

#endif

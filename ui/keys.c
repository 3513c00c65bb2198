#include "ui/keys.h"

#include "base/text.h"

const struct action_row action_rows[ACTION_COUNT] = {
#define ACTIONS_ROW(id, name, help) [id] = {#id, name, help},
    ACTIONS(ACTIONS_ROW)
#undef ACTIONS_ROW
};

enum {
    CHOSEN = CONTEXT_RELEASES | CONTEXT_RUNS, /* lists where Enter takes one */
    SCREENS = CONTEXT_INSPECT | CONTEXT_HELP | CONTEXT_RUN | CONTEXT_BREAK | CHOSEN,
    LISTS = CONTEXT_BOARD | SCREENS,
    TYPED = CONTEXT_PLAN | CONTEXT_DECIDE | CONTEXT_BACK, /* where letters are typed */
    CHECKS = CONTEXT_BOARD | CONTEXT_INSPECT,
    PAGES = LISTS | CONTEXT_PLAN | CONTEXT_BACK,
    EVERYWHERE = LISTS | TYPED,
};

const struct binding bindings[] = {
    {CONTEXT_BOARD, KEYS_ENTER, ACTION_INSPECT, 2, 2},
    {CHECKS, 'e', ACTION_NEXT_RED, 3, 3},
    {CHECKS, 'E', ACTION_PREVIOUS_RED, 0, 0},
    {CHECKS, 'm', ACTION_MEND, 4, 4},
    {CHECKS, 'r', ACTION_RERUN, 5, 7},
    {CHECKS, 'R', ACTION_RERUN_ALL, 6, 9},
    {CONTEXT_BOARD, 'D', ACTION_DEPLOY, 7, 10},
    {CONTEXT_BOARD, 'B', ACTION_ROLLBACK, 8, 8},
    {CONTEXT_BOARD, 'L', ACTION_RUNS, 9, 6},
    {CONTEXT_BOARD, 'x', ACTION_BREAK, 10, 5},
    {CONTEXT_PLAN, KEYS_TAB, ACTION_NEXT_REPAIR, 2, 0},
    {CONTEXT_RUN, 'd', ACTION_DECIDE, 2, 0},
    {CONTEXT_RUN, 'R', ACTION_RESOLVE, 3, 0},
    {CONTEXT_RUN, 'p', ACTION_PLAY, 4, 0},
    {CONTEXT_RUN, '+', ACTION_FASTER, 5, 0},
    {CONTEXT_RUN, '-', ACTION_SLOWER, 6, 0},
    {CONTEXT_BOARD, KEYS_TAB, ACTION_NEXT_PANE, 11, 11},
    {CONTEXT_BOARD, KEYS_BACKTAB, ACTION_PREVIOUS_PANE, 0, 0},
    {CONTEXT_BOARD, '1', ACTION_PANE_1, 0, 0},
    {CONTEXT_BOARD, '2', ACTION_PANE_2, 0, 0},
    {CONTEXT_BOARD, '3', ACTION_PANE_3, 0, 0},
    {CONTEXT_BOARD, '4', ACTION_PANE_4, 0, 0},
    {LISTS, 'j', ACTION_DOWN, 0, 0},
    {PAGES, KEYS_DOWN, ACTION_DOWN, 0, 0},
    {LISTS, 'k', ACTION_UP, 0, 0},
    {PAGES, KEYS_UP, ACTION_UP, 0, 0},
    {PAGES, KEYS_PAGE_DOWN, ACTION_PAGE_DOWN, 0, 0},
    {PAGES, KEYS_PAGE_UP, ACTION_PAGE_UP, 0, 0},
    {LISTS, 'g', ACTION_FIRST, 0, 0},
    {LISTS, KEYS_HOME, ACTION_FIRST, 0, 0},
    {LISTS, 'G', ACTION_LAST, 0, 0},
    {LISTS, KEYS_END, ACTION_LAST, 0, 0},
    {CONTEXT_BOARD, '+', ACTION_ZOOM, 12, 12},
    {CONTEXT_BOARD, 'p', ACTION_PAUSE, 13, 13},
    {TYPED | CONTEXT_RELEASES, KEYS_ENTER, ACTION_CONFIRM, 1, 0},
    {CONTEXT_RUNS, KEYS_ENTER, ACTION_SHOW, 1, 0},
    {CONTEXT_BREAK, KEYS_ENTER, ACTION_TOGGLE, 1, 0},
    {CONTEXT_BREAK, ' ', ACTION_TOGGLE, 0, 0},
    {LISTS & ~CONTEXT_HELP & ~CHOSEN, '?', ACTION_HELP, 1, 1},
    {CHOSEN, '?', ACTION_HELP, 2, 0},
    {EVERYWHERE, KEYS_REDRAW, ACTION_REDRAW, 0, 0},
    {LISTS, KEYS_ESCAPE, ACTION_BACK, 0, 0},
    {TYPED, KEYS_ESCAPE, ACTION_BACK, 14, 0},
    {SCREENS, 'q', ACTION_BACK, 14, 0},
    {CONTEXT_BOARD, 'q', ACTION_QUIT, 14, 0},
};
const size_t binding_count = sizeof bindings / sizeof bindings[0];

enum action key_action(enum context context, uint32_t key)
{
    for (size_t i = 0; i < binding_count; i++) {
        if (bindings[i].key == key && (bindings[i].contexts & context)) {
            return bindings[i].action;
        }
    }
    return ACTION_NONE;
}

void key_name(struct buf *out, uint32_t key)
{
    static const char *const names[] = {
#define SPECIALS_NAME(id, name) [id - KEYS_FIRST] = name,
        SPECIALS(SPECIALS_NAME)
#undef SPECIALS_NAME
    };
    if (key > KEYS_FIRST && key < KEYS_LAST) {
        buf_text(out, names[key - KEYS_FIRST]);
    } else if (key == ' ') {
        buf_text(out, "Space");
    } else {
        text_encode(out, key);
    }
}

bool keys_of(struct buf *out, enum context context, enum action action)
{
    bool any = false;
    for (size_t i = 0; i < binding_count; i++) {
        if (bindings[i].action == action && (bindings[i].contexts & context)) {
            if (any) {
                buf_text(out, " ");
            }
            key_name(out, bindings[i].key);
            any = true;
        }
    }
    return any;
}

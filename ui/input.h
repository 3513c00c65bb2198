/* What a person did at the keyboard, as everything above ui/term sees it. Plain data. */
#ifndef GREENBOARD_UI_INPUT_H
#define GREENBOARD_UI_INPUT_H

#include <stdint.h>

/* THE special keys: id, name as shown. Characters stand for
 * themselves; these lie above Unicode. */
#define SPECIALS(X)                                                                      \
    X(KEYS_UP, "Up")                                                                     \
    X(KEYS_DOWN, "Down")                                                                 \
    X(KEYS_PAGE_UP, "PgUp")                                                              \
    X(KEYS_PAGE_DOWN, "PgDn")                                                            \
    X(KEYS_HOME, "Home")                                                                 \
    X(KEYS_END, "End")                                                                   \
    X(KEYS_ENTER, "Enter")                                                               \
    X(KEYS_ESCAPE, "Esc")                                                                \
    X(KEYS_TAB, "Tab")                                                                   \
    X(KEYS_BACKTAB, "Shift-Tab")                                                         \
    X(KEYS_BACKSPACE, "Backspace")                                                       \
    X(KEYS_REDRAW, "Ctrl-L")                                                             \
    X(KEYS_ERASE, "Ctrl-U")

enum special {
    KEYS_FIRST = 0x110000,
#define SPECIALS_ENUM(id, name) id,
    SPECIALS(SPECIALS_ENUM)
#undef SPECIALS_ENUM
        KEYS_LAST,
};

struct input {
    enum { INPUT_NONE, INPUT_KEY, INPUT_PASTE } kind;
    uint32_t key; /* of INPUT_KEY: a code point, or one of enum special */
};

#endif

/* THE style table: what a piece of screen is for, and what that looks like.
 *
 * Everything draws with a role; ui/term alone turns it into colours. Each role is told
 * apart without colour too (NO_COLOR): by attributes, and by the words and shapes drawn
 * with it. Constant. */
#ifndef GREENBOARD_UI_STYLE_H
#define GREENBOARD_UI_STYLE_H

#include "board/gate.h"
#include "board/result.h"

#include <stdbool.h>
#include <stdint.h>

enum { ATTR_BOLD = 1, ATTR_DIM = 2, ATTR_REVERSE = 4, ATTR_UNDERLINE = 8 };

/* id, letter in the golden screens, foreground and background where there are 8 colours,
 * the same where there are 256 (-1: the terminal's own), attributes with colour,
 * attributes without */
#define STYLES(X)                                                                        \
    X(STYLE_TEXT, '.', -1, -1, -1, -1, 0, 0)                                             \
    X(STYLE_STRONG, 'b', -1, -1, -1, -1, ATTR_BOLD, ATTR_BOLD)                           \
    X(STYLE_DIM, 'd', -1, -1, 245, -1, 0, ATTR_DIM)                                      \
    X(STYLE_BORDER, 'o', -1, -1, 240, -1, 0, ATTR_DIM)                                   \
    X(STYLE_FOCUS, 'f', 6, -1, 44, -1, ATTR_BOLD, ATTR_BOLD)                             \
    X(STYLE_CURSOR, 'c', -1, -1, -1, -1, ATTR_REVERSE | ATTR_BOLD,                       \
      ATTR_REVERSE | ATTR_BOLD)                                                          \
    X(STYLE_HEAD, 'h', 6, -1, 44, -1, ATTR_BOLD, ATTR_BOLD)                              \
    X(STYLE_TREND, 't', 4, -1, 74, -1, 0, 0)                                             \
    X(STYLE_REMEDY, 'r', 6, -1, 80, -1, 0, ATTR_BOLD)                                    \
    X(STYLE_KEY, 'k', 6, -1, 44, -1, ATTR_BOLD, ATTR_BOLD | ATTR_REVERSE)                \
    X(STYLE_KEY_NAME, 'n', -1, -1, 250, -1, 0, 0)                                        \
    X(STYLE_INPUT, 'i', -1, -1, -1, -1, ATTR_BOLD | ATTR_UNDERLINE,                      \
      ATTR_BOLD | ATTR_UNDERLINE)                                                        \
    X(STYLE_GATE_WAIT, 'W', 0, 3, 16, 178, ATTR_BOLD, ATTR_REVERSE)                      \
    X(STYLE_GATE_GO, 'G', 0, 2, 231, 28, ATTR_BOLD, ATTR_REVERSE | ATTR_BOLD)            \
    X(STYLE_GATE_NO_GO, 'N', 7, 1, 231, 124, ATTR_BOLD, ATTR_REVERSE | ATTR_BOLD)        \
    X(STYLE_OK, '+', 2, -1, 35, -1, 0, 0)                                                \
    X(STYLE_SKIP, '-', -1, -1, 245, -1, 0, ATTR_DIM)                                     \
    X(STYLE_WARN, '!', 3, -1, 178, -1, ATTR_BOLD, ATTR_BOLD)                             \
    X(STYLE_UNKNOWN, '?', 5, -1, 134, -1, ATTR_BOLD, ATTR_BOLD)                          \
    X(STYLE_BLOCKED, '0', 5, -1, 134, -1, 0, 0)                                          \
    X(STYLE_FAIL, 'x', 1, -1, 203, -1, ATTR_BOLD, ATTR_BOLD | ATTR_UNDERLINE)

enum style {
#define STYLES_ENUM(id, letter, fg8, bg8, fg256, bg256, attrs, mono) id,
    STYLES(STYLES_ENUM)
#undef STYLES_ENUM
        STYLE_SGR, /* from here: what a run's output asked for, see style_sgr() */
    STYLE_COUNT = STYLE_SGR + 17 * 2,
};

struct style_row {
    char letter;
    short fg8, bg8, fg256, bg256;
    unsigned attrs, mono;
};

/* `colour`: -1 the terminal's own, 0 to 7 and 8 to 15 as terminals count them. */
uint8_t style_sgr(int colour, bool bold);
struct style_row style_row(uint8_t style);

uint8_t style_of_state(enum state state);
uint8_t style_of_gate(enum decision decision);

#endif

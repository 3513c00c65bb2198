#include "ui/style.h"

static const struct style_row rows[STYLE_SGR] = {
#define STYLES_ROW(id, letter, fg8, bg8, fg256, bg256, attrs, mono)                      \
    [id] = {letter, fg8, bg8, fg256, bg256, attrs, mono},
    STYLES(STYLES_ROW)
#undef STYLES_ROW
};

uint8_t style_sgr(int colour, bool bold)
{
    return (uint8_t)(STYLE_SGR + (colour + 1) * 2 + bold);
}

struct style_row style_row(uint8_t style)
{
    if (style < STYLE_SGR) {
        return rows[style];
    }
    int colour = (style - STYLE_SGR) / 2 - 1;
    unsigned attrs = (style - STYLE_SGR) % 2 ? ATTR_BOLD : 0;
    struct style_row row = {.letter =
                                colour < 0 ? (attrs ? 'b' : '.') : (char)('A' + colour),
                            .fg8 = (short)(colour < 0 ? -1 : colour % 8),
                            .bg8 = -1,
                            .fg256 = (short)colour,
                            .bg256 = -1,
                            .attrs = attrs,
                            .mono = attrs};
    if (colour == 0) {
        row.fg8 = row.fg256 = -1; /* black on black cannot be read */
    }
    return row;
}

uint8_t style_of_state(enum state state)
{
    static const uint8_t styles[STATE_COUNT] = {
        [STATE_OK] = STYLE_OK,           [STATE_SKIP] = STYLE_SKIP,
        [STATE_WARN] = STYLE_WARN,       [STATE_UNKNOWN] = STYLE_UNKNOWN,
        [STATE_BLOCKED] = STYLE_BLOCKED, [STATE_FAIL] = STYLE_FAIL,
    };
    return styles[state];
}

uint8_t style_of_gate(enum decision decision)
{
    return decision == GATE_GO      ? STYLE_GATE_GO
           : decision == GATE_NO_GO ? STYLE_GATE_NO_GO
                                    : STYLE_GATE_WAIT;
}

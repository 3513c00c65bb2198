#include "ui/layout.h"

#include <string.h>

enum {
    NARROW = 76,   /* below, two framed cards side by side cannot be read */
    WIDE = 150,    /* from here four cards fit a row, and there is room beside the list */
    SHORT = 22,    /* below, framed cards would leave no room for the list */
    SHORTEST = 13, /* below, even a line a card would not */
    TALL = 38,     /* from here the gate has three rows */
};

static int between(int value, int low, int high)
{
    return value < low ? low : value > high ? high : value;
}

/* Takes rows off the top of `body`. */
static struct rect take_rows(struct rect *body, int rows)
{
    rows = between(rows, 0, body->height);
    struct rect taken = {body->x, body->y, body->width, rows};
    body->y += rows;
    body->height -= rows;
    return taken;
}

static void place_strips(struct layout *layout, struct rect *body, size_t cards)
{
    layout->strips = true;
    for (size_t i = 0; i < cards; i++) {
        layout->cards[i] = take_rows(body, 1);
    }
}

static void place_cards(struct layout *layout, struct rect *body, size_t cards,
                        int height)
{
    int columns = body->width >= WIDE ? 4 : 2;
    int rows =
        columns == 4 ? between((height - 20) / 3, 4, 11) : between(height / 6, 4, 8);
    for (size_t i = 0; i < cards; i += (size_t)columns) {
        struct rect line = take_rows(body, rows);
        for (int j = 0; j < columns && i + (size_t)j < cards; j++) {
            int left = line.width * j / columns, right = line.width * (j + 1) / columns;
            layout->cards[i + (size_t)j] =
                (struct rect){line.x + left, line.y, right - left, line.height};
        }
    }
}

void layout_board(struct layout *layout, int width, int height, size_t cards,
                  size_t checks)
{
    memset(layout, 0, sizeof *layout);
    cards = cards > LAYOUT_CARDS ? LAYOUT_CARDS : cards;
    struct rect body = {0, 0, width, height};
    if (height >= 6) {
        layout->header = take_rows(&body, 1);
        layout->bar = (struct rect){0, height - 1, width, 1};
        body.height--;
    }
    layout->gate = take_rows(&body, height >= TALL ? 3 : 1);
    layout->body = body;
    if (width >= NARROW && height >= SHORT) {
        place_cards(layout, &body, cards, height);
    } else if (height >= SHORTEST) {
        place_strips(layout, &body, cards);
    }
    if (width >= WIDE) {
        int left = width * 58 / 100;
        layout->side = (struct rect){left + 1, body.y, width - left - 1, body.height};
        body.width = left;
    }
    /* The list wants its rule, a row a check and one for the remedy; events get the rest,
     * yet the last of them stays in sight. */
    int wish = (int)checks + 3;
    int events = body.height < 8 ? 0 : between(body.height - wish, 3, body.height);
    layout->checks = take_rows(&body, body.height - events);
    layout->events = body;
}

#include "ui/layout.h"

#include <string.h>

enum {
    NARROW = 76,   /* below, two framed cards side by side cannot be read */
    WIDE = 150,    /* from here four cards fit a row, and there is room beside the list */
    SHORT = 22,    /* below, framed cards would leave no room for the list */
    SHORTEST = 13, /* below, even a line a card would not */
    TALL = 38,     /* from here the gate has three rows */
    EVENTS = 5,    /* rows that they keep where the list would have more */
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

/* Cards are as high as the list of checks lets them. */
static void place_cards(struct layout *layout, struct rect *body, size_t cards, int list)
{
    int columns = body->width >= WIDE ? 4 : 2;
    int room = body->height - list;
    int rows = columns == 4 ? between(room - 9, 4, 17)
                            : between(room / 2, 4, between(body->height / 6 + 1, 4, 8));
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
                  size_t checks, size_t remedies)
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
    int list = (int)checks + 2; /* its rule, a row a check and one for a remedy */
    if (width >= NARROW && height >= SHORT) {
        place_cards(layout, &body, cards, list);
    } else if (height >= SHORTEST) {
        place_strips(layout, &body, cards);
    }
    if (width >= WIDE) {
        int left = width * 58 / 100;
        layout->side = (struct rect){left + 1, body.y, width - left - 1, body.height};
        body.width = left;
    }
    /* Events get the rest, yet the last of them stays in sight. */
    int events = body.height < 8 ? 0 : between(body.height - list, 1, body.height);
    events -= between(events - EVENTS, 0, (int)remedies);
    layout->checks = take_rows(&body, body.height - events);
    layout->events = body;
}

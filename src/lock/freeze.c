#include "lock/freeze.h"

#include "base/calendar.h"
#include "base/text.h"

#include <stdbool.h>

enum { WEEK = 7, LOOKS = 4096 };
#define DAY_MS (CALENDAR_DAY * CALENDAR_MINUTE)

/* ---- freezes ---- */

/* The one that holds at this moment and ends last; NULL where none does. */
static const json_t *find_freeze(const json_t *freezes, int64_t wall, int64_t *since,
                                 int64_t *until)
{
    const json_t *found = NULL;
    *since = *until = 0;
    for (size_t i = 0; i < json_array_size(freezes); i++) {
        const json_t *freeze = json_array_get(freezes, i);
        int64_t from = 0, to = 0;
        if (calendar_moment(config_text(freeze, "from"), &from) &&
            calendar_moment(config_text(freeze, "to"), &to) && from <= wall &&
            wall < to && to > *until) {
            found = freeze;
            *since = from;
            *until = to;
        }
    }
    return found;
}

/* ---- windows ---- */

struct window {
    const json_t *days;
    int64_t from, length; /* ms of a day; ms */
    int64_t offset;       /* ms east of UTC */
};

static struct window window_of(const json_t *section)
{
    int from = 0, to = 0, zone = 0;
    calendar_hour(config_text(section, "from"), &from);
    calendar_hour(config_text(section, "to"), &to);
    calendar_zone(config_text(section, "zone"), &zone);
    int length = to > from ? to - from : to - from + CALENDAR_DAY;
    return (struct window){.days = json_object_get(section, "days"),
                           .from = from * CALENDAR_MINUTE,
                           .length = length * CALENDAR_MINUTE,
                           .offset = zone * CALENDAR_MINUTE};
}

static int64_t day_of(const struct window *window, int64_t wall)
{
    int64_t local = wall + window->offset;
    return local / DAY_MS - (local % DAY_MS < 0);
}

/* 1970-01-01, day 0, was a Thursday. */
static bool begins_on(const struct window *window, int64_t day)
{
    static const char *const words[WEEK] = {"thu", "fri", "sat", "sun",
                                            "mon", "tue", "wed"};
    const char *word = words[((day % WEEK) + WEEK) % WEEK];
    for (size_t i = 0; i < json_array_size(window->days); i++) {
        if (text_equal(json_string_value(json_array_get(window->days, i)), word)) {
            return true;
        }
    }
    return false;
}

static int64_t start_on(const struct window *window, int64_t day)
{
    return day * DAY_MS + window->from - window->offset;
}

/* One that began yesterday may last until today. */
static bool is_open(const struct window *window, int64_t wall)
{
    int64_t today = day_of(window, wall);
    for (int64_t day = today - 1; day <= today; day++) {
        int64_t start = start_on(window, day);
        if (begins_on(window, day) && start <= wall && wall < start + window->length) {
            return true;
        }
    }
    return false;
}

static int64_t next_start(const struct window *window, int64_t wall)
{
    int64_t day = day_of(window, wall);
    while (!begins_on(window, day) || start_on(window, day) <= wall) {
        day++; /* ends: a window has at least one day of the week */
    }
    return start_on(window, day);
}

/* True where none is configured, or one is open. Else when the next one opens. */
static bool windows_open(const json_t *windows, int64_t wall, int64_t *next)
{
    *next = 0;
    for (size_t i = 0; i < json_array_size(windows); i++) {
        struct window window = window_of(json_array_get(windows, i));
        if (is_open(&window, wall)) {
            return true;
        }
        int64_t start = next_start(&window, wall);
        *next = *next == 0 || start < *next ? start : *next;
    }
    return json_array_size(windows) == 0;
}

/* ---- both ---- */

/* Goes from the end of a freeze to the start of a window and on, until neither is in the
 * way. */
static int64_t find_possible(const json_t *freezes, const json_t *windows, int64_t wall)
{
    for (int i = 0; i < LOOKS; i++) {
        int64_t since, until, next;
        if (find_freeze(freezes, wall, &since, &until)) {
            wall = until;
        } else if (windows_open(windows, wall, &next)) {
            return wall;
        } else {
            wall = next;
        }
    }
    return 0;
}

struct closing freeze_look(const struct environment *environment, int64_t wall)
{
    const json_t *freezes = config_section(environment, "/freezes");
    const json_t *windows = config_section(environment, "/windows");
    struct closing closing = {.closed = CLOSED_NOT};
    int64_t next;
    const json_t *freeze = find_freeze(freezes, wall, &closing.since, &closing.until);
    if (freeze) {
        closing.closed = CLOSED_FROZEN;
        closing.reason = config_text(freeze, "reason");
    } else if (!windows_open(windows, wall, &next)) {
        closing.closed = CLOSED_OUTSIDE;
    }
    closing.possible = closing.closed ? find_possible(freezes, windows, wall) : wall;
    return closing;
}

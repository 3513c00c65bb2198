/* One direction of a connection through a door: a bounded buffer between two sockets that
 * do not block. For the doors' thread. */
#ifndef GREENBOARD_SANDBOX_LANE_H
#define GREENBOARD_SANDBOX_LANE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { LANE_ROOM = 16384 };

/* What waits in it leaves together once `due` has come. */
struct lane {
    int from, to;
    size_t length, sent;
    int64_t due, delay;
    bool ended; /* no more comes in; said to `to` once all has left */
    bool told;
    char data[LANE_ROOM];
};

bool lane_wants_bytes(const struct lane *lane);
bool lane_due(const struct lane *lane); /* something waits, and may leave */

/* Takes what is there and passes on what is due; `events` are what poll(2) said of
 * `from`. False where the connection broke. */
bool lane_step(struct lane *lane, short events);

#endif

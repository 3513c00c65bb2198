#include "sandbox/lane.h"

#include "base/clock.h"

#include <errno.h>
#include <poll.h>
#include <sys/socket.h>

bool lane_wants_bytes(const struct lane *lane)
{
    return !lane->ended && lane->length < LANE_ROOM;
}

static bool lane_fill(struct lane *lane)
{
    ssize_t got =
        recv(lane->from, lane->data + lane->length, LANE_ROOM - lane->length, 0);
    if (got < 0) {
        return errno == EAGAIN || errno == EINTR;
    }
    if (got == 0) {
        lane->ended = true;
    } else if (lane->length == 0) {
        lane->due = clock_now() + lane->delay;
    }
    lane->length += (size_t)got;
    return true;
}

bool lane_due(const struct lane *lane)
{
    return lane->length > 0 && (lane->due <= clock_now());
}

static bool lane_drain(struct lane *lane)
{
    while (lane_due(lane)) {
        ssize_t put = send(lane->to, lane->data + lane->sent, lane->length - lane->sent,
                           MSG_NOSIGNAL);
        if (put < 0) {
            return errno == EAGAIN || errno == EINTR || errno == ENOTCONN;
        }
        lane->sent += (size_t)put;
        if (lane->sent == lane->length) {
            lane->sent = lane->length = 0;
        }
    }
    if (lane->ended && !lane->told && lane->length == 0) {
        shutdown(lane->to, SHUT_WR);
        lane->told = true;
    }
    return true;
}

bool lane_step(struct lane *lane, short from_events)
{
    if ((from_events & (POLLIN | POLLHUP | POLLERR)) && lane_wants_bytes(lane) &&
        !lane_fill(lane)) {
        return false;
    }
    return lane_drain(lane);
}

#include "ui/player.h"

#include "base/buf.h"
#include "base/clock.h"
#include "base/text.h"

#include <errno.h>
#include <stdio.h>
#include <sys/timerfd.h>
#include <unistd.h>

static const struct pace PACE = {.speed = 1, .idle_limit = 2 * CLOCK_SECOND};
static const double SLOWEST = 1.0 / 8, FASTEST = 64;

bool player_start(struct player *player, const char *path, int64_t now)
{
    struct player started = {.replay = replay_open(path, &PACE, now), .timer = -1};
    if (!started.replay) {
        return false;
    }
    started.timer = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
    if (started.timer < 0) {
        int number = errno;
        replay_close(started.replay);
        errno = number;
        return false;
    }
    player_finish(player);
    *player = started;
    return true;
}

void player_finish(struct player *player)
{
    if (player->replay) {
        replay_close(player->replay);
        close(player->timer);
    }
    *player = (struct player){0};
}

/* A time that has passed rings at once; 0 would never. */
static void set_timer(const struct player *player)
{
    int64_t due = replay_due(player->replay);
    struct itimerspec at = {0};
    if (due != INT64_MAX) {
        at.it_value.tv_sec = due / CLOCK_SECOND;
        at.it_value.tv_nsec = due % CLOCK_SECOND;
    }
    timerfd_settime(player->timer, TFD_TIMER_ABSTIME, &at, NULL);
}

static void take_marker(struct player *player, const struct played *event)
{
    struct buf clean;
    buf_init(&clean, 0);
    text_clean(&clean, event->text, event->length);
    snprintf(player->step, sizeof player->step, "%s", buf_string(&clean));
    buf_finish(&clean);
}

bool player_feed(struct player *player, struct output *output, int64_t end)
{
    struct played event;
    bool came = false;
    int64_t now;
    while ((now = clock_now()) < end && replay_next(player->replay, now, &event)) {
        came = true;
        if (event.code == 'o') {
            output_feed(output, event.text, event.length);
        } else if (event.code == 'm') {
            take_marker(player, &event);
        }
    }
    set_timer(player);
    return came;
}

bool player_over(const struct player *player)
{
    return replay_over(player->replay);
}

bool player_held(const struct player *player)
{
    return replay_held(player->replay);
}

void player_hold(struct player *player, int64_t now)
{
    replay_hold(player->replay, !replay_held(player->replay), now);
    set_timer(player);
}

bool player_faster(struct player *player, bool faster, int64_t now)
{
    double speed = replay_speed(player->replay) * (faster ? 2 : 0.5);
    if (speed < SLOWEST || speed > FASTEST) {
        return false;
    }
    replay_pace(player->replay, speed, now);
    set_timer(player);
    return true;
}

void player_words(const struct player *player, char *out, size_t room)
{
    char span[TEXT_SPAN] = "0 s";
    if (replay_at(player->replay) >= CLOCK_SECOND) {
        text_span(span, replay_at(player->replay));
    }
    snprintf(out, room, "%s %s, %gx%s%s",
             replay_over(player->replay)   ? "replayed"
             : replay_held(player->replay) ? "held at"
                                           : "replay",
             span, replay_speed(player->replay), *player->step ? ": " : "", player->step);
}

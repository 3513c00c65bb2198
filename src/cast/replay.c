#include "cast/replay.h"

#include "base/mem.h"

#include <stdlib.h>

struct replay {
    struct playback *playback;
    struct pace pace;
    struct played ahead; /* the next one */
    bool has_ahead, over;
    int64_t at;  /* of the recording: the last one that was given */
    int64_t due; /* clock_now() time of `ahead`; while it is held, what was left to it */
    bool held;
};

int64_t pace_pause(const struct pace *pace, int64_t from, int64_t to)
{
    int64_t span = to > from ? to - from : 0;
    if (pace->idle_limit > 0 && span > pace->idle_limit) {
        span = pace->idle_limit;
    }
    return (int64_t)((double)span / pace->speed);
}

struct replay *replay_open(const char *path, const struct pace *pace, int64_t now)
{
    struct playback *playback = playback_create(path);
    if (!playback) {
        return NULL;
    }
    struct replay *replay = mem_alloc(sizeof *replay);
    *replay = (struct replay){.playback = playback, .pace = *pace, .due = now};
    return replay;
}

void replay_close(struct replay *replay)
{
    if (replay) {
        playback_destroy(replay->playback);
        free(replay);
    }
}

static bool look_ahead(struct replay *replay)
{
    if (!replay->has_ahead && !replay->over) {
        replay->has_ahead = playback_next(replay->playback, &replay->ahead);
        replay->over = !replay->has_ahead;
        replay->due += replay->has_ahead
                           ? pace_pause(&replay->pace, replay->at, replay->ahead.at)
                           : 0;
    }
    return replay->has_ahead;
}

bool replay_next(struct replay *replay, int64_t now, struct played *event)
{
    if (!look_ahead(replay) || replay->held || replay->due > now) {
        return false;
    }
    *event = replay->ahead;
    replay->at = replay->ahead.at;
    replay->has_ahead = false;
    return true;
}

int64_t replay_due(struct replay *replay)
{
    return !replay->held && look_ahead(replay) ? replay->due : INT64_MAX;
}

bool replay_over(struct replay *replay)
{
    return !look_ahead(replay);
}

int64_t replay_at(const struct replay *replay)
{
    return replay->at;
}

void replay_hold(struct replay *replay, bool held, int64_t now)
{
    if (held != replay->held) {
        replay->held = held;
        replay->due += held ? -now : now;
    }
}

bool replay_held(const struct replay *replay)
{
    return replay->held;
}

void replay_pace(struct replay *replay, double speed, int64_t now)
{
    bool held = replay->held;
    replay_hold(replay, true, now);
    replay->due = (int64_t)((double)replay->due * (replay->pace.speed / speed));
    replay->pace.speed = speed;
    replay_hold(replay, held, now);
}

double replay_speed(const struct replay *replay)
{
    return replay->pace.speed;
}

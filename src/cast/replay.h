/* A run's recording, played at the times at which it came.
 *
 * One thread. Nothing waits: replay_next() gives what is due by now, replay_due() says
 * when the next one is. The text of an event is the replay's until its next call. */
#ifndef GREENBOARD_CAST_REPLAY_H
#define GREENBOARD_CAST_REPLAY_H

#include "cast/playback.h"

struct pace {
    double speed;       /* 2: twice as fast */
    int64_t idle_limit; /* ns: no pause is longer, 0: as long as it was */
};

/* How long to wait between two times of a recording, in ns. */
int64_t pace_pause(const struct pace *pace, int64_t from, int64_t to);

struct replay;

/* `now`: clock_now(), of every call. NULL with errno. */
struct replay *replay_open(const char *path, const struct pace *pace, int64_t now);
void replay_close(struct replay *replay);

/* The next event, where it is due; times count from the last one, so that what showing
 * it takes does not add up. */
bool replay_next(struct replay *replay, int64_t now, struct played *event);
int64_t replay_due(struct replay *replay); /* INT64_MAX: it is held, or over */
bool replay_over(struct replay *replay);
int64_t replay_at(const struct replay *replay); /* ns: how far it came */

void replay_hold(struct replay *replay, bool held, int64_t now);
bool replay_held(const struct replay *replay);
void replay_pace(struct replay *replay, double speed, int64_t now);
double replay_speed(const struct replay *replay);

#endif

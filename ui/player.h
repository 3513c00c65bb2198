/* A run's recording, played into its output at the pace in which it came; quiet stretches
 * are cut to two seconds. Main thread. */
#ifndef GREENBOARD_UI_PLAYER_H
#define GREENBOARD_UI_PLAYER_H

#include "cast/replay.h"
#include "ui/output.h"

#include <stdbool.h>

struct player {
    struct replay *replay; /* NULL: nothing is played */
    int timer;             /* readable when the next event is due */
    char step[48];         /* what the recording's last marker says */
};

/* From the beginning; false with errno. */
bool player_start(struct player *player, const char *path, int64_t now);
void player_finish(struct player *player);

/* Feeds what is due, until clock_now() passes `end`; true where something came. */
bool player_feed(struct player *player, struct output *output, int64_t end);

bool player_over(const struct player *player);
bool player_held(const struct player *player);
void player_hold(struct player *player, int64_t now); /* or go on */
/* Twice as fast, or half; false at either end of what makes sense. */
bool player_faster(struct player *player, bool faster, int64_t now);

/* "replay, 12 s, 2x: deploy" */
void player_words(const struct player *player, char *out, size_t room);

#endif

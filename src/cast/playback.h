/* What a run's recording holds, one event after another, also while it grows: asciicast
 * v2 as cast/recording writes it, or the bare bytes that an older greenboard kept.
 *
 * One thread. Nothing waits: where there is no whole line more, the next call looks
 * again. A line that is none is passed over. */
#ifndef GREENBOARD_CAST_PLAYBACK_H
#define GREENBOARD_CAST_PLAYBACK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct playback;

struct played {
    int64_t at;       /* ns since the recording began; 0 in bare bytes */
    char code;        /* 'o' output, 'm' marker */
    const char *text; /* UTF-8 of an asciicast; the playback's, until the next call */
    size_t length;
};

struct playback *playback_create(const char *path); /* NULL with errno */
void playback_destroy(struct playback *playback);
/* All but so many bytes at the end are passed over, and the line that they begin in. */
void playback_skip(struct playback *playback, size_t left);
bool playback_next(struct playback *playback, struct played *event);

#endif

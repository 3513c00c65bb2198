#include "run/playback.h"

#include "base/buf.h"
#include "base/clock.h"
#include "base/json.h"
#include "base/mem.h"
#include "run/recording.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
    PIECE = 64 * 1024,
    LINE_MAX_BYTES = 1024 * 1024, /* what is longer no recording of ours holds */
};

struct playback {
    int file;
    bool bare;
    off_t at;        /* of the first byte that is not in `read` */
    struct buf read; /* of the file */
    size_t used;     /* of `read` */
    json_t *event;   /* whose text was given last */
};

struct playback *playback_create(const char *path)
{
    int file = open(path, O_RDONLY | O_CLOEXEC);
    if (file < 0) {
        return NULL;
    }
    struct playback *playback = mem_alloc(sizeof *playback);
    const char *name = strrchr(path, '/');
    playback->file = file;
    playback->bare = strcmp(name ? name + 1 : path, RECORDING_NAME) != 0;
    return playback;
}

void playback_destroy(struct playback *playback)
{
    if (playback) {
        close(playback->file);
        buf_finish(&playback->read);
        json_decref(playback->event);
        free(playback);
    }
}

static bool read_more(struct playback *playback)
{
    char piece[PIECE];
    ssize_t got = pread(playback->file, piece, sizeof piece, playback->at);
    if (got <= 0) {
        return false;
    }
    buf_add(&playback->read, piece, (size_t)got);
    playback->at += got;
    return true;
}

/* What is no whole line is forgotten and read again: where the disk was full, its writer
 * took it back, and something else may follow. */
static void forget_piece(struct playback *playback)
{
    playback->at -= (off_t)(playback->read.length - playback->used);
    buf_clear(&playback->read);
    playback->used = 0;
}

static const char *next_line(struct playback *playback, size_t *length)
{
    struct buf *read = &playback->read;
    size_t seen = playback->used;
    for (;;) {
        const char *start = buf_string(read) + playback->used;
        const char *end = memchr(buf_string(read) + seen, '\n', read->length - seen);
        if (end) {
            *length = (size_t)(end - start);
            playback->used += *length + 1;
            return start;
        }
        if (read->length - playback->used > LINE_MAX_BYTES) {
            playback->used = read->length;
        }
        buf_drop(read, playback->used);
        playback->used = 0;
        seen = read->length;
        if (!read_more(playback)) {
            forget_piece(playback);
            return NULL;
        }
    }
}

/* `[12.345678, "o", "text"]`; a header is an object. */
static bool take_event(struct playback *playback, const char *line, size_t length,
                       struct played *event)
{
    json_decref(playback->event);
    playback->event = json_loadb(line, length, JSON_ALLOW_NUL, NULL);
    const json_t *time = json_array_get(playback->event, 0);
    const json_t *code = json_array_get(playback->event, 1);
    const json_t *text = json_array_get(playback->event, 2);
    if (!json_is_number(time) || json_string_length(code) != 1 || !json_is_string(text)) {
        return false;
    }
    double seconds = json_number_value(time);
    *event = (struct played){.code = json_string_value(code)[0],
                             .text = json_string_value(text),
                             .length = json_string_length(text)};
    if (seconds > 0 && seconds < 1e9) {
        event->at = (int64_t)(seconds * (double)CLOCK_SECOND);
    }
    return true;
}

static bool take_bare(struct playback *playback, struct played *event)
{
    buf_clear(&playback->read);
    if (!read_more(playback)) {
        return false;
    }
    *event = (struct played){
        .code = 'o', .text = playback->read.data, .length = playback->read.length};
    return true;
}

/* Half a line is none: an event's ends where its text does. */
void playback_skip(struct playback *playback, size_t left)
{
    struct stat about;
    if (fstat(playback->file, &about) == 0 && about.st_size > (off_t)left) {
        buf_clear(&playback->read);
        playback->used = 0;
        playback->at = about.st_size - (off_t)left;
    }
}

bool playback_next(struct playback *playback, struct played *event)
{
    const char *line;
    size_t length;
    if (playback->bare) {
        return take_bare(playback, event);
    }
    while ((line = next_line(playback, &length)) != NULL) {
        if (take_event(playback, line, length, event)) {
            return true;
        }
    }
    return false;
}

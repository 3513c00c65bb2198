#include "cast/playback.h"

#include "base/buf.h"
#include "base/mem.h"
#include "cast/cast.h"
#include "cast/recording.h"

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
    struct buf text; /* of the event that was given last */
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
        buf_finish(&playback->text);
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

static bool take_event(struct playback *playback, const char *line, size_t length,
                       struct played *event)
{
    struct cast cast;
    if (!cast_read(line, length, &cast, &playback->text)) {
        return false;
    }
    *event = (struct played){.at = cast.at,
                             .code = cast.code,
                             .text = buf_string(&playback->text),
                             .length = playback->text.length};
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

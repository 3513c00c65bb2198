#include "cast/recording.h"

#include "base/clock.h"
#include "base/fs.h"
#include "base/json.h"
#include "base/mem.h"
#include "cast/cast.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
    RESERVE = 256 * 1024,         /* enough for the events and the record of an end */
    WRITE_BACK = 4 * 1024 * 1024, /* bytes after which the disk begins with them */
    TITLE_MAX = 200,
    TERM_MAX = 64,
};
static const int64_t TRY_AGAIN = CLOCK_SECOND;

/* ---- lines ---- */

static size_t add_event(struct recording *recording, char code, const char *text,
                        size_t length, bool whole)
{
    const struct cast event = {.at = clock_now() - recording->began, .code = code};
    return cast_write(&recording->lines, &event, text, length, whole);
}

static void add_marker(struct recording *recording, const char *label)
{
    char *clean = mask_clean(label, TITLE_MAX);
    add_event(recording, 'm', clean, strlen(clean), true);
    free(clean);
}

static void add_text(struct recording *recording, bool whole)
{
    struct buf *text = &recording->text;
    size_t at = 0, used;
    while (at < text->length && (used = add_event(recording, 'o', text->data + at,
                                                  text->length - at, whole)) > 0) {
        at += used;
    }
    buf_drop(text, at);
}

/* ---- written, or not ---- */

static int reserve(const struct recording *recording)
{
    int fd = open(recording->reserve, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (fd < 0) {
        return errno;
    }
    int number = posix_fallocate(fd, 0, RESERVE);
    close(fd);
    return number;
}

static void give_back(const struct recording *recording)
{
    unlink(recording->reserve);
}

/* Whoever records the run's end needs the room more than its output does. */
static bool may_write(struct recording *recording)
{
    if (recording->again == 0) {
        return true;
    }
    if (clock_now() < recording->again) {
        return false;
    }
    bool room = reserve(recording) == 0;
    recording->again = room ? 0 : clock_now() + TRY_AGAIN;
    if (!room) {
        give_back(recording);
    }
    return room;
}

static void fail(struct recording *recording)
{
    recording->trouble = recording->trouble ? recording->trouble : errno;
    recording->failures++;
    recording->again = clock_now() + TRY_AGAIN;
    give_back(recording);
    while (ftruncate(recording->file, recording->whole) != 0 && errno == EINTR) {
    }
}

static bool write_lines(struct recording *recording)
{
    struct buf *lines = &recording->lines;
    bool written = fs_write_all(recording->file, buf_string(lines), lines->length);
    recording->whole += written ? (off_t)lines->length : 0;
    buf_clear(lines);
    if (!written) {
        fail(recording);
    } else if (recording->whole - recording->begun >= WRITE_BACK) {
        sync_file_range(recording->file, recording->begun,
                        recording->whole - recording->begun, SYNC_FILE_RANGE_WRITE);
        recording->begun = recording->whole;
    }
    return written;
}

/* A gap is told where it is. */
static void add_gap(struct recording *recording)
{
    if (recording->lost > 0) {
        char *label =
            mem_format("%" PRIu64 " bytes could not be recorded", recording->lost);
        add_marker(recording, label);
        free(label);
    }
}

static bool write_text(struct recording *recording, bool whole)
{
    uint64_t length = recording->text.length;
    bool written = may_write(recording);
    if (written) {
        add_gap(recording);
        add_text(recording, whole);
        written = write_lines(recording);
    }
    if (!written) {
        buf_clear(&recording->text);
    }
    recording->lost = written ? 0 : recording->lost + length;
    return written || recording->goes_on;
}

/* Takes what is masked. A line may have ended as a terminal wants it already. */
static void end_lines(struct recording *recording)
{
    const char *at = buf_string(&recording->masked);
    const char *end = at + recording->masked.length, *newline;
    for (; (newline = memchr(at, '\n', (size_t)(end - at))); at = newline + 1) {
        bool returned = newline > at ? newline[-1] == '\r' : recording->returned;
        buf_add(&recording->text, at, (size_t)(newline - at));
        buf_text(&recording->text, returned ? "\n" : "\r\n");
        recording->returned = false;
    }
    if (at < end) {
        buf_add(&recording->text, at, (size_t)(end - at));
        recording->returned = end[-1] == '\r';
    }
    buf_clear(&recording->masked);
}

bool recording_output(struct recording *recording, const char *bytes, size_t length)
{
    mask_feed(recording->mask, &recording->held, bytes, length, &recording->masked);
    end_lines(recording);
    return recording->text.length == 0 || write_text(recording, false);
}

static bool write_held(struct recording *recording)
{
    mask_end(recording->mask, &recording->held, &recording->masked);
    end_lines(recording);
    return write_text(recording, true);
}

bool recording_settle(struct recording *recording)
{
    bool written = write_held(recording);
    if (written && recording->again == 0 && fdatasync(recording->file) != 0) {
        fail(recording);
        written = recording->goes_on;
    }
    return written;
}

static bool refuse(const struct recording *recording, int number, struct error *error)
{
    error_system(error, number, "cannot record to %s", recording->path);
    error_hint(error, "make room or mend the disk, then start again");
    return false;
}

bool recording_mark(struct recording *recording, const char *step, struct error *error)
{
    bool written = write_held(recording);
    mask_unref(recording->mask);
    recording->mask = mask_current();
    if (written && may_write(recording)) {
        add_marker(recording, step);
        written = write_lines(recording) || recording->goes_on;
    }
    return written || refuse(recording, recording->trouble, error);
}

/* ---- opened and closed ---- */

/* Of the environment the kind of terminal alone: a variable may be a secret. */
static void add_header(struct recording *recording, const char *title, int columns,
                       int rows)
{
    const char *term = getenv("TERM");
    char *clean = mask_clean(title, TITLE_MAX);
    char *kind = mask_clean(term ? term : "", TERM_MAX);
    json_t *header =
        json_pack("{s:i, s:i, s:i, s:I, s:o, s:{s:o}}", "version", 2, "width", columns,
                  "height", rows, "timestamp", (json_int_t)(clock_wall() / 1000), "title",
                  json_text(clean), "env", "TERM", json_text(kind));
    char *line = json_compact(header);
    buf_format(&recording->lines, "%s\n", line);
    free(line);
    free(kind);
    free(clean);
    json_decref(header);
}

bool recording_open(struct recording *recording, const char *path, const char *title,
                    int columns, int rows, struct error *error)
{
    *recording = (struct recording){.file = -1, .path = mem_text(path)};
    recording->began = clock_now();
    recording->mask = mask_current();
    recording->reserve = mem_format("%s.reserve", path);
    recording->file =
        open(path, O_WRONLY | O_CREAT | O_EXCL | O_APPEND | O_CLOEXEC, 0600);
    int number = recording->file < 0 ? errno : reserve(recording);
    if (number == 0) {
        add_header(recording, title, columns, rows);
        write_lines(recording);
        number = recording->trouble;
    }
    if (number == 0 && fdatasync(recording->file) != 0) {
        number = errno;
    }
    if (number != 0) {
        refuse(recording, number, error);
        recording_close(recording);
    }
    return number == 0;
}

void recording_close(struct recording *recording)
{
    if (recording->reserve) {
        give_back(recording);
    }
    if (recording->file >= 0) {
        close(recording->file);
    }
    mask_unref(recording->mask);
    buf_finish(&recording->held);
    buf_finish(&recording->masked);
    buf_finish(&recording->text);
    buf_finish(&recording->lines);
    free(recording->path);
    free(recording->reserve);
    *recording = (struct recording){.file = -1};
}

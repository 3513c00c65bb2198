#include "sandbox/revisions.h"

#include "base/buf.h"
#include "base/clock.h"
#include "base/fs.h"
#include "base/mem.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { LIST_MAX = 1024 * 1024 };
#define MADE   "revisions"
#define PINNED "pinned"

static void read_file(const char *dir, const char *name, struct buf *text)
{
    char *path = fs_join(dir, name);
    buf_init(text, LIST_MAX);
    fs_read(path, text, NULL);
    free(path);
}

struct revisions_state revisions_read(const char *dir)
{
    struct revisions_state state = {0};
    struct buf made, pinned;
    read_file(dir, MADE, &made);
    read_file(dir, PINNED, &pinned);
    for (size_t i = 0; i < made.length; i++) {
        state.newest += made.data[i] == '\n';
    }
    state.pinned = pinned.length > 0;
    state.serving = state.pinned ? strtoul(buf_string(&pinned), NULL, 10) : state.newest;
    buf_finish(&pinned);
    buf_finish(&made);
    return state;
}

/* The line of that number; NULL where there is none. The caller frees. */
static char *read_row(const char *dir, size_t number)
{
    struct buf made;
    char *row = NULL;
    size_t at = 0;
    read_file(dir, MADE, &made);
    char *rest = made.data;
    for (char *line; !row && rest && (line = strsep(&rest, "\n"));) {
        row = ++at == number && *line ? mem_text(line) : NULL;
    }
    buf_finish(&made);
    return row;
}

int64_t revisions_made(const char *dir, size_t number)
{
    char *row = read_row(dir, number);
    int64_t wall = row ? strtoll(row, NULL, 10) : 0;
    free(row);
    return wall;
}

char *revisions_release(const char *dir, size_t number)
{
    char *row = read_row(dir, number);
    const char *blank = row ? strchr(row, ' ') : NULL;
    char *release = mem_text(blank ? blank + 1 : NULL);
    free(row);
    return release;
}

bool revisions_add(const char *dir, const char *release, struct error *error)
{
    char *path = fs_join(dir, MADE);
    char *line = mem_format("%lld %s\n", (long long)clock_wall(), release);
    bool done = fs_append(path, line, strlen(line), error);
    free(line);
    free(path);
    return done;
}

bool revisions_pin(const char *dir, size_t number, struct error *error)
{
    char *path = fs_join(dir, PINNED);
    char *line = mem_format("%zu\n", number);
    bool done = fs_replace(path, line, strlen(line), 0600, error);
    free(line);
    free(path);
    return done;
}

bool revisions_unpin(const char *dir, struct error *error)
{
    char *path = fs_join(dir, PINNED);
    bool done = unlink(path) == 0 || errno == ENOENT ||
                error_system(error, errno, "cannot remove %s", path);
    free(path);
    return done;
}

#include "store/runs.h"

#include "base/clock.h"
#include "base/digest.h"
#include "base/fs.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/spawn.h"
#include "store/record.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { SALT_DIGITS = 4 };

void run_name(char id[RUN_ID], int64_t wall)
{
    time_t seconds = (time_t)(wall / 1000);
    struct tm utc;
    char salt[SALT_DIGITS + 1];
    gmtime_r(&seconds, &utc);
    hex_random(salt, SALT_DIGITS);
    snprintf(id, RUN_ID, "%04d%02d%02dT%02d%02d%02dZ-%s", (utc.tm_year + 1900) % 10000,
             utc.tm_mon + 1, utc.tm_mday, utc.tm_hour, utc.tm_min, utc.tm_sec, salt);
}

bool run_name_valid(const char *id)
{
    static const char pattern[] = "ddddddddTddddddZ-xxxx";
    if (strlen(id) != sizeof pattern - 1) {
        return false;
    }
    for (size_t i = 0; i < sizeof pattern - 1; i++) {
        const char *allowed = pattern[i] == 'd'   ? "0123456789"
                              : pattern[i] == 'x' ? "0123456789abcdef"
                                                  : NULL;
        if (allowed ? !strchr(allowed, id[i]) : id[i] != pattern[i]) {
            return false;
        }
    }
    return true;
}

char *run_path(const struct statedir *dir, const char *id, const char *file)
{
    return mem_format("%s/%s/%s", dir->runs, id, file);
}

struct run *run_read(const struct statedir *dir, const char *id, struct error *error)
{
    if (!run_name_valid(id)) {
        error_set(error, ERROR_USAGE, "\"%s\" is not the name of a run", id);
        error_hint(error, "see `greenboard runs list`");
        return NULL;
    }
    struct buf text;
    buf_init(&text, JSON_SIZE_MAX);
    struct run *run = NULL;
    json_t *object = NULL;
    char *path = run_path(dir, id, "run.json");
    if (!fs_read(path, &text, error)) {
        if (error && error->code == ERROR_ABSENT) {
            error_set(error, ERROR_ABSENT, "there is no run %s", id);
            error_hint(error, "see `greenboard runs list`");
        }
        goto out;
    }
    object = json_parse(buf_string(&text), text.length, error);
    run = object ? run_from_json(object, error) : NULL;
    if (run && strcmp(run->id, id) != 0) {
        error_set(error, ERROR_PROTOCOL, "it is the record of %s", run->id);
        run_destroy(run);
        run = NULL;
    }
    if (!run) {
        error_prefix(error, "%s", path);
    }
out:
    json_decref(object);
    free(path);
    buf_finish(&text);
    return run;
}

static bool write_record(const struct statedir *dir, const struct run *run,
                         bool (*replace)(const char *path, const void *data,
                                         size_t length, mode_t mode, struct error *error),
                         struct error *error)
{
    json_t *object = run_json(run);
    char *text = json_pretty(object);
    struct buf line;
    buf_init(&line, 0);
    buf_format(&line, "%s\n", text);
    char *path = run_path(dir, run->id, "run.json");
    bool done = replace(path, buf_string(&line), line.length, 0600, error);
    free(path);
    buf_finish(&line);
    free(text);
    json_decref(object);
    return done;
}

bool run_write(const struct statedir *dir, const struct run *run, struct error *error)
{
    return write_record(dir, run, fs_replace, error);
}

bool run_write_soon(const struct statedir *dir, const struct run *run,
                    struct error *error)
{
    return write_record(dir, run, fs_replace_soon, error);
}

/* By the millisecond and the fence, since names tell runs of one second apart and not
 * which came first. */
static int newest_first(const void *a, const void *b)
{
    const struct run *left = *(struct run *const *)a, *right = *(struct run *const *)b;
    if (left->started != right->started) {
        return left->started < right->started ? 1 : -1;
    }
    if (left->fence != right->fence) {
        return left->fence < right->fence ? 1 : -1;
    }
    return strcmp(right->id, left->id);
}

/* The names of all runs; argv_free(). NULL where the directory cannot be read. */
static char **names(const struct statedir *dir, struct error *error)
{
    DIR *directory = opendir(dir->runs);
    if (!directory) {
        error_system(error, errno, "cannot read %s", dir->runs);
        return NULL;
    }
    char **list = mem_alloc(sizeof *list);
    size_t count = 0, room = 0;
    for (struct dirent *entry; (entry = readdir(directory));) {
        if (!run_name_valid(entry->d_name)) {
            continue;
        }
        if (count + 1 >= room) {
            room = room ? 2 * room : 64;
            list = mem_resize(list, room * sizeof *list);
        }
        list[count++] = mem_text(entry->d_name);
        list[count] = NULL;
    }
    closedir(directory);
    return list;
}

bool run_list(const struct statedir *dir, struct runs *runs, struct error *error)
{
    *runs = (struct runs){0};
    char **list = names(dir, error);
    bool done = list != NULL;
    for (size_t i = 0; list && list[i]; i++) {
        struct error why = {0};
        struct run *run = run_read(dir, list[i], &why);
        if (run) {
            runs->rows = mem_resize(runs->rows, (runs->count + 1) * sizeof(struct run *));
            runs->rows[runs->count++] = run;
        } else if (why.code !=
                   ERROR_ABSENT) { /* a directory without a record never got that far */
            if (error) {
                *error = why;
            }
            done = false;
        }
    }
    argv_free(list);
    if (runs->count > 1) {
        qsort(runs->rows, runs->count, sizeof(struct run *), newest_first);
    }
    return done;
}

void runs_finish(struct runs *runs)
{
    for (size_t i = 0; i < runs->count; i++) {
        run_destroy(runs->rows[i]);
    }
    free(runs->rows);
    *runs = (struct runs){0};
}

struct run *run_latest_open(const struct statedir *dir, struct error *error)
{
    struct runs runs;
    struct error why = {0};
    struct run *open = NULL;
    run_list(dir, &runs, &why);
    for (size_t i = 0; i < runs.count && !open; i++) {
        if (runs.rows[i]->phase != PHASE_ENDED) {
            open = runs.rows[i];
            runs.rows[i] = NULL;
        }
    }
    if (!open && error) {
        *error = why;
    }
    runs_finish(&runs);
    return open;
}

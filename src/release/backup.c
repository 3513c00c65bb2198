#include "release/backup.h"

#include "base/clock.h"
#include "base/fs.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/spawn.h"
#include "release/ask.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum { GOOD_STAY = 3 };

const char *const kept_words[KEPT_COUNT] = {
#define MOMENTS_KEPT_WORD(id, word, help) [id] = word,
    MOMENTS_KEPT(MOMENTS_KEPT_WORD)
#undef MOMENTS_KEPT_WORD
};

static const json_t *section(const struct environment *environment)
{
    return config_section(environment, "/backup");
}

bool backup_wanted(const struct environment *environment)
{
    const json_t *backup = section(environment);
    return json_array_size(json_object_get(backup, "files")) > 0 ||
           json_array_size(json_object_get(backup, "commands")) > 0;
}

/* ---- files ---- */

static bool read_whole(struct kept *row, const char *from, struct buf *bytes,
                       struct error *error)
{
    struct stat about;
    row->real = fs_absolute(from);
    if (!row->real || stat(row->real, &about) != 0) {
        return error_system(error, errno, "cannot read %s", from);
    }
    row->mode = about.st_mode & 07777;
    return fs_read(row->real, bytes, error);
}

static void hint_file(struct error *error, const char *path)
{
    error_hint(error, "make %s readable, or take it out of `backup.files`", path);
}

static bool keep_file(struct kept *row, const char *path, const struct known *known,
                      struct error *error)
{
    struct buf bytes;
    char *from = fs_within(known->environment->directory, path);
    buf_init_secret(&bytes, KEPT_MAX);
    row->path = mem_text(path);
    bool done = read_whole(row, from, &bytes, error);
    if (!done) {
        hint_file(error, path);
    }
    row->size = bytes.length;
    done = done && cut_make(&row->cut, path, buf_string(&bytes), bytes.length, known,
                            CUT_BACK, error);
    buf_finish(&bytes);
    free(from);
    return done;
}

char **backup_foresee(const struct environment *environment)
{
    char **lines = mem_alloc(sizeof *lines);
    char **files = json_argv(json_object_get(section(environment), "files"));
    for (size_t i = 0; files && files[i]; i++) {
        struct error error = {0};
        char *from = fs_within(environment->directory, files[i]);
        if (!fs_readable(from, KEPT_MAX, &error)) {
            hint_file(&error, files[i]);
            char *line =
                mem_format("nothing would start: %s; %s", error.message, error.hint);
            argv_add(&lines, line);
            free(line);
        }
        free(from);
    }
    argv_free(files);
    return lines;
}

void backup_foreseen_show(const struct environment *environment,
                          void (*line)(void *self, const char *label, const char *text),
                          void *self)
{
    char **lines = backup_foresee(environment);
    for (size_t i = 0; lines[i]; i++) {
        line(self, BACKUP_FORESEEN, lines[i]);
    }
    argv_free(lines);
}

/* ---- commands ---- */

static bool keep_printed(struct kept *row, struct asked *asked, const struct known *known,
                         struct error *error)
{
    row->path = argv_show(asked->argv);
    row->argv = argv_copy(asked->argv);
    row->mode = 0600;
    row->size = asked->printed.length;
    if (!asked->told) {
        *error = asked->error;
        return false;
    }
    return cut_make(&row->cut, row->path, buf_string(&asked->printed),
                    asked->printed.length, known, CUT_SHOW, error);
}

static bool keep_commands(struct manifest *manifest, const struct known *known,
                          struct error *error)
{
    const json_t *backup = section(known->environment);
    const json_t *commands = json_object_get(backup, "commands");
    size_t count = json_array_size(commands);
    struct asked *asked = mem_alloc((count + 1) * sizeof *asked);
    bool done = true;
    for (size_t i = 0; i < count; i++) {
        asked[i].argv = json_argv(json_array_get(commands, i));
    }
    ask_all(asked, count, known->environment->directory,
            clock_now() + config_span(backup, "deadline"));
    for (size_t i = 0; done && i < count; i++) {
        done = keep_printed(manifest_add(manifest), &asked[i], known, error);
    }
    asked_finish(asked, count);
    free(asked);
    return done;
}

bool backup_make(const struct environment *environment, const char *directory,
                 enum kept_when when, char digest[DIGEST_HEX], struct error *error)
{
    struct manifest manifest = {0};
    char **files = json_argv(json_object_get(section(environment), "files"));
    struct known known;
    bool done = true;
    known_begin(&known, environment);
    for (size_t i = 0; done && files && files[i]; i++) {
        done = keep_file(manifest_add(&manifest), files[i], &known, error);
    }
    char *into = fs_join(directory, kept_words[when]);
    done = done && keep_commands(&manifest, &known, error) &&
           manifest_write(&manifest, into, digest, error);
    if (!done) {
        error_prefix(error, "backup");
    }
    free(into);
    manifest_finish(&manifest);
    known_finish(&known);
    argv_free(files);
    return done;
}

/* ---- retention ---- */

static bool remove_kept(const struct statedir *dir, const struct run *run)
{
    bool done = true;
    for (size_t when = 0; when < KEPT_COUNT; when++) {
        char *path = run_path(dir, run->id, kept_words[when]);
        done = fs_remove_tree(path) && done;
        free(path);
    }
    return done;
}

bool backup_retain(const struct statedir *dir, const struct environment *environment,
                   struct error *error)
{
    struct runs runs;
    size_t keep = (size_t)config_integer(section(environment), "keep"), good = 0;
    bool done = run_list(dir, &runs, error);
    for (size_t i = 0; i < runs.count; i++) {
        const struct run *run = runs.rows[i];
        bool stays = i < keep || run->phase != PHASE_ENDED ||
                     (run->known_good && good < GOOD_STAY);
        good += run->known_good;
        if (!stays && !remove_kept(dir, run)) {
            done = error_system(error, errno, "cannot remove what run %s kept", run->id);
        }
    }
    runs_finish(&runs);
    return done;
}

#include "release/restore.h"

#include "base/fs.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/spawn.h"
#include "base/text.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

void restore_finish(struct restore *restore)
{
    for (size_t i = 0; i < restore->count; i++) {
        free(restore->rows[i].path);
        free(restore->rows[i].real);
        buf_finish(&restore->rows[i].now);
        buf_finish(&restore->rows[i].then);
    }
    free(restore->rows);
    *restore = (struct restore){0};
}

size_t restore_changes(const struct restore *restore)
{
    size_t count = 0;
    for (size_t i = 0; i < restore->count; i++) {
        count += restore->rows[i].changes;
    }
    return count;
}

/* ---- preparing ---- */

static struct restored *add(struct restore *restore, const char *path)
{
    restore->rows =
        mem_resize(restore->rows, (restore->count + 1) * sizeof *restore->rows);
    struct restored *row = &restore->rows[restore->count++];
    *row = (struct restored){.path = mem_text(path)};
    buf_init_secret(&row->now, KEPT_MAX);
    buf_init_secret(&row->then, 0);
    return row;
}

/* Where a path leads now, every link followed; of a file that is gone, where it would
 * be. */
static char *leads_to(const char *path)
{
    char *real = fs_absolute(path);
    if (real || errno != ENOENT) {
        return real;
    }
    char *directory = fs_directory(path), *parent = fs_absolute(directory);
    const char *base = strrchr(path, '/');
    real = parent ? fs_join(parent, base ? base + 1 : path) : NULL;
    free(directory);
    free(parent);
    return real;
}

static bool find_place(struct restored *row, const struct kept *kept,
                       const struct known *known, struct error *error)
{
    char *path = fs_within(known->environment->directory, row->path);
    char *real = leads_to(path);
    struct stat about;
    bool done = text_equal(real, kept->real);
    if (!real) {
        error_system(error, errno, "cannot restore %s", path);
    } else if (!done) {
        error_set(error, ERROR_DENIED, "%s leads to %s now, and was kept from %s", path,
                  real, kept->real ? kept->real : "nowhere");
        error_hint(error, "look at the link, and make it what it was");
    }
    row->real = real;
    row->mode = kept->mode;
    row->there = done && real && lstat(real, &about) == 0;
    row->mode_now = row->there ? about.st_mode & 07777 : 0;
    row->owner = row->there ? about.st_uid : geteuid();
    row->group = row->there ? about.st_gid : getegid();
    free(path);
    return done && (!row->there || fs_read(real, &row->now, error));
}

static bool prepare_row(struct restored *row, const struct kept *kept,
                        const struct known *known, struct error *error)
{
    if (!find_place(row, kept, known, error) ||
        !cut_fill(&kept->cut, row->path, row->there ? &row->now : NULL, known, &row->then,
                  error)) {
        return false;
    }
    row->changes =
        !row->there || row->mode != row->mode_now ||
        row->now.length != row->then.length ||
        memcmp(buf_string(&row->now), buf_string(&row->then), row->now.length) != 0;
    return true;
}

static bool listed(char *const *files, const char *path)
{
    for (size_t i = 0; files && files[i]; i++) {
        if (strcmp(files[i], path) == 0) {
            return true;
        }
    }
    return false;
}

bool restore_prepare(struct restore *restore, const struct manifest *manifest,
                     const struct known *known, struct error *error)
{
    char **files = json_argv(
        json_object_get(config_section(known->environment, "/backup"), "files"));
    bool done = true;
    *restore = (struct restore){0};
    for (size_t i = 0; done && files && files[i]; i++) {
        const struct kept *kept = manifest_file(manifest, files[i]);
        struct restored *row = add(restore, files[i]);
        if (kept) {
            done = prepare_row(row, kept, known, error);
        } else {
            row->left = "it was not kept then";
        }
    }
    for (size_t i = 0; done && i < manifest->count; i++) {
        const struct kept *kept = &manifest->rows[i];
        if (!kept->argv && !listed(files, kept->path)) {
            add(restore, kept->path)->left = "`backup.files` does not name it any more";
        }
    }
    argv_free(files);
    return done;
}

/* ---- doing ---- */

/* A new file is ours; one that it takes the place of keeps its owner and group. */
static bool keep_owner(const struct restored *row, const char *beside, mode_t mode,
                       struct error *error)
{
    struct stat about;
    if (!row->there || (stat(beside, &about) == 0 && about.st_uid == row->owner &&
                        about.st_gid == row->group)) {
        return true;
    }
    /* chown(2) takes set-user-ID away */
    return (chown(beside, row->owner, row->group) == 0 && chmod(beside, mode) == 0) ||
           error_system(error, errno, "cannot keep owner and group of %s", row->path);
}

/* The name of the new file; NULL where it cannot be written. */
static char *write_beside(const struct restored *row, const struct buf *text, mode_t mode,
                          struct error *error)
{
    char *beside =
        fs_write_beside(row->real, buf_string(text), text->length, mode, error);
    if (beside && !keep_owner(row, beside, mode, error)) {
        unlink(beside);
        free(beside);
        return NULL;
    }
    return beside;
}

static bool give_back(const struct restored *row)
{
    if (!row->there) {
        return unlink(row->real) == 0 || errno == ENOENT;
    }
    struct error error;
    char *beside = write_beside(row, &row->now, row->mode_now, &error);
    bool done = beside && fs_settle(beside, row->real, &error);
    free(beside);
    return done;
}

static void undo(const struct restore *restore, size_t touched, struct error *error)
{
    struct buf lost;
    buf_init(&lost, 200);
    for (size_t i = 0; i < touched; i++) {
        const struct restored *row = &restore->rows[i];
        if (row->changes && !give_back(row)) {
            buf_format(&lost, "%s%s", lost.length ? ", " : "", row->path);
        }
    }
    if (lost.length) {
        error_hint(error, "these are changed already, the rest is not: %s",
                   buf_string(&lost));
    } else {
        error_hint(error, "every file is as it was; make room or permission, and again");
    }
    buf_finish(&lost);
}

/* The names of the new files, NULL where a file stays; false where one cannot be
 * written. */
static bool write_all(const struct restore *restore, char **beside, struct error *error)
{
    for (size_t i = 0; i < restore->count; i++) {
        const struct restored *row = &restore->rows[i];
        if (row->changes &&
            !(beside[i] = write_beside(row, &row->then, row->mode, error))) {
            error_hint(error, "no file was changed; make room or permission, and again");
            return false;
        }
    }
    return true;
}

bool restore_commit(const struct restore *restore, struct error *error)
{
    char **beside = mem_alloc((restore->count + 1) * sizeof *beside);
    size_t settled = 0;
    bool written = write_all(restore, beside, error), done = written;
    while (done && settled < restore->count) {
        done = !beside[settled] ||
               fs_settle(beside[settled], restore->rows[settled].real, error);
        settled++;
    }
    if (written && !done) {
        undo(restore, settled, error);
    }
    for (size_t i = 0; i < restore->count; i++) {
        if (beside[i] && i >= settled) {
            unlink(beside[i]);
        }
        free(beside[i]);
    }
    free(beside);
    return done;
}

#include "release/back.h"

#include "base/mem.h"
#include "release/backup.h"

#include <stdlib.h>
#include <string.h>

static void add_line(void *self, enum diff_mark mark, const char *text)
{
    struct back *back = self;
    back->lines = mem_resize(back->lines, (back->count + 1) * sizeof *back->lines);
    back->lines[back->count++] = (struct back_line){mark, mem_text(text)};
}

/* ---- what differs ---- */

static void add_head(struct back *back, const struct restored *row)
{
    char *text = row->left       ? mem_format("%s stays: %s", row->path, row->left)
                 : !row->there   ? mem_format("%s comes back", row->path)
                 : !row->changes ? mem_format("%s is the same", row->path)
                 : row->mode != row->mode_now
                     ? mem_format("%s, mode %04o becomes %04o", row->path,
                                  (unsigned)row->mode_now, (unsigned)row->mode)
                     : mem_text(row->path);
    add_line(back, DIFF_FILE, text);
    free(text);
}

/* The present file is cut as the kept one was, so that both are told alike. */
static bool compare(struct back *back, const struct restored *row,
                    const struct kept *kept, const struct known *known,
                    struct error *error)
{
    struct cut now;
    const struct diff_to to = {add_line, back};
    bool done = cut_make(&now, row->path, buf_string(&row->now), row->now.length, known,
                         CUT_BACK, error);
    if (done) {
        diff_cuts(&now, &kept->cut, &to);
    }
    cut_finish(&now);
    return done;
}

static bool tell_differences(struct back *back, const struct manifest *manifest,
                             const struct known *known, struct error *error)
{
    bool done = true;
    for (size_t i = 0; done && i < back->restore.count; i++) {
        const struct restored *row = &back->restore.rows[i];
        add_head(back, row);
        if (!row->left && row->there) {
            done = compare(back, row, manifest_file(manifest, row->path), known, error);
        }
    }
    return done;
}

static void seal(struct back *back)
{
    struct buf text;
    buf_init(&text, 0);
    for (size_t i = 0; i < back->count; i++) {
        buf_format(&text, "%c %s\n", diff_signs[back->lines[i].mark],
                   back->lines[i].text);
    }
    digest_hex(back->changes, buf_string(&text), text.length);
    buf_finish(&text);
}

bool back_prepare(struct back *back, const struct statedir *dir, const struct run *run,
                  const struct environment *environment, struct error *error)
{
    *back = (struct back){.kept = run->shipped != NULL};
    bool done = true;
    if (back->kept) {
        struct manifest manifest;
        struct known known;
        char *directory = run_path(dir, run->id, kept_words[KEPT_AFTER]);
        known_begin(&known, environment);
        done = manifest_read(&manifest, directory, run->shipped, error) &&
               restore_prepare(&back->restore, &manifest, &known, error) &&
               tell_differences(back, &manifest, &known, error);
        manifest_finish(&manifest);
        known_finish(&known);
        free(directory);
    }
    seal(back);
    return done;
}

void back_finish(struct back *back)
{
    restore_finish(&back->restore);
    for (size_t i = 0; i < back->count; i++) {
        free(back->lines[i].text);
    }
    free(back->lines);
    *back = (struct back){0};
}

/* ---- in words ---- */

char *back_words(const struct back *back)
{
    size_t count = restore_changes(&back->restore);
    return !back->kept  ? mem_text("nothing was kept with that release: files stay as "
                                    "they are")
           : count == 0 ? mem_text("no file changes")
           : count == 1 ? mem_text("1 file changes")
                        : mem_format("%zu files change", count);
}

char *back_reason(const char *release, bool shipped, bool restored)
{
    const char *files =
        restored ? "its configuration is in place" : "no file was changed";
    return shipped ? mem_format("rolled back to %s: %s, and traffic may be pinned to its "
                                "revision, which the next deploy does not undo",
                                release, files)
                   : mem_format("on the way back to %s: %s, and its command was not "
                                "started",
                                release, files);
}

#include "release/departure.h"

#include "base/fs.h"
#include "base/mem.h"
#include "base/spawn.h"
#include "release/backup.h"
#include "release/diff.h"
#include "release/releases.h"
#include "release/running.h"

#include <stdlib.h>
#include <string.h>

enum { CHANGES_SHOWN = 12 };

/* ---- what runs ---- */

static char *with_repute(const struct releases *releases, const char *release)
{
    for (size_t i = 0; i < releases->count; i++) {
        if (strcmp(releases->rows[i].release, release) == 0) {
            return mem_format("%s, %s", release, repute_words[releases->rows[i].repute]);
        }
    }
    return mem_format("%s, %s", release, repute_words[REPUTE_UNKNOWN]);
}

static char *not_told(const struct running *running)
{
    for (size_t i = 0; i < running->count; i++) {
        if (!running->rows[i].release) {
            return mem_format("%s does not tell: %s", running->rows[i].service,
                              running->rows[i].error.message);
        }
    }
    return mem_format("%s runs %s, %s runs %s", running->rows[0].service,
                      running->rows[0].release, running->rows[running->count - 1].service,
                      running->rows[running->count - 1].release);
}

/* What its services say; where nobody is to be asked, what was shipped last. */
static char *what_runs(const struct releases *releases,
                       const struct environment *environment)
{
    struct running running = {0};
    running_ask(&running, environment);
    const char *told = running_release(&running);
    char *from = told                ? with_repute(releases, told)
                 : running.count > 0 ? not_told(&running)
                                     : NULL;
    for (size_t i = 0; !from && i < releases->count; i++) {
        const struct past *past = &releases->rows[i];
        from = past->newest ? with_repute(releases, past->release) : NULL;
    }
    running_finish(&running);
    return from;
}

/* ---- what changed ---- */

struct file {
    struct departure *departure;
    const char *path;
};

static void add_change(void *self, enum diff_mark mark, const char *text)
{
    const struct file *file = self;
    if (mark == DIFF_CONTEXT) {
        return;
    }
    const char *stays = strstr(text, " stays ");
    int name = stays ? (int)(stays - text) : 0;
    char *line =
        mark == DIFF_STAYS
            ? mem_format("%s: the secret %.*s is another one", file->path, name, text)
            : mem_format("%s: %c %s", file->path, diff_signs[mark], text);
    argv_add(&file->departure->changes, line);
    free(line);
}

/* Cut as the kept file was, so that what stayed the same is the same in both. */
static bool compare(struct departure *departure, const struct kept *kept,
                    const struct known *known, struct error *error)
{
    struct file file = {departure, kept->path};
    const struct diff_to to = {add_change, &file};
    struct buf now;
    struct cut cut = {0};
    buf_init_secret(&now, KEPT_MAX);
    bool done =
        fs_read(kept->real, &now, error) &&
        cut_make(&cut, kept->path, buf_string(&now), now.length, known, CUT_BACK, error);
    if (done) {
        diff_cuts(&kept->cut, &cut, &to);
    }
    cut_finish(&cut);
    buf_finish(&now);
    return done;
}

static bool compare_all(struct departure *departure, const struct statedir *dir,
                        const struct run *run, const struct environment *environment,
                        struct error *error)
{
    struct manifest manifest;
    struct known known;
    char *directory = run_path(dir, run->id, kept_words[KEPT_AFTER]);
    known_begin(&known, environment);
    bool done = manifest_read(&manifest, directory, run->shipped, error);
    for (size_t i = 0; done && i < manifest.count; i++) {
        if (manifest.rows[i].real) {
            done = compare(departure, &manifest.rows[i], &known, error);
        }
    }
    manifest_finish(&manifest);
    known_finish(&known);
    free(directory);
    return done;
}

static const struct past *last_good(const struct releases *releases)
{
    for (size_t i = 0; i < releases->count; i++) {
        if (releases->rows[i].repute == REPUTE_GOOD) {
            return &releases->rows[i];
        }
    }
    return NULL;
}

void departure_read(struct departure *departure, const struct statedir *dir,
                    const struct environment *environment)
{
    struct releases releases;
    struct error error = {0};
    *departure = (struct departure){.changes = mem_alloc(sizeof(char *))};
    releases_read(&releases, dir, NULL);
    departure->from = what_runs(&releases, environment);
    const struct past *good = last_good(&releases);
    if (good) {
        departure->since = mem_text(good->release);
    }
    if (good && good->run->shipped &&
        !compare_all(departure, dir, good->run, environment, &error)) {
        departure->trouble = mem_text(error.message);
    }
    releases_finish(&releases);
}

void departure_finish(struct departure *departure)
{
    free(departure->from);
    free(departure->since);
    argv_free(departure->changes);
    free(departure->trouble);
    *departure = (struct departure){0};
}

/* ---- shown ---- */

void departure_show(const struct departure *departure,
                    void (*line)(void *self, const char *label, const char *text),
                    void *self)
{
    line(self, "from", departure->from ? departure->from : "nothing that is known");
    if (departure->trouble) {
        line(self, "changed", departure->trouble);
    } else if (departure->since) {
        size_t count = argv_count(departure->changes);
        char *what = count == 0
                         ? mem_text("nothing")
                         : mem_format("%zu difference%s", count, count == 1 ? "" : "s");
        char *head =
            mem_format("%s in the configuration since %.12s, the last known good", what,
                       departure->since);
        free(what);
        line(self, "changed", head);
        free(head);
        for (size_t i = 0; i < count && i < CHANGES_SHOWN; i++) {
            line(self, "", departure->changes[i]);
        }
        if (count > CHANGES_SHOWN) {
            char *more = mem_format("and %zu more", count - CHANGES_SHOWN);
            line(self, "", more);
            free(more);
        }
    }
}

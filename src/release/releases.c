#include "release/releases.h"

#include "base/clock.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/spawn.h"
#include "base/text.h"
#include "board/asking.h"
#include "release/ask.h"

#include <stdlib.h>
#include <string.h>

enum { LIST_WITHIN = 10 /* s */, LISTED_MAX = 1000 };

const char *const repute_words[REPUTE_COUNT] = {
#define REPUTES_WORD(id, word, help) [id] = word,
    REPUTES(REPUTES_WORD)
#undef REPUTES_WORD
};

static struct past *add(struct releases *releases, const char *release)
{
    releases->rows =
        mem_resize(releases->rows, (releases->count + 1) * sizeof *releases->rows);
    struct past *row = &releases->rows[releases->count++];
    *row = (struct past){.release = mem_text(release), .repute = REPUTE_UNKNOWN};
    return row;
}

static struct past *find(const struct releases *releases, const char *release)
{
    for (size_t i = 0; i < releases->count; i++) {
        if (strcmp(releases->rows[i].release, release) == 0) {
            return &releases->rows[i];
        }
    }
    return NULL;
}

/* ---- from the records ---- */

/* Its command was started, and what it is for is to put a release there. */
static bool shipped(const struct run *run)
{
    const struct step *step = run_step_main(run);
    return run->release && step && step->attempts > 0 && run->group.pid &&
           run->phase == PHASE_ENDED &&
           (text_equal(run->kind, "deploy") || text_equal(run->kind, "rollback"));
}

static enum repute repute_of(const struct run *run)
{
    return run->known_good ? REPUTE_GOOD : REPUTE_RAN;
}

/* Takes the record where it is the one that tells of its release. */
static void take_run(struct releases *releases, struct run **take_run)
{
    struct run *run = *take_run;
    struct past *row = find(releases, run->release);
    bool first = releases->count == 0;
    if (!row) {
        row = add(releases, run->release);
        row->newest = first;
    } else if (row->repute == REPUTE_GOOD || !run->known_good) {
        return;
    } else {
        row->later = outcome_rows[row->run->outcome].word;
        run_destroy(row->run);
    }
    row->run = run;
    row->repute = repute_of(run);
    *take_run = NULL;
}

static int newest_first(const void *a, const void *b)
{
    const struct past *left = a, *right = b;
    int64_t mine = left->run ? left->run->started : 0;
    int64_t other = right->run ? right->run->started : 0;
    return mine < other ? 1 : mine > other ? -1 : strcmp(left->release, right->release);
}

static void read_records(struct releases *releases, const struct statedir *dir)
{
    struct runs runs;
    run_list(dir, &runs, &releases->trouble);
    for (size_t i = 0; i < runs.count; i++) {
        if (shipped(runs.rows[i])) {
            take_run(releases, &runs.rows[i]);
        }
    }
    runs_finish(&runs);
}

/* ---- from `rollback.list` ---- */

static void take_listed(struct releases *releases, char *text)
{
    size_t known = releases->count;
    for (size_t i = 0; i < known; i++) {
        releases->rows[i].gone = true;
    }
    char *rest = text;
    for (char *line; rest && releases->count < known + LISTED_MAX &&
                     (line = strsep(&rest, "\r\n"));) {
        if (!*line || !release_valid(line, NULL)) {
            continue;
        }
        struct past *row = find(releases, line);
        row = row ? row : add(releases, line);
        row->gone = false;
    }
}

static void read_list(struct releases *releases, const struct environment *environment)
{
    const json_t *section = config_section(environment, "/rollback");
    const json_t *command = json_object_get(section, "list");
    if (!command) {
        return;
    }
    struct asked asked = {.argv = json_argv(command)};
    ask_all(&asked, 1, environment->directory, clock_now() + LIST_WITHIN * CLOCK_SECOND);
    if (asked.told) {
        releases->listed = true;
        take_listed(releases, asked.printed.data);
    } else {
        releases->trouble = asked.error;
        error_prefix(&releases->trouble, "rollback.list");
    }
    asked_finish(&asked, 1);
}

void releases_read(struct releases *releases, const struct statedir *dir,
                   const struct environment *environment)
{
    *releases = (struct releases){0};
    read_records(releases, dir);
    if (environment) {
        read_list(releases, environment);
    }
    if (releases->count > 1) {
        qsort(releases->rows, releases->count, sizeof *releases->rows, newest_first);
    }
    for (releases->best = 0; releases->best < releases->count; releases->best++) {
        const struct past *row = &releases->rows[releases->best];
        bool there_now = row->newest && !row->later;
        if (row->repute == REPUTE_GOOD && !there_now && !row->gone) {
            break;
        }
    }
}

void releases_finish(struct releases *releases)
{
    for (size_t i = 0; i < releases->count; i++) {
        free(releases->rows[i].release);
        run_destroy(releases->rows[i].run);
    }
    free(releases->rows);
    *releases = (struct releases){0};
}

/* ---- choosing ---- */

static const struct past *choose_run(struct releases *releases,
                                     const struct statedir *dir, const char *id,
                                     struct error *error)
{
    for (size_t i = 0; i < releases->count; i++) {
        const struct past *row = &releases->rows[i];
        if (row->run && strcmp(row->run->id, id) == 0) {
            return row;
        }
    }
    struct run *run = run_read(dir, id, error);
    if (!run) {
        return NULL;
    }
    if (!shipped(run)) {
        error_set(error, ERROR_USAGE, "run %s shipped no release", id);
        error_hint(error, "see `greenboard rollback --list`");
        run_destroy(run);
        return NULL;
    }
    const struct past *known = find(releases, run->release);
    bool newest = known && known->newest, gone = known && known->gone;
    struct past *row = add(releases, run->release);
    row->newest = newest;
    row->gone = gone;
    row->repute = repute_of(run);
    row->run = run;
    return row;
}

const struct past *releases_choose(struct releases *releases, const struct statedir *dir,
                                   const char *to, struct error *error)
{
    if (!to && releases->best < releases->count) {
        return &releases->rows[releases->best];
    }
    if (!to) {
        error_set(error, ERROR_ABSENT, "no other release is known good");
        error_hint(error, "choose one with --to, from `greenboard rollback --list`");
        return NULL;
    }
    if (run_name_valid(to)) {
        return choose_run(releases, dir, to, error);
    }
    const struct past *row = find(releases, to);
    if (!row) {
        error_set(error, ERROR_ABSENT, "greenboard never shipped \"%.200s\" here", to);
        error_hint(error, "see `greenboard rollback --list`");
    }
    return row;
}

bool past_allows(const struct past *past, const char *reason, struct error *error)
{
    if (past->repute == REPUTE_UNKNOWN) {
        error_set(error, ERROR_USAGE, "%s is unknown to greenboard", past->release);
        error_hint(error, "nobody saw it work here: deploy it, so that it is checked");
        return false;
    }
    const char *doubt = past->repute == REPUTE_RAN ? "was never verified"
                        : past->gone               ? "is not what `rollback.list` prints"
                                                   : NULL;
    if (doubt && (!reason || !*reason)) {
        error_set(error, ERROR_USAGE, "%s %s: going back to it wants a reason",
                  past->release, doubt);
        error_hint(error, "say --reason why, or choose a known good one");
        return false;
    }
    return true;
}

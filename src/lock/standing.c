#include "lock/standing.h"

#include "base/calendar.h"
#include "base/clock.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/text.h"
#include "lock/coordinator.h"
#include "lock/freeze.h"
#include "lock/hold.h"
#include "lock/lease.h"
#include "lock/lock.h"
#include "store/runs.h"
#include "store/said.h"

#include <stdlib.h>
#include <sys/stat.h>

const struct bar_row bar_rows[BAR_COUNT] = {
#define BARS_ROW(id, word, stops, status, help) [id] = {word, stops, status, help},
    BARS(BARS_ROW)
#undef BARS_ROW
};

static struct bar *add(struct standing *standing, enum bar_kind kind, char *take_message,
                       char *take_next)
{
    standing->bars =
        mem_resize(standing->bars, (standing->count + 1) * sizeof *standing->bars);
    struct bar *bar = &standing->bars[standing->count++];
    *bar = (struct bar){.kind = kind, .message = take_message, .next = take_next};
    return bar;
}

static void add_unknown(struct standing *standing, const struct error *error)
{
    add(standing, BAR_UNKNOWN,
        mem_format("nobody knows whether a run may start: %s", error->message),
        *error->hint ? mem_text(error->hint) : NULL);
}

/* ---- its parts, in the order of the table ---- */

/* True where no run is open and that is known. */
static bool look_at_runs(struct standing *standing, const struct statedir *dir,
                         struct error *error)
{
    struct error why = {0};
    struct run *open = run_latest_open(dir, &why);
    if (open) {
        const char *who = open->operator_name ? open->operator_name : "?";
        char since[CALENDAR_WORDS];
        calendar_words(since, open->started);
        struct bar *bar =
            add(standing, BAR_RUN,
                mem_format("run %s of %s since %s has no end yet (%s)%s%s", open->id, who,
                           since, run_word(open), open->reason ? ": " : "",
                           open->reason ? open->reason : ""),
                mem_format("see `greenboard runs attach %s`; where its supervisor is "
                           "gone: `greenboard runs resolve %s --reason TEXT`",
                           open->id, open->id));
        bar->id = mem_text(open->id);
        bar->who = mem_text(open->operator_name);
        bar->reason = mem_text(open->reason);
        bar->since = open->started;
        run_destroy(open);
        return false;
    }
    *error = why;
    return why.code == ERROR_NONE;
}

/* A run's directory comes a moment before its record: one that is new is looked at
 * again. */
static bool remembers_none(struct standing_memo *memo, const struct statedir *dir,
                           int64_t wall)
{
    enum { SETTLED = 10000 }; /* ms */
    struct stat about;
    if (!memo || stat(dir->runs, &about) != 0) {
        return false;
    }
    int64_t changed =
        (int64_t)about.st_mtim.tv_sec * 1000 + about.st_mtim.tv_nsec / CLOCK_MS;
    bool same = memo->none && changed == memo->changed && wall - changed > SETTLED;
    memo->changed = changed;
    return same;
}

static void look_at_host(struct standing *standing, const struct statedir *dir)
{
    int pid = lock_shared_holder(dir);
    if (pid) {
        struct bar *bar = add(standing, BAR_HOST,
                              mem_format("process %d, of another user of this host, "
                                         "holds the lock %s",
                                         pid, dir->shared_lock),
                              mem_text("wait for that run"));
        bar->id = mem_format("%d", pid);
    }
}

static void look_at_lease(struct standing *standing, struct coordinator *coordinator,
                          const char *our_run, int64_t wall, int64_t deadline)
{
    struct lease_view view;
    struct error error = {0};
    if (!lease_look(coordinator, deadline, &view, &error)) {
        add(standing, BAR_NO_LEASE, mem_format("no lease can be had: %s", error.message),
            mem_text(*error.hint ? error.hint
                                 : "see whether that Redis runs, and its log"));
        return;
    }
    /* That of our own open run says nothing that is not said already. */
    if (view.held && !(our_run && text_equal(our_run, view.run))) {
        char *words = lease_view_words(&view);
        struct bar *bar =
            add(standing, BAR_LEASE,
                mem_format("the lease %s is held by %s", coordinator->name, words),
                view.stolen_by
                    ? mem_text("it is free in a moment")
                    : mem_format("wait for that run; to take it away: `greenboard unlock "
                                 "--lease %s --reason TEXT`",
                                 view.id ? view.id : "ID"));
        bar->id = mem_text(view.id);
        bar->who = mem_text(view.who);
        bar->reason = mem_text(view.reason);
        bar->since = view.since;
        bar->possible = view.stolen_by ? wall + view.left / CLOCK_MS : 0;
        free(words);
    }
    lease_view_finish(&view);
}

static void look_at_hold(struct standing *standing, const struct statedir *dir)
{
    struct error error = {0};
    struct hold *hold = hold_read(dir, &error);
    if (hold) {
        char *words = hold_words(hold);
        struct bar *bar = add(standing, BAR_HOLD, mem_format("locked by %s", words),
                              mem_format("whoever may, lifts it: `greenboard unlock "
                                         "--reason TEXT %s`",
                                         hold->id));
        bar->id = mem_text(hold->id);
        bar->who = mem_text(hold->who);
        bar->reason = mem_text(hold->reason);
        bar->since = hold->since;
        free(words);
    } else if (error.code != ERROR_NONE) {
        add(standing, BAR_HOLD, mem_format("locked, it seems: %s", error.message),
            mem_text(error.hint));
    }
    hold_destroy(hold);
}

static void look_at_freeze(struct standing *standing,
                           const struct environment *environment, int64_t wall)
{
    struct closing closing = freeze_look(environment, wall);
    char since[CALENDAR_WORDS], until[CALENDAR_WORDS], possible[CALENDAR_WORDS];
    if (!closing.closed) {
        return;
    }
    calendar_words(since, closing.since);
    calendar_words(until, closing.until);
    calendar_words(possible, closing.possible);
    char *message = closing.closed == CLOSED_FROZEN
                        ? mem_format("the configuration has a freeze from %s to %s: %s",
                                     since, until, closing.reason)
                        : mem_text("the configuration opens no window for a deploy now");
    char *next = closing.possible
                     ? mem_format("a deploy is possible again from %s", possible)
                     : mem_text("see freezes and windows of the configuration");
    struct bar *bar =
        add(standing, closing.closed == CLOSED_FROZEN ? BAR_FREEZE : BAR_WINDOW, message,
            next);
    bar->who = mem_text(environment->file);
    bar->reason = mem_text(closing.reason);
    bar->since = closing.since;
    bar->possible = closing.possible;
}

/* ---- the whole ---- */

static char *covers(const struct statedir *dir, const struct environment *environment,
                    const struct coordinator *coordinator)
{
    if (coordinator) {
        return mem_format("every run that asks for the lease %s at %s", coordinator->name,
                          coordinator->host);
    }
    if (coordinator_wanted(environment)) {
        return mem_text("every run that asks for the same lease");
    }
    return dir->shared_lock
               ? mem_format("this host: every run that uses the lock %s",
                            dir->shared_lock)
               : mem_format("the state directory %s alone: a run elsewhere is not seen",
                            dir->directory);
}

static int in_order(const void *a, const void *b)
{
    const struct bar *left = a, *right = b;
    return (left->kind > right->kind) - (left->kind < right->kind);
}

struct standing *standing_read(const struct statedir *dir,
                               const struct environment *environment, int64_t wall,
                               struct coordinator *coordinator,
                               const struct error *unasked, struct standing_memo *memo,
                               int64_t deadline)
{
    struct standing *standing = mem_alloc(sizeof *standing);
    struct error error = {0};
    standing->references = 1;
    standing->covers = covers(dir, environment, coordinator);
    bool known = remembers_none(memo, dir, wall) || look_at_runs(standing, dir, &error);
    if (memo) {
        memo->none = known;
    }
    const char *run = standing->count ? standing->bars[0].id : NULL;
    if (!run) {
        look_at_host(standing, dir);
    }
    if (coordinator) {
        look_at_lease(standing, coordinator, run, wall, deadline);
    }
    look_at_hold(standing, dir);
    look_at_freeze(standing, environment, wall);
    if (unasked) {
        add(standing, BAR_NO_LEASE,
            mem_format("no lease can be had: %s", unasked->message),
            *unasked->hint ? mem_text(unasked->hint) : NULL);
    }
    if (!known && !run) {
        add_unknown(standing, &error);
    }
    if (standing->count > 1) {
        qsort(standing->bars, standing->count, sizeof *standing->bars, in_order);
    }
    return standing;
}

struct standing *standing_now(const struct statedir *dir,
                              const struct environment *environment, int64_t deadline)
{
    struct coordinator coordinator = {0};
    struct error error = {0};
    bool wanted = coordinator_wanted(environment);
    bool begun =
        wanted && coordinator_begin(&coordinator, environment, deadline, NULL, &error);
    struct standing *standing =
        standing_read(dir, environment, clock_wall(), begun ? &coordinator : NULL,
                      wanted && !begun ? &error : NULL, NULL, deadline);
    coordinator_finish(&coordinator);
    return standing;
}

struct standing *standing_ref(struct standing *standing)
{
    if (standing) {
        __atomic_fetch_add(&standing->references, 1, __ATOMIC_SEQ_CST);
    }
    return standing;
}

void standing_unref(struct standing *standing)
{
    if (!standing ||
        __atomic_fetch_sub(&standing->references, 1, __ATOMIC_SEQ_CST) != 1) {
        return;
    }
    for (size_t i = 0; i < standing->count; i++) {
        struct bar *bar = &standing->bars[i];
        char *texts[] = {bar->message, bar->next, bar->id, bar->who, bar->reason};
        for (size_t t = 0; t < sizeof texts / sizeof *texts; t++) {
            free(texts[t]);
        }
    }
    free(standing->bars);
    free(standing->covers);
    free(standing);
}

bool standing_equal(const struct standing *a, const struct standing *b)
{
    bool same = a && b && a->count == b->count && text_equal(a->covers, b->covers);
    for (size_t i = 0; same && i < a->count; i++) {
        same = a->bars[i].kind == b->bars[i].kind &&
               text_equal(a->bars[i].message, b->bars[i].message) &&
               text_equal(a->bars[i].next, b->bars[i].next);
    }
    return same;
}

static bool stops(const struct bar *bar, struct starter starter)
{
    switch (bar_rows[bar->kind].stops) {
    case STOPS_DEPLOYS:
        return starter.gated;
    case STOPS_UNLESS_WAIVED:
        return starter.gated || !starter.without_lease;
    case STOPS_ALL:
        break;
    }
    return true;
}

const struct bar *standing_stops(const struct standing *standing, struct starter starter)
{
    for (size_t i = 0; i < standing->count; i++) {
        if (stops(&standing->bars[i], starter)) {
            return &standing->bars[i];
        }
    }
    return NULL;
}

static bool complain(const struct bar *bar, struct error *error)
{
    error_set(error, ERROR_BUSY, "%s", bar->message);
    if (bar->next) {
        error_hint(error, "%s", bar->next);
    }
    return false;
}

/* Complains of the last bar, where one was added; frees what is in it. */
static bool allows_part(struct standing *part, struct error *error)
{
    part->references = 1;
    bool free_of = part->count == 0 || complain(&part->bars[0], error);
    standing_unref(part);
    return free_of;
}

bool standing_no_hold(const struct statedir *dir, struct error *error)
{
    struct standing *part = mem_alloc(sizeof *part);
    look_at_hold(part, dir);
    return allows_part(part, error);
}

bool standing_no_freeze(const struct environment *environment, int64_t wall,
                        struct error *error)
{
    struct standing *part = mem_alloc(sizeof *part);
    look_at_freeze(part, environment, wall);
    return allows_part(part, error);
}

json_t *standing_json(const struct standing *standing)
{
    json_t *bars = json_array();
    for (size_t i = 0; i < standing->count; i++) {
        const struct bar *bar = &standing->bars[i];
        json_array_append_new(
            bars,
            json_pack("{s:s, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:b}", "kind",
                      bar_rows[bar->kind].word, "id", json_text(bar->id), "who",
                      json_text(bar->who), "since", moment_json(bar->since), "reason",
                      json_text(bar->reason), "possible", moment_json(bar->possible),
                      "message", json_text(bar->message), "next", json_text(bar->next),
                      "stops_rollback", stops(bar, (struct starter){.gated = false})));
    }
    bool may = !standing_stops(standing, (struct starter){.gated = true});
    return json_pack("{s:b, s:o, s:o}", "may_deploy", may, "covers",
                     json_text(standing->covers), "bars", bars);
}

#include "board/sched.h"

#include "base/clock.h"
#include "base/mem.h"
#include "base/text.h"
#include "board/asking.h"
#include "config/route.h"
#include "source/gcp_memo.h"
#include "tunnel/tunnels.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>

enum { STUCK_MAX = 8 };
/* a worker's, after the deadline */
static const int64_t GRACE = 200 * CLOCK_MS;
static const int64_t SECRET_DEADLINE = 5 * CLOCK_SECOND; /* gcloud takes 650 ms a call */
static const int64_t RELEASE_DEADLINE = 5 * CLOCK_SECOND;
static const int64_t RELEASE_PERIOD = 25 * CLOCK_SECOND;
/* between two looks whether a tunnel is up, while one is on its way */
static const int64_t GLANCE = 20 * CLOCK_MS;

/* Resolving the secrets: a round of its own before any check that wants fresh ones. */
struct resolving {
    bool on;
    unsigned generation;
    int64_t deadline;
    struct resolved *answers;
    struct asking **askings; /* NULL once answered */
    size_t left;
};

struct sched {
    struct board *board;
    struct observer observer;
    struct pool *pool;
    bool watching;
    const json_t **sources;
    size_t source_count;
    struct secrets *secrets; /* the current snapshot, NULL before the first */
    int64_t secrets_at;
    int64_t secrets_max_age;
    struct resolving resolving;
    struct asking **running; /* of each light, NULL where none */
    bool *wanted;            /* asked for, waits for the secrets: thorough */
    struct light **tellers;  /* of each light, whose answer it is told by; NULL: none */
    struct tunnels *tunnels;
    size_t stuck;
    size_t out; /* askings that the pool has */
    struct asking *release;
    unsigned release_generation;
    bool release_wanted;
    int64_t release_due;
};

struct sched *sched_create(struct board *board, const struct observer *observer)
{
    struct sched *sched = mem_alloc(sizeof *sched);
    sched->board = board;
    sched->observer = observer ? *observer : (struct observer){0};
    sched->pool = pool_create();
    sched->sources = secrets_sources(board->environment, &sched->source_count);
    sched->secrets_max_age =
        config_span(config_section(board->environment, "/secrets"), "max_age");
    sched->running = mem_alloc(board->count * sizeof(struct asking *));
    sched->wanted = mem_alloc(board->count * sizeof(bool));
    sched->tellers = mem_alloc(board->count * sizeof(struct light *));
    for (size_t i = 0; i < board->count; i++) {
        const json_t *section = board->lights[i].section;
        bool told = route_of(section).kind == ROUTE_SERVICE;
        const char *teller = told ? config_text(section, "told_by") : NULL;
        sched->tellers[i] = teller ? board_find(board, teller) : NULL;
    }
    sched->tunnels = tunnels_create(board->environment);
    return sched;
}

int sched_fd(const struct sched *sched)
{
    return pool_fd(sched->pool);
}

/* ---- secrets ---- */

/* What would only wait for a worker is not given out: its deadline would run. */
static bool is_full(const struct sched *sched)
{
    return sched->out >= POOL_MAX;
}

static void push(struct sched *sched, struct asking *asking)
{
    sched->out++;
    pool_push(sched->pool, &asking->task);
}

static void resolve_begin(struct sched *sched, int64_t now)
{
    struct resolving *round = &sched->resolving;
    round->on = true;
    round->generation++;
    round->deadline = now + SECRET_DEADLINE;
    round->left = sched->source_count;
    round->answers = mem_alloc(sched->source_count * sizeof *round->answers);
    round->askings = mem_alloc(sched->source_count * sizeof(struct asking *));
    struct gcp_memo *memo = gcp_memo_create(); /* its askings alone keep it */
    for (size_t i = 0; i < sched->source_count; i++) {
        struct asking *asking =
            asking_create(ASKING_SECRET, sched->board->environment, round->deadline);
        asking->index = i;
        asking->generation = round->generation;
        asking->source = sched->sources[i];
        asking->memo = gcp_memo_ref(memo);
        round->askings[i] = asking;
        push(sched, asking);
    }
    gcp_memo_unref(memo);
}

static void resolve_forget(struct sched *sched)
{
    struct resolving *round = &sched->resolving;
    for (size_t i = 0; round->on && i < sched->source_count; i++) {
        if (round->askings[i]) {
            atomic_store(&round->askings[i]->cancelled, true);
        }
        resolved_finish(&round->answers[i]);
    }
    free(round->answers);
    free(round->askings);
    round->answers = NULL;
    round->askings = NULL;
    round->on = false;
}

static void resolve_end(struct sched *sched)
{
    struct resolving *round = &sched->resolving;
    for (size_t i = 0; i < sched->source_count; i++) {
        if (round->askings[i]) {
            round->answers[i].label = mem_text("source");
            resolved_broken(&round->answers[i], ERROR_TIMEOUT, "did not answer in time");
        }
    }
    secrets_unref(sched->secrets);
    sched->secrets = secrets_create(sched->sources, round->answers, sched->source_count);
    sched->secrets_at = clock_now();
    secrets_publish(sched->secrets);
    resolve_forget(sched);
}

static void take_secret(struct sched *sched, struct asking *asking)
{
    struct resolving *round = &sched->resolving;
    if (!round->on || asking->generation != round->generation) {
        return;
    }
    round->answers[asking->index] = asking->resolved;
    asking->resolved = (struct resolved){0};
    round->askings[asking->index] = NULL;
    round->left--;
}

static bool secrets_fresh(const struct sched *sched, int64_t now)
{
    return sched->secrets && now - sched->secrets_at <= sched->secrets_max_age;
}

/* ---- release ---- */

static void release_begin(struct sched *sched, int64_t now)
{
    sched->release_wanted = false;
    sched->release_due = now + RELEASE_PERIOD;
    if (!sched->board->release_wanted) {
        return;
    }
    struct asking *asking =
        asking_create(ASKING_RELEASE, sched->board->environment, now + RELEASE_DEADLINE);
    asking->generation = ++sched->release_generation;
    sched->release = asking;
    push(sched, asking);
}

static void take_release(struct sched *sched, struct asking *asking)
{
    if (asking->generation != sched->release_generation) {
        return;
    }
    struct board *board = sched->board;
    sched->release = NULL;
    if (asking->release && board->release &&
        !text_equal(asking->release, board->release)) {
        board_tell(board, STATE_WARN, "the release is now %s", asking->release);
    }
    free(board->release);
    board->release = asking->release;
    asking->release = NULL;
    board->release_error = asking->error;
}

/* ---- checks ---- */

static struct result *result_of_ours(const struct light *light, const char *remedy,
                                     const char *summary)
{
    struct result *result = result_create();
    result_set(result, STATE_UNKNOWN, remedy, "%s", summary);
    result->began = light->started;
    result->ended = clock_now();
    result->wall = clock_wall();
    return result;
}

static void give(struct sched *sched, struct light *light, struct result *take_result)
{
    light->running = false;
    for (size_t i = 0; i < sched->board->count; i++) {
        if (sched->tellers[i] == light) {
            sched->board->lights[i].due = clock_now(); /* there is something to tell */
        }
    }
    bool changed = board_take(sched->board, light, take_result);
    if (sched->observer.answered) {
        sched->observer.answered(sched->observer.self, light, changed);
    }
}

static void dispatch(struct sched *sched, size_t index, bool thorough, int64_t now)
{
    struct light *light = &sched->board->lights[index];
    light->started = now;
    light->due = now + light->period;
    light->generation++;
    light->thorough = thorough;
    if (sched->stuck >= STUCK_MAX) {
        give(sched, light,
             result_of_ours(light, "leave greenboard and start it again",
                            "too many workers did not come back to ask another"));
        return;
    }
    struct asking *asking =
        asking_create(ASKING_CHECK, sched->board->environment, now + light->deadline);
    asking->index = index;
    asking->generation = light->generation;
    asking->secrets = secrets_ref(sched->secrets);
    asking->result = result_create();
    asking->result->began = now;
    asking->told =
        result_ref(sched->tellers[index] ? sched->tellers[index]->result : NULL);
    asking->job = (struct job){.check = light->check,
                               .name = light->name,
                               .environment = asking->environment,
                               .section = light->section,
                               .secrets = asking->secrets,
                               .tunnels = sched->tunnels,
                               .told = asking->told,
                               .deadline = asking->deadline,
                               .thorough = thorough,
                               .cancelled = &asking->cancelled};
    if (light->check->prepare) {
        light->check->prepare(sched->board, &asking->job);
    }
    if (sched->running[index]) {
        atomic_store(&sched->running[index]->cancelled, true);
    }
    light->running = true;
    sched->running[index] = asking;
    push(sched, asking);
}

static bool take_check(struct sched *sched, struct asking *asking)
{
    struct light *light = &sched->board->lights[asking->index];
    if (sched->running[asking->index] == asking) {
        sched->running[asking->index] = NULL;
    }
    if (asking->generation != light->generation) {
        return false;
    }
    if (light->stuck) {
        light->stuck = false;
        sched->stuck--;
        return false;
    }
    struct result *result = asking->result;
    asking->result = NULL;
    give(sched, light, result);
    return true;
}

static bool take_all(struct sched *sched)
{
    bool changed = false;
    for (struct task *task; (task = pool_done(sched->pool));) {
        struct asking *asking = (struct asking *)task;
        sched->out--;
        switch (asking->kind) {
        case ASKING_SECRET:
            take_secret(sched, asking);
            break;
        case ASKING_RELEASE:
            take_release(sched, asking);
            changed = true;
            break;
        case ASKING_CHECK:
            changed = take_check(sched, asking) || changed;
            break;
        }
        asking_destroy(asking);
    }
    return changed;
}

/* The release's worker alike, so that nobody waits for it for ever. */
static bool give_up_release(struct sched *sched, int64_t now)
{
    struct asking *asking = sched->release;
    if (!asking || now < asking->deadline + GRACE) {
        return false;
    }
    struct board *board = sched->board;
    atomic_store(&asking->cancelled, true);
    sched->release = NULL;
    sched->release_generation++;
    free(board->release);
    board->release = NULL;
    error_set(&board->release_error, ERROR_TIMEOUT,
              "the worker that asks for it did not come back");
    error_hint(&board->release_error,
               "ask again; if it stays so, look at the machine's load");
    return true;
}

/* A worker that is late by more than the grace: its answer, should it come, is
 * dropped. */
static bool give_up_late(struct sched *sched, int64_t now)
{
    bool changed = false;
    for (size_t i = 0; i < sched->board->count; i++) {
        struct light *light = &sched->board->lights[i];
        struct asking *asking = sched->running[i];
        if (!light->running || !asking || now < asking->deadline + GRACE) {
            continue;
        }
        atomic_store(&asking->cancelled, true);
        light->stuck = true;
        sched->stuck++;
        give(sched, light,
             result_of_ours(light,
                            "ask again; if it stays so, look at the machine's load",
                            "its worker did not come back after the deadline"));
        changed = true;
    }
    return changed;
}

/* Who would be asked too soon: before its tunnel is up, before whom it is told by has
 * answered, or before the release that it is about is known. */
static bool is_held(const struct sched *sched, size_t index)
{
    bool unknown = sched->board->lights[index].check->of_release &&
                   !sched->board->given && (sched->release || sched->release_wanted);
    const struct light *teller = sched->tellers[index];
    bool untold = teller && !teller->stuck &&
                  (teller->running || sched->wanted[teller - sched->board->lights]);
    return untold || unknown ||
           tunnels_coming(sched->tunnels, sched->board->lights[index].section);
}

static bool wants_asking(const struct sched *sched, size_t index, int64_t now)
{
    const struct light *light = &sched->board->lights[index];
    return !light->stuck && !is_held(sched, index) &&
           (sched->wanted[index] ||
            (sched->watching && !light->running && now >= light->due));
}

static bool dispatch_due(struct sched *sched, int64_t now)
{
    bool due = false;
    for (size_t i = 0; i < sched->board->count; i++) {
        due = due || wants_asking(sched, i, now);
    }
    if (due && !secrets_fresh(sched, now)) {
        resolve_begin(sched, now);
        due = sched->resolving.left == 0;
        if (due) {
            resolve_end(sched);
        }
    }
    for (size_t i = 0; due && i < sched->board->count && !is_full(sched); i++) {
        if (wants_asking(sched, i, now)) {
            dispatch(sched, i, sched->wanted[i], now);
            sched->wanted[i] = false;
        }
    }
    return due;
}

static bool judge(struct sched *sched, int64_t now)
{
    bool changed = board_judge(sched->board, now);
    if (changed && sched->observer.judged) {
        sched->observer.judged(sched->observer.self);
    }
    return changed;
}

bool sched_step(struct sched *sched, int64_t now)
{
    bool changed = take_all(sched);
    changed = give_up_late(sched, now) || changed;
    changed = give_up_release(sched, now) || changed;
    struct resolving *round = &sched->resolving;
    if (round->on && (round->left == 0 || now >= round->deadline + GRACE)) {
        resolve_end(sched);
    }
    if (sched->release_wanted || (sched->watching && now >= sched->release_due)) {
        release_begin(sched, now);
    }
    if (!round->on) {
        changed = dispatch_due(sched, now) || changed;
    }
    return judge(sched, now) || changed;
}

static int64_t earlier(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

int sched_wait(const struct sched *sched, int64_t now)
{
    int64_t next = INT64_MAX;
    if (sched->resolving.on) {
        next = sched->resolving.deadline + GRACE;
    }
    if (sched->release_wanted) {
        return 0;
    }
    if (sched->release) {
        next = earlier(next, sched->release->deadline + GRACE);
    }
    if (sched->watching && sched->board->release_wanted) {
        next = earlier(next, sched->release_due);
    }
    for (size_t i = 0; i < sched->board->count; i++) {
        const struct light *light = &sched->board->lights[i];
        if (light->running && sched->running[i]) {
            next = earlier(next, sched->running[i]->deadline + GRACE);
        } else if (light->stuck || sched->resolving.on || is_full(sched)) {
            continue; /* a worker that comes back wakes us */
        } else if (is_held(sched, i)) {
            next = earlier(next, now + GLANCE);
        } else if (sched->wanted[i]) {
            return 0;
        } else if (sched->watching) {
            next = earlier(next, light->due);
        }
    }
    if (next == INT64_MAX) {
        return -1;
    }
    return next <= now ? 0 : (int)((next - now + CLOCK_MS - 1) / CLOCK_MS);
}

void sched_watch(struct sched *sched, bool on)
{
    sched->watching = on;
}

void sched_ask(struct sched *sched, struct light *light)
{
    if (!(light->running && light->thorough)) {
        sched->wanted[light - sched->board->lights] = true;
    }
    sched->release_wanted = sched->release_wanted || light->check->of_release;
    struct light *teller = sched->tellers[light - sched->board->lights];
    if (teller && !(teller->running && teller->thorough)) {
        sched->wanted[teller - sched->board->lights] = true;
    }
}

/* Secrets are resolved anew: what was known before this moment does not count. */
void sched_ask_all(struct sched *sched)
{
    resolve_forget(sched);
    secrets_unref(sched->secrets);
    sched->secrets = NULL;
    sched->release_wanted = true;
    for (size_t i = 0; i < sched->board->count; i++) {
        sched_ask(sched, &sched->board->lights[i]);
    }
}

bool sched_settled(const struct sched *sched)
{
    if (sched->resolving.on || sched->release_wanted || sched->release) {
        return false;
    }
    for (size_t i = 0; i < sched->board->count; i++) {
        const struct light *light = &sched->board->lights[i];
        if (light->running || (sched->wanted[i] && !light->stuck)) {
            return false;
        }
    }
    return true;
}

bool sched_run(struct sched *sched, const volatile int *cancelled)
{
    for (;;) {
        int64_t now = clock_now();
        sched_step(sched, now);
        if (sched_settled(sched) || (cancelled && *cancelled)) {
            judge(sched, clock_now());
            return sched_settled(sched);
        }
        struct pollfd ready = {sched_fd(sched), POLLIN, 0};
        poll(&ready, 1, sched_wait(sched, now));
    }
}

void sched_destroy(struct sched *sched)
{
    if (!sched) {
        return;
    }
    for (size_t i = 0; i < sched->board->count; i++) {
        if (sched->running[i]) {
            atomic_store(&sched->running[i]->cancelled, true);
        }
    }
    resolve_forget(sched);
    secrets_unref(sched->secrets);
    pool_abandon(sched->pool);
    tunnels_destroy(sched->tunnels);
    free(sched->tellers);
    free(sched->sources);
    free(sched->running);
    free(sched->wanted);
    free(sched);
}

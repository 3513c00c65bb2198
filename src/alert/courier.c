#include "alert/courier.h"

#include "base/clock.h"
#include "base/fs.h"
#include "base/json.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/thread.h"
#include "net/wait.h"
#include "secret/mask.h"
#include "store/events.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static const int64_t LOOK_EVERY = CLOCK_SECOND;
static const int64_t PAUSE_LONGEST = 300 * CLOCK_SECOND;
static const int64_t GIVEN_UP = INT64_C(24) * 3600 * 1000; /* ms */
static const int64_t ONCE = 3 * CLOCK_SECOND;
static const int64_t LEAVING = CLOCK_SECOND; /* a thread that does not end is left */

/* One sink's. The thread's own, but for what is atomic. */
struct round {
    struct courier *courier;
    const struct sink *sink;
    pthread_t thread;
    bool started;
    char *directory;
    int64_t failures; /* in a row, of the sink itself */
    int64_t resumes;  /* clock_now() time before which it is left alone */
    atomic_bool idle; /* nothing waited when it looked last */
};

struct told {
    struct told *next;
    enum notice_kind kind;
    char *text;
    json_t *facts;
};

struct courier {
    struct environment *environment;
    char *outbox, *events;
    pthread_mutex_t guard;
    pthread_cond_t wake;
    pthread_t writer;
    struct told *first, **last; /* guarded, with all down to `until` */
    bool stopping, leaving;     /* nothing more is told; nothing more is waited for */
    uint64_t called;            /* how often it was woken */
    int64_t until;              /* clock_now() time at which a stopping one stops */
    atomic_bool delivers, cancelled;
    struct round rounds[SINK_COUNT];
};

/* ---- one letter ---- */

static int64_t pause_after(int64_t failures)
{
    int64_t shift = failures > 10 ? 10 : failures > 0 ? failures - 1 : 0;
    int64_t pause = CLOCK_SECOND << shift;
    return pause < PAUSE_LONGEST ? pause : PAUSE_LONGEST;
}

static void tell_dead(const struct round *round, const struct letter *letter)
{
    const struct courier *courier = round->courier;
    struct error error = {0};
    const json_t *run = json_at(letter->message, "/greenboard/run/id");
    const json_t *kind = json_at(letter->message, "/greenboard/kind");
    char *text = mem_format("%s of %s %s: %s", round->sink->name,
                            kind ? json_string_value(kind) : "something", letter->id,
                            letter->error ? letter->error : "nobody delivered it");
    struct event event = {.kind = EVENT_NOTICE_DEAD,
                          .environment = courier->environment->name,
                          .run = json_string_value(run),
                          .text = text};
    if (!events_append_to(courier->events, &event, &error)) {
        log_line("courier: %s", error.message);
    }
    free(text);
}

/* On the trail first: a letter that vanished unsaid is what must not be. */
static void bury(const struct round *round, const struct letter *letter)
{
    struct error error = {0};
    tell_dead(round, letter);
    if (!letter_bury(round->directory, letter, &error)) {
        log_line("courier: %s", error.message);
    }
}

/* Whatever a sink says of its failure is masked here, once, before it is kept. */
static char *complaint_of(const struct error *why)
{
    char *text = mem_format("%s%s%s", why->message, *why->hint ? "; " : "", why->hint);
    char *clean = mask_clean(text, sizeof why->message + sizeof why->hint);
    free(text);
    return clean ? clean : mem_text("");
}

static void keep_trying(struct round *round, struct letter *letter, enum sending sending,
                        const struct error *why)
{
    struct error error = {0};
    letter->tries++;
    free(letter->error);
    letter->error = complaint_of(why);
    letter->due = clock_wall() + pause_after(letter->tries) / CLOCK_MS;
    if (sending == SENT_NOT) {
        round->failures++;
        round->resumes = clock_now() + pause_after(round->failures);
    }
    if (!letter_write(round->directory, letter, &error)) {
        log_line("courier: %s", error.message);
    }
}

/* False where the others need not be tried now. */
static bool deliver(struct round *round, struct letter *letter)
{
    struct courier *courier = round->courier;
    struct error error = {0};
    int64_t span =
        config_span(config_section(courier->environment, "/notify"), "deadline");
    struct sending_job job = {.environment = courier->environment,
                              .letter = letter,
                              .deadline = clock_now() + span,
                              .cancelled = &courier->cancelled};
    enum sending sending = round->sink->send(&job, &error);
    if (atomic_load(&courier->cancelled) && sending != SENT) {
        return false; /* it is whose turn comes next that finds out */
    }
    if (sending != SENT) {
        keep_trying(round, letter, sending, &error);
        return sending == SENT_REFUSED;
    }
    round->failures = 0;
    if (!letter_remove(round->directory, letter, &error)) {
        log_line("courier: %s", error.message);
    }
    return true;
}

/* ---- one round ---- */

static bool take_letter(struct round *round, struct letter *letter)
{
    int64_t wall = clock_wall();
    if (!letter->message || wall - letter->written >= GIVEN_UP) {
        bury(round, letter);
        return true;
    }
    return letter->due > wall + PAUSE_LONGEST / CLOCK_MS /* the clock was set back */ ||
                   letter->due <= wall
               ? deliver(round, letter)
               : true;
}

static size_t count_waiting(const struct round *round)
{
    size_t count;
    letters_count(round->directory, &count, NULL);
    return count;
}

static void go_round(struct round *round)
{
    struct letters letters;
    struct courier *courier = round->courier;
    if (clock_now() < round->resumes || atomic_load(&courier->cancelled) ||
        count_waiting(round) == 0) {
        return;
    }
    char *path = fs_join(round->directory, "lock");
    int lock = fs_lock(path, NULL);
    free(path);
    if (lock < 0) {
        return; /* another process delivers */
    }
    bool more = letters_list(round->directory, false, &letters, NULL);
    for (size_t i = 0; i < letters.count && more; i++) {
        more = take_letter(round, &letters.rows[i]) &&
               !atomic_load(&courier->cancelled) && atomic_load(&courier->delivers);
    }
    letters_finish(&letters);
    close(lock);
}

/* ---- the threads ---- */

static void write_told(struct courier *courier, struct told *list)
{
    while (list) {
        struct told *told = list;
        struct error error = {0};
        struct notice notice = {told->kind, told->text, told->facts};
        list = told->next;
        if (!outbox_post(courier->outbox, courier->environment, &notice, &error)) {
            log_line("courier: %s", error.message);
        }
        free(told->text);
        json_decref(told->facts);
        free(told);
    }
}

/* Apart from those that send: what was told is on disk however long they hang. */
static void *write_all(void *argument)
{
    struct courier *courier = argument;
    pthread_mutex_lock(&courier->guard);
    while (courier->first || !courier->stopping) {
        struct told *list = courier->first;
        courier->first = NULL;
        courier->last = &courier->first;
        if (!list) {
            pthread_cond_wait(&courier->wake, &courier->guard);
            continue;
        }
        pthread_mutex_unlock(&courier->guard);
        write_told(courier, list);
        courier_wake(courier);
        pthread_mutex_lock(&courier->guard);
    }
    pthread_mutex_unlock(&courier->guard);
    return NULL;
}

static bool is_done(const struct round *round)
{
    const struct courier *courier = round->courier;
    return courier->leaving &&
           (atomic_load(&round->idle) || !atomic_load(&courier->delivers) ||
            clock_now() >= courier->until);
}

/* Until it was woken, or for a second; false where it is to stop. */
static bool wait_for_work(struct round *round, uint64_t *called)
{
    struct courier *courier = round->courier;
    struct timespec until;
    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_sec += LOOK_EVERY / CLOCK_SECOND;
    pthread_mutex_lock(&courier->guard);
    int waited = 0;
    while (courier->called == *called && waited == 0 && !is_done(round)) {
        waited = pthread_cond_timedwait(&courier->wake, &courier->guard, &until);
    }
    bool goes_on = courier->called != *called || !is_done(round);
    *called = courier->called;
    pthread_mutex_unlock(&courier->guard);
    return goes_on;
}

static void *work(void *argument)
{
    struct round *round = argument;
    uint64_t called = 0;
    do {
        if (atomic_load(&round->courier->delivers)) {
            go_round(round);
        }
        atomic_store(&round->idle, count_waiting(round) == 0);
    } while (wait_for_work(round, &called));
    return NULL;
}

/* ---- the owner ---- */

struct courier *courier_create(const struct environment *environment,
                               const struct statedir *dir, bool delivers)
{
    if (!config_section(environment, "/notify")) {
        return NULL;
    }
    struct courier *courier = mem_alloc(sizeof *courier);
    pthread_mutex_init(&courier->guard, NULL);
    wait_condition(&courier->wake);
    courier->environment = environment_ref(environment);
    courier->outbox = mem_text(dir->outbox);
    courier->events = mem_text(dir->events);
    courier->last = &courier->first;
    atomic_init(&courier->delivers, delivers);
    if (thread_start(&courier->writer, write_all, courier) != 0) {
        panic("cannot start the courier's thread");
    }
    for (size_t i = 0; i < SINK_COUNT; i++) {
        struct round *round = &courier->rounds[i];
        round->courier = courier;
        round->sink = sinks[i];
        round->directory = sink_directory(sinks[i], dir->outbox);
        atomic_init(&round->idle, true);
        round->started = sink_configured(sinks[i], environment) &&
                         thread_start(&round->thread, work, round) == 0;
    }
    return courier;
}

void courier_wake(struct courier *courier)
{
    if (courier) {
        pthread_mutex_lock(&courier->guard);
        courier->called++;
        pthread_cond_broadcast(&courier->wake);
        pthread_mutex_unlock(&courier->guard);
    }
}

void courier_deliver(struct courier *courier, bool delivers)
{
    if (courier && atomic_exchange(&courier->delivers, delivers) != delivers) {
        courier_wake(courier);
    }
}

void courier_tell(struct courier *courier, const struct notice *notice)
{
    if (!courier || !outbox_wants(courier->environment, notice->kind)) {
        return;
    }
    struct told *told = mem_alloc(sizeof *told);
    told->kind = notice->kind;
    told->text = mem_text(notice->text);
    told->facts = notice->facts ? json_deep_copy(notice->facts) : NULL;
    pthread_mutex_lock(&courier->guard);
    *courier->last = told;
    courier->last = &told->next;
    pthread_cond_broadcast(&courier->wake);
    pthread_mutex_unlock(&courier->guard);
}

/* By wall time, which is all that it takes; a clock that is set meanwhile changes how
 * long an end is waited for, and nothing else. */
static bool join(struct round *round, int64_t patience)
{
    struct timespec until;
    clock_gettime(CLOCK_REALTIME, &until);
    int64_t end = until.tv_sec * CLOCK_SECOND + until.tv_nsec + patience;
    until.tv_sec = end / CLOCK_SECOND;
    until.tv_nsec = end % CLOCK_SECOND;
    if (round->started && pthread_timedjoin_np(round->thread, NULL, &until) == 0) {
        round->started = false;
    }
    return !round->started;
}

static void release(struct courier *courier)
{
    for (size_t i = 0; i < SINK_COUNT; i++) {
        free(courier->rounds[i].directory);
    }
    pthread_mutex_destroy(&courier->guard);
    pthread_cond_destroy(&courier->wake);
    environment_unref(courier->environment);
    free(courier->outbox);
    free(courier->events);
    free(courier);
}

static void stop_writing(struct courier *courier)
{
    pthread_mutex_lock(&courier->guard);
    courier->stopping = true;
    pthread_mutex_unlock(&courier->guard);
    courier_wake(courier);
    pthread_join(courier->writer, NULL);
}

bool courier_destroy(struct courier *courier, int64_t patience)
{
    if (!courier) {
        return true;
    }
    stop_writing(courier);
    int64_t until = clock_now() + patience;
    pthread_mutex_lock(&courier->guard);
    courier->leaving = true;
    courier->until = until;
    pthread_mutex_unlock(&courier->guard);
    courier_wake(courier);
    for (size_t i = 0; i < SINK_COUNT; i++) {
        int64_t left = until - clock_now();
        join(&courier->rounds[i], left > 0 ? left : 0);
    }
    atomic_store(&courier->cancelled, true);
    courier_wake(courier);
    bool ended = true, idle = true;
    for (size_t i = 0; i < SINK_COUNT; i++) {
        struct round *round = &courier->rounds[i];
        ended = join(round, LEAVING) && ended;
        idle = idle && atomic_load(&round->idle);
    }
    if (ended) { /* else it is left to the thread that still uses it */
        release(courier);
    }
    return idle;
}

void courier_once(const struct environment *environment, const struct statedir *dir)
{
    courier_destroy(courier_create(environment, dir, true), ONCE);
}

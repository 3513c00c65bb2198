#include "store/store.h"

#include "base/clock.h"
#include "base/fs.h"
#include "base/json.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/spawn.h"
#include "net/wait.h"
#include "store/invalid.h"
#include "store/samples.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

/* Main pushes copies under the mutex; the thread takes a whole list, unlocks, and writes.
 * Events are written as they come, each with a sync of its own; samples wait for the
 * second to end. */

enum { QUEUE_MAX = 4096, PRUNE_EVERY = 3600 /* s */ };
static const int64_t SAMPLE_EVERY = CLOCK_SECOND;

struct item {
    struct item *next;
    bool is_event;
    struct event event; /* its texts are the item's */
    struct sample sample;
};

struct last {
    bool known;
    enum state state;
};

struct store {
    pthread_t thread;
    pthread_mutex_t guard;
    pthread_cond_t wake;
    struct item *first, **last; /* guarded, with all down to `error` */
    size_t count;
    bool stopping;
    bool failed;
    struct error error;
    struct entries alerts; /* read, and not taken yet */
    bool alerts_read, alerts_recorded;
    int lock; /* the recorder's, or -1: the thread's, once it runs */
    atomic_bool recorder;
    char *events_path, *samples_path, *recorder_path;
    struct last *lights; /* main thread: what each light was, by index */
    size_t light_count;
    char *operator_name;
};

/* What the thread alone uses. */
struct writer {
    struct store *store;
    struct events events;
    struct samples samples;
    bool opened;
    int lock;
    struct sample *rows;
    size_t row_count;
    int64_t flushed, pruned, tried;
};

static void item_destroy(struct item *item)
{
    const struct event *event = &item->event;
    const char *texts[] = {event->environment, event->operator_name, event->run,
                           event->release,     event->check,         event->text,
                           event->once};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        free((char *)(uintptr_t)texts[i]);
    }
    json_decref((json_t *)(uintptr_t)event->data);
    json_decref((json_t *)(uintptr_t)event->who);
    sample_finish(&item->sample);
    free(item);
}

static void fail(struct store *store, const struct error *error)
{
    pthread_mutex_lock(&store->guard);
    if (!store->failed) {
        store->failed = true;
        store->error = *error;
    }
    pthread_mutex_unlock(&store->guard);
    log_line("store: %s", error->message);
}

static void push(struct store *store, struct item *item)
{
    struct error full = {0};
    pthread_mutex_lock(&store->guard);
    bool room = store->count < QUEUE_MAX;
    if (room) {
        *store->last = item;
        store->last = &item->next;
        store->count++;
        pthread_cond_signal(&store->wake);
    }
    pthread_mutex_unlock(&store->guard);
    if (!room) {
        error_set(&full, ERROR_LIMIT,
                  "the audit trail cannot be written as fast as things happen");
        error_hint(&full, "look at the disk of %s", store->events_path);
        if (item->is_event) {
            fail(store, &full);
        }
        item_destroy(item);
    }
}

/* ---- the thread ---- */

static void writer_open(struct writer *writer)
{
    struct store *store = writer->store;
    struct error error = {0};
    writer->opened =
        events_open(&writer->events, store->events_path, DB_WRITE, &error) &&
        samples_open(&writer->samples, store->samples_path, DB_WRITE, &error) &&
        db_writable(&writer->events.db, &error) &&
        db_writable(&writer->samples.db, &error);
    if (!writer->opened) {
        fail(store, &error);
    }
}

/* Main must not wait for the disk, so what it has to know is read here and left for it.
 */
static void writer_read_alerts(struct writer *writer)
{
    struct store *store = writer->store;
    struct error error = {0};
    struct entries alerts = {0};
    if (!writer->opened) {
        return;
    }
    if (!events_alerts(&writer->events, &alerts, &error)) {
        fail(store, &error);
        entries_finish(&alerts);
        return;
    }
    pthread_mutex_lock(&store->guard);
    entries_finish(&store->alerts);
    store->alerts = alerts;
    store->alerts_read = true;
    store->alerts_recorded = writer->lock >= 0;
    pthread_mutex_unlock(&store->guard);
}

/* The lock is free again when the console that held it is gone: asked for every
 * second. */
static void writer_lock(struct writer *writer, int64_t now)
{
    if (writer->lock >= 0 || (writer->tried && now - writer->tried < SAMPLE_EVERY)) {
        return;
    }
    writer->tried = now;
    writer->lock = fs_lock(writer->store->recorder_path, NULL);
    atomic_store(&writer->store->recorder, writer->lock >= 0);
    if (writer->lock >= 0) {
        writer_read_alerts(writer);
    }
}

static void forget_rows(struct writer *writer)
{
    for (size_t i = 0; i < writer->row_count; i++) {
        sample_finish(&writer->rows[i]);
    }
    writer->row_count = 0;
}

static void flush(struct writer *writer, int64_t now)
{
    struct error error = {0};
    writer->flushed = now;
    if (writer->row_count > 0 && writer->opened &&
        !samples_add(&writer->samples, writer->rows, writer->row_count, &error)) {
        fail(writer->store, &error);
    }
    forget_rows(writer);
    if (writer->opened && writer->lock >= 0 &&
        (!writer->pruned || now - writer->pruned >= PRUNE_EVERY * CLOCK_SECOND)) {
        writer->pruned = now;
        if (!samples_prune(&writer->samples, clock_wall(), &error)) {
            fail(writer->store, &error);
        }
    }
}

static void write_item(struct writer *writer, struct item *item)
{
    struct error error = {0};
    if (!item->is_event) {
        writer->rows =
            mem_resize(writer->rows, (writer->row_count + 1) * sizeof *writer->rows);
        writer->rows[writer->row_count++] = item->sample;
        item->sample = (struct sample){0};
    } else if (writer->opened &&
               !events_append(&writer->events, &item->event, NULL, &error)) {
        fail(writer->store, &error);
    }
    item_destroy(item);
}

/* Everything queued, or NULL after at most a second. */
static struct item *take_list(struct store *store, bool *stopping)
{
    struct timespec until;
    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_sec++;
    pthread_mutex_lock(&store->guard);
    int waited = 0;
    while (!store->first && !store->stopping && waited == 0) {
        waited = pthread_cond_timedwait(&store->wake, &store->guard, &until);
    }
    struct item *list = store->first;
    store->first = NULL;
    store->last = &store->first;
    store->count = 0;
    *stopping = store->stopping;
    pthread_mutex_unlock(&store->guard);
    return list;
}

static void *work(void *argument)
{
    struct writer writer = {.store = argument};
    writer.lock = writer.store->lock;
    bool stopping = false;
    writer_open(&writer);
    writer_read_alerts(&writer);
    while (!stopping) {
        writer_lock(&writer, clock_now());
        struct item *list = take_list(writer.store, &stopping);
        while (list) {
            struct item *next = list->next;
            write_item(&writer, list);
            list = next;
        }
        int64_t now = clock_now();
        if (stopping || now - writer.flushed >= SAMPLE_EVERY) {
            flush(&writer, now);
        }
    }
    free(writer.rows);
    events_close(&writer.events);
    samples_close(&writer.samples);
    if (writer.lock >= 0) {
        close(writer.lock);
    }
    return NULL;
}

/* ---- the main thread ---- */

struct store *store_create(const struct statedir *dir, bool read_only)
{
    if (read_only) {
        return NULL;
    }
    struct store *store = mem_alloc(sizeof *store);
    pthread_mutex_init(&store->guard, NULL);
    wait_condition(&store->wake);
    store->last = &store->first;
    store->events_path = mem_text(dir->events);
    store->samples_path = mem_text(dir->samples);
    store->recorder_path = mem_text(dir->recorder);
    /* At once, since the first answers may come before the thread has looked. */
    store->lock = fs_lock(store->recorder_path, NULL);
    atomic_init(&store->recorder, store->lock >= 0);
    store->operator_name = events_operator();
    if (pthread_create(&store->thread, NULL, work, store) != 0) {
        panic("cannot start the store's thread");
    }
    return store;
}

void store_destroy(struct store *store)
{
    if (!store) {
        return;
    }
    pthread_mutex_lock(&store->guard);
    store->stopping = true;
    pthread_cond_signal(&store->wake);
    pthread_mutex_unlock(&store->guard);
    pthread_join(store->thread, NULL);
    pthread_mutex_destroy(&store->guard);
    pthread_cond_destroy(&store->wake);
    free(store->events_path);
    free(store->samples_path);
    free(store->recorder_path);
    free(store->operator_name);
    free(store->lights);
    entries_finish(&store->alerts);
    free(store);
}

bool store_failed(struct store *store, struct error *error)
{
    if (!store) {
        return false;
    }
    pthread_mutex_lock(&store->guard);
    bool failed = store->failed;
    if (failed && error) {
        *error = store->error;
    }
    pthread_mutex_unlock(&store->guard);
    return failed;
}

bool store_recorder(struct store *store)
{
    return store && atomic_load(&store->recorder);
}

bool store_take_alerts(struct store *store, struct entries *alerts, bool *recorder)
{
    if (!store) {
        return false;
    }
    pthread_mutex_lock(&store->guard);
    bool read = store->alerts_read;
    if (read) {
        *alerts = store->alerts;
        *recorder = store->alerts_recorded;
        store->alerts = (struct entries){0};
        store->alerts_read = false;
    }
    pthread_mutex_unlock(&store->guard);
    return read;
}

static bool tell_invalid(void *self, const struct event *event)
{
    store_event(self, event);
    return true;
}

void store_config(struct store *store, const struct environment *environment)
{
    if (store) {
        invalid_tell(environment, store->operator_name, tell_invalid, store);
    }
}

void store_event(struct store *store, const struct event *event)
{
    if (!store) {
        return;
    }
    struct item *item = mem_alloc(sizeof *item);
    item->is_event = true;
    item->event = (struct event){.kind = event->kind,
                                 .environment = mem_text(event->environment),
                                 .operator_name = mem_text(event->operator_name),
                                 .run = mem_text(event->run),
                                 .release = mem_text(event->release),
                                 .check = mem_text(event->check),
                                 .text = mem_text(event->text),
                                 .data = event->data ? json_deep_copy(event->data) : NULL,
                                 .who = event->who ? json_deep_copy(event->who) : NULL,
                                 .once = mem_text(event->once)};
    push(store, item);
}

static void tell_change(struct store *store, const struct board *board,
                        const struct light *light, struct last *last)
{
    const struct result *result = light->result;
    if (!last->known) {
        return; /* a first answer is no change: samples have it */
    }
    char *text = mem_format("%s went from %s to %s: %s", light->name,
                            state_rows[last->state].word, state_rows[result->state].word,
                            result->summary ? result->summary : "");
    struct event event = {.kind = EVENT_CHECK_CHANGED,
                          .environment = board->environment->name,
                          .operator_name = store->operator_name,
                          .release = board->release,
                          .check = light->name,
                          .text = text};
    store_event(store, &event);
    free(text);
}

void store_answer(struct store *store, const struct board *board,
                  const struct light *light, bool changed)
{
    if (!store_recorder(store)) {
        return;
    }
    if (store->light_count < board->count) {
        store->lights = mem_resize(store->lights, board->count * sizeof *store->lights);
        memset(store->lights + store->light_count, 0,
               (board->count - store->light_count) * sizeof *store->lights);
        store->light_count = board->count;
    }
    const struct result *result = light->result;
    struct last *last = &store->lights[light - board->lights];
    if (changed) {
        tell_change(store, board, light, last);
    }
    *last = (struct last){.known = true, .state = result->state};
    struct item *item = mem_alloc(sizeof *item);
    item->sample = (struct sample){.wall = result->wall,
                                   .check = mem_text(light->name),
                                   .state = result->state,
                                   .has_figure = result->has_figure,
                                   .figure = result->figure,
                                   .duration = clock_ms(result_duration(result)),
                                   .summary = mem_text(result->summary)};
    push(store, item);
}

void store_gate(struct store *store, const struct board *board, int64_t now)
{
    struct verdict verdict = board->verdict;
    if (!store_recorder(store) || verdict.decision == GATE_WAIT) {
        return;
    }
    char **reasons = verdict.decision == GATE_NO_GO ? gate_reasons(board, now) : NULL;
    json_t *list = json_texts(reasons);
    json_t *data = json_pack("{s:s, s:o}", "verdict", decision_words[verdict.decision],
                             "reasons", list);
    char *text =
        reasons && reasons[0]
            ? mem_format("gate closed: %s", reasons[0])
            : mem_text(verdict.decision == GATE_GO ? "gate open" : "gate closed");
    struct event event = {.kind = EVENT_GATE_CHANGED,
                          .environment = board->environment->name,
                          .operator_name = store->operator_name,
                          .release = board->release,
                          .text = text,
                          .data = data};
    store_event(store, &event);
    free(text);
    json_decref(data);
    argv_free(reasons);
}

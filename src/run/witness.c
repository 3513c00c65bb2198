#include "run/witness.h"

#include "base/clock.h"
#include "base/mem.h"
#include "base/spawn.h"
#include "base/thread.h"
#include "run/testify.h"
#include "run/words.h"

#include <errno.h>
#include <pthread.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

struct witness {
    struct hearing hearing;
    struct testimony said; /* its thread's until that has ended */
    int done;              /* the eventfd of all */
    pthread_t thread;
    bool started;
};

static void *ask(void *argument)
{
    struct witness *witness = argument;
    const uint64_t one = 1;
    testify(&witness->hearing, &witness->said);
    if (write(witness->done, &one, sizeof one) != (ssize_t)sizeof one) {
        panic("an eventfd takes no count");
    }
    return NULL;
}

bool witnesses_begin(struct witnesses *witnesses, struct course *course,
                     struct error *error)
{
    const struct inquiry *inquiry = &course->plan->inquiry;
    const struct step *shipped = run_step_main(course->run);
    *witnesses = (struct witnesses){
        .watch = &course->watch,
        .count = inquiry->count,
        .rows = mem_alloc((inquiry->count + 1) * sizeof *witnesses->rows),
        .env = words_env(course->plan, course->directory, course->run),
        .done = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)};
    atomic_init(&witnesses->cancelled, false);
    for (size_t i = 0; i < inquiry->count; i++) {
        const struct inquired *row = &inquiry->rows[i];
        witnesses->rows[i] = (struct witness){
            .hearing = {.row = row,
                        .environment = course->environment,
                        .argv = row->argv
                                    ? words_argv(course->plan, row->argv, course->run)
                                    : NULL,
                        .env = witnesses->env,
                        .release = course->run->release,
                        .since = shipped->started,
                        .cancelled = &witnesses->cancelled},
            .said = {.state = STATE_UNKNOWN,
                     .what = mem_text("not asked: cancelled before that"),
                     .remedy = mem_text("see by hand whether it works")},
            .done = witnesses->done};
    }
    return witnesses->done >= 0 ||
           error_system(error, errno, "cannot wait for what verification asks");
}

void witnesses_finish(struct witnesses *witnesses)
{
    for (size_t i = 0; i < witnesses->count; i++) {
        argv_free((char **)(uintptr_t)witnesses->rows[i].hearing.argv);
        testimony_finish(&witnesses->rows[i].said);
    }
    free(witnesses->rows);
    words_env_free(witnesses->env);
    if (witnesses->done >= 0) {
        close(witnesses->done);
    }
}

/* ---- asking ---- */

/* How many threads were started: each of them will have answered by its deadline. */
static uint64_t start(struct witnesses *witnesses, int64_t until)
{
    uint64_t started = 0;
    for (size_t i = 0; i < witnesses->count; i++) {
        struct witness *witness = &witnesses->rows[i];
        int64_t deadline = clock_now() + witness->hearing.row->timeout;
        witness->hearing.deadline = deadline < until ? deadline : until;
        testimony_finish(&witness->said);
        witness->started = thread_start(&witness->thread, ask, witness) == 0;
        started += witness->started;
        if (!witness->started) {
            witness->said = (struct testimony){
                .state = STATE_UNKNOWN,
                .what = mem_text("no thread to ask it on"),
                .remedy = mem_text("look at the limits and the load of this machine")};
        }
    }
    return started;
}

static void await(struct witnesses *witnesses, uint64_t left)
{
    while (left > 0) {
        uint64_t count = 0;
        if (watch_wait(witnesses->watch, NULL, witnesses->done, INT64_MAX) &&
            read(witnesses->done, &count, sizeof count) == (ssize_t)sizeof count) {
            left -= count < left ? count : left;
        }
        if (witnesses->watch->cancelled) {
            atomic_store(&witnesses->cancelled, true);
        }
    }
    for (size_t i = 0; i < witnesses->count; i++) {
        if (witnesses->rows[i].started) {
            pthread_join(witnesses->rows[i].thread, NULL);
        }
    }
}

enum besides witnesses_ask(void *self, int64_t until)
{
    struct witnesses *witnesses = self;
    enum besides besides = BESIDES_GOOD;
    witnesses->asked = true;
    await(witnesses, start(witnesses, until));
    for (size_t i = 0; i < witnesses->count; i++) {
        const struct testimony *said = &witnesses->rows[i].said;
        if (said->final) {
            besides = BESIDES_NEVER;
        } else if (said->state != STATE_OK && besides == BESIDES_GOOD) {
            besides = BESIDES_NOT_YET;
        }
    }
    return besides;
}

void witnesses_hear(struct witnesses *witnesses)
{
    if (!witnesses->asked && !witnesses->watch->cancelled) {
        witnesses_ask(witnesses, INT64_MAX);
    }
}

/* ---- what they said ---- */

/* A judgement that the checks alone would have called GO. */
static void close_gate(struct judgement *after, enum state state)
{
    bool unsafe = state == STATE_FAIL;
    if (strcmp(after->decision, "GO") == 0 || unsafe) {
        free(after->decision);
        free(after->kind);
        after->decision = mem_text("NO-GO");
        after->kind = mem_text(unsafe ? "unsafe" : "unproven");
    }
}

char *witnesses_record(const struct witnesses *witnesses, struct run *run)
{
    char *remedy = NULL;
    run_prove_anew(run);
    for (size_t i = 0; i < witnesses->count; i++) {
        const struct testimony *said = &witnesses->rows[i].said;
        const char *name = witnesses->rows[i].hearing.row->name;
        run_prove(run, name, said->state, said->what, said->remedy);
        if (said->running) {
            json_decref(run->running);
            run->running = json_incref(said->running);
        }
        if (said->state == STATE_OK) {
            continue;
        }
        char *reason = mem_format("%s: %s", name, said->what);
        argv_add(&run->after.reasons, reason);
        close_gate(&run->after, said->state);
        remedy = remedy ? remedy : mem_text(said->remedy);
        free(reason);
    }
    return remedy;
}

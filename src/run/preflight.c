#include "run/preflight.h"

#include "base/clock.h"
#include "base/mem.h"
#include "base/spawn.h"
#include "board/gate.h"
#include "board/sched.h"

#include <stdlib.h>

static const int64_t RETRY = CLOCK_SECOND; /* how soon what is not green is asked again */
static const int64_t GRACE = 5 * CLOCK_SECOND; /* for the last round, which begins in time */

void preflight_begin(struct preflight *preflight, const struct environment *environment,
                     const struct check *const *checks)
{
    preflight->board = board_create(environment, checks);
    preflight->sched = sched_create(preflight->board, NULL);
}

void preflight_finish(struct preflight *preflight)
{
    if (preflight->sched) {
        sched_destroy(preflight->sched);
        board_destroy(preflight->board);
    }
    *preflight = (struct preflight){0};
}

static bool settle(struct preflight *preflight, struct watch *watch, int64_t deadline)
{
    sched_step(preflight->sched, clock_now());
    while (!sched_settled(preflight->sched) && !watch->cancelled && clock_now() < deadline) {
        watch_wait(watch, preflight->sched, -1, deadline);
    }
    board_judge(preflight->board, clock_now());
    return sched_settled(preflight->sched);
}

bool preflight_ask(struct preflight *preflight, struct watch *watch)
{
    sched_ask_all(preflight->sched);
    return settle(preflight, watch, INT64_MAX) && !watch->cancelled;
}

static bool green(const struct preflight *preflight)
{
    return gate_decide(preflight->board, clock_now()).decision == GATE_GO;
}

/* Waits on while all stay green; false as soon as one does not. */
static bool stay_green(struct preflight *preflight, struct watch *watch, int64_t until)
{
    sched_watch(preflight->sched, true);
    while (clock_now() < until && green(preflight) && !watch->cancelled) {
        watch_wait(watch, preflight->sched, -1, until);
    }
    sched_watch(preflight->sched, false);
    return green(preflight) && !watch->cancelled;
}

static void ask_reds(struct preflight *preflight)
{
    struct board *board = preflight->board;
    for (size_t i = 0; i < board->count; i++) {
        if (!light_green(&board->lights[i], board, clock_now())) {
            sched_ask(preflight->sched, &board->lights[i]);
        }
    }
}

bool preflight_hold(struct preflight *preflight, struct watch *watch, int64_t within,
                    int64_t hold)
{
    int64_t deadline = clock_now() + within;
    sched_ask_all(preflight->sched);
    while (!watch->cancelled && settle(preflight, watch, deadline)) {
        int64_t now = clock_now();
        if (now + (green(preflight) ? hold : RETRY) > deadline) {
            return false;
        }
        if (!green(preflight)) {
            watch_wait(watch, NULL, -1, now + RETRY);
            ask_reds(preflight);
        } else if (hold == 0) {
            return true;
        } else if (stay_green(preflight, watch, now + hold)) {
            sched_ask_all(preflight->sched);
            if (settle(preflight, watch, deadline + GRACE) && green(preflight)) {
                return !watch->cancelled;
            }
        }
    }
    return false;
}

void preflight_judge(const struct preflight *preflight, struct judgement *judgement)
{
    int64_t now = clock_now();
    struct verdict verdict = gate_decide(preflight->board, now);
    free(judgement->decision);
    free(judgement->kind);
    argv_free(judgement->reasons);
    judgement->decision = mem_text(decision_words[verdict.decision]);
    judgement->kind = mem_text(verdict_kind(verdict));
    judgement->reasons = gate_reasons(preflight->board, now);
}

#include "run/proof.h"

#include "base/clock.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/spawn.h"
#include "board/gate.h"
#include "board/sched.h"

#include <stdlib.h>

static const int64_t RETRY = CLOCK_SECOND; /* how soon what is not green is asked again */
static const int64_t GRACE =
    5 * CLOCK_SECOND; /* for the last round, which begins in time */

void proof_begin(struct proof *proof, const struct environment *environment,
                 const struct check *const *checks, const char *release, bool back)
{
    proof->board = board_create(environment, checks);
    proof->board->given = mem_text(release);
    proof->board->going_back = back;
    proof->sched = sched_create(proof->board, NULL);
}

void proof_finish(struct proof *proof)
{
    if (proof->sched) {
        sched_destroy(proof->sched);
        board_destroy(proof->board);
    }
    *proof = (struct proof){0};
}

static bool settle(struct proof *proof, struct watch *watch, int64_t deadline)
{
    sched_step(proof->sched, clock_now());
    while (!sched_settled(proof->sched) && !watch->cancelled && clock_now() < deadline) {
        watch_wait(watch, proof->sched, -1, deadline);
    }
    board_judge(proof->board, clock_now());
    return sched_settled(proof->sched);
}

bool proof_ask(struct proof *proof, struct watch *watch)
{
    sched_ask_all(proof->sched);
    return settle(proof, watch, INT64_MAX) && !watch->cancelled;
}

static bool green(const struct proof *proof)
{
    const struct board *board = proof->board;
    int64_t now = clock_now();
    for (size_t i = 0; proof->only && proof->only[i]; i++) {
        const struct light *light = board_find(board, proof->only[i]);
        if (!light || !light_green(light, board, now)) {
            return false;
        }
    }
    return proof->only || gate_decide(board, now).decision == GATE_GO;
}

/* Waits on while all stay green; false as soon as one does not. */
static bool stay_green(struct proof *proof, struct watch *watch, int64_t until)
{
    sched_watch(proof->sched, true);
    while (clock_now() < until && green(proof) && !watch->cancelled) {
        watch_wait(watch, proof->sched, -1, until);
    }
    sched_watch(proof->sched, false);
    return green(proof) && !watch->cancelled;
}

/* One wait may end sooner: a child's end wakes it. */
static void pause_until(struct watch *watch, int64_t until)
{
    while (clock_now() < until && !watch->cancelled) {
        watch_wait(watch, NULL, -1, until);
    }
}

static void ask_reds(struct proof *proof)
{
    struct board *board = proof->board;
    for (size_t i = 0; i < board->count; i++) {
        if (!light_green(&board->lights[i], board, clock_now())) {
            sched_ask(proof->sched, &board->lights[i]);
        }
    }
}

/* Green still, after however long what is asked besides took. */
static enum besides all_good(struct proof *proof, int64_t until)
{
    enum besides besides =
        proof->besides ? proof->besides(proof->self, until) : BESIDES_GOOD;
    return besides == BESIDES_GOOD && !green(proof) ? BESIDES_NOT_YET : besides;
}

static bool good_at_the_end(struct proof *proof, struct watch *watch, int64_t deadline,
                            enum besides *besides)
{
    sched_ask_all(proof->sched);
    bool good = settle(proof, watch, deadline + GRACE) && green(proof);
    *besides = good ? all_good(proof, INT64_MAX) : BESIDES_NOT_YET;
    return *besides == BESIDES_GOOD;
}

bool proof_hold(struct proof *proof, struct watch *watch, char *const *only,
                int64_t within, int64_t hold)
{
    proof->only = only;
    int64_t deadline = clock_now() + within;
    sched_ask_all(proof->sched);
    while (!watch->cancelled && settle(proof, watch, deadline)) {
        enum besides besides = green(proof) ? all_good(proof, deadline) : BESIDES_NOT_YET;
        bool good = besides == BESIDES_GOOD;
        int64_t now = clock_now();
        if (watch->cancelled || besides == BESIDES_NEVER ||
            now + (good ? hold : RETRY) > deadline) {
            return false;
        }
        if (!good) {
            pause_until(watch, now + RETRY);
            ask_reds(proof);
        } else if (hold == 0) {
            return true;
        } else if (stay_green(proof, watch, now + hold) &&
                   good_at_the_end(proof, watch, deadline, &besides)) {
            return !watch->cancelled;
        }
        if (besides == BESIDES_NEVER) {
            return false;
        }
    }
    return false;
}

/* Results are masked when they are sealed. */
static json_t *lights_json(const struct board *board)
{
    json_t *list = json_array();
    for (size_t i = 0; i < board->count; i++) {
        const struct light *light = &board->lights[i];
        const struct result *result = light->result;
        json_array_append_new(
            list, json_pack("{s:o, s:s, s:o}", "name", json_text(light->name), "state",
                            result ? state_rows[result->state].word : "", "summary",
                            json_text(result ? result->summary : NULL)));
    }
    return list;
}

void proof_judge(const struct proof *proof, struct judgement *judgement)
{
    int64_t now = clock_now();
    struct verdict verdict = gate_decide(proof->board, now);
    judgement_finish(judgement);
    judgement->decision = mem_text(decision_words[verdict.decision]);
    judgement->kind = mem_text(verdict_kind(verdict));
    judgement->reasons = gate_reasons(proof->board, now);
    json_decref(judgement->lights);
    judgement->lights = lights_json(proof->board);
}

#include "board/gate.h"

#include "base/exits.h"
#include "base/mem.h"
#include "base/spawn.h"
#include "base/text.h"
#include "board/board.h"

#include <stdlib.h>

const char *const decision_words[] = {"WAIT", "GO", "NO-GO"};

/* BLOCKED is as bad as what stands in its way; where that is not known, it is unsafe. */
static enum closure blocked_by(const struct board *board, const struct light *light)
{
    const struct light *other =
        light->result->blames ? board_find(board, light->result->blames) : NULL;
    bool unknown = other && other->result && other->result->state == STATE_UNKNOWN;
    return unknown ? CLOSURE_UNPROVEN : CLOSURE_UNSAFE;
}

enum closure gate_light(const struct board *board, const struct light *light, int64_t now)
{
    if (!light->result) {
        return CLOSURE_WAITING;
    }
    switch (light->result->state) {
    case STATE_OK:
        return light_stale(light, board, now) ? CLOSURE_UNPROVEN : CLOSURE_GREEN;
    case STATE_SKIP:
        return env_class_demands(board->environment->env_class) &&
                       !light->result->not_used
                   ? CLOSURE_UNSAFE
                   : CLOSURE_NEUTRAL;
    case STATE_UNKNOWN:
        return CLOSURE_UNPROVEN;
    case STATE_BLOCKED:
        return blocked_by(board, light);
    case STATE_WARN:
    case STATE_FAIL:
    case STATE_COUNT:
        break;
    }
    return CLOSURE_UNSAFE;
}

static enum closure gate_release(const struct board *board)
{
    if (!board->release_wanted || board->release) {
        return CLOSURE_NEUTRAL;
    }
    return board->release_error.code ? CLOSURE_UNPROVEN : CLOSURE_WAITING;
}

struct verdict gate_decide(const struct board *board, int64_t now)
{
    struct verdict verdict = {.decision = GATE_NO_GO};
    size_t tally[CLOSURE_UNSAFE + 1] = {0}, proven = 0;
    for (size_t i = 0; i < board->count; i++) {
        enum closure closure = gate_light(board, &board->lights[i], now);
        tally[closure]++;
        proven += closure == CLOSURE_GREEN && !board->lights[i].check->asks_nobody;
    }
    verdict.green = tally[CLOSURE_GREEN];
    verdict.asked = board->count - tally[CLOSURE_NEUTRAL];
    verdict.closed =
        tally[CLOSURE_WAITING] + tally[CLOSURE_UNPROVEN] + tally[CLOSURE_UNSAFE];
    verdict.unsafe = tally[CLOSURE_UNSAFE] > 0;
    tally[gate_release(board)]++;
    if (verdict.unsafe) {
        verdict.decision = GATE_NO_GO;
    } else if (tally[CLOSURE_WAITING] > 0) {
        verdict.decision = GATE_WAIT;
    } else if (tally[CLOSURE_UNPROVEN] == 0 && proven > 0) {
        verdict.decision = GATE_GO;
    }
    return verdict;
}

char *gate_reason(const struct board *board, const struct light *light, int64_t now)
{
    if (!light->result) {
        return mem_format("%s: no answer yet", light->name);
    }
    if (light->result->state == STATE_OK && light_stale(light, board, now)) {
        char age[TEXT_SPAN];
        text_span(age, light_age(light, now));
        return mem_format("%s: its last answer is %s old", light->name, age);
    }
    return mem_format("%s: %s", light->name, light->result->summary);
}

char **gate_reasons(const struct board *board, int64_t now)
{
    char **reasons = mem_alloc(sizeof *reasons);
    size_t *order = mem_alloc(board->count * sizeof *order);
    board_order(board, now, order);
    for (size_t i = 0; i < board->count; i++) {
        const struct light *light = &board->lights[order[i]];
        if (gate_light(board, light, now) >= CLOSURE_WAITING) {
            char *reason = gate_reason(board, light, now);
            argv_add(&reasons, reason);
            free(reason);
        }
    }
    if (gate_release(board) == CLOSURE_UNPROVEN) {
        char *reason = mem_format("release: %s", board->release_error.message);
        argv_add(&reasons, reason);
        free(reason);
    }
    if (board->count == 0) {
        argv_add(&reasons, "nothing was asked");
    } else if (!reasons[0] && gate_decide(board, now).decision == GATE_NO_GO) {
        argv_add(&reasons, "nobody was asked and answered OK: that proves nothing");
    }
    free(order);
    return reasons;
}

const char *verdict_kind(struct verdict verdict)
{
    if (verdict.decision != GATE_NO_GO) {
        return NULL;
    }
    return verdict.unsafe ? "unsafe" : "unproven";
}

int verdict_exit(struct verdict verdict)
{
    if (verdict.decision == GATE_GO) {
        return EXIT_GO;
    }
    return verdict.unsafe ? EXIT_UNSAFE : EXIT_UNPROVEN;
}

#include "board/board.h"

#include "base/buf.h"
#include "base/clock.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/spawn.h"
#include "base/text.h"
#include "config/route.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int64_t span_of(const json_t *section, const char *key, int64_t fallback)
{
    return json_object_get(section, key) ? config_span(section, key) : fallback;
}

static void add_light(struct board *board, const struct check *check, const char *name,
                      const json_t *section)
{
    board->lights = mem_resize(board->lights, (board->count + 1) * sizeof *board->lights);
    board->lights[board->count++] = (struct light){
        .check = check,
        .name = mem_text(name),
        .section = section,
        .period = span_of(section, "period", check->period),
        .deadline = span_of(section, "deadline", check->deadline),
    };
}

/* A section with a "*" in it: where it ends so, a light for each entry of that map that a
 * `via` names, "tunnel bastion"; else for each that has the rest, "backend settings". */
static void add_each(struct board *board, const struct check *check, const char *star)
{
    const char *rest = star + strlen("/*");
    char *map = mem_bytes(check->section, (size_t)(star - check->section));
    const char *key;
    json_t *entry;
    json_object_foreach((json_t *)(uintptr_t)config_section(board->environment, map), key,
                        entry)
    {
        bool used = *rest || route_used(board->environment->root, key);
        const json_t *section = *rest ? json_at(entry, rest) : entry;
        if (used && section) {
            char *name = *rest ? mem_format("%s %s", key, check->name)
                               : mem_format("%s %s", check->name, key);
            add_light(board, check, name, section);
            free(name);
        }
    }
    free(map);
}

/* A check with a section of its own is always a light; a generic one, once for each
 * entry. */
static void add_check(struct board *board, const struct check *check)
{
    const char *star = check->section ? strstr(check->section, "/*") : NULL;
    if (star) {
        add_each(board, check, star);
        return;
    }
    if (check->section) {
        add_light(board, check, check->name,
                  config_section(board->environment, check->section));
        return;
    }
    const json_t *entries = config_section(board->environment, "/checks");
    for (size_t i = 0; i < json_array_size(entries); i++) {
        const json_t *entry = json_array_get(entries, i);
        if (text_equal(json_get_text(entry, "type"), check->name)) {
            add_light(board, check, json_get_text(entry, "name"), entry);
        }
    }
}

struct board *board_create(const struct environment *environment,
                           const struct check *const *checks)
{
    struct board *board = mem_alloc(sizeof *board);
    board->environment = environment_ref(environment);
    board->release_wanted = config_section(environment, "/release") != NULL;
    board->max_age = config_span(config_section(environment, "/gate"), "max_age");
    for (size_t i = 0; checks[i]; i++) {
        add_check(board, checks[i]);
    }
    return board;
}

void board_destroy(struct board *board)
{
    if (!board) {
        return;
    }
    for (size_t i = 0; i < board->count; i++) {
        free(board->lights[i].name);
        result_destroy(board->lights[i].result);
    }
    for (size_t i = 0; i < MOMENTS; i++) {
        free(board->moments[i].text);
    }
    free(board->lights);
    free(board->release);
    free(board->given);
    environment_unref(board->environment);
    free(board);
}

struct light *board_find(const struct board *board, const char *name)
{
    for (size_t i = 0; i < board->count; i++) {
        if (strcmp(board->lights[i].name, name) == 0) {
            return &board->lights[i];
        }
    }
    return NULL;
}

static void push_trend(struct light *light, double figure)
{
    if (light->trend_count == TREND) {
        memmove(light->trend, light->trend + 1, (TREND - 1) * sizeof light->trend[0]);
        light->trend_count--;
    }
    light->trend[light->trend_count++] = figure;
}

static void keep_figures(struct board *board, struct light *light,
                         const struct result *result)
{
    if (result->has_figure) {
        push_trend(light, result->figure);
    }
    if (result->attempts > 0) {
        board->attempts[board->attempt_count++ % ATTEMPTS] =
            (struct attempt){result->ended, result->attempts, result->succeeded};
    }
    if (result->has_users) {
        board->readings[board->reading_count++ % READINGS] =
            (struct reading){result->ended, result->users_good, result->users_total};
    }
}

bool board_take(struct board *board, struct light *light, struct result *take_result)
{
    struct result *before = light->result;
    light->result = take_result;
    keep_figures(board, light, take_result);
    bool changed = !before || before->state != take_result->state;
    if (changed) {
        light->since = take_result->ended;
    }
    if (before && changed) {
        board_tell(board, take_result->state, "%s went from %s to %s: %s", light->name,
                   state_rows[before->state].shown, state_rows[take_result->state].shown,
                   take_result->summary);
    }
    result_destroy(before);
    return changed;
}

void board_tell(struct board *board, enum state state, const char *format, ...)
{
    struct moment *moment = &board->moments[board->moment_count++ % MOMENTS];
    free(moment->text);
    va_list args;
    va_start(args, format);
    moment->text = mem_format_list(format, args);
    va_end(args);
    moment->wall = clock_wall();
    moment->state = state;
}

const struct moment *board_moment(const struct board *board, size_t back)
{
    if (back >= board->moment_count || back >= MOMENTS) {
        return NULL;
    }
    return &board->moments[(board->moment_count - 1 - back) % MOMENTS];
}

static void tell_verdict(struct board *board, int64_t now)
{
    if (board->verdict.decision == GATE_GO) {
        board_tell(board, STATE_OK, "gate open: %zu of %zu green", board->verdict.green,
                   board->verdict.asked);
        return;
    }
    char **reasons = gate_reasons(board, now);
    board_tell(board, board->verdict.unsafe ? STATE_FAIL : STATE_UNKNOWN,
               "gate closed: %s",
               reasons[0] ? reasons[0] : "waiting for the first answers");
    argv_free(reasons);
}

bool board_judge(struct board *board, int64_t now)
{
    enum decision before = board->verdict.decision;
    board->verdict = gate_decide(board, now);
    if (board->verdict.decision == before) {
        return false;
    }
    tell_verdict(board, now);
    return true;
}

int64_t light_age(const struct light *light, int64_t now)
{
    return light->result ? now - light->result->began : 0;
}

bool light_stale(const struct light *light, const struct board *board, int64_t now)
{
    return light->result && light_age(light, now) > board->max_age;
}

bool light_green(const struct light *light, const struct board *board, int64_t now)
{
    return gate_light(board, light, now) == CLOSURE_GREEN;
}

void board_attempts(const struct board *board, int64_t now, int64_t window,
                    unsigned *attempts, unsigned *succeeded)
{
    *attempts = *succeeded = 0;
    for (size_t i = 0; i < board->attempt_count && i < ATTEMPTS; i++) {
        if (now - board->attempts[i].at <= window) {
            *attempts += board->attempts[i].attempts;
            *succeeded += board->attempts[i].succeeded;
        }
    }
}

bool board_reading(const struct board *board, int64_t now, int64_t window,
                   struct reading *reading)
{
    bool found = false;
    for (size_t i = 0; i < board->reading_count && i < READINGS; i++) {
        const struct reading *one = &board->readings[i];
        if (now - one->at <= window && (!found || one->at < reading->at)) {
            *reading = *one;
            found = true;
        }
    }
    return found;
}

/* Higher is worse: what closes the gate first, then the state. */
static int badness(const struct board *board, const struct light *light, int64_t now)
{
    static const int closures[] = {[CLOSURE_GREEN] = 1,
                                   [CLOSURE_NEUTRAL] = 0,
                                   [CLOSURE_WAITING] = 2,
                                   [CLOSURE_UNPROVEN] = 3,
                                   [CLOSURE_UNSAFE] = 4};
    int state = light->result ? state_rows[light->result->state].rank : 0;
    return closures[gate_light(board, light, now)] * 10 + state;
}

void board_order(const struct board *board, int64_t now, size_t *order)
{
    for (size_t i = 0; i < board->count; i++) {
        size_t at = i;
        int mine = badness(board, &board->lights[i], now);
        while (at > 0 && badness(board, &board->lights[order[at - 1]], now) < mine) {
            order[at] = order[at - 1];
            at--;
        }
        order[at] = i;
    }
}

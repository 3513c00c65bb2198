#include "cli/preflight.h"

#include "base/clock.h"
#include "cli/cli.h"

#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static const int64_t PATIENCE = CLOCK_SECOND;  /* nobody wants progress before that */
static const int64_t PAUSE = 2 * CLOCK_SECOND; /* between two rounds of --wait */

static void show_awaited(const struct board *board)
{
    fputs("\r\033[Kasking", stderr);
    for (size_t i = 0; i < board->count; i++) {
        if (board->lights[i].running) {
            fprintf(stderr, " %s", board->lights[i].name);
        }
    }
    fputs(" …", stderr);
}

bool preflight_ask(struct sched *sched, struct board *board, const bool *named)
{
    if (!named) {
        sched_ask_all(sched);
    }
    for (size_t i = 0; named && i < board->count; i++) {
        if (named[i]) {
            sched_ask(sched, &board->lights[i]);
        }
    }
    bool terminal = isatty(STDERR_FILENO);
    bool shown = false;
    int64_t started = clock_now();
    for (;;) {
        int64_t now = clock_now();
        bool changed = sched_step(sched, now);
        if (sched_settled(sched) || cli_cancelled) {
            break;
        }
        if (terminal && now - started > PATIENCE && (changed || !shown)) {
            show_awaited(board);
            shown = true;
        }
        int wait = sched_wait(sched, now);
        struct pollfd ready = {sched_fd(sched), POLLIN, 0};
        poll(&ready, 1, terminal && !shown && (wait < 0 || wait > 1000) ? 1000 : wait);
    }
    if (shown) {
        fputs("\r\033[K", stderr);
    }
    board_judge(board, clock_now());
    return !cli_cancelled;
}

static bool is_open(const struct board *board, const bool *named)
{
    if (!named) {
        return board->verdict.decision == GATE_GO;
    }
    bool open = true;
    for (size_t i = 0; i < board->count; i++) {
        open = open && (!named[i] || light_green(&board->lights[i], board, clock_now()));
    }
    return open;
}

bool preflight_wait(struct sched *sched, struct board *board, const bool *named,
                    int64_t wait)
{
    int64_t end = clock_now() + wait;
    while (preflight_ask(sched, board, named)) {
        if (is_open(board, named) || clock_now() + PAUSE >= end) {
            return true;
        }
        if (isatty(STDERR_FILENO)) {
            fputs("not green yet, asking again …\n", stderr);
        }
        poll(NULL, 0, (int)(PAUSE / CLOCK_MS));
    }
    return false;
}

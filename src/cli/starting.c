#include "cli/starting.h"

#include "base/clock.h"
#include "base/mem.h"
#include "base/spawn.h"
#include "checks/checks.h"
#include "cli/attach.h"
#include "cli/refusal.h"
#include "cli/check.h"
#include "lock/coordinator.h"
#include "lock/standing.h"
#include "net/http.h"
#include "release/backup.h"
#include "release/departure.h"
#include "run/launch.h"
#include "store/events.h"

#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const int64_t PATIENCE = 60 * CLOCK_SECOND; /* a confirmation expires */
static const int64_t STANDING_PATIENCE = 3 * CLOCK_SECOND;

static bool has_terminal(void)
{
    return isatty(STDIN_FILENO) && isatty(STDERR_FILENO);
}

/* Who may go on all the same is told what a deploy would have been stopped by. */
static void tell_passed(const struct standing *standing, struct starter starter)
{
    if (!starter.gated && standing->count > 0) {
        fprintf(stderr, "greenboard: this is no deploy, so it is let through%s\n",
                starter.without_lease ? ", without a lease where none can be had" : "");
    }
}

/* Before anything is asked: false where a lock, a freeze or a run stops it already. The
 * supervisor looks again. */
static bool may_start(struct starting *starting, int *status)
{
    const struct starter starter = {.gated = starting->intent.kind == KIND_DEPLOY,
                                    .without_lease = starting->without_lease};
    const struct environment *environment = starting->cli->environment;
    int64_t deadline = coordinator_deadline(environment, STANDING_PATIENCE);
    struct standing *standing = standing_now(&starting->dir, environment, deadline);
    const struct bar *bar = standing_stops(standing, starter);
    check_print_standing(standing);
    if (bar && !starting->dry_run) {
        char *const reasons[] = {bar->message, NULL};
        refusal_record(starting, reasons);
        printf("%s refused: %s\n", run_kind_words[starting->intent.kind], bar->message);
        *status = bar_rows[bar->kind].status;
    } else if (!bar) {
        tell_passed(standing, starter);
    }
    bool may = !bar || starting->dry_run;
    starting->covers = mem_text(standing->covers);
    standing_unref(standing);
    return may;
}

bool starting_open(struct starting *starting, int *status)
{
    struct error error;
    struct cli *cli = starting->cli;
    *status = EXIT_INTERNAL;
    starting->home = statedir_home(cli->state_dir, &error);
    if (!starting->home ||
        !statedir_open(&starting->dir, starting->home, cli->environment, &error)) {
        cli_fail(EXIT_INTERNAL, &error);
        return false;
    }
    http_begin();
    cli_catch_signals();
    starting->operator_name = events_operator();
    if (!may_start(starting, status)) {
        return false;
    }
    starting->board = board_create(cli->environment, checks_all);
    starting->board->given = mem_text(starting->intent.release);
    starting->sched = sched_create(starting->board, NULL);
    return true;
}

void starting_close(struct starting *starting)
{
    if (starting->sched) {
        sched_destroy(starting->sched);
    }
    plan_destroy(starting->plan);
    board_destroy(starting->board);
    statedir_finish(&starting->dir);
    free(starting->operator_name);
    free(starting->covers);
    free(starting->home);
}

/* ---- the confirmation ---- */

static void print_line(void *self, const char *label, const char *text)
{
    (void)self;
    printf("  %-10s %s\n", label, text);
}

static void print_departure(const struct starting *starting)
{
    struct departure departure;
    departure_read(&departure, &starting->dir, starting->cli->environment);
    departure_show(&departure, print_line, NULL);
    departure_finish(&departure);
}

static bool read_name(char *name, size_t room)
{
    struct pollfd ready = {STDIN_FILENO, POLLIN, 0};
    int64_t deadline = clock_now() + PATIENCE;
    while (!cli_cancelled && clock_left(deadline) > 0) {
        if (poll(&ready, 1, clock_left(deadline)) > 0) {
            ssize_t got = read(STDIN_FILENO, name, room - 1);
            name[got > 0 ? got : 0] = '\0';
            name[strcspn(name, "\n")] = '\0';
            return got > 0;
        }
    }
    return false;
}

static bool confirmed(const struct starting *starting, struct error *error)
{
    const char *wanted = starting->cli->environment->name;
    char name[256];
    if (starting->confirm) {
        return true; /* compared before anything was asked */
    }
    fprintf(stderr, "type %s to %s (within a minute): ", wanted,
            run_kind_words[starting->intent.kind]);
    if (!read_name(name, sizeof name)) {
        fputc('\n', stderr);
        return error_set(error, ERROR_CANCELLED, "not confirmed, nothing was started");
    }
    return strcmp(name, wanted) == 0 ||
           error_set(error, ERROR_USAGE, "that is not %s, nothing was started", wanted);
}

bool starting_confirmable(const struct starting *starting, struct error *error)
{
    const char *wanted = starting->cli->environment->name;
    if (starting->dry_run) {
        return true;
    }
    if (!starting->confirm && !has_terminal()) {
        error_set(error, ERROR_USAGE, "without a terminal nobody can confirm");
        error_hint(error, "say --confirm %s", wanted);
        return false;
    }
    if (starting->confirm && strcmp(starting->confirm, wanted) != 0) {
        error_set(error, ERROR_USAGE, "--confirm says %s, and the environment is %s",
                  starting->confirm, wanted);
        return false;
    }
    return true;
}

/* ---- the run ---- */

static int launch(struct starting *starting)
{
    struct launch launch;
    struct error error;
    bool terminal = has_terminal();
    const struct order order = {.home = starting->home,
                                .operator_name = starting->operator_name,
                                .reason = starting->reason,
                                .headless = !terminal,
                                .without_lease = starting->without_lease};
    if (!run_launch(starting->plan, &order, &launch, &error)) {
        return cli_fail(EXIT_INTERNAL, &error);
    }
    if (!terminal) {
        signal(SIGHUP, SIG_IGN);
    }
    fprintf(stderr, "run %s\n", launch.run);
    struct attachment attachment = {.cli = starting->cli,
                                    .dir = &starting->dir,
                                    .launch = &launch,
                                    .cancels = !terminal,
                                    .detach = starting->detach};
    snprintf(attachment.run, sizeof attachment.run, "%s", launch.run);
    int status = attach_follow(&attachment);
    launch_finish(&launch);
    return status;
}

int starting_go(struct starting *starting, int dry_status)
{
    struct error error;
    starting->plan = plan_create(starting->board, &starting->intent, &error);
    if (!starting->plan) {
        return cli_fail(error.code == ERROR_USAGE ? EXIT_USAGE : EXIT_CONFIG, &error);
    }
    if (starting->back) {
        plan_go_back(starting->plan, starting->back);
    }
    printf("plan\n");
    if (starting->intent.kind == KIND_DEPLOY) {
        print_departure(starting);
    }
    plan_show(starting->plan, print_line, NULL);
    print_line(NULL, "locks", starting->covers);
    backup_foreseen_show(starting->cli->environment, print_line, NULL);
    fflush(stdout);
    if (starting->dry_run) {
        return dry_status;
    }
    if (!confirmed(starting, &error)) {
        return cli_fail(error.code == ERROR_USAGE ? EXIT_USAGE : EXIT_UNPROVEN, &error);
    }
    return launch(starting);
}

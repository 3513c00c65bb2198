/* greenboard deploy: the plan, the confirmation, and the supervisor that does it. */
#include "cli/attach.h"
#include "cli/check.h"
#include "cli/cli.h"
#include "cli/preflight.h"

#include "base/clock.h"
#include "base/mem.h"
#include "base/spawn.h"
#include "base/text.h"
#include "board/asking.h"
#include "checks/checks.h"
#include "net/http.h"
#include "run/launch.h"
#include "run/supervisor.h"
#include "store/events.h"

#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const int64_t PATIENCE = 60 * CLOCK_SECOND; /* a confirmation expires */

struct deploy {
    struct cli *cli;
    const char *release, *reason, *confirm;
    int64_t wait;
    bool dry_run, detach;
    char *home, *operator_name;
    struct statedir dir;
    struct board *board;
    struct plan *plan;
};

static bool has_terminal(void)
{
    return isatty(STDIN_FILENO) && isatty(STDERR_FILENO);
}

/* ---- the gate, as this process sees it ---- */

/* The supervisor decides; but what is red already needs none to be refused, and is on the
 * trail. */
static void record_refusal(const struct deploy *deploy, char *const *reasons)
{
    struct events events;
    struct error error = {0};
    json_t *list = json_array();
    for (size_t i = 0; reasons[i]; i++) {
        json_array_append_new(list, json_string(reasons[i]));
    }
    json_t *data = json_pack("{s:o}", "reasons", list);
    struct event event = {.kind = EVENT_REFUSED,
                          .environment = deploy->cli->environment->name,
                          .operator_name = deploy->operator_name,
                          .release =
                              deploy->release ? deploy->release : deploy->board->release,
                          .text = reasons[0] ? reasons[0] : "not green",
                          .data = data};
    if (!events_open(&events, deploy->dir.events, DB_WRITE, &error) ||
        !events_append(&events, &event, NULL, &error)) {
        cli_fail(EXIT_INTERNAL, &error);
    }
    events_close(&events);
    json_decref(data);
}

static int refuse(const struct deploy *deploy)
{
    char **reasons = gate_reasons(deploy->board, clock_now());
    if (!deploy->dry_run) {
        record_refusal(deploy, reasons);
    }
    for (size_t i = 0; reasons[i]; i++) {
        fprintf(stderr, "greenboard: %s\n", reasons[i]);
    }
    printf("deploy refused: %s\n", reasons[0] ? reasons[0] : "not green");
    argv_free(reasons);
    return verdict_exit(deploy->board->verdict);
}

/* ---- the confirmation ---- */

static void print_line(void *self, const char *label, const char *text)
{
    (void)self;
    printf("  %-10s %s\n", label, text);
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

static bool confirmed(const struct deploy *deploy, struct error *error)
{
    const char *wanted = deploy->cli->environment->name;
    char name[256];
    if (deploy->confirm) {
        return true; /* compared before anything was asked */
    }
    fprintf(stderr, "type %s to deploy (within a minute): ", wanted);
    if (!read_name(name, sizeof name)) {
        fputc('\n', stderr);
        return error_set(error, ERROR_CANCELLED, "not confirmed, nothing was started");
    }
    return strcmp(name, wanted) == 0 ||
           error_set(error, ERROR_USAGE, "that is not %s, nothing was started", wanted);
}

static bool may_confirm(const struct deploy *deploy, struct error *error)
{
    const char *wanted = deploy->cli->environment->name;
    if (deploy->dry_run) {
        return true;
    }
    if (!deploy->confirm && !has_terminal()) {
        error_set(error, ERROR_USAGE, "without a terminal nobody can confirm");
        error_hint(error, "say --confirm %s", wanted);
        return false;
    }
    if (deploy->confirm && strcmp(deploy->confirm, wanted) != 0) {
        error_set(error, ERROR_USAGE, "--confirm says %s, and the environment is %s",
                  deploy->confirm, wanted);
        return false;
    }
    return true;
}

/* ---- the run ---- */

static int launch(struct deploy *deploy)
{
    struct launch launch;
    struct error error;
    if (!run_launch(deploy->plan, deploy->home, deploy->operator_name, deploy->reason,
                    &launch, &error)) {
        return cli_fail(EXIT_INTERNAL, &error);
    }
    bool terminal = has_terminal();
    if (!terminal) {
        signal(SIGHUP, SIG_IGN);
    }
    fprintf(stderr, "run %s\n", launch.run);
    struct attachment attachment = {.cli = deploy->cli,
                                    .dir = &deploy->dir,
                                    .launch = &launch,
                                    .cancels = !terminal,
                                    .detach = deploy->detach};
    snprintf(attachment.run, sizeof attachment.run, "%s", launch.run);
    int status = attach_follow(&attachment);
    launch_finish(&launch);
    return status;
}

static int decide(struct deploy *deploy)
{
    struct error error;
    if (deploy->board->verdict.decision != GATE_GO && !deploy->dry_run) {
        check_print_board(deploy->cli, deploy->board, false);
        return refuse(deploy);
    }
    deploy->plan = plan_create(deploy->board, "deploy", deploy->release, &error);
    if (!deploy->plan) {
        return cli_fail(error.code == ERROR_USAGE ? EXIT_USAGE : EXIT_CONFIG, &error);
    }
    check_print_board(deploy->cli, deploy->board, false);
    printf("plan\n");
    plan_show(deploy->plan, print_line, NULL);
    fflush(stdout);
    if (deploy->dry_run) {
        return verdict_exit(deploy->board->verdict);
    }
    if (!confirmed(deploy, &error)) {
        return cli_fail(error.code == ERROR_USAGE ? EXIT_USAGE : EXIT_UNPROVEN, &error);
    }
    return launch(deploy);
}

static int ask_and_decide(struct deploy *deploy)
{
    int status = EXIT_UNPROVEN;
    struct error error;
    deploy->home = statedir_home(deploy->cli->state_dir, &error);
    if (!deploy->home ||
        !statedir_open(&deploy->dir, deploy->home, deploy->cli->environment, &error)) {
        free(deploy->home);
        return cli_fail(EXIT_INTERNAL, &error);
    }
    http_begin();
    cli_catch_signals();
    deploy->operator_name = events_operator();
    deploy->board = board_create(deploy->cli->environment, checks_all);
    struct sched *sched = sched_create(deploy->board, NULL);
    if (preflight_wait(sched, deploy->board, NULL, deploy->wait)) {
        status = decide(deploy);
    } else {
        fputs("greenboard: stopped before every check had answered\n", stderr);
    }
    sched_destroy(sched);
    plan_destroy(deploy->plan);
    board_destroy(deploy->board);
    statedir_finish(&deploy->dir);
    free(deploy->operator_name);
    free(deploy->home);
    return status;
}

int cli_deploy(struct cli *cli, int argc, char **argv)
{
    struct deploy deploy = {.cli = cli};
    const char *wait = NULL;
    const struct option_row rows[] = {
        {"release", "R", "what is shipped; else what `release` prints", &deploy.release,
         NULL, NULL},
        {"reason", "TEXT", "why, for the record and the audit trail", &deploy.reason,
         NULL, NULL},
        {"confirm", "ENV", "the environment's name: needed without a terminal",
         &deploy.confirm, NULL, NULL},
        {"wait", "TIME", "wait until the gate opens, at most so long: 90s, 5m", &wait,
         NULL, NULL},
        {"dry-run", NULL, "show the plan and the verdict, start nothing", NULL,
         &deploy.dry_run, NULL},
        {"detach", NULL, "return as soon as the command runs", NULL, &deploy.detach,
         NULL},
    };
    const struct command *command = cli_command("deploy");
    struct error error;
    int status = cli_options(command, rows, sizeof rows / sizeof rows[0], &argc, argv);
    if (status >= 0) {
        return status;
    }
    if (argc > 1) {
        return cli_usage(command, "deploy takes no \"%s\"", argv[1]);
    }
    if (wait && !text_duration(wait, &deploy.wait, &error)) {
        return cli_fail(EXIT_USAGE, &error);
    }
    if (deploy.release && !release_valid(deploy.release, &error)) {
        return cli_fail(EXIT_USAGE, &error);
    }
    if (cli->read_only && !deploy.dry_run) {
        return cli_usage(command, "--read-only starts no run");
    }
    if (!cli_open(cli, &status)) {
        return status;
    }
    if (!cli_record(cli, cli->environment)) {
        return EXIT_INTERNAL;
    }
    return may_confirm(&deploy, &error) ? ask_and_decide(&deploy)
                                        : cli_fail(EXIT_USAGE, &error);
}

int cli_supervise(struct cli *cli, int argc, char **argv)
{
    (void)cli;
    (void)argc;
    (void)argv;
    http_begin();
    return supervisor_main(checks_all);
}

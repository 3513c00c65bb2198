/* greenboard deploy: the gate as this process sees it, then the plan, the confirmation
 * and the supervisor that does it. */
#include "cli/check.h"
#include "cli/preflight.h"
#include "cli/refusal.h"
#include "cli/starting.h"

#include "alert/courier.h"
#include "base/clock.h"
#include "base/mem.h"
#include "base/spawn.h"
#include "base/text.h"
#include "board/asking.h"
#include "checks/checks.h"
#include "net/http.h"
#include "run/supervisor.h"

#include <stdio.h>

static int refuse(const struct starting *starting)
{
    char **reasons = gate_reasons(starting->board, clock_now());
    refusal_record(starting, reasons);
    for (size_t i = 0; reasons[i]; i++) {
        fprintf(stderr, "greenboard: %s\n", reasons[i]);
    }
    printf("deploy refused: %s\n", reasons[0] ? reasons[0] : "not green");
    fflush(stdout);
    refusal_announce(starting, reasons, verdict_exit(starting->board->verdict));
    argv_free(reasons);
    return verdict_exit(starting->board->verdict);
}

static int ask_and_decide(struct starting *starting, int64_t wait)
{
    int status;
    if (!starting_open(starting, &status)) {
        starting_close(starting);
        return status;
    }
    if (!preflight_wait(starting->sched, starting->board, NULL, wait)) {
        fputs("greenboard: stopped before every check had answered\n", stderr);
        status = EXIT_UNPROVEN;
    } else {
        const struct verdict verdict = starting->board->verdict;
        check_print_board(starting->cli, starting->board, false);
        status = verdict.decision == GATE_GO || starting->dry_run
                     ? starting_go(starting, verdict_exit(verdict))
                     : refuse(starting);
    }
    starting_close(starting);
    return status;
}

int cli_deploy(struct cli *cli, int argc, char **argv)
{
    struct starting starting = {.cli = cli, .intent = {.kind = KIND_DEPLOY}};
    const char *wait = NULL;
    int64_t span = 0;
    const struct option_row rows[] = {
        {"release", "R", "what is shipped; else what `release` prints",
         &starting.intent.release, NULL, NULL},
        {"reason", "TEXT", "why, for the record and the audit trail", &starting.reason,
         NULL, NULL},
        {"confirm", "ENV", "the environment's name: needed without a terminal",
         &starting.confirm, NULL, NULL},
        {"wait", "TIME", "wait until the gate opens, at most so long: 90s, 5m", &wait,
         NULL, NULL},
        {"dry-run", NULL, "show the plan and the verdict, start nothing", NULL,
         &starting.dry_run, NULL},
        {"detach", NULL, "return as soon as the command runs", NULL, &starting.detach,
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
    if (wait && !text_duration(wait, &span, &error)) {
        return cli_fail(EXIT_USAGE, &error);
    }
    if (starting.intent.release && !release_valid(starting.intent.release, &error)) {
        return cli_fail(EXIT_USAGE, &error);
    }
    if (cli->read_only && !starting.dry_run) {
        return cli_usage(command, "--read-only starts no run");
    }
    if (!cli_open(cli, &status)) {
        return status;
    }
    if (!cli_record(cli, cli->environment)) {
        return EXIT_INTERNAL;
    }
    return starting_confirmable(&starting, &error) ? ask_and_decide(&starting, span)
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

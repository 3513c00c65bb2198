/* greenboard repair: a command that mends what is red and ships nothing. */
#include "cli/check.h"
#include "cli/preflight.h"
#include "cli/starting.h"

#include "base/clock.h"
#include "run/repair.h"

#include <stdio.h>

static void list(const struct cli *cli)
{
    size_t i;
    json_t *repair;
    const json_t *repairs = config_section(cli->environment, "/repairs");
    json_array_foreach(repairs, i, repair)
    {
        const char *title = config_text(repair, "title");
        printf("%s%s%s\n", config_text(repair, "name"), title ? ": " : "",
               title ? title : "");
    }
    if (json_array_size(repairs) == 0) {
        fprintf(stderr, "%s has no repairs\n", cli->environment->name);
    }
}

static int ask_and_go(struct starting *starting)
{
    int status;
    struct error error;
    const json_t *repair =
        steps_section(starting->cli->environment, &starting->intent, &error);
    if (!repair) {
        return cli_fail(EXIT_USAGE, &error);
    }
    if (!starting_open(starting, &status)) {
        starting_close(starting);
        return status;
    }
    if (!preflight_wait(starting->sched, starting->board, NULL, 0)) {
        fputs("greenboard: stopped before every check had answered\n", stderr);
        status = EXIT_UNPROVEN;
    } else {
        check_print_board(starting->cli, starting->board, false);
        status =
            repair_allowed(repair, starting->board, clock_now(), &starting->dir, &error)
                ? starting_go(starting, EXIT_GO)
                : cli_fail(EXIT_USAGE, &error);
    }
    starting_close(starting);
    return status;
}

int cli_repair(struct cli *cli, int argc, char **argv)
{
    struct starting starting = {.cli = cli, .intent = {.kind = KIND_REPAIR}};
    const struct option_row rows[] = {
        {"reason", "TEXT", "why, for the record and the audit trail", &starting.reason,
         NULL, NULL},
        {"confirm", "ENV", "the environment's name: needed without a terminal",
         &starting.confirm, NULL, NULL},
        {"dry-run", NULL, "show the plan, start nothing", NULL, &starting.dry_run, NULL},
        {"detach", NULL, "return as soon as the command runs", NULL, &starting.detach,
         NULL},
        {"without-lease", NULL,
         "go on where no lease can be had: other machines are not "
         "kept off",
         NULL, &starting.without_lease, NULL},
    };
    const struct command *command = cli_command("repair");
    struct error error;
    int status = cli_options(command, rows, sizeof rows / sizeof rows[0], &argc, argv);
    if (status >= 0) {
        return status;
    }
    if (argc > 2) {
        return cli_usage(command, "repair takes one name, not \"%s\" too", argv[2]);
    }
    if (cli->read_only && argc > 1 && !starting.dry_run) {
        return cli_usage(command, "--read-only starts no run");
    }
    if (!cli_open(cli, &status)) {
        return status;
    }
    if (argc < 2) {
        list(cli);
        return EXIT_GO;
    }
    starting.intent.repair = argv[1];
    if (!starting.dry_run && (!starting.reason || !*starting.reason)) {
        return cli_usage(command, "a repair wants a --reason");
    }
    if (!cli_record(cli, cli->environment)) {
        return EXIT_INTERNAL;
    }
    return starting_confirmable(&starting, &error) ? ask_and_go(&starting)
                                                   : cli_fail(EXIT_USAGE, &error);
}

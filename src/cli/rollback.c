/* greenboard rollback: what can be gone back to, what comes back with it, and the
 * supervisor that does it. */
#include "cli/cli.h"
#include "cli/starting.h"

#include "base/clock.h"
#include "base/json.h"
#include "release/back.h"
#include "release/releases.h"
#include "store/record.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct rollback {
    struct starting starting;
    const char *to;
    bool list;
    enum output output;
    struct releases releases;
    struct back back;
};

/* ---- the list ---- */

static void print_past(const struct past *past, bool best)
{
    const struct run *run = past->run;
    char stamp[CLOCK_STAMP] = "";
    if (run) {
        clock_stamp(stamp, run->started);
        stamp[19] = 'Z';
        stamp[20] = '\0';
    }
    printf("%s %-20s  %-20s  %-21s  %-14s %-10s %s%s%s%s%s\n", best ? "*" : " ",
           past->release, repute_words[past->repute], run ? run->id : "-", stamp,
           run ? run_word(run) : "-", run && run->operator_name ? run->operator_name : "",
           run && run->reason ? ": " : "", run && run->reason ? run->reason : "",
           past->newest ? " (shipped last)" : "",
           past->gone ? " (rollback.list does not print it)" : "");
}

static json_t *past_json(const struct past *past, bool best)
{
    json_t *row = json_pack("{s:s, s:s, s:b, s:b, s:b, s:o, s:o}", "release",
                            past->release, "repute", repute_words[past->repute], "chosen",
                            (int)best, "shipped_last", (int)past->newest, "gone",
                            (int)past->gone, "newest_run_ended", json_text(past->later),
                            "run", past->run ? run_json(past->run) : json_null());
    return row;
}

static int print_list(const struct rollback *rollback)
{
    const struct releases *releases = &rollback->releases;
    json_t *array = json_array();
    for (size_t i = 0; i < releases->count; i++) {
        const struct past *past = &releases->rows[i];
        if (rollback->output == OUTPUT_JSON) {
            json_array_append_new(array, past_json(past, i == releases->best));
        } else {
            print_past(past, i == releases->best);
        }
    }
    if (rollback->output == OUTPUT_JSON) {
        cli_print_json(json_incref(array));
    } else if (releases->count == 0) {
        fputs("nothing was shipped here yet\n", stderr);
    }
    json_decref(array);
    return releases->trouble.code ? cli_fail(EXIT_INTERNAL, &releases->trouble) : EXIT_GO;
}

/* ---- the plan ---- */

static void print_back(const struct rollback *rollback)
{
    const struct back *back = &rollback->back;
    char *words = back_words(back);
    printf("configuration: %s\n", words);
    free(words);
    for (size_t i = 0; i < back->count; i++) {
        bool head = back->lines[i].mark == DIFF_FILE;
        printf("  %s%c %s\n", head ? "" : "  ", diff_signs[back->lines[i].mark],
               back->lines[i].text);
    }
}

static int fail_choice(const struct error *error)
{
    return cli_fail(error->code == ERROR_CONFIG     ? EXIT_CONFIG
                    : error->code == ERROR_SYSTEM   ? EXIT_INTERNAL
                    : error->code == ERROR_PROTOCOL ? EXIT_INTERNAL
                                                    : EXIT_USAGE,
                    error);
}

static int decide(struct rollback *rollback)
{
    struct error error = {0};
    struct starting *starting = &rollback->starting;
    const struct past *past =
        releases_choose(&rollback->releases, &starting->dir, rollback->to, &error);
    if (!past || !past_allows(past, starting->reason, &error) ||
        !back_prepare(&rollback->back, &starting->dir, past->run,
                      starting->cli->environment, &error)) {
        return fail_choice(&error);
    }
    starting->intent.release = past->release;
    starting->intent.target = past->run->id;
    starting->back = &rollback->back;
    printf("rolling back to %s, %s, shipped by run %s\n", past->release,
           repute_words[past->repute], past->run->id);
    print_back(rollback);
    return starting_go(starting, EXIT_GO);
}

static int list_or_decide(struct rollback *rollback)
{
    int status;
    struct starting *starting = &rollback->starting;
    if (starting_open(starting, &status)) {
        releases_read(&rollback->releases, &starting->dir, starting->cli->environment);
        status = rollback->list ? print_list(rollback) : decide(rollback);
    }
    starting_close(starting);
    back_finish(&rollback->back);
    releases_finish(&rollback->releases);
    return status;
}

int cli_rollback(struct cli *cli, int argc, char **argv)
{
    struct rollback rollback = {
        .starting = {.cli = cli, .intent = {.kind = KIND_ROLLBACK}}};
    const char *format = NULL;
    const struct option_row rows[] = {
        {"to", "WHICH", "a release, or the run that shipped it; else the last known good",
         &rollback.to, NULL, NULL},
        {"reason", "TEXT", "why; one that was never verified wants it",
         &rollback.starting.reason, NULL, NULL},
        {"confirm", "ENV", "the environment's name: needed without a terminal",
         &rollback.starting.confirm, NULL, NULL},
        {"dry-run", NULL, "show what would come back, start nothing", NULL,
         &rollback.starting.dry_run, NULL},
        {"list", NULL, "the releases that there were, and what each is worth", NULL,
         &rollback.list, NULL},
        {"output", "text|json", "of --list", &format, NULL, NULL},
        {"without-lease", NULL,
         "go on where no lease can be had: other machines are not kept off", NULL,
         &rollback.starting.without_lease, NULL},
        {"detach", NULL, "return as soon as the command runs", NULL,
         &rollback.starting.detach, NULL},
    };
    const struct command *command = cli_command("rollback");
    struct error error;
    int status = cli_options(command, rows, sizeof rows / sizeof rows[0], &argc, argv);
    if (status >= 0) {
        return status;
    }
    if (argc > 1) {
        return cli_usage(command, "rollback takes no \"%s\"", argv[1]);
    }
    if (!cli_output(format, OUTPUT_TEXT, &rollback.output)) {
        return EXIT_USAGE;
    }
    if (cli->read_only && !rollback.starting.dry_run && !rollback.list) {
        return cli_usage(command, "--read-only starts no run");
    }
    if (!cli_open(cli, &status)) {
        return status;
    }
    if (!rollback.list && !cli_record(cli, cli->environment)) {
        return EXIT_INTERNAL;
    }
    if (!rollback.list && !starting_confirmable(&rollback.starting, &error)) {
        return cli_fail(EXIT_USAGE, &error);
    }
    return list_or_decide(&rollback);
}

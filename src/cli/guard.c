/* greenboard guard: the first line of a deploy script, which then runs only beneath a
 * live run. */
#include "cli/cli.h"

#include "base/fs.h"
#include "base/mem.h"
#include "run/control.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The run that our environment names: its supervisor knows whether it runs us. */
static bool beneath_a_run(const char *directory, const char *id, struct error *error)
{
    char *runs = fs_directory(directory);
    const struct statedir dir = {.runs = runs};
    bool live = control_guard(&dir, id, error);
    free(runs);
    return live;
}

int cli_guard(struct cli *cli, int argc, char **argv)
{
    (void)cli;
    const struct command *command = cli_command("guard");
    struct error error = {0};
    int status = cli_options(command, NULL, 0, &argc, argv);
    if (status >= 0) {
        return status;
    }
    const char *directory = getenv("GREENBOARD_RUN_DIR"), *id = getenv("GREENBOARD_RUN");
    if (!directory || !id) {
        error_set(&error, ERROR_DENIED, "not started by greenboard");
    } else if (beneath_a_run(directory, id, &error)) {
        return EXIT_GO;
    }
    error_hint(&error,
               "run `greenboard deploy`: it starts this when every check is green");
    return cli_fail(EXIT_UNSAFE, &error);
}

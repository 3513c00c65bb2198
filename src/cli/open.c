/* From the command line to one environment that may be used. */
#include "cli/cli.h"

#include "config/locate.h"
#include "config/trust.h"
#include "secret/fingerprint.h"
#include "source/capture.h"

#include <stdio.h>
#include <stdlib.h>

static bool load(struct cli *cli, struct located *located, int *status)
{
    struct error error;
    if (!locate_config(cli->config_path, located, &error)) {
        *status = cli_fail(EXIT_CONFIG, &error);
        return false;
    }
    cli->config = config_load(located->path);
    if (!config_usable(cli->config)) {
        char *complaint = config_complaint(cli->config);
        fputs(complaint, stderr);
        free(complaint);
        *status = EXIT_CONFIG;
        return false;
    }
    if (located->found &&
        !trust_known(cli->state_dir, cli->config->file, cli->config->digest, &error)) {
        *status = cli_fail(EXIT_CONFIG, &error);
        return false;
    }
    return true;
}

struct taking {
    bool done;
    struct error error;
};

static void take_source(void *self, const json_t *source)
{
    struct taking *taking = self;
    taking->done = taking->done && capture_take_source(source, &taking->error);
}

bool cli_open(struct cli *cli, int *status)
{
    struct located located = {0};
    struct error error;
    bool done = load(cli, &located, status);
    free(located.path);
    if (!done) {
        return false;
    }
    cli->environment = config_environment(cli->config, cli->environment_name, &error);
    if (!cli->environment) {
        *status = cli_fail(EXIT_USAGE, &error);
        return false;
    }
    struct taking taking = {.done = true};
    config_sources(cli->environment, take_source, &taking);
    if (!taking.done) {
        *status = cli_fail(EXIT_INTERNAL, &taking.error);
        return false;
    }
    if (!fingerprint_begin(cli->state_dir, &error)) {
        *status = cli_fail(EXIT_INTERNAL, &error);
        return false;
    }
    return true;
}

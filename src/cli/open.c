/* From the command line to one environment that may be used. */
#include "cli/cli.h"

#include "base/text.h"
#include "config/locate.h"
#include "config/trust.h"
#include "secret/fingerprint.h"
#include "source/capture.h"
#include "store/invalid.h"
#include "store/statedir.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The home of all state, or NULL: it was said why. */
static char *home_of(const struct cli *cli)
{
    struct error error;
    char *home = statedir_home(cli->state_dir, &error);
    if (!home) {
        cli_fail(EXIT_INTERNAL, &error);
    }
    return home;
}

bool cli_statedir(const struct cli *cli, struct statedir *dir, struct error *error)
{
    char *home = statedir_home(cli->state_dir, error);
    bool done = home && statedir_open(dir, home, cli->environment, error);
    free(home);
    return done;
}

static void record_file(const struct cli *cli, const struct config *config)
{
    struct error error;
    char *home = cli->read_only ? NULL : home_of(cli);
    if (home && !invalid_record_file(home, config, &error)) {
        cli_fail(EXIT_INTERNAL, &error);
    }
    free(home);
}

bool cli_record(const struct cli *cli, const struct environment *environment)
{
    struct error error;
    char *home = cli->read_only ? NULL : home_of(cli);
    bool done = cli->read_only || (home && invalid_record(home, environment, &error));
    if (home && !done) {
        cli_fail(EXIT_INTERNAL, &error);
    }
    free(home);
    return done;
}

/* One that was named and is not there is a failure as much as one that is wrong. */
static void record_missing(const struct cli *cli)
{
    const char *named = cli->config_path ? cli->config_path : getenv("GREENBOARD_CONFIG");
    if (named && *named) {
        struct config *config = config_load(named);
        record_file(cli, config);
        config_destroy(config);
    }
}

bool cli_load(struct cli *cli, struct located *located, int *status)
{
    struct error error;
    *status = EXIT_CONFIG;
    if (!locate_config(cli->config_path, located, &error)) {
        record_missing(cli);
        cli_fail(EXIT_CONFIG, &error);
        return false;
    }
    cli->config = config_load(located->path);
    if (config_usable(cli->config)) {
        return true;
    }
    record_file(cli, cli->config);
    char *complaint = config_complaint(cli->config);
    fputs(complaint, stderr);
    free(complaint);
    return false;
}

static bool load(struct cli *cli, struct located *located, int *status)
{
    struct error error;
    if (!cli_load(cli, located, status)) {
        return false;
    }
    if (located->found &&
        !trust_known(cli->state_dir, cli->config->file, cli->config->digest, &error)) {
        *status = cli_fail(EXIT_CONFIG, &error);
        return false;
    }
    return true;
}

/* By its number or its name; anything else chooses nothing, and no default is offered:
 * who means staging must not land in production. NULL where there is no answer. */
static const char *pick_environment(const struct config *config)
{
    fprintf(stderr, "%s has %zu environments:\n", config->file, config->count);
    for (size_t i = 0; i < config->count; i++) {
        const struct environment *environment = config->environments[i];
        fprintf(stderr, "  %zu  %s (%s)\n", i + 1, environment->name,
                env_class_words[environment->env_class]);
    }
    for (;;) {
        char answer[128];
        fputs("which one? ", stderr);
        if (!fgets(answer, sizeof answer, stdin)) {
            return NULL;
        }
        answer[strcspn(answer, "\n")] = '\0';
        int64_t number = 0;
        if (text_integer(answer, 1, (int64_t)config->count, &number)) {
            return config->environments[number - 1]->name;
        }
        for (size_t i = 0; i < config->count; i++) {
            if (text_equal(answer, config->environments[i]->name)) {
                return config->environments[i]->name;
            }
        }
        fprintf(stderr, "there is no \"%s\"\n", answer);
    }
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

bool cli_choose(struct cli *cli, int *status)
{
    struct located located = {0};
    struct error error;
    bool done = load(cli, &located, status);
    free(located.path);
    if (!done) {
        return false;
    }
    if (!cli->environment_name && cli->may_pick && cli->config->count > 1) {
        cli->environment_name = pick_environment(cli->config);
    }
    cli->environment = config_environment(cli->config, cli->environment_name, &error);
    if (!cli->environment) {
        *status = cli_fail(EXIT_USAGE, &error);
        return false;
    }
    struct taking taking = {.done = true};
    /* Of every environment: a command in staging is not given production's password. */
    for (size_t i = 0; i < cli->config->count; i++) {
        config_sources(cli->config->environments[i], take_source, &taking);
    }
    if (!taking.done) {
        *status = cli_fail(EXIT_INTERNAL, &taking.error);
        return false;
    }
    return true;
}

bool cli_open(struct cli *cli, int *status)
{
    struct error error;
    if (!cli_choose(cli, status)) {
        return false;
    }
    statedir_tell(cli->state_dir);
    if (!fingerprint_begin(cli->state_dir, &error)) {
        *status = cli_fail(EXIT_INTERNAL, &error);
        return false;
    }
    return true;
}

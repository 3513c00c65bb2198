/* greenboard config: what the configuration says, whether it is right, and whether it may
 * run. None of this runs a command or asks anybody, so that a file need not be trusted
 * for it. */
#include "cli/cli.h"

#include "base/mem.h"
#include "base/text.h"
#include "config/demand.h"
#include "config/locate.h"
#include "config/schema.h"
#include "config/trust.h"

#include <stdio.h>
#include <stdlib.h>

/* Loads what there is, or says why not. */
static bool load(struct cli *cli, int *status)
{
    struct located located;
    int refused;
    bool loaded = cli_load(cli, &located, &refused);
    free(located.path);
    *status = loaded ? *status : refused;
    return loaded;
}

/* Prints what a class demands in vain; true where the gate would stay closed for it. */
static bool show_findings(const struct environment *environment)
{
    struct findings findings;
    bool fails = false;
    demand_examine(environment, &findings);
    for (size_t i = 0; i < findings.count; i++) {
        const struct finding *finding = &findings.rows[i];
        printf("%s%s: %s (%s)\n", finding->fails ? "" : "note: ", finding->path,
               finding->message, finding->remedy);
        fails = fails || finding->fails;
    }
    findings_finish(&findings);
    return fails;
}

static int check(struct cli *cli)
{
    int status = EXIT_GO;
    struct error error;
    if (!load(cli, &status)) {
        return status;
    }
    const struct environment *only = NULL;
    if (cli->environment_name &&
        !(only = config_environment(cli->config, cli->environment_name, &error))) {
        return cli_fail(EXIT_USAGE, &error);
    }
    size_t examined = 0;
    for (size_t i = 0; i < cli->config->count; i++) {
        const struct environment *environment = cli->config->environments[i];
        if (!only || only == environment) {
            examined++;
            if (!cli_record(cli, environment)) {
                return EXIT_INTERNAL;
            }
            status = show_findings(environment) ? EXIT_UNSAFE : status;
        }
    }
    if (status == EXIT_GO) {
        printf("%s: fine, %zu environment%s\n", cli->config->file, examined,
               examined == 1 ? "" : "s");
    }
    return status;
}

static int show(struct cli *cli)
{
    int status = EXIT_GO;
    struct error error;
    if (!load(cli, &status)) {
        return status;
    }
    const struct environment *environment =
        config_environment(cli->config, cli->environment_name, &error);
    if (!environment) {
        return cli_fail(EXIT_USAGE, &error);
    }
    json_t *root = json_pack("{s:s}", "class", env_class_words[environment->env_class]);
    json_object_update_missing(root, (json_t *)(uintptr_t)environment->root);
    cli_print_json(root);
    return EXIT_GO;
}

static int schema(struct cli *cli)
{
    (void)cli;
    cli_print_json(schema_create());
    return EXIT_GO;
}

static int trust(struct cli *cli)
{
    int status = EXIT_GO;
    struct error error;
    if (!load(cli, &status)) {
        return status;
    }
    if (!trust_add(cli->state_dir, cli->config->file, cli->config->digest, &error)) {
        return cli_fail(EXIT_INTERNAL, &error);
    }
    printf("trusted %s (SHA-256 %.12s), until it changes\n", cli->config->file,
           cli->config->digest);
    return EXIT_GO;
}

int cli_config(struct cli *cli, int argc, char **argv)
{
    static const struct {
        const char *name;
        int (*run)(struct cli *cli);
    } verbs[] = {{"check", check}, {"show", show}, {"schema", schema}, {"trust", trust}};
    const struct command *command = cli_command("config");
    int status = cli_options(command, NULL, 0, &argc, argv);
    if (status >= 0) {
        return status;
    }
    for (size_t i = 0; argc == 2 && i < sizeof verbs / sizeof verbs[0]; i++) {
        if (text_equal(argv[1], verbs[i].name)) {
            return verbs[i].run(cli);
        }
    }
    return cli_usage(command, argc == 1   ? "what about the configuration?"
                              : argc == 2 ? "no such thing to do with the configuration"
                                          : "one thing at a time");
}

/* greenboard secret: look at the secrets that the configuration names without showing
 * one (check), or run a service with the canonical one (exec).
 *
 * `exec` is how two services in any language start from one source. It fails closed: in
 * staging and production only the first source of jwt.canonical is the canonical one,
 * whatever stands behind it is a fallback, and a service that starts on a fallback is how
 * two services came to hold different secrets. */
#include "cli/secret.h"

#include "base/mem.h"
#include "base/spawn.h"
#include "base/text.h"
#include "net/http.h"
#include "secret/hygiene.h"
#include "source/source.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char default_name[] = "JWT_SECRET_KEY";

/* ---- exec: what the service is given ---- */

static bool is_fallback(const struct resolved *resolved)
{
    return resolved->tried && *resolved->tried;
}

/* Fit to be handed to a service of this environment; says why not otherwise. */
static bool judge(const struct environment *environment, const struct resolved *resolved,
                  struct error *error)
{
    if (resolved->state != SOURCE_FOUND) {
        *error = resolved->error;
        error_prefix(error, "JWT_SECRET_KEY REQUIRED: %s", resolved->label);
        return false;
    }
    if (env_class_demands(environment->env_class) && is_fallback(resolved)) {
        error_set(error, ERROR_DENIED,
                  "%s is not the canonical source, which was passed over (%s)",
                  resolved->label, resolved->tried);
        error_hint(error, "put the secret where jwt.canonical looks first, or take that "
                          "source out of the list");
        return false;
    }
    const struct hygiene_rule *failure = hygiene_failure(resolved->secret);
    if (failure) {
        error_set(error, ERROR_DENIED, "the JWT secret %s (from %s)", failure->finding,
                  resolved->label);
        error_hint(error, "%s", failure->remedy);
        return false;
    }
    if (memchr(secret_data(resolved->secret), '\0', secret_length(resolved->secret))) {
        error_set(error, ERROR_DENIED, "the JWT secret (from %s) holds a NUL byte",
                  resolved->label);
        error_hint(error, "no variable can carry that: store it encoded, as base64");
        return false;
    }
    return true;
}

static bool resolve_canonical(const struct environment *environment,
                              struct resolved *resolved, struct error *error)
{
    const json_t *section = config_section(environment, "/jwt");
    *resolved = (struct resolved){0};
    if (!section) {
        error_set(error, ERROR_CONFIG, "jwt is not configured in %s", environment->name);
        error_hint(error, "say where the canonical secret is kept in jwt.canonical");
        return false;
    }
    const struct source_context context = {.directory = environment->directory,
                                           .deadline = clock_now() + SECRET_PATIENCE};
    source_resolve(json_object_get(section, "canonical"), &context, resolved);
    return judge(environment, resolved, error);
}

static bool is_variable(const char *name)
{
    static const char fit[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz_"
                              "0123456789";
    size_t length = strlen(name);
    return length > 0 && strspn(name, fit) == length &&
           !(name[0] >= '0' && name[0] <= '9');
}

static bool sets(const char *entry, char *const *names)
{
    size_t length = strcspn(entry, "=");
    for (; *names; names++) {
        if (strlen(*names) == length && strncmp(entry, *names, length) == 0) {
            return true;
        }
    }
    return false;
}

/* Our environment, from which every variable that is a source was taken, and the names
 * with the secret. */
static char **build_environment(char *const *names, const struct secret *secret)
{
    char **environment = NULL;
    for (char **entry = environ; *entry; entry++) {
        if (!sets(*entry, names)) {
            argv_add(&environment, *entry);
        }
    }
    for (; *names; names++) {
        char *entry = mem_format("%s=%s", *names, secret_data(secret));
        argv_add(&environment, entry);
        mem_cleanse(entry);
    }
    return environment;
}

/* ---- exec: becoming the service ---- */

/* Returns only where it cannot be executed, with the status that env(1) gives for that.
 * SIGPIPE alone was changed by main(): an ignored signal stays ignored across execve(2).
 * Core limit and umask are the caller's still; execve makes the process dumpable
 * again. */
static int become(char *const *command, char *const *environment)
{
    signal(SIGPIPE, SIG_DFL);
    fflush(NULL);
    execvpe(command[0], command, environment);
    int number = errno;
    struct error error;
    error_system(&error, number, "cannot run %s", command[0]);
    return cli_fail(number == ENOENT ? EXIT_NOT_FOUND : EXIT_NOT_RUN, &error);
}

static int exec_with(struct cli *cli, char *const *names, char *const *command)
{
    int status = EXIT_GO;
    struct error error;
    struct resolved resolved;
    cli->read_only = true; /* it writes no state, whatever is wrong */
    if (!cli_choose(cli, &status)) {
        return status;
    }
    http_begin();
    if (!resolve_canonical(cli->environment, &resolved, &error)) {
        resolved_finish(&resolved);
        return cli_fail(error.code == ERROR_SYSTEM ? EXIT_UNPROVEN : EXIT_UNSAFE, &error);
    }
    char **environment = build_environment(names, resolved.secret);
    resolved_finish(&resolved);
    status = become(command, environment);
    for (char **entry = environment; *entry; entry++) {
        explicit_bzero(*entry, strlen(*entry));
    }
    argv_free(environment);
    return status;
}

static int secret_exec(struct cli *cli, char **names, char *const *command)
{
    const struct command *self = cli_command("secret");
    if (!command || !command[0]) {
        return cli_usage(self, "exec: which command? It stands behind --");
    }
    if (cli->read_only) {
        return cli_usage(self, "--read-only starts no command");
    }
    for (char **name = names; *name; name++) {
        if (!is_variable(*name)) {
            return cli_usage(self, "\"%s\" is no name of a variable", *name);
        }
    }
    return exec_with(cli, names, command);
}

/* ---- either ---- */

/* What stands behind "--" is the command's own, options too. NULL: there is no "--". */
static char **split_command(int *argc, char **argv)
{
    for (int i = 1; i < *argc; i++) {
        if (text_equal(argv[i], "--")) {
            argv[i] = NULL;
            *argc = i;
            return argv + i + 1;
        }
    }
    return NULL;
}

static int choose_and_check(struct cli *cli, enum output output)
{
    int status = EXIT_GO;
    return cli_open(cli, &status) ? secret_check(cli, output) : status;
}

int cli_secret(struct cli *cli, int argc, char **argv)
{
    const char *format = NULL;
    char **names = NULL;
    const struct option_row rows[] = {
        {"as", "NAME",
         "exec: the variable that holds it, instead of JWT_SECRET_KEY; "
         "may be repeated",
         NULL, NULL, &names},
        {"output", "FORMAT", "check: text or json (also -o)", &format, NULL, NULL},
    };
    const struct command *command = cli_command("secret");
    char **behind = split_command(&argc, argv);
    int status = cli_options(command, rows, sizeof rows / sizeof rows[0], &argc, argv);
    enum output output = OUTPUT_TEXT;
    if (status < 0 && argc == 2 && text_equal(argv[1], "exec") && !format) {
        if (!names) {
            argv_add(&names, default_name);
        }
        status = secret_exec(cli, names, behind);
    } else if (status < 0 && argc == 2 && text_equal(argv[1], "check") && !names &&
               !behind) {
        status = cli_output(format, OUTPUT_TEXT, &output) ? choose_and_check(cli, output)
                                                          : EXIT_USAGE;
    } else if (status < 0) {
        status = cli_usage(command, argc == 1 ? "what about the secrets?"
                                              : "no such thing to do with the secrets");
    }
    if (names) {
        argv_free(names);
    }
    return status;
}

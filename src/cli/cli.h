/* The command line: what main() found out before it knew what to do, and THE table of
 * sub-commands (commands.c). Everything here runs on the main thread. */
#ifndef GREENBOARD_CLI_CLI_H
#define GREENBOARD_CLI_CLI_H

#include "base/error.h"
#include "base/exits.h"
#include "config/config.h"

#include <getopt.h>
#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

struct cli {
    const char *config_path;      /* -c, or NULL */
    const char *environment_name; /* -e, or NULL */
    /* the console on a terminal: asks where -e is not given and several are there */
    bool may_pick;
    /* --state-dir, $GREENBOARD_STATE_DIR, or the XDG one; never NULL */
    const char *state_dir;
    bool read_only;
    bool plain;
    bool ascii;            /* also where the locale is not UTF-8 */
    bool colour;           /* false with $NO_COLOR */
    struct config *config; /* after cli_open() */
    const struct environment *environment;
};

struct command {
    const char *name;
    const char *usage; /* what follows the name */
    const char *help;
    /* argv[0] is the name; an exit status */
    int (*run)(struct cli *cli, int argc, char **argv);
    bool hidden;
};

extern const struct command commands[];
extern const size_t command_count;

/* THE table of what may stand before the sub-command. */
struct global_row {
    struct option option;
    const char *value; /* "FILE", NULL: a switch */
    const char *help;
};
extern const struct global_row global_rows[];
extern const size_t global_count;

const struct command *cli_command(const char *name); /* one that is in the table */

/* Finds, loads and trusts the configuration, chooses the environment, takes secret
 * variables out of our environment. On failure it has said why on stderr, and *status is
 * what to exit with. */
bool cli_choose(struct cli *cli, int *status);
/* The same, and reads the key of the fingerprints, which makes the state directory. */
bool cli_open(struct cli *cli, int *status);

/* Finds and loads the configuration. What is wrong with it is said on stderr, and on the
 * audit trail unless --read-only. */
struct located;
bool cli_load(struct cli *cli, struct located *located, int *status);
/* Tells the audit trail what an environment lacks, or is said not to use. False, having
 * said why, where it cannot. */
bool cli_record(const struct cli *cli, const struct environment *environment);

/* Where the state of the environment lives, after cli_open(). */
struct statedir;
bool cli_statedir(const struct cli *cli, struct statedir *dir, struct error *error);

/* "greenboard: MESSAGE" and, on a line of its own, the hint, on stderr. Returns
 * `status`. */
int cli_fail(int status, const struct error *error);
int cli_usage(const struct command *command, const char *format, ...)
    __attribute__((format(printf, 2, 3))); /* EXIT_USAGE, with the usage line */

/* Options of a sub-command: long ones only, "--name VALUE" or "--name=VALUE", "-o" for
 * --output. */
struct option_row {
    const char *name;  /* "wait" */
    const char *value; /* "TIME", NULL: a switch */
    const char *help;
    const char **text; /* where the value goes */
    bool *flag;        /* where a switch goes */
    char ***list;      /* where the values go of one that may be repeated: argv_add() */
};
/* Takes the options out of argv; what is left are words, from argv[1] on. -1 to go on,
 * else the exit status: it complained, or showed the help that was asked for. */
int cli_options(const struct command *command, const struct option_row *rows,
                size_t count, int *argc, char **argv);

/* What answers --help of a sub-command: prints it, but where the manual is made. */
extern void (*cli_show_help)(const struct command *command, const struct option_row *rows,
                             size_t count);

enum output { OUTPUT_TEXT, OUTPUT_JSON, OUTPUT_JUNIT, OUTPUT_MD };
/* Text, JSON, and `also` where that is another one. */
bool cli_output(const char *word, enum output also, enum output *output);
void cli_print_json(json_t *take_value); /* on stdout, for people too */

/* SIGINT and SIGTERM set it; for sched_run(). */
extern volatile int cli_cancelled;
void cli_catch_signals(void);

/* Path of the sandbox's executable; the caller frees. */
char *cli_sandbox_program(void);

int cli_check(struct cli *cli, int argc, char **argv);
int cli_config(struct cli *cli, int argc, char **argv);
int cli_console(struct cli *cli, int argc, char **argv);
int cli_deploy(struct cli *cli, int argc, char **argv);
int cli_rollback(struct cli *cli, int argc, char **argv);
int cli_repair(struct cli *cli, int argc, char **argv);
int cli_lock(struct cli *cli, int argc, char **argv);
int cli_unlock(struct cli *cli, int argc, char **argv);
int cli_runs(struct cli *cli, int argc, char **argv);
int cli_history(struct cli *cli, int argc, char **argv);
int cli_audit(struct cli *cli, int argc, char **argv);
int cli_guard(struct cli *cli, int argc, char **argv);
int cli_secret(struct cli *cli, int argc, char **argv);
int cli_sandbox(struct cli *cli, int argc, char **argv);
int cli_supervise(struct cli *cli, int argc, char **argv);

#endif

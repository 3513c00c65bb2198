/* greenboard: decides whether a release may ship. */
#include "cli/cli.h"

#include "config.h"

#include "base/fs.h"
#include "base/json.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/text.h"
#include "secret/keep.h"
#include "secret/mask.h"

#include <getopt.h>
#include <langinfo.h>
#include <locale.h>
#include <malloc.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

enum { GLOBALS_MAX = 16, ARENAS = 1 };

static void show_help(void)
{
    puts("usage: greenboard [-c FILE] [-e ENV] [OPTION…] [COMMAND …]\n\n"
         "Decides whether a release may ship: asks every check, shows the board, and "
         "runs the\n"
         "deploy command only when every light is green.\n\ncommands:");
    for (size_t i = 0; i < command_count; i++) {
        if (!commands[i].hidden) {
            printf("  %-9s %s\n", commands[i].name, commands[i].help);
        }
    }
    puts("\noptions:");
    for (size_t i = 0; i < global_count; i++) {
        printf("  --%-11s %-5s %s\n", global_rows[i].option.name,
               global_rows[i].value ? global_rows[i].value : "", global_rows[i].help);
    }
    puts("\nexit status:");
    for (size_t i = 0; i < exit_count; i++) {
        printf("  %-3d %s: %s\n", exit_rows[i].number, exit_rows[i].word,
               exit_rows[i].help);
    }
}

/* No core and no ptrace by others of the same user: secrets are in this process. Neither
 * umask nor limits are touched, since commands inherit those; what we write names its
 * mode. */
static void harden(void)
{
    prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
    signal(SIGPIPE, SIG_IGN);
}

/* A thread would get an arena of its own, of pages that nobody has touched yet, and grow
 * it page by page: for the short threads of a preflight that costs more than waiting for
 * one another does. */
static void share_memory(void)
{
#ifdef M_ARENA_MAX
    mallopt(M_ARENA_MAX, ARENAS);
#endif
}

static bool utf8_locale(void)
{
    return setlocale(LC_CTYPE, "") && text_equal(nl_langinfo(CODESET), "UTF-8");
}

static char *default_state_dir(void)
{
    const char *named = getenv("GREENBOARD_STATE_DIR");
    return named && *named ? mem_text(named) : fs_state_home();
}

/* Returns -1 to go on, else the exit status. */
static int parse_globals(struct cli *cli, int argc, char **argv)
{
    struct option options[GLOBALS_MAX + 1] = {{0}};
    for (size_t i = 0; i < global_count; i++) {
        options[i] = global_rows[i].option;
    }
    for (int letter;
         (letter = getopt_long(argc, argv, "+c:e:hV", options, NULL)) != -1;) {
        switch (letter) {
        case 'c':
            cli->config_path = optarg;
            break;
        case 'e':
            cli->environment_name = optarg;
            break;
        case 's':
            cli->state_dir = optarg;
            break;
        case 'r':
            cli->read_only = true;
            break;
        case 'p':
            cli->plain = true;
            break;
        case 'a':
            cli->ascii = true;
            break;
        case 'h':
            show_help();
            return EXIT_GO;
        case 'V':
            puts(PACKAGE_STRING);
            return EXIT_GO;
        default:
            fputs("try: greenboard --help\n", stderr);
            return EXIT_USAGE;
        }
    }
    return -1;
}

static const struct command *find_command(const char *name)
{
    const char **names = mem_alloc(command_count * sizeof *names);
    size_t count = 0;
    for (size_t i = 0; i < command_count; i++) {
        if (text_equal(commands[i].name, name)) {
            free(names);
            return &commands[i];
        }
        if (!commands[i].hidden) {
            names[count++] = commands[i].name;
        }
    }
    const char *nearest = text_nearest(name, names, count);
    free(names);
    fprintf(stderr, "greenboard: no command \"%s\"\n", name);
    if (nearest) {
        fprintf(stderr, "  did you mean %s?\n", nearest);
    } else {
        fputs("  try: greenboard --help\n", stderr);
    }
    return NULL;
}

static int run_command(struct cli *cli, int argc, char **argv)
{
    if (!cli->state_dir) {
        fputs("greenboard: no place for its state: $HOME is not set\n"
              "  set HOME, or name a directory with --state-dir\n",
              stderr);
        return EXIT_INTERNAL;
    }
    if (argc == 0) {
        return cli_console(cli, argc, argv);
    }
    const struct command *command = find_command(argv[0]);
    return command ? command->run(cli, argc, argv) : EXIT_USAGE;
}

int main(int argc, char **argv)
{
    harden();
    share_memory();
    bool utf8 = utf8_locale();
    json_begin();
    keep_begin();
    log_open(getenv("GREENBOARD_LOG"));
    log_filter(mask_buf);
    char *state_dir = default_state_dir();
    const char *no_colour = getenv("NO_COLOR");
    struct cli cli = {
        .state_dir = state_dir,
        .ascii = !utf8,
        .colour = !(no_colour && *no_colour),
    };
    int status = parse_globals(&cli, argc, argv);
    if (status < 0) {
        status = run_command(&cli, argc - optind, argv + optind);
    }
    config_destroy(cli.config);
    free(state_dir);
    if (fflush(stdout) != 0 && status == EXIT_GO) {
        status = EXIT_INTERNAL;
    }
    /* Workers may still run, and OpenSSL's handlers at exit would race them. */
    _exit(status);
}

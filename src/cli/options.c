/* What every sub-command needs of its own line: options, complaints, signals. */
#include "cli/cli.h"

#include "base/json.h"
#include "base/mem.h"
#include "base/spawn.h"
#include "base/text.h"

#include <getopt.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { OPTIONS_MAX = 16 };

volatile int cli_cancelled;

int cli_fail(int status, const struct error *error)
{
    fprintf(stderr, "greenboard: %s\n", error->message);
    if (error->hint[0]) {
        fprintf(stderr, "  %s\n", error->hint);
    }
    return status;
}

static void show_usage(const struct command *command, FILE *to)
{
    fprintf(to, "usage: greenboard %s %s\n", command->name, command->usage);
}

int cli_usage(const struct command *command, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    fputs("greenboard: ", stderr);
    vfprintf(stderr, format, args);
    fputc('\n', stderr);
    va_end(args);
    show_usage(command, stderr);
    return EXIT_USAGE;
}

static void show_help(const struct command *command, const struct option_row *rows,
                      size_t count)
{
    show_usage(command, stdout);
    printf("\n%s\n", command->help);
    for (size_t i = 0; i < count; i++) {
        printf("%s  --%-10s %-6s %s\n", i ? "" : "\n", rows[i].name,
               rows[i].value ? rows[i].value : "", rows[i].help);
    }
    fflush(stdout);
}

void (*cli_show_help)(const struct command *command, const struct option_row *rows,
                      size_t count) = show_help;

const struct command *cli_command(const char *name)
{
    for (size_t i = 0; i < command_count; i++) {
        if (text_equal(commands[i].name, name)) {
            return &commands[i];
        }
    }
    panic("no command %s", name);
}

/* getopt_long() complains on stderr itself; words are moved to the end. */
int cli_options(const struct command *command, const struct option_row *rows,
                size_t count, int *argc, char **argv)
{
    struct option options[OPTIONS_MAX + 2] = {{0}};
    for (size_t i = 0; i < count; i++) {
        options[i] =
            (struct option){rows[i].name, rows[i].value ? required_argument : no_argument,
                            NULL, (int)(256 + i)};
    }
    options[count] = (struct option){"help", no_argument, NULL, 'h'};
    optind = 0;
    for (int letter; (letter = getopt_long(*argc, argv, "ho:", options, NULL)) != -1;) {
        size_t row = letter >= 256 ? (size_t)letter - 256 : count;
        for (size_t i = 0; letter == 'o' && i < count; i++) {
            row = strcmp(rows[i].name, "output") == 0 ? i : row;
        }
        if (letter == 'h') {
            cli_show_help(command, rows, count);
            return EXIT_GO;
        }
        if (row == count) {
            show_usage(command, stderr);
            return EXIT_USAGE;
        }
        if (rows[row].list) {
            argv_add(rows[row].list, optarg);
        } else if (rows[row].value) {
            *rows[row].text = optarg;
        } else {
            *rows[row].flag = true;
        }
    }
    int words = *argc - optind;
    memmove(argv + 1, argv + optind, (size_t)words * sizeof *argv);
    argv[words + 1] = NULL;
    *argc = words + 1;
    return -1;
}

bool cli_output(const char *word, enum output also, enum output *output)
{
    static const char *const words[] = {"text", "json", "junit", "md"};
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        bool known = i <= OUTPUT_JSON || i == (size_t)also;
        if (known && (!word || strcmp(word, words[i]) == 0)) {
            *output = word ? (enum output)i : OUTPUT_TEXT;
            return true;
        }
    }
    fprintf(stderr, "greenboard: no output \"%s\"\n  use text%s json%s%s\n", word,
            also ? "," : " or", also ? " or " : "", also ? words[also] : "");
    return false;
}

void cli_print_json(json_t *take_value)
{
    char *text = json_pretty(take_value);
    puts(text);
    free(text);
    json_decref(take_value);
}

static void cancel(int signal_number)
{
    (void)signal_number;
    cli_cancelled = 1;
}

void cli_catch_signals(void)
{
    struct sigaction action = {.sa_handler = cancel};
    sigemptyset(&action.sa_mask);
    sigaction(SIGINT, &action, NULL);
    sigaction(SIGTERM, &action, NULL);
    sigaction(SIGHUP, &action, NULL);
}

/* greenboard history: in which state each check was, from when to when. */
#include "cli/cli.h"
#include "cli/since.h"

#include "base/clock.h"
#include "base/text.h"
#include "store/samples.h"
#include "store/statedir.h"

#include <stdio.h>

static void print_json(const struct history *history)
{
    json_t *array = json_array();
    for (size_t i = 0; i < history->count; i++) {
        const struct stretch *stretch = &history->rows[i];
        char from[CLOCK_STAMP], to[CLOCK_STAMP];
        clock_stamp(from, stretch->from);
        clock_stamp(to, stretch->to);
        json_array_append_new(
            array, json_pack("{s:s, s:s, s:s, s:s, s:I, s:s}", "check", stretch->check,
                             "state", state_rows[stretch->state].word, "from", from, "to",
                             to, "answers", (json_int_t)stretch->answers, "summary",
                             stretch->summary ? stretch->summary : ""));
    }
    cli_print_json(array);
}

static void print_text(const struct cli *cli, const struct history *history)
{
    for (size_t i = 0; i < history->count; i++) {
        const struct stretch *stretch = &history->rows[i];
        const struct state_row *state = &state_rows[stretch->state];
        char from[CLOCK_STAMP], span[TEXT_SPAN];
        clock_stamp(from, stretch->from);
        text_span(span, (stretch->to - stretch->from) * CLOCK_MS);
        printf("%.19sZ  %-14s %s %-9s %-8s %s\n", from, stretch->check,
               cli->ascii ? state->ascii : state->glyph, state->shown, span,
               stretch->summary ? stretch->summary : "");
    }
    if (history->count == 0) {
        fputs("no answer was recorded in that time\n", stderr);
    }
}

/* No timeline yet is an empty one. */
static bool query(const struct cli *cli, int64_t since, const char *check,
                  struct history *history, struct error *error)
{
    struct statedir dir;
    struct samples samples = {0};
    bool done;
    *history = (struct history){0};
    if (!cli_statedir(cli, &dir, error)) {
        return false;
    }
    if (samples_open(&samples, dir.samples, DB_READ, error)) {
        done = history_query(&samples, since, check, history, error);
        samples_close(&samples);
    } else {
        done = error->code == ERROR_ABSENT;
    }
    statedir_finish(&dir);
    return done;
}

int cli_history(struct cli *cli, int argc, char **argv)
{
    const struct command *command = cli_command("history");
    const char *format = NULL, *since = NULL, *check = NULL;
    const struct option_row rows[] = {
        {"since", "TIME", "from then on: 2h, 2026-01-31; else all that is kept", &since,
         NULL, NULL},
        {"check", "NAME", "of one check", &check, NULL, NULL},
        {"output", "FORMAT", "text or json (also -o)", &format, NULL, NULL},
    };
    struct error error = {0};
    struct history history;
    enum output output = OUTPUT_TEXT;
    int64_t wall = 0;
    int status = cli_options(command, rows, sizeof rows / sizeof rows[0], &argc, argv);
    if (status >= 0) {
        return status;
    }
    if (argc > 1) {
        return cli_usage(command, "history takes no \"%s\"", argv[1]);
    }
    if (!cli_output(format, OUTPUT_TEXT, &output)) {
        return EXIT_USAGE;
    }
    if (!since_parse(since, &wall, &error)) {
        return cli_fail(EXIT_USAGE, &error);
    }
    if (!cli_open(cli, &status)) {
        return status;
    }
    bool done = query(cli, wall, check, &history, &error);
    if (done && output == OUTPUT_JSON) {
        print_json(&history);
    } else if (done) {
        print_text(cli, &history);
    }
    history_finish(&history);
    return done ? EXIT_GO : cli_fail(EXIT_INTERNAL, &error);
}

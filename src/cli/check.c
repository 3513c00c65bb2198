/* greenboard check: every check once, the verdict, and an exit status that scripts can
 * trust. */
#include "cli/check.h"
#include "cli/cli.h"
#include "cli/preflight.h"

#include "base/clock.h"
#include "base/mem.h"
#include "base/spawn.h"
#include "base/text.h"
#include "board/cause.h"
#include "board/report.h"
#include "checks/checks.h"
#include "lock/lookout.h"
#include "net/http.h"
#include "run/repair.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const int64_t STANDING_PATIENCE = 3 * CLOCK_SECOND;

static void print_repairs(const struct cli *cli, const struct light *light)
{
    size_t i;
    json_t *repair;
    json_array_foreach(config_section(cli->environment, "/repairs"), i, repair)
    {
        if (repair_mends(repair, light->name)) {
            char *name = mem_text(config_text(repair, "name"));
            char program[] = "greenboard", word[] = "repair";
            char *const argv[] = {program, word, name, NULL};
            char *shown = argv_show(argv);
            printf("   mends: %s\n", shown);
            free(shown);
            free(name);
        }
    }
}

void check_print_light(const struct cli *cli, const struct light *light)
{
    const struct result *result = light->result;
    char span[TEXT_SPAN] = "";
    if (!result) {
        printf(" %s %-14s no answer\n", cli->ascii ? "." : "…", light->name);
        return;
    }
    const struct state_row *state = &state_rows[result->state];
    text_span(span, result_duration(result));
    printf(" %s %-14s %-9s %s (%s)\n", cli->ascii ? state->ascii : state->glyph,
           light->name, state->shown, result->summary, span);
    if (result->remedy) {
        printf("   %s %s\n", cli->ascii ? "->" : "→", result->remedy);
    }
    if (result->state != STATE_OK && result->state != STATE_SKIP) {
        print_repairs(cli, light);
    }
    for (size_t i = 0; i < result->note_count; i++) {
        printf("   note: %s\n", result->notes[i]);
    }
}

void check_print_board(const struct cli *cli, const struct board *board, bool partial)
{
    int64_t now = clock_now();
    printf("%s %s %s%s%s\n", board->environment->system, cli->ascii ? ">" : "›",
           board->environment->name, board->release ? "   release " : "",
           board->release ? board->release : "");
    if (!partial) {
        const char *kind = verdict_kind(board->verdict);
        struct causes causes;
        cause_find(board, now, &causes);
        char *line = causes_line(&causes);
        printf("%s%s%s   %zu of %zu green%s%s\n", decision_words[board->verdict.decision],
               kind ? ", " : "", kind ? kind : "", board->verdict.green,
               board->verdict.asked, line ? "   " : "", line ? line : "");
        free(line);
        causes_finish(&causes);
    }
    size_t *order = mem_alloc(board->count * sizeof *order);
    board_order(board, now, order);
    for (size_t i = 0; i < board->count; i++) {
        if (!partial || board->lights[order[i]].result) {
            check_print_light(cli, &board->lights[order[i]]);
        }
    }
    free(order);
    if (!partial && board->release_error.code) {
        printf(" release: %s\n   %s\n", board->release_error.message,
               board->release_error.hint);
    }
}

void check_print_standing(const struct standing *standing)
{
    for (size_t i = 0; i < standing->count; i++) {
        const struct bar *bar = &standing->bars[i];
        fprintf(stderr, "greenboard: no deploy starts now: %s\n", bar->message);
        if (bar->next) {
            fprintf(stderr, "  %s\n", bar->next);
        }
    }
}

static void print_json(const struct board *board, bool partial, int64_t duration,
                       const struct standing *standing)
{
    json_t *report = report_board(board, clock_now(), partial, duration);
    json_object_set_new(report, "standing",
                        standing ? standing_json(standing) : json_null());
    cli_print_json(report);
}

static void print_escaped(const char *text)
{
    for (; *text; text++) {
        static const char special[] = "<>&\"";
        static const char *const escapes[] = {"&lt;", "&gt;", "&amp;", "&quot;"};
        const char *found = strchr(special, *text);
        if (found) {
            fputs(escapes[found - special], stdout);
        } else {
            putchar(*text);
        }
    }
}

static void print_case(const struct board *board, const struct light *light)
{
    const struct result *result = light->result;
    fputs("  <testcase classname=\"greenboard.", stdout);
    print_escaped(light->check->name);
    fputs("\" name=\"", stdout);
    print_escaped(light->check->test ? light->check->test : light->name);
    printf("\" time=\"%.3f\">", clock_ms(result ? result_duration(result) : 0) / 1000);
    enum closure closure = gate_light(board, light, clock_now());
    const char *element = closure == CLOSURE_NEUTRAL  ? "skipped"
                          : closure == CLOSURE_UNSAFE ? "failure"
                          : closure == CLOSURE_GREEN  ? NULL
                                                      : "error";
    if (element) {
        printf("<%s message=\"", element);
        print_escaped(result ? result->summary : "no answer");
        fputs("\">", stdout);
        print_escaped(result && result->remedy ? result->remedy : "");
        printf("</%s>", element);
    }
    puts("</testcase>");
}

static void print_junit(const struct board *board, bool partial, int64_t duration)
{
    size_t tally[CLOSURE_UNSAFE + 1] = {0};
    size_t tests = 0;
    for (size_t i = 0; i < board->count; i++) {
        if (!partial || board->lights[i].result) {
            tally[gate_light(board, &board->lights[i], clock_now())]++;
            tests++;
        }
    }
    puts("<?xml version=\"1.0\" encoding=\"UTF-8\"?>");
    fputs("<testsuite name=\"greenboard ", stdout);
    print_escaped(board->environment->system);
    putchar(' ');
    print_escaped(board->environment->name);
    printf("\" tests=\"%zu\" failures=\"%zu\" errors=\"%zu\" skipped=\"%zu\" "
           "time=\"%.3f\">\n",
           tests, tally[CLOSURE_UNSAFE], tally[CLOSURE_UNPROVEN] + tally[CLOSURE_WAITING],
           tally[CLOSURE_NEUTRAL], clock_ms(duration) / 1000);
    for (size_t i = 0; i < board->count; i++) {
        if (!partial || board->lights[i].result) {
            print_case(board, &board->lights[i]);
        }
    }
    puts("</testsuite>");
}

/* NULL where no names were given. False after it complained about one that is not
 * there. */
static bool name_lights(const struct board *board, int argc, char **argv, bool **named)
{
    *named = argc > 1 ? mem_alloc(board->count * sizeof **named) : NULL;
    for (int i = 1; i < argc; i++) {
        const struct light *light = board_find(board, argv[i]);
        if (light) {
            (*named)[light - board->lights] = true;
            continue;
        }
        const char **names = mem_alloc(board->count * sizeof *names);
        for (size_t j = 0; j < board->count; j++) {
            names[j] = board->lights[j].name;
        }
        const char *nearest = text_nearest(argv[i], names, board->count);
        fprintf(stderr, "greenboard: no check \"%s\"%s%s%s\n", argv[i],
                nearest ? ", did you mean " : "", nearest ? nearest : "",
                nearest ? "?" : "");
        free(names);
        return false;
    }
    return true;
}

/* What was skipped proves nothing: alone it is no GO. */
static int partial_exit(const struct board *board, const bool *named)
{
    size_t tally[CLOSURE_UNSAFE + 1] = {0};
    for (size_t i = 0; i < board->count; i++) {
        if (named[i]) {
            tally[gate_light(board, &board->lights[i], clock_now())]++;
        }
    }
    if (tally[CLOSURE_UNSAFE]) {
        return EXIT_UNSAFE;
    }
    bool open =
        tally[CLOSURE_GREEN] && !tally[CLOSURE_WAITING] && !tally[CLOSURE_UNPROVEN];
    return open ? EXIT_GO : EXIT_UNPROVEN;
}

/* What was asked for beside a whole board. */
struct asking_for {
    const bool *named; /* lights; NULL: all */
    enum output output;
    int64_t wait;
};

static void print_answers(struct cli *cli, const struct board *board,
                          const struct asking_for *asked, int64_t duration,
                          const struct standing *standing)
{
    if (asked->output == OUTPUT_JSON) {
        print_json(board, asked->named, duration, standing);
    } else if (asked->output == OUTPUT_JUNIT) {
        print_junit(board, asked->named, duration);
    } else {
        check_print_board(cli, board, asked->named);
    }
    if (standing) {
        fflush(stdout);
        check_print_standing(standing);
    }
}

static int ask_and_print(struct cli *cli, struct board *board, const struct statedir *dir,
                         const struct asking_for *asked)
{
    const bool *named = asked->named;
    struct lookout *lookout = named ? NULL : lookout_create(dir, board->environment);
    int64_t started = clock_now();
    struct sched *sched = sched_create(board, NULL);
    bool answered = preflight_wait(sched, board, named, asked->wait);
    int64_t duration = clock_now() - started;
    struct standing *standing =
        lookout ? lookout_await(lookout, clock_now() + STANDING_PATIENCE) : NULL;
    print_answers(cli, board, asked, duration, standing);
    standing_unref(standing);
    lookout_destroy(lookout);
    sched_destroy(sched);
    if (!answered) {
        fputs("greenboard: stopped before every check had answered\n", stderr);
        return EXIT_UNPROVEN;
    }
    return named ? partial_exit(board, named) : verdict_exit(board->verdict);
}

int cli_check(struct cli *cli, int argc, char **argv)
{
    const char *format = NULL, *wait_text = NULL;
    const struct option_row rows[] = {
        {"output", "FORMAT", "text, json or junit (also -o)", &format, NULL, NULL},
        {"wait", "TIME", "ask again until the gate opens, at most so long: 90s, 5m",
         &wait_text, NULL, NULL},
    };
    int status = cli_options(cli_command("check"), rows, sizeof rows / sizeof rows[0],
                             &argc, argv);
    if (status >= 0) {
        return status;
    }
    enum output output = OUTPUT_TEXT;
    struct error error;
    int64_t wait = 0;
    if (!cli_output(format, OUTPUT_JUNIT, &output)) {
        return EXIT_USAGE;
    }
    if (wait_text && !text_duration(wait_text, &wait, &error)) {
        return cli_fail(EXIT_USAGE, &error);
    }
    if (!cli_open(cli, &status)) {
        return status;
    }
    if (!cli_record(cli, cli->environment)) {
        return EXIT_INTERNAL;
    }
    cli_catch_signals();
    http_begin();
    struct statedir dir = {0};
    if (!cli_statedir(cli, &dir, &error)) {
        return cli_fail(EXIT_INTERNAL, &error);
    }
    struct board *board = board_create(cli->environment, checks_all);
    bool *named = NULL;
    status =
        name_lights(board, argc, argv, &named)
            ? ask_and_print(cli, board, &dir, &(struct asking_for){named, output, wait})
            : EXIT_USAGE;
    free(named);
    board_destroy(board);
    statedir_finish(&dir);
    return status;
}

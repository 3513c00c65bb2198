/* greenboard audit: the trail of what was done, and whether it is still what was
 * written. */
#include "cli/cli.h"
#include "cli/since.h"

#include "base/clock.h"
#include "store/events.h"
#include "store/head.h"
#include "store/invalid.h"
#include "store/runs.h"
#include "store/statedir.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct asked {
    struct events_filter filter;
    enum output output;
    bool configurations;
    struct head head;    /* to be held against, or not known */
    struct statedir dir; /* of the trail */
};

static void print_entry(const struct entry *entry)
{
    printf("%6lld  %.19sZ  %-14s %-12s %-14.14s %s%s%s\n", (long long)entry->seq,
           entry->at, entry->type, entry->operator_name ? entry->operator_name : "-",
           entry->release ? entry->release : "-", entry->run ? entry->run : "-",
           entry->text ? "  " : "", entry->text ? entry->text : "");
}

static int list(struct events *events, const struct asked *asked)
{
    struct entries entries;
    struct error error;
    if (!events_list(events, &asked->filter, &entries, &error)) {
        return cli_fail(EXIT_INTERNAL, &error);
    }
    json_t *array = json_array();
    for (size_t i = 0; i < entries.count; i++) {
        if (asked->output == OUTPUT_JSON) {
            json_array_append_new(array, entry_json(&entries.rows[i]));
        } else {
            print_entry(&entries.rows[i]);
        }
    }
    if (asked->output == OUTPUT_JSON) {
        cli_print_json(json_incref(array));
    }
    json_decref(array);
    entries_finish(&entries);
    return EXIT_GO;
}

/* Each run's record has the head of when it began and ended: an end that was cut off
 * after that shows, unless somebody changed the records too. */
static bool holds_runs(struct events *events, const struct asked *asked, size_t *heads,
                       struct error *error)
{
    struct runs runs;
    bool holds = true;
    run_list(&asked->dir, &runs, NULL);
    for (size_t i = 0; i < runs.count && holds; i++) {
        const struct run *run = runs.rows[i];
        const struct head *published[] = {&run->head_start, &run->head_end};
        for (size_t j = 0; j < 2 && holds; j++) {
            *heads += published[j]->hash[0] != '\0';
            holds = head_holds(published[j], events, error);
        }
        if (!holds) {
            error_prefix(error, "run %s has another head", run->id);
        }
    }
    runs_finish(&runs);
    return holds;
}

static int verify(struct events *events, const struct asked *asked)
{
    struct error error;
    int64_t count = 0;
    size_t heads = asked->head.hash[0] != '\0';
    bool whole = events_verify(events, &count, &error) &&
                 head_holds(&asked->head, events, &error) &&
                 (asked->configurations || holds_runs(events, asked, &heads, &error));
    if (!whole && error.code != ERROR_PROTOCOL) {
        return cli_fail(EXIT_INTERNAL, &error);
    }
    if (asked->output == OUTPUT_JSON) {
        cli_print_json(json_pack("{s:b, s:I, s:I, s:o}", "whole", (int)whole, "events",
                                 (json_int_t)count, "heads", (json_int_t)heads, "broken",
                                 whole ? json_null() : json_string(error.message)));
    } else if (whole) {
        printf("the chain is whole: %lld events, %zu published heads\n", (long long)count,
               heads);
    }
    return whole ? EXIT_GO : cli_fail(EXIT_UNSAFE, &error);
}

static int head(struct events *events, const struct asked *asked)
{
    struct error error;
    char hash[DIGEST_HEX];
    int64_t seq = 0;
    if (!events_head(events, &seq, hash, &error)) {
        return cli_fail(EXIT_INTERNAL, &error);
    }
    if (asked->output == OUTPUT_JSON) {
        cli_print_json(json_pack("{s:I, s:s}", "seq", (json_int_t)seq, "hash", hash));
    } else {
        printf("%lld %s\n", (long long)seq, hash);
    }
    return EXIT_GO;
}

static const struct {
    const char *word;
    int (*act)(struct events *events, const struct asked *asked);
} acts[] = {{"list", list}, {"verify", verify}, {"head", head}};

static int act(const struct command *command, struct events *events,
               const struct asked *asked, const char *word)
{
    for (size_t i = 0; i < sizeof acts / sizeof *acts; i++) {
        if (strcmp(acts[i].word, word) == 0) {
            return acts[i].act(events, asked);
        }
    }
    return cli_usage(command, "audit does not know \"%s\"", word);
}

/* A trail that nothing was ever written to is whole and empty. */
static bool open_trail(struct events *events, const struct cli *cli, struct asked *asked,
                       struct error *error)
{
    struct statedir *dir = &asked->dir;
    char *home = statedir_home(cli->state_dir, error);
    bool done = home && (asked->configurations
                             ? invalid_dir(dir, home, error)
                             : statedir_open(dir, home, cli->environment, error));
    free(home);
    return done && (events_open(events, dir->events, DB_READ, error) ||
                    (error->code == ERROR_ABSENT &&
                     events_open(events, dir->events, DB_WRITE, error)));
}

int cli_audit(struct cli *cli, int argc, char **argv)
{
    struct asked asked = {0};
    const struct command *command = cli_command("audit");
    const char *format = NULL, *since = NULL, *published = NULL;
    const struct option_row rows[] = {
        {"since", "TIME", "list no older ones: 2h, 2026-01-31", &since, NULL, NULL},
        {"who", "NAME",
         "list those whose operator, or a fact about who it was, contains it",
         &asked.filter.who, NULL, NULL},
        {"release", "R", "list those whose release begins so", &asked.filter.release,
         NULL, NULL},
        {"output", "FORMAT", "text or json (also -o)", &format, NULL, NULL},
        {"configurations", NULL,
         "the trail of files that could not be used, which belong to no environment",
         NULL, &asked.configurations, NULL},
        {"head", "HEAD",
         "verify that the trail holds what was published: SEQ:HASH, or a file with it",
         &published, NULL, NULL},
    };
    struct error error = {0};
    struct events events;
    char stamp[CLOCK_STAMP];
    int64_t wall = 0;
    int status = cli_options(command, rows, sizeof rows / sizeof rows[0], &argc, argv);
    if (status >= 0) {
        return status;
    }
    if (argc > 2) {
        return cli_usage(command, "too many words: \"%s\"", argv[2]);
    }
    if (!cli_output(format, OUTPUT_TEXT, &asked.output)) {
        return EXIT_USAGE;
    }
    if (!since_parse(since, &wall, &error)) {
        return cli_fail(EXIT_USAGE, &error);
    }
    if (since) {
        clock_stamp(stamp, wall);
        asked.filter.since = stamp;
    }
    if (published && !head_parse(&asked.head, published, &error)) {
        return cli_fail(EXIT_USAGE, &error);
    }
    if (!asked.configurations && !cli_open(cli, &status)) {
        return status;
    }
    if (!open_trail(&events, cli, &asked, &error)) {
        return cli_fail(EXIT_INTERNAL, &error);
    }
    status = act(command, &events, &asked, argc > 1 ? argv[1] : "list");
    events_close(&events);
    statedir_finish(&asked.dir);
    return status;
}

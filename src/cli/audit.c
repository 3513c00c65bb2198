/* greenboard audit: the trail of what was done, and whether it is still what was
 * written. */
#include "cli/cli.h"
#include "cli/since.h"

#include "base/clock.h"
#include "base/json.h"
#include "store/events.h"
#include "store/invalid.h"
#include "store/statedir.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct asked {
    struct events_filter filter;
    enum output output;
    bool configurations;
};

static void print_json(json_t *take_value)
{
    char *text = json_pretty(take_value);
    puts(text);
    free(text);
    json_decref(take_value);
}

static void print_entry(const struct entry *entry)
{
    printf("%6lld  %.19sZ  %-14s %s%s%s%s%s\n", (long long)entry->seq, entry->at,
           entry->type, entry->operator_name ? entry->operator_name : "-",
           entry->run ? "  " : "", entry->run ? entry->run : "", entry->text ? "  " : "",
           entry->text ? entry->text : "");
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
        print_json(json_incref(array));
    }
    json_decref(array);
    entries_finish(&entries);
    return EXIT_GO;
}

static int verify(struct events *events, const struct asked *asked)
{
    struct error error;
    int64_t count = 0;
    bool whole = events_verify(events, &count, &error);
    if (!whole && error.code != ERROR_PROTOCOL) {
        return cli_fail(EXIT_INTERNAL, &error);
    }
    if (asked->output == OUTPUT_JSON) {
        print_json(json_pack("{s:b, s:I, s:o}", "whole", (int)whole, "events",
                             (json_int_t)count, "broken",
                             whole ? json_null() : json_string(error.message)));
    } else if (whole) {
        printf("the chain is whole: %lld events\n", (long long)count);
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
        print_json(json_pack("{s:I, s:s}", "seq", (json_int_t)seq, "hash", hash));
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
static bool open_trail(struct events *events, const struct cli *cli, bool configurations,
                       struct error *error)
{
    struct statedir dir;
    char *home = statedir_home(cli->state_dir, error);
    bool done =
        home && (configurations ? invalid_dir(&dir, home, error)
                                : statedir_open(&dir, home, cli->environment, error));
    free(home);
    if (!done) {
        return false;
    }
    done =
        events_open(events, dir.events, DB_READ, error) ||
        (error->code == ERROR_ABSENT && events_open(events, dir.events, DB_WRITE, error));
    statedir_finish(&dir);
    return done;
}

int cli_audit(struct cli *cli, int argc, char **argv)
{
    struct asked asked = {0};
    const struct command *command = cli_command("audit");
    const char *format = NULL, *since = NULL;
    const struct option_row rows[] = {
        {"since", "TIME", "list no older ones: 2h, 2026-01-31", &since, NULL, NULL},
        {"who", "NAME", "list those whose operator contains it", &asked.filter.who, NULL,
         NULL},
        {"release", "R", "list those whose release begins so", &asked.filter.release,
         NULL, NULL},
        {"output", "FORMAT", "text or json (also -o)", &format, NULL, NULL},
        {"configurations", NULL,
         "the trail of files that could not be used, which belong to no environment",
         NULL, &asked.configurations, NULL},
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
    if (!cli_output(format, false, &asked.output)) {
        return EXIT_USAGE;
    }
    if (!since_parse(since, &wall, &error)) {
        return cli_fail(EXIT_USAGE, &error);
    }
    if (since) {
        clock_stamp(stamp, wall);
        asked.filter.since = stamp;
    }
    if (!asked.configurations && !cli_open(cli, &status)) {
        return status;
    }
    if (!open_trail(&events, cli, asked.configurations, &error)) {
        return cli_fail(EXIT_INTERNAL, &error);
    }
    status = act(command, &events, &asked, argc > 1 ? argv[1] : "list");
    events_close(&events);
    return status;
}

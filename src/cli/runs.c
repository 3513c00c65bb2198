/* greenboard runs: what was run, what runs, and taking responsibility for what has no
 * end. */
#include "cli/attach.h"
#include "cli/cli.h"
#include "cli/decide.h"
#include "cli/replay.h"
#include "cli/run_report.h"

#include "alert/outbox.h"
#include "alert/courier.h"
#include "base/clock.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/spawn.h"
#include "base/text.h"
#include "run/control.h"
#include "run/fate.h"
#include "run/resolve.h"
#include "store/events.h"
#include "store/record.h"
#include "store/runs.h"
#include "store/who.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct asked {
    struct cli *cli;
    const struct command *command;
    struct statedir dir;
    const char *run;    /* as given, or NULL */
    const char *choice; /* of `decide` */
    const char *reason, *confirm;
    const char *speed, *idle_limit;
    enum output output;
};

/* ---- list and show ---- */

static void print_row(const struct run *run, bool unknown)
{
    char stamp[CLOCK_STAMP], span[TEXT_SPAN] = "";
    clock_stamp(stamp, run->started);
    if (run->ended) {
        text_span(span, (run->ended - run->started) * CLOCK_MS);
    }
    printf("%s  %.19sZ  %-8s %-10s %-8s %-14.14s %s%s\n", run->id, stamp, run->kind,
           fate_word(run, unknown), span, run->release ? run->release : "-",
           run->operator_name, run->known_good ? "  known good" : "");
}

/* The record, and what it cannot tell of itself. */
static json_t *told_json(const struct run *run, bool unknown)
{
    json_t *object = run_json(run);
    json_object_set_new(object, "unknown", json_boolean(unknown));
    return object;
}

static int list(struct asked *asked)
{
    struct runs runs;
    struct error error = {0};
    bool done = run_list(&asked->dir, &runs, &error);
    json_t *array = json_array();
    for (size_t i = 0; i < runs.count; i++) {
        bool unknown = fate_unknown(&asked->dir, &runs.rows[i]);
        if (asked->output == OUTPUT_JSON) {
            json_array_append_new(array, told_json(runs.rows[i], unknown));
        } else {
            print_row(runs.rows[i], unknown);
        }
    }
    if (asked->output == OUTPUT_JSON) {
        cli_print_json(json_incref(array));
    } else if (done && runs.count == 0) {
        fputs("no run yet\n", stderr);
    }
    json_decref(array);
    runs_finish(&runs);
    return done ? EXIT_GO : cli_fail(EXIT_INTERNAL, &error);
}

static void print_field(const char *label, const char *text)
{
    if (text) {
        printf("  %-12s %s\n", label, text);
    }
}

static void print_time(const char *label, int64_t wall)
{
    char stamp[CLOCK_STAMP];
    if (wall) {
        clock_stamp(stamp, wall);
        print_field(label, stamp);
    }
}

static void print_step(const struct step *step)
{
    char span[TEXT_SPAN] = "";
    char *line = step->argv ? argv_show(step->argv) : mem_text("");
    if (step->ended) {
        text_span(span, (step->ended - step->started) * CLOCK_MS);
    }
    printf("  %-12s %s%s", step->name, line, *line ? ": " : "");
    if (step->status >= 0) {
        printf("status %d, %s", step->status, span);
    } else {
        fputs("not ended", stdout);
    }
    printf("%s%s\n", step->note ? ", " : "", step->note ? step->note : "");
    free(line);
}

static void print_judgement(const char *label, const struct judgement *judgement)
{
    if (!judgement->decision) {
        return;
    }
    printf("  %-12s %s%s%s\n", label, judgement->decision, judgement->kind ? ", " : "",
           judgement->kind ? judgement->kind : "");
    for (size_t i = 0; judgement->reasons && judgement->reasons[i]; i++) {
        print_field("", judgement->reasons[i]);
    }
}

static void print_proven(const struct run *run)
{
    for (size_t i = 0; i < run->proven_count; i++) {
        const struct proven *proven = &run->proven[i];
        printf("  %-12s %s %s: %s\n", i ? "" : "verified",
               state_rows[proven->state].shown, proven->name,
               proven->what ? proven->what : "");
        if (proven->remedy) {
            printf("  %-12s   -> %s\n", "", proven->remedy);
        }
    }
}

static void print_who(const json_t *who)
{
    struct buf facts;
    buf_init(&facts, 0);
    who_show(&facts, who);
    print_field("who", facts.length ? buf_string(&facts) : NULL);
    buf_finish(&facts);
}

static void print_head(const char *label, const struct head *head)
{
    if (head->hash[0]) {
        printf("  %-12s %lld:%s\n", label, (long long)head->seq, head->hash);
    }
}

static void print_announcement(void *self, const char *sink, const char *text)
{
    (void)self;
    print_field(sink, text);
}

static void add_announcement(void *self, const char *sink, const char *text)
{
    json_array_append_new(self,
                          json_pack("{s:s, s:o}", "sink", sink, "text", json_text(text)));
}

/* The record, and what of it was not delivered yet, or never. */
static json_t *whole_json(const struct statedir *dir, const struct run *run, bool unknown)
{
    json_t *object = told_json(run, unknown), *list = json_array();
    outbox_tell(dir->outbox, run->id, add_announcement, list);
    json_object_set_new(object, "announcements", list);
    return object;
}

/* What a person needs who has to find out what became of it. */
static void print_facts(const struct run *run)
{
    char **facts = fate_facts(run);
    for (size_t i = 0; facts[i]; i++) {
        print_field(i ? "" : "known", facts[i]);
    }
    argv_free(facts);
    printf("  %-12s greenboard runs resolve %s --reason TEXT\n", "next", run->id);
}

static void print_run(const struct statedir *dir, const struct run *run, bool unknown)
{
    printf("%s %s %s%s\n", run->kind, run->id, fate_word(run, unknown),
           run->known_good ? ", known good" : "");
    if (unknown) {
        print_facts(run);
    }
    print_field("environment", run->environment);
    print_field("release", run->release ? run->release : "none");
    print_field("operator", run->operator_name);
    print_who(run->who);
    print_field("reason", run->reason);
    print_field("confirmed", run->digest);
    print_time("started", run->started);
    print_time("ended", run->ended);
    for (size_t i = 0; i < run->step_count; i++) {
        print_step(&run->steps[i]);
    }
    print_judgement("before", &run->before);
    print_judgement("after", &run->after);
    print_proven(run);
    print_field("cancelled by", run->cancelled_by);
    print_field("because", run->cancel_reason);
    print_field("resolved by", run->resolved_by);
    print_field("because", run->resolve_reason);
    print_field("unusual", run->unusual);
    print_field("trouble", run->trouble);
    print_field("scope", run->scope);
    print_field("output", run->output);
    outbox_tell(dir->outbox, run->id, print_announcement, NULL);
    print_head("audit head", run->head_end.hash[0] ? &run->head_end : &run->head_start);
}

/* The named one, else the newest without an end, else the newest. */
static struct run *choose(const struct asked *asked, struct error *error)
{
    struct runs runs;
    *error = (struct error){0};
    if (asked->run) {
        return run_read(&asked->dir, asked->run, error);
    }
    struct run *run = run_latest_open(&asked->dir, error);
    if (run || error->code != ERROR_NONE) {
        return run;
    }
    if (run_list(&asked->dir, &runs, error) && runs.count > 0) {
        run = runs.rows[0];
        runs.rows[0] = NULL;
    } else if (error->code == ERROR_NONE) {
        error_set(error, ERROR_ABSENT, "there is no run yet");
    }
    runs_finish(&runs);
    return run;
}

static int show(struct asked *asked)
{
    struct error error;
    struct run *run = choose(asked, &error);
    if (!run) {
        return cli_fail(error.code == ERROR_SYSTEM ? EXIT_INTERNAL : EXIT_USAGE, &error);
    }
    bool unknown = fate_unknown(&asked->dir, &run);
    if (asked->output == OUTPUT_JSON) {
        cli_print_json(whole_json(&asked->dir, run, unknown));
    } else if (asked->output == OUTPUT_MD) {
        struct buf report;
        buf_init(&report, 0);
        run_report(&report, &asked->dir, run);
        fputs(buf_string(&report), stdout);
        buf_finish(&report);
    } else {
        print_run(&asked->dir, run, unknown);
    }
    run_destroy(run);
    return EXIT_GO;
}

/* ---- attach, cancel, resolve ---- */

static int attach(struct asked *asked)
{
    struct error error;
    struct run *run = choose(asked, &error);
    if (!run) {
        return cli_fail(EXIT_USAGE, &error);
    }
    cli_catch_signals();
    struct attachment attachment = {.cli = asked->cli, .dir = &asked->dir};
    snprintf(attachment.run, sizeof attachment.run, "%s", run->id);
    run_destroy(run);
    return attach_follow(&attachment);
}

static int replay(struct asked *asked)
{
    struct error error = {0};
    struct pace pace;
    if (!replay_options(&pace, asked->speed, asked->idle_limit, &error)) {
        return cli_fail(EXIT_USAGE, &error);
    }
    struct run *run = choose(asked, &error);
    if (!run) {
        return cli_fail(EXIT_USAGE, &error);
    }
    cli_catch_signals();
    int status = replay_run(asked->cli, run, &pace);
    run_destroy(run);
    return status;
}

static int cancel(struct asked *asked)
{
    struct error error;
    struct run *run = choose(asked, &error);
    if (!run) {
        return cli_fail(EXIT_USAGE, &error);
    }
    char *operator_name = events_operator();
    bool done =
        control_cancel(&asked->dir, run->id, operator_name, asked->reason, &error);
    if (done) {
        printf("run %s was told to stop\n", run->id);
    }
    free(operator_name);
    run_destroy(run);
    return done ? EXIT_GO : cli_fail(EXIT_UNSAFE, &error);
}

static int decide(struct asked *asked)
{
    struct error error;
    if (!asked->run || !asked->choice || !asked->reason) {
        return cli_usage(asked->command, "decide wants the run, a choice and a --reason");
    }
    struct run *run = choose(asked, &error);
    bool done = run && decide_send(&asked->dir, run, asked->choice, asked->reason,
                                   asked->confirm, &error);
    if (done) {
        printf("run %s: %s: %s\n", run->id, run->question.step, asked->choice);
    }
    run_destroy(run);
    return done ? EXIT_GO : cli_fail(EXIT_USAGE, &error);
}

static int resolve(struct asked *asked)
{
    struct error error;
    if (!asked->run || !asked->reason || !asked->reason[0]) {
        return cli_usage(asked->command, "resolve wants the run and a --reason");
    }
    char *operator_name = events_operator();
    bool done = run_resolve(&asked->dir, asked->run, asked->cli->environment,
                            operator_name, asked->reason, &error);
    free(operator_name);
    if (!done) {
        return cli_fail(error.code == ERROR_BUSY     ? EXIT_BUSY
                        : error.code == ERROR_SYSTEM ? EXIT_INTERNAL
                                                     : EXIT_USAGE,
                        &error);
    }
    printf("run %s is resolved\n", asked->run);
    fflush(stdout);
    courier_once(asked->cli->environment, &asked->dir);
    return EXIT_GO;
}

/* ---- the sub-command ---- */

static const struct {
    const char *word;
    int (*act)(struct asked *asked);
    bool writes;
} acts[] = {
    {"list", list, false},      {"show", show, false},    {"attach", attach, false},
    {"replay", replay, false},  {"cancel", cancel, true}, {"decide", decide, true},
    {"resolve", resolve, true},
};

static int act(struct asked *asked, const char *word)
{
    for (size_t i = 0; i < sizeof acts / sizeof *acts; i++) {
        if (strcmp(acts[i].word, word) == 0) {
            return acts[i].writes && asked->cli->read_only
                       ? cli_usage(asked->command, "--read-only changes nothing")
                       : acts[i].act(asked);
        }
    }
    return cli_usage(asked->command, "runs does not know \"%s\"", word);
}

int cli_runs(struct cli *cli, int argc, char **argv)
{
    struct asked asked = {.cli = cli, .command = cli_command("runs")};
    const char *format = NULL;
    const struct option_row rows[] = {
        {"output", "FORMAT", "text, json or, of show, md (also -o)", &format, NULL, NULL},
        {"reason", "TEXT", "why it is cancelled, decided so or resolved", &asked.reason,
         NULL, NULL},
        {"confirm", "ENV", "decide: the environment's name, which a rollback wants",
         &asked.confirm, NULL, NULL},
        {"speed", "NUMBER", "replay: 2 is twice as fast", &asked.speed, NULL, NULL},
        {"idle-limit", "TIME", "replay: no pause is longer", &asked.idle_limit, NULL,
         NULL},
    };
    struct error error;
    int status =
        cli_options(asked.command, rows, sizeof rows / sizeof rows[0], &argc, argv);
    if (status >= 0) {
        return status;
    }
    if (argc > 4 || (argc > 3 && strcmp(argv[1], "decide") != 0)) {
        return cli_usage(asked.command, "too many words: \"%s\"", argv[argc - 1]);
    }
    asked.run = argc > 2 ? argv[2] : NULL;
    asked.choice = argc > 3 ? argv[3] : NULL;
    if (!cli_output(format, OUTPUT_MD, &asked.output)) {
        return EXIT_USAGE;
    }
    const char *word = argc > 1 ? argv[1] : "list";
    if (asked.output == OUTPUT_MD && strcmp(word, "show") != 0) {
        return cli_usage(asked.command, "-o md is a report of one run: runs show");
    }
    if (!cli_open(cli, &status)) {
        return status;
    }
    if (!cli_statedir(cli, &asked.dir, &error)) {
        return cli_fail(EXIT_INTERNAL, &error);
    }
    status = act(&asked, word);
    statedir_finish(&asked.dir);
    return status;
}

/* The tables of commands, options, exit statuses, keys and the rest as lists of
 * greenboard(1). */
#include "man/pages.h"

#include "alert/outbox.h"
#include "alert/rules.h"
#include "base/exits.h"
#include "base/mem.h"
#include "board/result.h"
#include "checks/checks.h"
#include "cli/cli.h"
#include "lock/standing.h"
#include "man/mdoc.h"
#include "run/steps.h"
#include "sandbox/faults.h"
#include "secret/hygiene.h"
#include "store/events.h"
#include "store/run.h"
#include "store/who.h"
#include "ui/keys.h"

#include <stdlib.h>
#include <string.h>

static void begin(struct buf *out)
{
    buf_text(out, ".Bl -tag -width Ds\n");
}

static void end(struct buf *out)
{
    buf_text(out, ".El\n");
}

static void row(struct buf *out, const char *macro, const char *name, const char *help)
{
    mdoc_item(out, macro, name);
    mdoc_sentence(out, help);
}

/* ---- the command line ---- */

static void fill_options(struct buf *out)
{
    begin(out);
    for (size_t i = 0; i < global_count; i++) {
        const struct global_row *global = &global_rows[i];
        buf_format(out, ".It Fl \\-%s%s%s\n", global->option.name,
                   global->value ? " Ar " : "", global->value ? global->value : "");
        mdoc_sentence(out, global->help);
    }
    end(out);
}

static struct buf *options_out; /* for the one function that cli_options() calls back */

static void add_options(const struct command *command, const struct option_row *rows,
                        size_t count)
{
    (void)command;
    if (count == 0) {
        return;
    }
    begin(options_out);
    for (size_t i = 0; i < count; i++) {
        buf_format(options_out, ".It Fl \\-%s%s%s\n", rows[i].name,
                   rows[i].value ? " Ar " : "", rows[i].value ? rows[i].value : "");
        mdoc_sentence(options_out, rows[i].help);
    }
    end(options_out);
}

/* A sub-command's options are known to itself alone, which tells them when it is asked
 * for help. The sandbox is another executable. */
static void ask_options(const struct command *command, struct buf *out)
{
    if (command->run != cli_sandbox) {
        struct cli cli = {0};
        char help[] = "--help", *name = mem_text(command->name);
        char *argv[] = {name, help, NULL};
        options_out = out;
        cli_show_help = add_options;
        command->run(&cli, 2, argv);
        free(name);
    }
}

static void fill_commands(struct buf *out)
{
    begin(out);
    for (size_t i = 0; i < command_count; i++) {
        const struct command *command = &commands[i];
        if (!command->hidden) {
            char *line = mem_format("%s %s", command->name, command->usage);
            row(out, "Ic", line, command->help);
            ask_options(command, out);
            free(line);
        }
    }
    end(out);
}

static void fill_exits(struct buf *out)
{
    begin(out);
    for (size_t i = 0; i < exit_count; i++) {
        char *tag = mem_format("%d %s", exit_rows[i].number, exit_rows[i].word);
        row(out, "Er", tag, exit_rows[i].help);
        free(tag);
    }
    end(out);
}

/* ---- the board ---- */

static void fill_states(struct buf *out)
{
    begin(out);
    for (size_t i = 0; i < STATE_COUNT; i++) {
        row(out, "Sy", state_rows[i].shown, state_rows[i].help);
    }
    end(out);
}

static void fill_checks(struct buf *out)
{
    begin(out);
    for (size_t i = 0; checks_all[i]; i++) {
        row(out, "Cm", checks_all[i]->name, checks_all[i]->help);
    }
    end(out);
}

static void add_keys(struct buf *out, enum context context)
{
    begin(out);
    for (int action = ACTION_NONE + 1; action < ACTION_COUNT; action++) {
        struct buf keys;
        buf_init(&keys, 0);
        if (keys_of(&keys, context, (enum action)action)) {
            row(out, "Ic", buf_string(&keys), action_rows[action].help);
        }
        buf_finish(&keys);
    }
    end(out);
}

static void fill_keys(struct buf *out)
{
#define CONTEXTS_KEYS(context, title)                                                    \
    buf_text(out, ".Ss \\&" title "\n");                                                 \
    add_keys(out, context);
    CONTEXTS(CONTEXTS_KEYS)
#undef CONTEXTS_KEYS
}

/* ---- secrets, runs, the trail ---- */

static void fill_hygiene(struct buf *out)
{
    begin(out);
    for (size_t i = 0; i < hygiene_rule_count; i++) {
        const struct hygiene_rule *rule = &hygiene_rules[i];
        char *help = mem_format("it %s%s: %s", rule->finding,
                                rule->broken ? "" : " another one that is configured",
                                rule->fails ? "red" : "a note");
        row(out, "Cm", rule->name, help);
        mdoc_sentence(out, rule->remedy);
        free(help);
    }
    end(out);
}

static void fill_outcomes(struct buf *out)
{
    begin(out);
    for (size_t i = OUTCOME_NONE + 1; i < OUTCOME_COUNT; i++) {
        row(out, "Sy", outcome_rows[i].word, outcome_rows[i].help);
    }
    end(out);
}

/* Which kinds of runs a step belongs to, where not to all. */
static void add_kinds(struct buf *out, unsigned kinds)
{
    bool first = true;
    for (size_t i = 0; i < KIND_COUNT; i++) {
        if (kinds & KIND_BIT(i)) {
            buf_format(out, "%s%s", first ? "" : ", ", run_kind_words[i]);
            first = false;
        }
    }
}

static void fill_steps(struct buf *out)
{
    static const char *const around[STEP_COUNT] = {
        [STEP_BEFORE] = "before", [STEP_COMMAND] = "command", [STEP_AFTER] = "after"};
    begin(out);
    for (size_t i = 0; i < STEP_COUNT; i++) {
        const struct step_row *step = &step_rows[i];
        struct buf help;
        buf_init(&help, 0);
        buf_format(&help, "%s (",
                   step->name          ? step->title
                   : i == STEP_COMMAND ? "the command that ships or mends"
                                       : "commands of the configuration");
        add_kinds(&help, step->kinds);
        buf_text(&help, ")");
        row(out, step->name ? "Sy" : "Ic", step->name ? step->name : around[i],
            buf_string(&help));
        buf_finish(&help);
    }
    end(out);
}

static void fill_choices(struct buf *out)
{
    begin(out);
    for (size_t i = 0; i < CHOICE_COUNT; i++) {
        row(out, "Sy", choice_rows[i].word, choice_rows[i].help);
    }
    end(out);
}

static void fill_bars(struct buf *out)
{
    static const char *const stops[] = {
        [STOPS_ALL] = "stops every run",
        [STOPS_DEPLOYS] = "stops a deploy",
        [STOPS_UNLESS_WAIVED] = "stops a deploy, and every other run that was not told "
                                "to do without"};
    begin(out);
    for (size_t i = 0; i < BAR_COUNT; i++) {
        row(out, "Cm", bar_rows[i].word, bar_rows[i].help);
        mdoc_sentence(out, stops[bar_rows[i].stops]);
    }
    end(out);
}

static void fill_events(struct buf *out)
{
    begin(out);
    for (size_t i = 0; i < EVENT_COUNT; i++) {
        row(out, "Cm", event_rows[i].name, event_rows[i].help);
    }
    end(out);
}

static void fill_notices(struct buf *out)
{
    begin(out);
    for (size_t i = 0; i < NOTICE_COUNT; i++) {
        row(out, "Cm", notice_rows[i].word, notice_rows[i].help);
    }
    end(out);
}

static void fill_who(struct buf *out)
{
    begin(out);
    for (size_t i = 0; i < WHO_COUNT; i++) {
        row(out, "Cm", who_rows[i].key, who_rows[i].help);
        mdoc_sentence(out, who_rows[i].certainty);
    }
    end(out);
}

static void fill_alerts(struct buf *out)
{
    begin(out);
    for (size_t i = 0; i < ALERT_COUNT; i++) {
        const struct alert_rule *rule = &alert_rules[i];
        row(out, "Cm", rule->name, rule->help);
        char *watched =
            mem_format("it watches %s, and is raised by a FAIL with the evidence \"%s\"",
                       rule->check, rule->evidence);
        mdoc_sentence(out, watched);
        free(watched);
    }
    end(out);
}

/* From the table's text: the room of the sandbox is not linked with the rest of the
 * house. */
static void add_faults(struct buf *out, enum fault_kind wanted)
{
    begin(out);
#define FAULTS_PAGE(name, kind, follow, help)                                            \
    if (kind == wanted) {                                                                \
        row(out, "Cm", #name, help);                                                     \
    }
    FAULTS(FAULTS_PAGE)
#undef FAULTS_PAGE
    end(out);
}

static void fill_faults(struct buf *out)
{
    buf_text(out, "These close the gate:\n");
    add_faults(out, FAULT_CLOSES);
    buf_text(out, "These must not close it:\n");
    add_faults(out, FAULT_HARMLESS);
    buf_text(out, "These show in a deploy:\n");
    add_faults(out, FAULT_DEPLOY);
}

const struct page_mark page_marks[] = {
    {"@FIELDS@", pages_fields},    {"@SOURCES@", pages_sources},
    {"@COMMANDS@", fill_commands}, {"@OPTIONS@", fill_options},
    {"@EXITS@", fill_exits},       {"@STATES@", fill_states},
    {"@CHECKS@", fill_checks},     {"@KEYS@", fill_keys},
    {"@HYGIENE@", fill_hygiene},   {"@OUTCOMES@", fill_outcomes},
    {"@EVENTS@", fill_events},     {"@ALERTS@", fill_alerts},
    {"@FAULTS@", fill_faults},     {"@BARS@", fill_bars},
    {"@WHO@", fill_who},           {"@NOTICES@", fill_notices},
    {"@STEPS@", fill_steps},       {"@CHOICES@", fill_choices},
};
const size_t page_mark_count = sizeof page_marks / sizeof page_marks[0];

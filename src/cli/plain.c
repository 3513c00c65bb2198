#include "cli/plain.h"

#include "base/clock.h"
#include "base/mem.h"
#include "base/spawn.h"
#include "base/text.h"
#include "checks/checks.h"
#include "cli/attach.h"
#include "cli/check.h"
#include "cli/console.h"
#include "release/backup.h"
#include "run/launch.h"
#include "run/plan.h"
#include "run/repair.h"
#include "ui/marks.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

enum { LINE_MAX_BYTES = 256 };

/* What was asked for by `d` or `m`, one after the other; a repair asks for a reason and
 * waits for no green. */
enum deploy_step {
    DEPLOY_NONE,
    DEPLOY_PROVES,
    DEPLOY_WAITS,
    DEPLOY_REASONS,
    DEPLOY_ASKS
};

static const int64_t VALID = 60 * CLOCK_SECOND; /* a confirmation expires */
static const int64_t AGAIN =
    10 * CLOCK_SECOND; /* between two preflights while it waits */

struct plain {
    struct cli *cli;
    struct console console;
    bool shown;              /* the board was told, and nothing is asked anew since */
    bool begun;              /* it was told once: from then on each moment is */
    size_t told;             /* moments of the board that were */
    struct standing *stands; /* the one told last */
    bool leaving;
    char line[LINE_MAX_BYTES]; /* typed so far */
    size_t length;
    enum deploy_step step;
    struct plan *plan; /* while it asks */
    char *repair;      /* its name; NULL: a deploy */
    char *reason;      /* of a repair, once it was given */
    int64_t since;     /* when that step began */
};

/* ---- telling ---- */

static void show_alerts(const struct alerts *alerts)
{
    for (size_t i = 0; i < ALERT_COUNT; i++) {
        const struct alert *alert = &alerts->rows[i];
        if (alert->raised) {
            char since[CLOCK_STAMP];
            clock_stamp(since, alert->since);
            printf("alert %s raised since %.19sZ: %s\n", alert->rule->name, since,
                   alert->what);
        }
    }
}

static void show_board(struct plain *plain)
{
    check_print_board(plain->cli, plain->console.board, false);
    show_alerts(&plain->console.alerts);
    plain->shown = plain->begun = true;
    plain->told = plain->console.board->moment_count;
}

static void tell_moments(struct plain *plain)
{
    struct board *board = plain->console.board;
    size_t fresh = board->moment_count - plain->told;
    for (size_t back = fresh < MOMENTS ? fresh : MOMENTS; back > 0; back--) {
        const struct moment *moment = board_moment(board, back - 1);
        char time[16];
        mark_time(time, moment->wall);
        printf("%s %s\n", time, moment->text);
    }
    plain->told = board->moment_count;
}

/* Each that comes, and that all are gone. */
static void tell_standing(struct plain *plain)
{
    struct standing *now = plain->console.standing;
    if (now == plain->stands) {
        return;
    }
    for (size_t i = 0; i < now->count; i++) {
        printf("no deploy starts now: %s\n", now->bars[i].message);
    }
    if (now->count == 0 && plain->stands) {
        puts("nothing but the gate is between here and a deploy");
    }
    standing_unref(plain->stands);
    plain->stands = standing_ref(now);
}

static bool everything_answered(const struct board *board)
{
    for (size_t i = 0; i < board->count; i++) {
        if (!board->lights[i].result) {
            return false;
        }
    }
    return !board->release_wanted || board->release || board->release_error.code;
}

/* ---- a deploy ---- */

static void end_deploy(struct plain *plain, const char *why)
{
    if (plain->step != DEPLOY_NONE) {
        puts(why);
        sched_watch(plain->console.sched, true);
    }
    plan_destroy(plain->plan);
    free(plain->repair);
    free(plain->reason);
    plain->plan = NULL;
    plain->repair = plain->reason = NULL;
    plain->step = DEPLOY_NONE;
}

static void prove(struct plain *plain)
{
    sched_watch(plain->console.sched, false);
    sched_ask_all(plain->console.sched);
    plain->since = clock_now();
}

/* `command` is what would do the same without a terminal. */
static bool begin_proving(struct plain *plain, const char *command)
{
    if (plain->cli->read_only) {
        puts("read-only: nothing can be started from here");
    } else if (!isatty(STDIN_FILENO)) {
        printf("without a terminal nobody can confirm: greenboard %s --confirm %s\n",
               command, plain->cli->environment->name);
    } else {
        puts("asking every check again, thoroughly");
        prove(plain);
        plain->step = DEPLOY_PROVES;
        return true;
    }
    return false;
}

static void do_deploy(struct plain *plain, const char *word)
{
    (void)word;
    const struct bar *bar =
        plain->stands ? standing_stops(plain->stands, (struct starter){.gated = true})
                      : NULL;
    if (bar) {
        printf("no deploy starts now: %s\n%s\n", bar->message,
               bar->next ? bar->next : "");
    } else {
        begin_proving(plain, run_kind_words[KIND_DEPLOY]);
    }
}

static void do_repair(struct plain *plain, const char *word)
{
    struct error error;
    const struct intent intent = {.kind = KIND_REPAIR, .repair = word};
    if (!steps_section(plain->cli->environment, &intent, &error)) {
        printf("%s: %s\n", error.message, error.hint);
    } else if (begin_proving(plain, "repair NAME --reason TEXT")) {
        plain->repair = mem_text(word);
    }
}

static void tell_line(void *self, const char *label, const char *text)
{
    (void)self;
    printf("  %s: %s\n", label, text);
}

static void ask_name(struct plain *plain)
{
    printf("to %s, type %s within a minute\n", run_kind_words[plain->plan->kind],
           plain->cli->environment->name);
    plain->step = DEPLOY_ASKS;
}

static void show_plan(struct plain *plain)
{
    struct error error;
    const struct intent intent = {.kind = plain->repair ? KIND_REPAIR : KIND_DEPLOY,
                                  .repair = plain->repair};
    plain->plan = plan_create(plain->console.board, &intent, &error);
    if (!plain->plan) {
        end_deploy(plain, error.message);
        return;
    }
    puts("plan");
    plan_show(plain->plan, tell_line, NULL);
    if (plain->stands) {
        tell_line(NULL, "locks", plain->stands->covers);
    }
    backup_foreseen_show(plain->cli->environment, tell_line, NULL);
    plain->since = clock_now();
    if (plain->repair) {
        puts("why? one line, for the record");
        plain->step = DEPLOY_REASONS;
    } else {
        ask_name(plain);
    }
}

static void show_repair(struct plain *plain)
{
    struct error error;
    const struct intent intent = {.kind = KIND_REPAIR, .repair = plain->repair};
    const json_t *repair = steps_section(plain->cli->environment, &intent, &error);
    if (repair && repair_allowed(repair, plain->console.board, clock_now(),
                                 &plain->console.dir, &error)) {
        show_plan(plain);
    } else {
        end_deploy(plain, error.message);
    }
}

static void take_reason(struct plain *plain, const char *line)
{
    if (line[strspn(line, " ")]) {
        plain->reason = mem_text(line);
        ask_name(plain);
    } else {
        end_deploy(plain, "a repair wants a reason: nothing was started");
    }
}

static void tell_closed(const struct plain *plain)
{
    char **reasons = gate_reasons(plain->console.board, clock_now());
    for (size_t i = 0; reasons[i]; i++) {
        puts(reasons[i]);
    }
    argv_free(reasons);
    puts("not green: the plan follows once it is; any command ends the waiting");
}

/* Moves on once the preflight is through; nothing is ever started here. */
static void step_deploy(struct plain *plain)
{
    struct board *board = plain->console.board;
    int64_t now = clock_now();
    if (plain->step >= DEPLOY_REASONS) {
        bool closed = !plain->repair && board->verdict.decision != GATE_GO;
        if (now - plain->since > VALID || closed) {
            end_deploy(plain, "the confirmation expired: nothing was started");
        }
        return;
    }
    if (plain->step == DEPLOY_NONE || !sched_settled(plain->console.sched)) {
        return;
    }
    if (plain->repair) {
        show_repair(plain);
    } else if (board->verdict.decision == GATE_GO) {
        show_plan(plain);
    } else if (plain->step == DEPLOY_PROVES) {
        tell_closed(plain);
        plain->step = DEPLOY_WAITS;
    } else if (now - plain->since > AGAIN) {
        prove(plain);
    }
}

static void launch(struct plain *plain)
{
    struct launch launch;
    struct error error;
    struct console *console = &plain->console;
    const struct order order = {.home = console->home,
                                .operator_name = console->operator_name,
                                .reason = plain->reason};
    if (store_failed(console->store, &error) ||
        !run_launch(plain->plan, &order, &launch, &error)) {
        end_deploy(plain, error.message);
        return;
    }
    printf("run %s\n", launch.run);
    struct attachment attachment = {
        .cli = plain->cli, .dir = &console->dir, .launch = &launch};
    snprintf(attachment.run, sizeof attachment.run, "%s", launch.run);
    attach_follow(&attachment);
    launch_finish(&launch);
    end_deploy(plain, "back at the board");
}

/* ---- commands ---- */

static void do_board(struct plain *plain, const char *word)
{
    (void)word;
    show_board(plain);
}

static void do_inspect(struct plain *plain, const char *word)
{
    const struct light *light = board_find(plain->console.board, word);
    if (!light) {
        printf("no check \"%s\"\n", word);
        return;
    }
    check_print_light(plain->cli, light);
    const struct result *result = light->result;
    for (size_t i = 0; result && i < result->evidence_count; i++) {
        printf("   %s: %s\n", result->evidence[i].key, result->evidence[i].value);
    }
}

static void do_rerun(struct plain *plain, const char *word)
{
    struct light *light = *word ? board_find(plain->console.board, word) : NULL;
    if (*word && !light) {
        printf("no check \"%s\"\n", word);
    } else if (light) {
        sched_ask(plain->console.sched, light);
        printf("asking %s again\n", word);
    } else {
        sched_ask_all(plain->console.sched);
        plain->shown = false;
        puts("asking every check again");
    }
}

static void do_quit(struct plain *plain, const char *word)
{
    (void)word;
    plain->leaving = true;
}

static void do_help(struct plain *plain, const char *word);

static const struct {
    const char *name, *word, *help;
    void (*run)(struct plain *plain, const char *word);
} commands_plain[] = {
    {"b", "", "tell the board", do_board},
    {"i", "CHECK", "tell everything that is known about a check", do_inspect},
    {"r", "[CHECK]", "ask a check again, or all of them", do_rerun},
    {"d", "", "tell the plan of a deploy; typing the environment's name starts it",
     do_deploy},
    {"m", "REPAIR", "tell the plan of a repair; a reason and the name start it",
     do_repair},
    {"?", "", "tell these commands", do_help},
    {"q", "", "leave; a run goes on", do_quit},
};
enum { COMMANDS = sizeof commands_plain / sizeof commands_plain[0] };

static void do_help(struct plain *plain, const char *word)
{
    (void)plain;
    (void)word;
    for (size_t i = 0; i < COMMANDS; i++) {
        printf("  %s %s: %s\n", commands_plain[i].name, commands_plain[i].word,
               commands_plain[i].help);
    }
}

static void obey(struct plain *plain, char *line)
{
    if (plain->step == DEPLOY_ASKS && strcmp(line, plain->cli->environment->name) == 0) {
        launch(plain);
        return;
    }
    if (plain->step == DEPLOY_REASONS) {
        take_reason(plain, line);
        return;
    }
    end_deploy(plain, "nothing was started");
    char *word = line + strcspn(line, " ");
    if (*word) {
        *word++ = '\0';
    }
    for (size_t i = 0; i < COMMANDS; i++) {
        if (strcasecmp(commands_plain[i].name, line) ==
            0) { /* as the console's D and R */
            commands_plain[i].run(plain, word);
            return;
        }
    }
    if (*line) {
        printf("no command \"%s\"; ? tells what there is\n", line);
    }
}

/* ---- the loop ---- */

/* False at the end of the input. A line too long to be a command is told as none. */
static bool take_lines(struct plain *plain)
{
    char bytes[LINE_MAX_BYTES];
    ssize_t count = read(STDIN_FILENO, bytes, sizeof bytes);
    if (count < 0) {
        return errno == EINTR || errno == EAGAIN;
    }
    for (ssize_t i = 0; i < count; i++) {
        if (bytes[i] == '\n') {
            plain->line[plain->length] = '\0';
            plain->length = 0;
            obey(plain, plain->line);
        } else if (plain->length + 1 < sizeof plain->line) {
            plain->line[plain->length++] = bytes[i];
        }
    }
    return count > 0;
}

static void turn(struct plain *plain)
{
    struct console *console = &plain->console;
    struct pollfd ready[] = {{STDIN_FILENO, POLLIN, 0},
                             {sched_fd(console->sched), POLLIN, 0},
                             {lookout_fd(console->lookout), POLLIN, 0}};
    int wait = sched_wait(console->sched, clock_now());
    int woken = poll(ready, 3, wait < 0 || wait > 1000 ? 1000 : wait);
    console_step(console);
    tell_standing(plain);
    if (plain->begun) {
        tell_moments(plain);
    }
    if (!plain->shown && everything_answered(console->board) &&
        sched_settled(console->sched)) {
        show_board(plain);
    }
    step_deploy(plain);
    if (woken > 0 && ready[0].revents && !take_lines(plain)) {
        plain->leaving = true;
    }
    fflush(stdout);
}

int plain_run(struct cli *cli)
{
    struct plain plain = {.cli = cli,
                          .console.board = board_create(cli->environment, checks_all)};
    struct error error;
    cli_catch_signals();
    printf("greenboard, %s %s: asking; ? and Enter tells the commands\n",
           cli->environment->system, cli->environment->name);
    fflush(stdout);
    if (!console_begin(&plain.console, cli, &error)) {
        return cli_fail(EXIT_INTERNAL, &error);
    }
    while (!plain.leaving && !cli_cancelled) {
        turn(&plain);
    }
    int status = verdict_exit(plain.console.board->verdict);
    plan_destroy(plain.plan);
    standing_unref(plain.stands);
    console_finish(&plain.console);
    return status;
}

#include "cli/attach.h"

#include "base/clock.h"
#include "base/mem.h"
#include "base/spawn.h"
#include "base/text.h"
#include "cli/decide.h"
#include "cli/stream.h"
#include "run/control.h"
#include "run/fate.h"
#include "run/follow.h"
#include "store/events.h"

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum {
    LOOK_MS = 500, /* how soon a supervisor that died is noticed */
    FRAME_MS = 20, /* what is printed meanwhile is shown together: to be woken for each
                    * piece would slow the run down */
    SHOWN_AT_ONCE = 4 * 1024 * 1024,
};

struct view {
    struct attachment *to;
    struct follow *follow; /* NULL before there is a record */
    struct stream stream;
    int phase;  /* of enum run_phase, the last that was told; -1: none */
    bool asked; /* a cancellation was sent */
    int ended;  /* status of the run that ended in the one that is followed; -1: none */
    struct decide decide;
};

/* Before words about it, which may go to the same terminal. */
static void pause_output(struct view *view)
{
    struct buf text;
    buf_init(&text, 0);
    if (view->stream.terminal) {
        stream_pause(&view->stream, &text);
        stream_write(&text);
    }
    buf_finish(&text);
}

static void tell_phase(struct view *view, enum run_phase phase)
{
    if ((int)phase != view->phase && phase < PHASE_WAITING) {
        pause_output(view);
        fprintf(stderr, "run %s: %s\n", view->to->run, run_phase_help[phase]);
    }
    view->phase = (int)phase;
}

static bool show_output(struct view *view)
{
    struct buf bytes, text;
    buf_init(&bytes, 0);
    buf_init(&text, 0);
    bool some = false;
    while (bytes.length < SHOWN_AT_ONCE && follow_output(view->follow, &bytes)) {
        some = true;
    }
    stream_feed(&view->stream, buf_string(&bytes), bytes.length, &text);
    stream_write(&text);
    buf_finish(&bytes);
    buf_finish(&text);
    return some;
}

static void end_output(struct view *view)
{
    struct buf text;
    buf_init(&text, 0);
    while (show_output(view)) {
    }
    stream_end(&view->stream, &text);
    stream_write(&text);
    buf_finish(&text);
}

void attach_outcome(const struct run *run)
{
    char span[TEXT_SPAN];
    text_span(span, (run->ended - run->started) * CLOCK_MS);
    printf("%s %s %s: %s to %s, %s\n", run->kind, run->id, run_word(run),
           run->release ? run->release : "no release", run->environment, span);
}

static void say_reasons(const struct report *report)
{
    for (size_t i = 0; report->reasons && report->reasons[i]; i++) {
        fprintf(stderr, "greenboard: %s\n", report->reasons[i]);
    }
    if (report->hint) {
        fprintf(stderr, "  %s\n", report->hint);
    }
}

static void say_record(const struct run *run)
{
    const struct judgement *judgement =
        run->outcome == OUTCOME_REFUSED ? &run->before : &run->after;
    for (size_t i = 0; judgement->reasons && judgement->reasons[i]; i++) {
        fprintf(stderr, "greenboard: %s\n", judgement->reasons[i]);
    }
    if (run->cancelled_by) {
        fprintf(stderr, "cancelled by %s%s%s\n", run->cancelled_by,
                run->cancel_reason ? ": " : "",
                run->cancel_reason ? run->cancel_reason : "");
    }
}

static void say_unknown(const struct run *run)
{
    char **facts = fate_facts(run);
    fprintf(stderr, "run %s: %s\n", run->id, FATE_UNKNOWN);
    for (size_t i = 0; facts[i]; i++) {
        fprintf(stderr, "  %s\n", facts[i]);
    }
    argv_free(facts);
}

static int let_go(struct view *view, int status)
{
    pause_output(view);
    fprintf(stderr, "run %s goes on: greenboard runs attach %s\n", view->to->run,
            view->to->run);
    return view->ended >= 0 ? view->ended : status;
}

static void ask_to_cancel(struct view *view)
{
    struct error error;
    char *operator_name = events_operator();
    view->asked = true;
    pause_output(view);
    fprintf(stderr, "run %s: cancelling\n", view->to->run);
    if (!control_cancel(view->to->dir, view->to->run, operator_name,
                        "a signal to who started it", &error)) {
        cli_fail(EXIT_INTERNAL, &error);
    }
    free(operator_name);
}

/* A run that ended in a rollback is followed into it; what was asked for failed all the
 * same. -1 to go on, else the exit status. */
static int end(struct view *view, const struct run *run, int status)
{
    attach_outcome(run);
    status = view->ended >= 0 ? view->ended : status;
    if (!run->next) {
        return status;
    }
    fprintf(stderr, "run %s goes back to a known good release: run %s\n", run->id,
            run->next);
    snprintf(view->to->run, sizeof view->to->run, "%s", run->next);
    follow_destroy(view->follow);
    view->follow = NULL;
    view->phase = -1;
    view->ended = status;
    return -1;
}

/* Reports of the supervisor that we started. -1 to go on, else the exit status. */
static int hear(struct view *view)
{
    struct report report;
    struct launch *launch = view->to->launch;
    while (launch && launch->fd >= 0) {
        enum heard heard = launch_hear(launch, &report);
        if (heard != HEARD_REPORT) {
            break;
        }
        if (!view->follow) {
            view->follow = follow_create(view->to->dir, view->to->run, NULL);
        }
        if (view->follow) {
            show_output(view);
        }
        if (report.phase != PHASE_ENDED) {
            tell_phase(view, report.phase);
            report_finish(&report);
            continue;
        }
        if (view->follow) {
            end_output(view);
        }
        say_reasons(&report);
        const struct run *run = view->follow ? follow_run(view->follow) : NULL;
        int status = report.status;
        if (run && run->phase == PHASE_ENDED) {
            status = end(view, run, status);
        } else {
            printf("%s %s\n", view->to->run,
                   report.outcome == OUTCOME_NONE ? "has no recorded end" : "refused");
        }
        report_finish(&report);
        if (status >= 0) {
            return status;
        }
    }
    return -1;
}

/* The record, for who did not start it or lost touch. -1 to go on. */
static int look(struct view *view)
{
    struct error error;
    if (!view->follow) {
        view->follow = follow_create(view->to->dir, view->to->run, &error);
    }
    if (!view->follow) {
        error_hint(&error, "its supervisor ended before it had the lock");
        return cli_fail(EXIT_INTERNAL, &error);
    }
    const struct run *run = follow_run(view->follow);
    show_output(view);
    if (run->phase == PHASE_ENDED) {
        end_output(view);
        say_record(run);
        return end(view, run, run->status);
    }
    tell_phase(view, run->phase);
    if (!follow_alive(view->follow)) {
        end_output(view);
        say_unknown(follow_run(view->follow));
        error_set(&error, ERROR_SYSTEM,
                  "the supervisor of run %s died: it has no recorded end", view->to->run);
        error_hint(
            &error,
            "find out what it did, then `greenboard runs resolve %s --reason TEXT`",
            view->to->run);
        return cli_fail(EXIT_INTERNAL, &error);
    }
    return -1;
}

static int step(struct view *view)
{
    struct launch *launch = view->to->launch;
    int status = hear(view);
    if (status < 0 && (!launch || launch->fd < 0)) {
        status = look(view);
    } else if (status < 0 && view->follow) {
        show_output(view);
    }
    if (status >= 0) {
        return status;
    }
    if (view->follow) {
        const struct run *run = follow_run(view->follow);
        if (run->question.step && run->question.since != view->decide.told) {
            pause_output(view);
        }
        decide_tell(&view->decide, run);
    }
    if (view->to->detach && view->phase >= (int)PHASE_RUNNING) {
        return let_go(view, EXIT_GO);
    }
    if (cli_cancelled && !view->to->cancels) {
        return let_go(view, EXIT_UNPROVEN);
    }
    if (cli_cancelled && !view->asked && view->follow) {
        ask_to_cancel(view);
    }
    return -1;
}

int attach_follow(struct attachment *attachment)
{
    struct view view = {.to = attachment,
                        .phase = -1,
                        .ended = -1,
                        .decide = {.dir = attachment->dir,
                                   .terminal = !attachment->cancels &&
                                               !attachment->cli->read_only &&
                                               isatty(STDIN_FILENO)}};
    const struct cli *cli = attachment->cli;
    view.stream = stream_for(STDOUT_FILENO, cli->colour, cli->plain);
    int status;
    while ((status = step(&view)) < 0) {
        struct pollfd ready[] = {
            {attachment->launch ? attachment->launch->fd : -1, POLLIN, 0},
            {decide_fd(&view.decide), POLLIN, 0},
            {view.follow ? follow_fd(view.follow) : -1, POLLIN, 0}};
        int woken = poll(ready, 2, FRAME_MS);
        if (woken == 0) {
            woken = poll(ready, 3, LOOK_MS);
        }
        if (woken > 0 && ready[1].revents) {
            decide_hear(&view.decide, follow_run(view.follow));
        }
    }
    follow_destroy(view.follow);
    return status;
}

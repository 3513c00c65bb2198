/* One command of a run: held back until the trail says that it starts, followed until it
 * ended, its end written down. */
#include "run/course.h"

#include "base/clock.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/spawn.h"
#include "base/text.h"
#include "run/command.h"
#include "run/process.h"
#include "run/words.h"

#include <stdlib.h>

/* From the last answer to the start: what is older proves too little. */
static const int64_t FRESH = 50 * CLOCK_MS;

static bool ships(const struct planned *planned)
{
    return planned->id == STEP_COMMAND;
}

/* From here on the trail says that it started; the child waits for exactly that. The
 * record need not be on disk before it: what it adds is gone with the machine. */
static bool announce(struct course *course, const struct planned *planned,
                     const struct step *step, struct error *error)
{
    struct run *run = course->run;
    char *shown = argv_show(step->argv);
    json_t *data =
        json_pack("{s:s, s:i, s:s, s:I, s:I, s:s, s:s}", "step", step->name, "attempt",
                  step->attempts, "command", shown, "pid", (json_int_t)run->group.pid,
                  "fence", (json_int_t)run->fence, "digest", run->digest, "reason",
                  run->reason ? run->reason : "");
    enum event_kind kind = ships(planned) ? EVENT_RUN_STARTED : EVENT_STEP_STARTED;
    bool done = journal_note(&course->journal, step_rows[planned->id].phase, error) &&
                journal_append(&course->journal, kind, shown, data, error);
    free(shown);
    return done;
}

/* Only results of this preflight, and only while they are fresh, start the command that
 * they let through. */
static bool fresh(struct course *course, const struct planned *planned)
{
    struct run *run = course->run;
    if (!ships(planned) || course->intent.kind != KIND_DEPLOY) {
        return true;
    }
    int64_t age = clock_now() - course->proved;
    run->oldest = age / CLOCK_MS;
    return age <= run->preflight * CLOCK_MS + CLOCK_MS + FRESH;
}

static enum step_end cannot_start(struct course *course, struct step *step,
                                  struct error *error)
{
    run_step_end(step, 127);
    course->run->group = (struct process){0};
    if (course->watch.cancelled && !course->shipped) {
        return course_refuse_cancelled(course);
    }
    if (!course->shipped) {
        return course_refuse_error(
            course, error->code == ERROR_BUSY ? EXIT_BUSY : EXIT_INTERNAL, error);
    }
    step->note = mem_text(error->message);
    return STEP_FAILED;
}

static enum step_end too_late(struct course *course, struct step *step)
{
    struct run *run = course->run;
    run->group = (struct process){0};
    run_step_end(step, 127);
    char *text =
        mem_format("%s was not started: %lld ms had passed since the first "
                   "question, of which the checks took %lld",
                   step->name, (long long)run->oldest, (long long)run->preflight);
    step->note = mem_text(text);
    journal_append(&course->journal, EVENT_RUN_STEP, text, NULL, NULL);
    free(text);
    return STEP_AGAIN;
}

static bool hold(struct course *course, const struct planned *planned,
                 struct command *command, struct error *error)
{
    const struct run *run = course->run;
    char **env = words_env(course->plan, course->directory, run);
    char **argv = words_argv(course->plan, planned->argv, run);
    bool held = command_hold(command, argv, env, course->environment->directory,
                             &course->recording, error);
    words_env_free(env);
    argv_free(argv);
    return held;
}

bool execute_prepare(struct course *course, struct error *error)
{
    const struct planned *command = steps_main(&course->plan->steps);
    course->held = course->held || hold(course, command, &course->command, error);
    return course->held;
}

void execute_forget(struct course *course)
{
    if (course->held) {
        command_finish(&course->command);
        course->held = false;
    }
}

/* The one that was held back before the checks were asked, or a new one. */
static bool take_command(struct course *course, const struct planned *planned,
                         struct command *command, struct error *error)
{
    if (!ships(planned) || !course->held) {
        return hold(course, planned, command, error);
    }
    *command = course->command;
    course->held = false;
    return true;
}

static enum step_end start(struct course *course, const struct planned *planned,
                           struct step *step, struct command *command)
{
    struct run *run = course->run;
    struct error error = {0};
    argv_free(step->argv);
    step->argv = words_argv(course->plan, planned->argv, run);
    bool held = take_command(course, planned, command, &error);
    run->timeout = planned->timeout;
    run->group = command->leader;
    bool told =
        held && !course->watch.cancelled && announce(course, planned, step, &error);
    if (!told) {
        command_finish(command);
        return cannot_start(course, step, &error);
    }
    if (!fresh(course, planned)) {
        command_finish(command);
        return too_late(course, step);
    }
    if (!recording_mark(&course->recording, step->name, &error) ||
        !admission_holds(&course->admission, &error)) {
        command_finish(command);
        return cannot_start(course, step, &error);
    }
    course->shipped = course->shipped || ships(planned);
    if (!command_release(command, &error)) {
        command_finish(command);
        run_step_end(step, 127);
        step->note = mem_text(error.message);
        return STEP_FAILED;
    }
    journal_record(&course->journal, NULL);
    if (ships(planned)) {
        journal_announce(&course->journal, NOTICE_STARTED, NULL);
    }
    return STEP_DONE;
}

/* ---- while it runs ---- */

static void on_stopping(void *self)
{
    struct course *course = self;
    journal_enter(&course->journal, PHASE_STOPPING, NULL);
}

static void on_silence(void *self, int64_t silence)
{
    struct course *course = self;
    const struct step *step = run_step_current(course->run);
    if (silence > 0) {
        guide_ask_silent(course, step, silence);
    } else {
        guide_withdraw(course);
    }
}

/* ---- its end ---- */

static char *ending_note(const struct ending *ending, const struct process *leader)
{
    if (ending->leftovers) {
        char *left = process_group_names(leader);
        char *note = mem_format("left running: %s", left);
        free(left);
        return note;
    }
    return mem_text(ending->stopped     ? "ended by a cancellation"
                    : ending->given_up  ? "ended, because it had been silent for too long"
                    : ending->timed_out ? "ended at its time-out"
                    : ending->unwritten
                        ? "ended, because its output could not be recorded"
                    : ending->incomplete
                        ? "went on, although some of its output could not be recorded"
                        : NULL);
}

static bool write_down(struct course *course, struct step *step,
                       const struct ending *ending)
{
    struct run *run = course->run;
    run_step_end(step, ending->status);
    free(step->note);
    step->note = ending_note(ending, &run->group);
    char *text = mem_format("%s ended with status %d%s%s", step->name, ending->status,
                            step->note ? ": " : "", step->note ? step->note : "");
    record_note(course);
    json_t *data =
        json_pack("{s:s, s:i, s:i, s:o}", "step", step->name, "attempt", step->attempts,
                  "status", ending->status, "trouble", json_text(run->trouble));
    struct error error = {0};
    bool done = journal_append(&course->journal, EVENT_RUN_STEP, text, data, &error) &&
                journal_record(&course->journal, &error);
    free(text);
    if (!done) {
        free(run->trouble);
        run->trouble = mem_text(error.message);
    }
    return done;
}

enum step_end execute_step(struct course *course, const struct planned *planned,
                           struct step *step)
{
    struct command command = {.terminal = -1, .gate = -1, .failure = -1};
    struct ending ending = {0};
    enum step_end begun = start(course, planned, step, &command);
    if (begun != STEP_DONE) {
        return begun;
    }
    struct following following = {.timeout = planned->timeout,
                                  .silence = planned->silence,
                                  .stopping = on_stopping,
                                  .silent = on_silence,
                                  .self = course,
                                  .decided = &course->decided,
                                  .choice = &course->choice};
    command_follow(&command, &course->watch, &following, &ending);
    command_finish(&command);
    guide_withdraw(course);
    bool written = write_down(course, step, &ending);
    course->timed_out = ending.timed_out;
    return ending.status == 0 && !ending.stopped && !ending.timed_out &&
                   !ending.given_up && !ending.unwritten && written
               ? STEP_DONE
               : STEP_FAILED;
}

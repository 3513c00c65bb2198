#include "run/supervisor.h"

#include "base/clock.h"
#include "base/fs.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/spawn.h"
#include "base/text.h"
#include "release/backup.h"
#include "run/command.h"
#include "run/handover.h"
#include "run/journal.h"
#include "lock/lock.h"
#include "run/plan.h"
#include "run/proof.h"
#include "run/process.h"
#include "run/words.h"
#include "secret/fingerprint.h"

#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

/* The order is the promise: lock, record, backup, configuration, checks, gate, what was
 * confirmed, the command held back, the event on disk, the command; then its end, the
 * checks again, the event on disk, the record, the lock. Each step that fails before the
 * command ends in refuse(). */

struct supervisor {
    struct handover wanted;
    const struct check *const *checks;
    struct journal journal;
    struct lock lock;
    struct watch watch;
    struct config *config;
    const struct environment *environment;
    struct proof proof;
    struct plan *plan;
    struct run *run; /* the journal's */
    char *directory; /* runs/ID */
};

/* ---- refusing ---- */

static void on_cancel(void *argument, const char *operator_name, const char *reason)
{
    struct supervisor *self = argument;
    journal_cancel(&self->journal, operator_name, reason);
}

static bool refuse(struct supervisor *self, int status, char *const *reasons,
                   const char *hint)
{
    enum run_outcome outcome =
        self->watch.cancelled ? OUTCOME_CANCELLED : OUTCOME_REFUSED;
    journal_end(&self->journal, outcome, status, EVENT_REFUSED, reasons, hint);
    return false;
}

static int status_of(const struct error *error)
{
    return error->code == ERROR_BUSY     ? EXIT_BUSY
           : error->code == ERROR_CONFIG ? EXIT_CONFIG
           : error->code == ERROR_USAGE  ? EXIT_USAGE
                                         : EXIT_INTERNAL;
}

static bool refuse_error(struct supervisor *self, int status, struct error *error)
{
    char *const reasons[] = {error->message, NULL};
    if (status == EXIT_INTERNAL) {
        free(self->run->trouble);
        self->run->trouble = mem_text(error->message);
    }
    return refuse(self, status, reasons, error->hint);
}

static bool refuse_cancelled(struct supervisor *self)
{
    char reason[] = "cancelled before the command was started";
    char *const reasons[] = {reason, NULL};
    return refuse(self, EXIT_UNPROVEN, reasons, NULL);
}

/* ---- before the command ---- */

static bool turn_away(struct supervisor *self, const struct error *error)
{
    journal_turn_away(&self->journal, status_of(error), error);
    return false;
}

/* What the newest verified run of this kind took: for whoever watches. */
static int64_t usual(const struct statedir *dir, const char *kind)
{
    struct runs runs;
    int64_t span = 0;
    run_list(dir, &runs, NULL);
    for (size_t i = 0; i < runs.count && span == 0; i++) {
        const struct run *run = runs.rows[i];
        if (run->outcome == OUTCOME_VERIFIED && run->kind &&
            strcmp(run->kind, kind) == 0) {
            span = run->ended - run->started;
        }
    }
    runs_finish(&runs);
    return span;
}

static void fill_record(struct supervisor *self)
{
    const struct handover *wanted = &self->wanted;
    struct run *run = self->run;
    char *canonical = json_compact(wanted->confirmation);
    char digest[DIGEST_HEX];
    digest_hex(digest, canonical, strlen(canonical));
    free(canonical);
    run->kind = mem_text(wanted->kind);
    run->system = mem_text(wanted->system);
    run->environment = mem_text(wanted->environment);
    run->release = mem_text(json_get_text(wanted->confirmation, "release"));
    run->operator_name = mem_text(wanted->operator_name);
    run->reason = mem_text(wanted->reason);
    run->digest = mem_text(digest);
    run->config = mem_text(wanted->config);
    run->started = clock_wall();
    run->supervisor = process_find(getpid());
}

static bool take_lock(struct supervisor *self)
{
    const struct handover *wanted = &self->wanted;
    struct run *run = self->run;
    struct error error = {0};
    if (!statedir_open_named(&self->journal.dir, wanted->home, wanted->system,
                             wanted->environment, wanted->lock_dir, &error) ||
        !events_open(&self->journal.events, self->journal.dir.events, DB_WRITE, &error) ||
        !db_writable(&self->journal.events.db, &error) ||
        !lock_take(&self->lock, &self->journal.dir, &error)) {
        return turn_away(self, &error);
    }
    self->directory = mem_format("%s/%s", self->journal.dir.runs, run->id);
    run->usual = usual(&self->journal.dir, wanted->kind);
    run->output = fs_join(self->directory, "output");
    if (!lock_fence(&self->journal.dir, &run->fence, &error) ||
        !fs_make_dirs(self->directory, &error) ||
        !control_open(&self->watch.control, &self->journal.dir, run->id, &error)) {
        return turn_away(self, &error);
    }
    run->control = mem_text(self->watch.control.path);
    return journal_enter(&self->journal, PHASE_LOCKED, &error) || turn_away(self, &error);
}

static bool refuse_difference(struct supervisor *self, char *const *differences)
{
    return refuse(self, EXIT_USAGE, differences,
                  "this is not what was confirmed: look at the plan again");
}

/* Before anything in it is obeyed: a file that nobody confirmed runs no command for a
 * secret or a release, and sends no secret anywhere. */
static bool same_config(struct supervisor *self)
{
    const char *was = json_get_text(self->wanted.confirmation, "configuration");
    if (text_equal(was, self->config->digest)) {
        return true;
    }
    char *difference = mem_format("configuration was %s, is %s", was ? was : "none",
                                  self->config->digest);
    char *const differences[] = {difference, NULL};
    refuse_difference(self, differences);
    free(difference);
    return false;
}

static bool read_config(struct supervisor *self)
{
    const struct handover *wanted = &self->wanted;
    struct error error = {0};
    self->config = config_load(wanted->config);
    if (!config_usable(self->config)) {
        char *complaint = config_complaint(self->config);
        error_set(&error, ERROR_CONFIG, "%s", complaint);
        free(complaint);
        return refuse_error(self, EXIT_CONFIG, &error);
    }
    self->environment = config_environment(self->config, wanted->environment, &error);
    if (!self->environment || !fingerprint_begin(wanted->home, &error)) {
        return refuse_error(self, status_of(&error), &error);
    }
    return same_config(self);
}

static bool back_up(struct supervisor *self)
{
    struct error error = {0};
    char **files =
        json_argv(json_object_get(config_section(self->environment, "/backup"), "files"));
    bool done = true;
    if (files[0]) {
        done = journal_enter(&self->journal, PHASE_BACKUP, &error);
        run_step(self->run, "backup", NULL);
        done = done && backup_files(self->environment, files, self->directory, &error);
        run_step_end(&self->run->steps[self->run->step_count - 1], done ? 0 : 1);
    }
    argv_free(files);
    return done || refuse_error(self, EXIT_INTERNAL, &error);
}

static bool ask_gate(struct supervisor *self)
{
    struct error error = {0};
    struct run *run = self->run;
    if (!journal_enter(&self->journal, PHASE_CHECKING, &error)) {
        return refuse_error(self, EXIT_INTERNAL, &error);
    }
    proof_begin(&self->proof, self->environment, self->checks);
    if (!proof_ask(&self->proof, &self->watch)) {
        return refuse_cancelled(self);
    }
    proof_judge(&self->proof, &run->before);
    struct verdict verdict = gate_decide(self->proof.board, clock_now());
    if (verdict.decision != GATE_GO) {
        return refuse(self, verdict_exit(verdict), run->before.reasons, NULL);
    }
    return true;
}

static bool compare_plan(struct supervisor *self)
{
    struct error error = {0};
    const struct handover *wanted = &self->wanted;
    self->plan = plan_create(self->proof.board, wanted->kind, wanted->release, &error);
    if (!self->plan) {
        return refuse_error(self, status_of(&error), &error);
    }
    char **differences = plan_differences(wanted->confirmation, self->plan->confirmation);
    bool same = strcmp(self->run->digest, self->plan->digest) == 0 && !differences[0];
    if (!same) {
        refuse_difference(self, differences);
    }
    argv_free(differences);
    self->run->timeout = self->plan->timeout;
    return same;
}

/* ---- the command ---- */

static void on_stopping(void *argument)
{
    struct supervisor *self = argument;
    journal_enter(&self->journal, PHASE_STOPPING, NULL);
}

/* From here on the trail says that it started; the child waits for exactly that. */
static bool announce(struct supervisor *self, const struct command *command,
                     struct error *error)
{
    struct run *run = self->run;
    run->group = command->leader;
    char *shown = argv_show(run->steps[run->step_count - 1].argv);
    json_t *data =
        json_pack("{s:s, s:I, s:I, s:s, s:s}", "command", shown, "pid",
                  (json_int_t)command->leader.pid, "fence", (json_int_t)run->fence,
                  "digest", run->digest, "reason", run->reason ? run->reason : "");
    bool done = journal_enter(&self->journal, PHASE_RUNNING, error) &&
                journal_append(&self->journal, EVENT_RUN_STARTED, shown, data, error);
    if (!done) {
        run->group = (struct process){0};
    }
    free(shown);
    return done;
}

static bool start(struct supervisor *self, struct command *command)
{
    struct run *run = self->run;
    struct error error = {0};
    char **argv = words_argv(self->plan, run->id, run->fence);
    char **env = words_env(self->plan, self->directory, run->id, run->fence);
    run_step(run, self->plan->kind, argv);
    bool held = command_hold(command, argv, env, self->environment->directory,
                             run->output, &error);
    words_env_free(env);
    argv_free(argv);
    if (held && !self->watch.cancelled && announce(self, command, &error)) {
        return true;
    }
    command_finish(command);
    run_step_end(&run->steps[run->step_count - 1], 127);
    if (self->watch.cancelled) {
        return refuse_cancelled(self);
    }
    return refuse_error(self, EXIT_INTERNAL, &error);
}

static const char *ending_note(const struct ending *ending)
{
    return ending->stopped     ? "ended by a cancellation"
           : ending->timed_out ? "ended at its time-out"
           : ending->unwritten ? "ended, because its output could not be recorded"
           : ending->leftovers ? "left processes of its group running"
                               : NULL;
}

static bool finish_step(struct supervisor *self, const struct ending *ending)
{
    struct run *run = self->run;
    struct step *step = &run->steps[run->step_count - 1];
    const char *note = ending_note(ending);
    run_step_end(step, ending->status);
    step->note = mem_text(note);
    char *text = mem_format("%s ended with status %d%s%s", step->name, ending->status,
                            note ? ": " : "", note ? note : "");
    json_t *data = json_pack("{s:s, s:i}", "step", step->name, "status", ending->status);
    struct error error = {0};
    bool done = journal_append(&self->journal, EVENT_RUN_STEP, text, data, &error) &&
                journal_record(&self->journal, &error);
    free(text);
    if (!done) {
        run->trouble = mem_text(error.message);
    }
    return done;
}

/* True where it succeeded and is to be verified. */
static bool execute(struct supervisor *self)
{
    struct command command;
    struct ending ending = {0};
    struct error error = {0};
    if (!start(self, &command)) {
        return false;
    }
    if (!command_release(&command, &error)) {
        command_finish(&command);
        run_step_end(&self->run->steps[self->run->step_count - 1], 127);
        char *const reasons[] = {error.message, NULL};
        journal_end(&self->journal, OUTCOME_FAILED, EXIT_COMMAND, EVENT_RUN_ENDED,
                    reasons, NULL);
        return false;
    }
    command_follow(&command, &self->watch, self->plan->timeout, on_stopping, self,
                   &ending);
    command_finish(&command);
    bool written = finish_step(self, &ending);
    enum run_outcome outcome = ending.stopped     ? OUTCOME_CANCELLED
                               : ending.timed_out ? OUTCOME_TIMED_OUT
                                                  : OUTCOME_FAILED;
    bool good = ending.status == 0 && !ending.stopped && !ending.timed_out &&
                !ending.unwritten && written;
    if (!good) {
        const char *note = ending_note(&ending);
        char *reason = written
                           ? mem_format("the command ended with status %d%s%s",
                                        ending.status, note ? ", " : "", note ? note : "")
                           : mem_text(self->run->trouble);
        char *const reasons[] = {reason, NULL};
        journal_end(&self->journal, outcome, EXIT_COMMAND, EVENT_RUN_ENDED, reasons,
                    NULL);
        free(reason);
    }
    return good;
}

static void verify(struct supervisor *self)
{
    struct run *run = self->run;
    struct proof after = {0};
    journal_enter(&self->journal, PHASE_VERIFYING, NULL);
    run_step(run, "verify", NULL);
    proof_begin(&after, self->environment, self->checks);
    bool held = proof_hold(&after, &self->watch, self->plan->within, self->plan->hold);
    proof_judge(&after, &run->after);
    run_step_end(&run->steps[run->step_count - 1], held ? 0 : 1);
    run->known_good = held && run->release != NULL;
    if (!held && !run->after.reasons[0]) {
        argv_add(&run->after.reasons, self->watch.cancelled
                                          ? "cancelled before every check had held green"
                                          : "not every check held green for long enough");
    }
    proof_finish(&after);
    journal_end(&self->journal, held ? OUTCOME_VERIFIED : OUTCOME_UNVERIFIED,
                held ? EXIT_GO : EXIT_UNVERIFIED, EVENT_RUN_ENDED, run->after.reasons,
                NULL);
}

/* ---- the whole life ---- */

/* Nobody may read our memory, no terminal may end us, and a reader that is gone is no
 * reason to. */
static void harden(void)
{
    prctl(PR_SET_DUMPABLE, 0);
    prctl(PR_SET_NAME, "greenboard-run");
    fcntl(SUPERVISOR_FD, F_SETFD,
          FD_CLOEXEC); /* a command that held it would look like us */
    signal(SIGHUP, SIG_IGN);
    signal(SIGPIPE, SIG_IGN);
    if (chdir("/") != 0) {
        panic("cannot enter /");
    }
}

static void let_go(struct supervisor *self)
{
    watch_finish(&self->watch);
    events_close(&self->journal.events);
    proof_finish(&self->proof);
    plan_destroy(self->plan);
    config_destroy(self->config);
    run_destroy(self->run);
    lock_release(&self->lock); /* last of what others see */
    statedir_finish(&self->journal.dir);
    free(self->directory);
    handover_finish(&self->wanted);
}

int supervisor_main(const struct check *const *checks)
{
    struct supervisor self = {
        .checks = checks,
        .lock = {-1, -1},
        .watch = {.control = {.listener = -1, .peer = -1, .directory = -1},
                  .signals = -1,
                  .cancel = on_cancel},
        .journal = {.launcher = SUPERVISOR_FD, .status = EXIT_INTERNAL}};
    struct error error = {0};
    harden();
    if (!handover_read(&self.wanted, SUPERVISOR_FD, &error)) {
        handover_finish(&self.wanted);
        return EXIT_INTERNAL;
    }
    self.run = self.journal.run = run_create(self.wanted.run);
    self.watch.run = self.run;
    self.watch.self = &self;
    fill_record(&self);
    if (!watch_begin(&self.watch, &error)) {
        turn_away(&self, &error);
    } else if (take_lock(&self) && read_config(&self) && back_up(&self) &&
               ask_gate(&self) && compare_plan(&self) && execute(&self)) {
        verify(&self);
    }
    int status = self.journal.status;
    let_go(&self);
    return status;
}
